"""`python -m reports runs`: what is stored, a line per run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from reports.choosing import all_runs
from reports.commands.parsing import add_command
from reports.commands.telling import complain
from reports.escaping import printable
from reports.filters import names_in
from reports.store import StoredRun, read_run

if TYPE_CHECKING:
    from reports.commands.parsing import Commands

WIDTH = 100  # of a line, without the path
MACHINE = 24


def add(commands: Commands) -> None:
    """Adds the command."""
    add_command(commands, "runs", "list what is stored", run)


def run(options: argparse.Namespace) -> int:
    """Lists the runs, oldest first; 1 is damaged results."""
    damaged = 0
    for path in all_runs(options.results):
        try:
            stored = read_run(path)
        except ValueError as error:
            damaged = complain([str(error)])
            continue
        sys.stdout.write(f"{describe_line(stored)}  {printable(path)}\n")
        damaged |= complain(stored.damage)
    return damaged


def describe_line(stored: StoredRun) -> str:
    """When, of what, where, how much and of what kind, in at most `WIDTH` characters."""
    header, failed = stored.run, sum(record.gate == "failed" for record in stored.records)
    facts = (
        str(header.started).replace("T", " ")[:16],
        f"{str(header.commit or 'no commit')[:12]}{' dirty' if header.dirty else ''}",
        _shorten(str(header.machine), MACHINE),
        f"{len(stored.records)} records",
        f"{failed} failed" if failed else "",
    )
    lines = [printable("  ".join(filter(None, (*facts, kinds)))) for kinds in _kinds(stored)]
    return next((line for line in lines if len(line) <= WIDTH), _shorten(lines[-1], WIDTH))


def _kinds(stored: StoredRun) -> tuple[str, str, str]:
    """Benchmarks and models: by name, models as a number, both as numbers."""
    benchmarks, models = (names_in(stored.records, field) for field in ("benchmark", "model"))
    named, counted = ", ".join(benchmarks), f"{len(models)} models"
    full = "; ".join(filter(None, (named, ", ".join(models))))
    return full, f"{named}; {counted}", f"{len(benchmarks)} benchmarks; {counted}"


def _shorten(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"

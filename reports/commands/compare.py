"""`python -m reports compare`: two runs, with verdicts; or two things within one, without."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from reports.beside import BESIDE, beside
from reports.case_verdicts import compare_cases
from reports.cases import read_cases
from reports.choosing import LATEST, find_run
from reports.commands.parsing import RUN, add_command
from reports.commands.telling import complain, describe_run, terminal_width
from reports.compare import ENDINGS, render, write_comparison
from reports.comparison import Comparison
from reports.store import StoredRun, read_run
from reports.verdicts import judge_runs

if TYPE_CHECKING:
    from reports.commands.parsing import Commands


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = add_command(
        commands, "compare", "what two runs say of each other; status 1 on a regression", run
    )
    parser.add_argument("base", metavar="BASE", help=f"{RUN}; with --by, a name")
    parser.add_argument(
        "head", nargs="?", metavar="HEAD", help="the same (default: latest); with --by, a name"
    )
    parser.add_argument("--by", choices=list(BESIDE), help="two of a kind within one run, side by side")
    parser.add_argument(
        "--run", dest="within", metavar="RUN", help="the run for --by (default: the last run)"
    )
    parser.add_argument("--format", choices=list(ENDINGS), default="table")
    parser.add_argument("--all", action="store_true", help="rows that are unchanged too")
    parser.add_argument("-o", dest="output", type=Path, metavar="DIR", help="write all formats there as well")


def run(options: argparse.Namespace) -> int:
    """Prints the comparison; 1 is a regression or damaged results."""
    comparison, damage = _beside(options) if options.by else _between(options)
    if options.output:
        write_comparison(comparison, options.output, every=options.all)
    sys.stdout.write(render(comparison, options.format, every=options.all, width=terminal_width()) + "\n")
    return complain(damage) | comparison.is_worse


def _between(options: argparse.Namespace) -> tuple[Comparison, list[str]]:
    if options.within:
        raise ValueError("--run goes with --by; of two runs, BASE and HEAD are the names")
    if options.head is None and options.base == LATEST:
        raise ValueError(f"the {LATEST} run would be compared with itself: name a BASE or a HEAD")
    base, head = (read_run(find_run(name, options.results)) for name in (options.base, options.head))
    cases = read_cases(base.path), read_cases(head.path)
    found = compare_cases(judge_runs(base, head), *cases)
    notes = [*_same_run(base, head), *_versions(base, head), *found.sentences()]
    told = {name: [one.to_json() for one in getattr(found, name)] for name in ("failed", "skipped")}
    facts = {"base": _facts(base), "head": _facts(head), **told}
    names = describe_run(base), describe_run(head)
    damage = [sentence for source in (base, head, *cases) for sentence in source.damage]
    return Comparison(*names, found.rows, notes, facts, failed=len(found.failed)), damage


def _beside(options: argparse.Namespace) -> tuple[Comparison, list[str]]:
    if options.head is None:
        raise ValueError(f"--by {options.by}: expected two names, found {options.base} alone")
    stored = read_run(find_run(options.within, options.results))
    found = beside(stored.records, options.by, options.base, options.head)
    facts = {"by": options.by, "base": options.base, "head": options.head, "run": _facts(stored)}
    notes = [f"of {describe_run(stored)}", *found.notes]
    return Comparison(found.base, found.head, found.rows, notes, facts, found.asks_ratio), list(stored.damage)


def _facts(stored: StoredRun) -> dict[str, object]:
    return {"path": str(stored.path), "records": len(stored.records), **asdict(stored.run)}


def _same_run(base: StoredRun, head: StoredRun) -> list[str]:
    return ["both are the same run"] if base.path.resolve() == head.path.resolve() else []


def _versions(base: StoredRun, head: StoredRun) -> list[str]:
    one, other = base.run.versions, head.run.versions
    changed = [
        f"{name} {one.get(name, 'none')} and {other.get(name, 'none')}"
        for name in dict.fromkeys((*one, *other))
        if one.get(name) != other.get(name)
    ]
    return [f"versions differ: {', '.join(changed)}"] if changed else []

"""`python -m reports show`: the tables of a run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from reports.choosing import find_run
from reports.commands.parsing import add_command, add_run, names
from reports.commands.telling import complain, describe_run, terminal_width
from reports.filters import FIELDS, select
from reports.store import read_run
from reports.summary import summarise
from reports.tables import FORMATS, render

if TYPE_CHECKING:
    from reports.commands.parsing import Commands


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = add_command(commands, "show", "tables of a run", run)
    add_run(parser)
    parser.add_argument("--format", choices=FORMATS, default="table")
    for field in FIELDS:
        parser.add_argument(f"--{field}", type=names, metavar="NAME,…", help=f"these {field}s alone")


def run(options: argparse.Namespace) -> int:
    """Prints them; 1 is damaged results."""
    stored = read_run(find_run(options.run, options.results))
    records = select(stored.records, {field: found for field in FIELDS if (found := getattr(options, field))})
    told = render(records, options.format, width=terminal_width(), every_metric=bool(options.metric))
    sys.stdout.write(told + "\n")
    if options.format == "table":
        sys.stdout.write(f"\n{summarise(records)}\n\n{describe_run(stored)}\n")
    return complain(stored.damage)

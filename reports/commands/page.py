"""`python -m reports page`: tables and plots as one page that opens from disk."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reports.cases import read_cases
from reports.choosing import find_run
from reports.commands.parsing import RUN, add_command
from reports.commands.telling import complain
from reports.store import read_run

if TYPE_CHECKING:
    from reports.commands.parsing import Commands

HISTORY_HELP = "runs of earlier commits for its history (default: those beside the run)"


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = add_command(commands, "page", "a page of some runs, with plots, summary and CSV", run)
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"{RUN}; several become one page")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("report"), metavar="DIR", help="default: report"
    )
    parser.add_argument("--history", type=Path, metavar="DIR", help=HISTORY_HELP)


def run(options: argparse.Namespace) -> int:
    """Writes the report; 1 is damaged results."""
    from reports.page import write_report  # the charts' library takes a while
    from reports.past import past_of

    paths = [find_run(name, options.results) for name in options.runs or [None]]
    stored = [read_run(path) for path in dict.fromkeys(paths)]
    written = write_report(stored, options.output, past_of(stored, Path(), options.history))
    sys.stdout.write(
        f"{written.page}: open it in a browser\n{written.summary}: for a pull request\n"
        f"{written.records}: every value\n{len(written.plots)} plots beside them\n"
    )
    damage = [(*one.damage, *read_cases(one.path).damage) for one in stored]
    return complain([sentence for found in damage for sentence in found])

"""`python -m reports trend`: what became of each number from commit to commit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.commands.parsing import add_command, names
from reports.commands.telling import complain, terminal_width
from reports.filters import FIELDS, select
from reports.history import History, Series, read_history
from reports.steps import judge_history, kind_of
from reports.timeline import timeline_of
from reports.trend import STYLES, render

if TYPE_CHECKING:
    from reports.commands.parsing import Commands

NOTE = "It gates nothing: the exit status is 1 for damaged results, 2 for wrong arguments, else 0."


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = add_command(commands, "trend", "each number from commit to commit, and where it moved", run)
    parser.description = f"The steps of each number over the first-parent commits of a repository. {NOTE}"
    parser.add_argument("metrics", nargs="*", metavar="METRIC", help="these metrics alone, as --metric")
    for field in FIELDS:
        parser.add_argument(f"--{field}", type=names, metavar="NAME,…", help=f"these {field}s alone")
    parser.add_argument(
        "--machine", metavar="NAME", help="whose runs (default: this machine, or the only one)"
    )
    parser.add_argument("--last", type=_commits, metavar="N", help="the last N commits that were measured")
    parser.add_argument(
        "--repo", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)"
    )
    parser.add_argument("--format", choices=list(STYLES), default="table")
    parser.add_argument("--all", action="store_true", help="series without a step too")


def run(options: argparse.Namespace) -> int:
    """Prints the history; 1 is damaged results."""
    timeline = timeline_of(options.results, options.repo, options.machine)
    status = complain(timeline.damage)
    timeline = timeline.last(options.last) if options.last else timeline
    timeline.require_history()
    history = read_history(timeline)
    status |= complain(history.damage[len(timeline.damage) :])
    chosen = _choose(history, options)
    found = judge_history(history, chosen)
    # who names a metric that is never judged wants to see it nevertheless
    every = options.all or all(kind_of(series) == "shown" for series in chosen)
    told = render(history, found, options.format, every=every, width=terminal_width())
    sys.stdout.write(told + "\n")
    return status


def _choose(history: History, options: argparse.Namespace) -> Sequence[Series]:
    """The series that are asked for.

    Raises:
        ValueError: a name is not in the history, or nothing is left.
    """
    wanted = {field: found for field in FIELDS if (found := getattr(options, field))}
    if options.metrics:
        wanted["metric"] = (*wanted.get("metric", ()), *options.metrics)
    left = {id(record) for record in select([one.record for one in history.series], wanted, "these runs")}
    return [series for series in history.series if id(series.record) in left]


def _commits(text: str) -> int:
    """How many commits.

    Raises:
        argparse.ArgumentTypeError: too few for a history.
    """
    if not text.isdecimal() or int(text) < 2:  # noqa: PLR2004 - of one commit nothing has moved
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 2")
    return int(text)

"""`python -m reports structure`: sizes of weights in a run's checkpoints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.choosing import all_runs, find_run
from reports.commands.parsing import add_command, add_run, numbers, shares
from reports.commands.telling import terminal_width
from reports.counts import SUFFIX, CheckpointCounts, read_counts
from reports.names import require_known
from reports.structure import GROUPS, Questions, counts_table
from reports.table import STYLES

if TYPE_CHECKING:
    from reports.commands.parsing import Commands


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = add_command(commands, "structure", "sizes of weights in a run's checkpoints", run)
    add_run(parser, "the last with counts")
    parser.add_argument("--model", metavar="NAME", help="one model alone")
    parser.add_argument("--by", choices=list(GROUPS), default="layer")
    parser.add_argument("--above", type=numbers, default=(), metavar="T,…", help="shares of |w| above")
    parser.add_argument("--below", type=numbers, default=(), metavar="T,…", help="shares of |w| below")
    parser.add_argument("--quantile", type=shares, default=(), metavar="Q,…", help="from 0 to 1")
    parser.add_argument("--format", choices=list(STYLES), default="table")


def run(options: argparse.Namespace) -> int:
    """Prints a table per checkpoint."""
    asked = Questions(options.above, options.below, options.quantile)
    if asked == Questions():
        asked = Questions(above=(1.0,), quantiles=(0.01, 0.5, 0.99))
    path = find_run(options.run, options.results) if options.run else _last_with_counts(options.results)
    tables = [counts_table(found, options.by, asked) for found in _chosen(path, options.model)]
    width = terminal_width()
    sys.stdout.write("\n\n".join(table.render(options.format, width) for table in tables) + "\n")
    return 0


def _chosen(path: Path, model: str | None) -> Sequence[CheckpointCounts]:
    found = read_counts(path)
    if model is None:
        return found
    require_known(f"model with counts in {path}:", [model], [checkpoint.model for checkpoint in found])
    return [checkpoint for checkpoint in found if checkpoint.model == model]


def _last_with_counts(results: Path) -> Path:
    paths = [path for path in all_runs(results) if path.with_suffix(SUFFIX).is_file()]
    if not paths:
        raise ValueError(f"no run in {results} has counts: `pytest bench -k structure` makes them")
    return paths[-1]

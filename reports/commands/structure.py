"""`python -m reports structure`: sizes of weights in a run's checkpoints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.choosing import all_runs, find_run
from reports.commands.parsing import add_command, add_run, numbers, shares
from reports.commands.telling import complain, terminal_width
from reports.counts import SUFFIX, CheckpointCounts, StoredCounts, read_counts
from reports.names import require_known
from reports.structure import GROUPS, USUAL, Questions, counts_table
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
    parser.add_argument(
        "--take", type=shares, default=(), metavar="S,…", help="what a ranking of all matrices prunes"
    )
    parser.add_argument("--format", choices=list(STYLES), default="table")


def run(options: argparse.Namespace) -> int:
    """Prints a table per checkpoint; 1 is damaged counts."""
    asked = Questions(options.above, options.below, options.quantile, options.take)
    path = find_run(options.run, options.results) if options.run else _last_with_counts(options.results)
    stored = read_counts(path)
    damaged = complain(stored.damage)
    chosen = _chosen(stored, options.model)
    tables = [counts_table(found, options.by, USUAL if asked == Questions() else asked) for found in chosen]
    width = terminal_width()
    sys.stdout.write(
        "".join(f"{table.render(options.format, width)}\n\n" for table in tables).removesuffix("\n")
    )
    return damaged


def _chosen(stored: StoredCounts, model: str | None) -> Sequence[CheckpointCounts]:
    if model is None:
        return stored.checkpoints
    known = [checkpoint.model for checkpoint in stored.checkpoints]
    require_known(f"model with counts in {stored.path}:", [model], known)
    return [checkpoint for checkpoint in stored.checkpoints if checkpoint.model == model]


def _last_with_counts(results: Path) -> Path:
    paths = [path for path in all_runs(results) if path.with_suffix(SUFFIX).is_file()]
    if not paths:
        raise ValueError(f"no run in {results} has counts: `pytest bench -k structure` makes them")
    return paths[-1]

"""`python -m reports crossover`: from which sparsity layouts are faster than dense."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from reports.choosing import find_run
from reports.commands.parsing import add_command, add_run
from reports.commands.telling import complain, terminal_width
from reports.crossover import render_crossover
from reports.store import read_run
from reports.table import STYLES

if TYPE_CHECKING:
    from reports.commands.parsing import Commands


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = add_command(commands, "crossover", "from which sparsity layouts are faster", run)
    add_run(parser)
    parser.add_argument("--format", choices=list(STYLES), default="table")


def run(options: argparse.Namespace) -> int:
    """Prints the tables; 1 is damaged results."""
    stored = read_run(find_run(options.run, options.results))
    sys.stdout.write(render_crossover(stored.records, options.format, terminal_width()) + "\n")
    return complain(stored.damage)

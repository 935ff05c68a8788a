"""`python -m reports selftest`: how often the comparison of revisions was wrong, and right."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.commands.parsing import add_command
from reports.commands.telling import complain, terminal_width
from reports.proof import render_selftests
from reports.selftest import SelfTest, read_selftest, stored_selftests
from reports.table import STYLES

if TYPE_CHECKING:
    from reports.commands.parsing import Commands


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = add_command(commands, "selftest", "how often comparing revisions was wrong, and right", run)
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="of `pytest bench --selftest`; the same kinds count together (default: all that are stored)",
    )
    parser.add_argument("--format", choices=list(STYLES), default="table")


def run(options: argparse.Namespace) -> int:
    """Prints the tables; 1 is damaged results."""
    tests, damage = _read(options.files or stored_selftests(options.results))
    if tests:
        sys.stdout.write(render_selftests(tests, options.format, terminal_width()) + "\n")
    return complain(damage)


def _read(files: Sequence[Path]) -> tuple[list[SelfTest], list[str]]:
    """What can be read, and what is to be told of the rest."""
    tests: list[SelfTest] = []
    damage: list[str] = []
    for file in files:
        try:
            tests.append(read_selftest(file))
            damage += tests[-1].damage
        except ValueError as error:
            damage.append(str(error))
    return tests, damage

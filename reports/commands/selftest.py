"""`python -m reports selftest`: how often the comparison of revisions was wrong, and right."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reports.commands.parsing import add_command
from reports.commands.telling import terminal_width
from reports.proof import render_selftests
from reports.selftest import read_selftest, stored_selftests
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
    """Prints the tables."""
    files = options.files or stored_selftests(options.results)
    tests = [read_selftest(file) for file in files]
    sys.stdout.write(render_selftests(tests, options.format, terminal_width()) + "\n")
    return 0

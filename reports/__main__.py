"""`python -m reports`: what was measured, without torch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from reports.commands import compare, crossover, page, runs, selftest, show, structure, trend
from reports.commands.parsing import EXAMPLE
from reports.escaping import printable

COMMANDS = (show, page, compare, trend, crossover, structure, runs, selftest)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; 0 is fine, 1 damaged results or a regression, 2 a wrong argument or nothing to show."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except ValueError as error:
        told = "\n".join(map(printable, str(error).split("\n")))
        sys.stderr.write(f"error: {told}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m reports", epilog=EXAMPLE, formatter_class=layout)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

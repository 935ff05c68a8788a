"""What the commands' arguments have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse names it so alone

RESULTS = Path("results")
RUN = "a run's file, a commit (7 digits or more), or latest"
EXAMPLE = """\
examples:
  python -m reports show                    the last run
  python -m reports show --format md        the same, for a pull request
  python -m reports show --model gpt2-mini,bert-mini --benchmark size
                                            some of it; also --task, --metric, --method
  python -m reports show --format csv RUN   every field of a run's records
  python -m reports page -o report          a page of the last run, with plots; several runs become one page
  python -m reports compare dad5f01 latest  what became better or worse since a commit; status 1 if worse
  python -m reports compare --by method magnitude random
                                            two methods of the last run side by side
  python -m reports trend --last 20         each number over the last commits, and where it moved
  python -m reports crossover RUN           from which sparsity each layout is faster than dense
  python -m reports structure --by parameter --above 1 --quantile 0.5,0.99
                                            sizes of weights, from the counts of a run
  python -m reports runs                    what is stored
"""


def add_command(
    commands: Commands, name: str, purpose: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """A command's parser, which looks for runs where it is told to."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = commands.add_parser(name, help=purpose, epilog=EXAMPLE, formatter_class=layout)
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help=f"default: {RESULTS}")
    parser.set_defaults(command=run)
    return parser


def add_run(parser: argparse.ArgumentParser, default: str = "the last run") -> None:
    """The argument RUN."""
    parser.add_argument("run", nargs="?", metavar="RUN", help=f"{RUN} (default: {default})")


def names(text: str) -> tuple[str, ...]:
    """Several names with commas.

    Raises:
        argparse.ArgumentTypeError: there is none.
    """
    found = tuple(filter(None, (word.strip() for word in text.split(","))))
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a name, or several with commas")
    return found


def numbers(text: str) -> tuple[float, ...]:
    """Several numbers with commas."""
    return tuple(float(word) for word in text.split(","))


def shares(text: str) -> tuple[float, ...]:
    """Several numbers from 0 to 1 with commas.

    Raises:
        argparse.ArgumentTypeError: one is outside.
    """
    found = numbers(text)
    if not all(0 <= share <= 1 for share in found):
        raise argparse.ArgumentTypeError(f"{text!r}: expected shares from 0 to 1")
    return found

"""`python -m reports`: what was measured, without torch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reports.crossover import render_crossover
from reports.store import StoredRun, read_run, stored_runs
from reports.summary import summarise
from reports.tables import FORMATS, STYLES, render

EXAMPLE = """\
examples:
  python -m reports show                    the last run
  python -m reports show --format md        the same, for a pull request
  python -m reports show --format csv RUN   every field of a run's records
  python -m reports crossover RUN           from which sparsity each layout is faster than dense
  python -m reports runs                    what is stored
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; 0 is fine, 1 is damaged results, 2 is a wrong argument or nothing to show."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m reports", epilog=EXAMPLE, formatter_class=layout)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="tables of a run", epilog=EXAMPLE, formatter_class=layout)
    show.add_argument("run", nargs="?", type=Path, metavar="RUN", help="a run's file (default: the last run)")
    show.add_argument("--format", choices=FORMATS, default="table")
    show.set_defaults(command=_show)
    cross = commands.add_parser(
        "crossover", help="from which sparsity layouts are faster", epilog=EXAMPLE, formatter_class=layout
    )
    cross.add_argument(
        "run", nargs="?", type=Path, metavar="RUN", help="a run's file (default: the last run)"
    )
    cross.add_argument("--format", choices=list(STYLES), default="table")
    cross.set_defaults(command=_crossover)
    runs = commands.add_parser("runs", help="list what is stored", epilog=EXAMPLE, formatter_class=layout)
    runs.set_defaults(command=_runs)
    for command in (show, cross, runs):
        command.add_argument("--results", type=Path, metavar="DIR", help="default: results")
        command.set_defaults(results=Path("results"))
    return parser


def _show(options: argparse.Namespace) -> int:
    stored = read_run(options.run or _last(options.results))
    sys.stdout.write(render(stored.records, options.format) + "\n")
    if options.format == "table":
        sys.stdout.write(f"\n{summarise(stored.records)}\n\n{_describe(stored)}\n")
    return _complain(stored.damage)


def _crossover(options: argparse.Namespace) -> int:
    stored = read_run(options.run or _last(options.results))
    sys.stdout.write(render_crossover(stored.records, options.format) + "\n")
    return _complain(stored.damage)


def _runs(options: argparse.Namespace) -> int:
    damaged = 0
    for path in _paths(options.results):
        try:
            stored = read_run(path)
        except ValueError as error:
            damaged = _complain([str(error)])
            continue
        sys.stdout.write(f"{_describe(stored)}\n")
        damaged |= _complain(stored.damage)
    return damaged


def _paths(results: Path) -> list[Path]:
    paths = stored_runs(results)
    if not paths:
        raise ValueError(f"no runs in {results}: `pytest bench` stores one, --results DIR looks elsewhere")
    return paths


def _last(results: Path) -> Path:
    return _paths(results)[-1]


def _describe(stored: StoredRun) -> str:
    run = stored.run
    commit = f"{(run.commit or 'no commit')[:12]}{' with changes' if run.dirty else ''}"
    return f"{stored.path}: {len(stored.records)} records, {commit}, {run.machine}, {run.started}"


def _complain(sentences: Sequence[str]) -> int:
    for sentence in sentences:
        sys.stderr.write(f"error: {sentence}\n")
    return 1 if sentences else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""`python -m reports`: what was measured, without torch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reports.counts import SUFFIX, CheckpointCounts, StoredCounts, read_counts
from reports.crossover import render_crossover
from reports.store import StoredRun, read_run, stored_runs
from reports.structure import GROUPS, USUAL, Questions, counts_table
from reports.summary import summarise
from reports.table import STYLES
from reports.tables import FORMATS, render
from reports.wording import explain_miss

EXAMPLE = """\
examples:
  python -m reports show                    the last run
  python -m reports show --format md        the same, for a pull request
  python -m reports show --format csv RUN   every field of a run's records
  python -m reports crossover RUN           from which sparsity each layout is faster than dense
  python -m reports structure --by parameter --above 1 --quantile 0.5,0.99
                                            sizes of weights, from the counts of a run
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
    sizes = commands.add_parser(
        "structure", help="sizes of weights in a run's checkpoints", epilog=EXAMPLE, formatter_class=layout
    )
    sizes.add_argument(
        "run", nargs="?", type=Path, metavar="RUN", help="a run's file (default: the last with counts)"
    )
    sizes.add_argument("--model", metavar="NAME", help="one model alone")
    sizes.add_argument("--by", choices=list(GROUPS), default="layer")
    sizes.add_argument("--above", type=_numbers, default=(), metavar="T,…", help="shares of |w| above")
    sizes.add_argument("--below", type=_numbers, default=(), metavar="T,…", help="shares of |w| below")
    sizes.add_argument("--quantile", type=_shares, default=(), metavar="Q,…", help="from 0 to 1")
    sizes.add_argument(
        "--take", type=_shares, default=(), metavar="S,…", help="what a ranking of all matrices prunes"
    )
    sizes.add_argument("--format", choices=list(STYLES), default="table")
    sizes.set_defaults(command=_structure)
    runs = commands.add_parser("runs", help="list what is stored", epilog=EXAMPLE, formatter_class=layout)
    runs.set_defaults(command=_runs)
    for command in (show, cross, sizes, runs):
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


def _structure(options: argparse.Namespace) -> int:
    asked = Questions(options.above, options.below, options.quantile, options.take)
    stored = read_counts(options.run or _last_with_counts(options.results))
    chosen = _chosen(stored, options.model)
    tables = [counts_table(found, options.by, USUAL if asked == Questions() else asked) for found in chosen]
    sys.stdout.write("".join(f"{table.render(options.format)}\n\n" for table in tables).removesuffix("\n"))
    return _complain(stored.damage)


def _chosen(stored: StoredCounts, model: str | None) -> Sequence[CheckpointCounts]:
    chosen = [checkpoint for checkpoint in stored.checkpoints if model in {None, checkpoint.model}]
    if model is not None and not chosen:
        _complain(stored.damage)  # it may be the model of that line
        known = [checkpoint.model for checkpoint in stored.checkpoints]
        raise ValueError(f"{stored.path}: {explain_miss('model', model, known)}")
    return chosen


def _last_with_counts(results: Path) -> Path:
    paths = [path for path in _paths(results) if path.with_suffix(SUFFIX).is_file()]
    if not paths:
        raise ValueError(f"no run in {results} has counts: `pytest bench -k structure` makes them")
    return paths[-1]


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


def _shares(text: str) -> tuple[float, ...]:
    found = _numbers(text)
    if not all(0 <= share <= 1 for share in found):
        raise argparse.ArgumentTypeError(f"{text!r}: expected shares from 0 to 1")
    return found


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

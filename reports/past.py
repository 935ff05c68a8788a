"""The history that a page shows: of the machine of its newest run, if it can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.choosing import all_runs
from reports.history import History, read_history
from reports.steps import Judgement, judge_history
from reports.store import StoredRun
from reports.timeline import timeline_of
from reports.trend_rows import STEP_COLUMNS, rows_of, step_cells, steps_of

STEPS = 200  # of the page's table: `python -m reports trend` has them all


@dataclass(frozen=True, eq=False)
class Past:
    """A history with the steps of all its series."""

    history: History
    found: tuple[Judgement, ...]


def past_of(runs: Sequence[StoredRun], repository: Path, folder: Path | None = None) -> Past | None:
    """The history behind some runs, which are not read again; None without two commits to compare.

    Args:
        runs: at least one.
        repository: whose HEAD tells the order of the commits.
        folder: a results folder with older runs; without it the one that the newest of these runs lies in.

    Raises:
        ValueError: a folder is given that has no history.
    """
    newest = max(runs, key=lambda stored: str(stored.run.started))
    if folder is not None:
        return _past_in(folder, newest, runs, repository)
    if newest.path.parent.name != str(newest.run.machine):  # not where a session stores runs: others there
        return None  # may be anything
    try:
        return _past_in(newest.path.parent.parent, newest, runs, repository)
    except ValueError:
        return None


def _past_in(folder: Path, newest: StoredRun, runs: Sequence[StoredRun], repository: Path) -> Past:
    machine = _machine_in(folder, str(newest.run.machine))
    known = {stored.path: stored for stored in runs if str(stored.run.machine) == machine}
    timeline = timeline_of(folder, repository, machine, known)
    timeline.require_history()
    history = read_history(timeline, known)
    return Past(history, tuple(judge_history(history)))


def _machine_in(folder: Path, machine: str) -> str:
    """The machine of the runs, or the only other one: sizes, memory and quality are much the same there.

    Raises:
        ValueError: it is none of several.
    """
    there = sorted({path.parent.name for path in all_runs(folder)})
    if machine in there:
        return machine
    if len(there) > 1:
        raise ValueError(f"{folder} has runs of {', '.join(there)}, and none of {machine}, as this run is")
    return there[0]


def told_of_past(past: Past | None, plots: Sequence[object]) -> Mapping[str, object] | None:
    """What the page says of earlier commits, with the plots that it shows of them."""
    if past is None:
        return None
    steps = steps_of(rows_of(past.history, [one for one in past.found if one.steps]))
    return {
        "history": past.history,
        "columns": STEP_COLUMNS,
        "steps": [step_cells(*pair) for pair in steps[:STEPS]],
        "left": max(0, len(steps) - STEPS),
        "flat": sum(not one.steps for one in past.found),
        "plots": plots,
    }

"""The history that a page shows: of the machine of its newest run, from the folder that the run lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


def past_of(runs: Sequence[StoredRun], repository: Path) -> Past | None:
    """The history behind some runs, which are not read again; None without two commits to compare.

    Args:
        runs: at least one.
        repository: whose HEAD tells the order of the commits.
    """
    newest = max(runs, key=lambda stored: str(stored.run.started))
    machine = str(newest.run.machine)
    if newest.path.parent.name != machine:  # not where a session stores runs, so others there may be anything
        return None
    known = {stored.path: stored for stored in runs}
    try:
        timeline = timeline_of(newest.path.parent.parent, repository, machine, known)
        timeline.require_history()
    except ValueError:
        return None
    history = read_history(timeline, known)
    return Past(history, tuple(judge_history(history)))


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

"""The history that a page shows: of the machine of its newest run, from the folder that the run lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.history import History, read_history
from reports.steps import Judgement, judge_history
from reports.store import StoredRun
from reports.timeline import timeline_of


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

"""What the commands say alike: of a run, of damage, in how many columns."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from reports.escaping import printable
from reports.store import StoredRun


def describe_run(stored: StoredRun) -> str:
    """Where a run is, what it holds, and when and on what it was measured."""
    run = stored.run
    commit = f"{(run.commit or 'no commit')[:12]}{' with changes' if run.dirty else ''}"
    return printable(f"{stored.path}: {len(stored.records)} records, {commit}, {run.machine}, {run.started}")


def complain(sentences: Sequence[str]) -> int:
    """Tells what could not be read; the exit status."""
    for sentence in sentences:
        sys.stderr.write(f"error: {printable(sentence)}\n")
    return 1 if sentences else 0


def terminal_width() -> int:
    """How many columns there are; 80 where nobody knows."""
    return shutil.get_terminal_size().columns

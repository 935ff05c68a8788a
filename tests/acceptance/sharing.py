"""A session that runs once, however many workers of pytest-xdist look at it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Session


def run_once(factory: pytest.TempPathFactory, name: str, run_session: Callable[[Path], Session]) -> Session:
    """The session that `run_session` makes of an empty results folder; made by the first worker to ask."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, ended = shared / f"once-{name}", shared / f"once-{name}.json"
    with (shared / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            folder.mkdir()
            session = run_session(folder)
            ended.write_text(json.dumps([session.status, session.output]), "utf-8")
    status, output = json.loads(ended.read_text("utf-8"))
    return Session(status, output, folder)

"""Another process that is in the middle of something, for tests to kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.against.scripted import ROOT


@contextmanager
def elsewhere(program: str, place: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs a program on a folder, and the line that it says once it is so far."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(place)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()

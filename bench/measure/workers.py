"""Processes of their own that measure on command, and how much memory they take meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
SAMPLING = 0.002  # seconds between two looks at a process's memory
REFUSED = "refused"  # the key of an answer that says why there is none


@dataclass(frozen=True)
class Round:
    """How long something took, and in what memory.

    Attributes:
        extra: bytes of anonymous memory at the peak beyond those at the start.
        start: bytes at the start; 0 where the system does not tell.
    """

    seconds: float
    extra: int
    start: int


class Worker:
    """A process of its own that does one thing at a time, as its input tells it.

    Args:
        module: that it runs; `serve` of this module answers there.
        job: the module's argument.
        threads: of PyTorch.
    """

    def __init__(self, module: str, job: Mapping[str, Any], threads: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, json.dumps(job)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def measure(self, command: str, *, after: str = "forget") -> Round:
        """Lets the worker do something, watching its memory from after another command on."""
        self.ask(after)
        with watch_memory(self._process.pid) as memory:
            seconds = float(self.ask(command))
        return Round(seconds, memory.peak - memory.start, memory.start)

    def ask(self, command: str) -> Any:  # noqa: ANN401 - whatever the worker answers
        """The worker's answer to a command.

        Raises:
            RuntimeError: the worker died.
            ValueError: it refused, and says why.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        try:
            self._process.stdin.write(f"{command}\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise RuntimeError(f"the worker died at {command!r}: its messages are above") from error
        if isinstance(answer, dict):
            raise ValueError(answer[REFUSED])  # noqa: TRY004 - a wrong checkpoint, not a wrong call
        return answer


@dataclass
class Memory:
    """Bytes of anonymous memory of a process."""

    start: int
    peak: int


@contextmanager
def watch_memory(pid: int) -> Iterator[Memory]:
    """Samples a process's anonymous memory; mapped files, which can be dropped at any time, do not count."""
    start = anonymous_memory(pid)
    memory = Memory(start, start)
    done = threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLING):
            memory.peak = max(memory.peak, anonymous_memory(pid))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield memory
    finally:
        memory.peak = max(memory.peak, anonymous_memory(pid))
        done.set()
        sampler.join()


def anonymous_memory(pid: int) -> int:
    """RssAnon of a process in bytes; 0 where the system does not tell (it is Linux that does)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
    except OSError:
        return 0
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")]
    return 1024 * int(kilobytes[0]) if kilobytes else 0


def serve(answer: Callable[[str], object]) -> None:
    """Answers each line of the input with a line of JSON."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(line.strip())) + "\n")
        sys.stdout.flush()

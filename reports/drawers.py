"""Processes that draw beside this one: a plot takes a core for 80 ms, and vl-convert draws one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

from reports.drawing import ANSWERS

ROOT = Path(__file__).parents[1]
MOST = 4  # processes: each takes 150 MB


def count_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LostError(Exception):
    """A process that draws is gone."""


class Drawer:
    """A process of its own that answers the questions of `reports.drawing`, one at a time.

    It runs its module alone, not what this process was started with as multiprocessing's would, and it ends
    when its input does: when this process ends, however that is.
    """

    def __init__(self) -> None:
        paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reports.drawing"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, name: str, argument: object) -> Any:  # noqa: ANN401 - as different as the questions
        """The answer.

        Raises:
            ValueError: the error that it had, in words.
            LostError: the process is gone.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise LostError
        try:
            self._process.stdin.write(json.dumps({name: argument}) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise LostError from error
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["answer"]

    def kill(self) -> None:
        """Ends it, whatever it is at."""
        self._process.kill()
        with suppress(OSError):  # it may have left what it was to read
            self._process.communicate()


class Drawers:
    """Answers several questions at a time.

    Args:
        count: of processes; with none, or where one cannot be had or is lost, this process does the work.
    """

    def __init__(self, count: int) -> None:
        self._drawers: list[Drawer] = []
        for _ in range(count):
            with suppress(OSError):  # no more processes are allowed
                self._drawers.append(Drawer())
        self._idle: SimpleQueue[Drawer | None] = SimpleQueue()
        for drawer in self._drawers:
            self._idle.put(drawer)
        if not self._drawers:
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(max(1, len(self._drawers)))
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for drawer in self._drawers:
            drawer.kill()
        self._threads.shutdown()

    def ask(self, name: str, argument: object) -> Future[Any]:
        """The answer to come, of a question of `reports.drawing.ANSWERS`."""
        return self._threads.submit(self._answer, name, argument)

    def _answer(self, name: str, argument: object) -> Any:  # noqa: ANN401 - as different as the questions
        drawer = self._idle.get()
        try:
            return drawer.ask(name, argument) if drawer else ANSWERS[name](argument)
        except LostError:
            drawer = None
            if self._ended:
                raise
            return ANSWERS[name](argument)
        finally:
            self._idle.put(drawer)

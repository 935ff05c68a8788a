"""A process of one side: a pytest session that measures what it is told, and answers over a pipe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Self

from bench.against.git import surroundings

PLUGIN = "bench.against.serving"
BASE, CONTROL, HEAD = "base", "control", "head"  # the sides
EXTRA = "BENCH_EXTRA_WORK"  # environment variable: the share of work added to each round, for self-tests
ENDING = 30.0  # seconds
TOLD = 300  # characters of a dead worker's last words
LEFT_OUT = ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_CURRENT_TEST")

Message = dict[str, Any]


class WorkerError(Exception):
    """A worker died or did not answer in time.

    Attributes:
        side: whose it was.
        late: whether it was killed because it took too long.
        killed: whether it was killed from outside.
    """

    def __init__(self, side: str, reason: str, *, late: bool = False, killed: bool = False) -> None:
        super().__init__(f"{side}: {reason}")
        self.side = side
        self.reason = reason
        self.late = late
        self.killed = killed


@dataclass(frozen=True)
class Side:
    """How a side's processes are started.

    Attributes:
        name: base, head or control.
        python: its environment's.
        tree: the folder of the project.
        arguments: of pytest.
        threads: of PyTorch.
        extra: further environment variables.
    """

    name: str
    python: Path
    tree: Path
    arguments: tuple[str, ...]
    threads: int = 1
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> list[str]:
        """The command line."""
        pytest = (str(self.python), "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider")
        return [*pytest, "--continue-on-collection-errors", *self.arguments]

    @property
    def environment(self) -> Mapping[str, str]:
        """The surroundings: those of this process, without what is meant for it or its repository alone."""
        kept = {name: value for name, value in surroundings().items() if name not in LEFT_OUT}
        return {**kept, "OMP_NUM_THREADS": str(self.threads), **dict(self.extra)}


class Worker:
    """A running process; leaving the block ends it, however it got there.

    Args:
        side: whose it is.
        log: where its output goes.
    """

    def __init__(self, side: Side, log: Path) -> None:
        self.side = side
        self._log = log
        self._late = False
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                side.command,
                cwd=side.tree,
                env=side.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C reaches the driver alone, which then ends all
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kills it with all that it started, and reaps it."""
        _kill(self._process)
        self._process.communicate()

    def wait(self) -> None:
        """Lets it end by itself, for a while."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING)

    def tell(self, command: object) -> None:
        """Sends a command.

        Raises:
            WorkerError: the worker is dead.
        """
        if self._process.stdin is None:
            raise TypeError("a worker without pipes")
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._lost() from None

    def hear(self, seconds: float) -> Message:
        """The next message.

        Raises:
            WorkerError: none came in that time, or the worker is dead.
        """
        if self._process.stdout is None:
            raise TypeError("a worker without pipes")
        watch = Timer(seconds, self._kill_late)
        watch.daemon = True
        watch.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watch.cancel()
        try:
            message: Message = json.loads(line)
        except ValueError:
            if self._late:
                raise WorkerError(self.side.name, f"no answer in {seconds:g} s", late=True) from None
            raise self._lost() from None
        return message

    def _kill_late(self) -> None:
        self._late = True
        _kill(self._process)

    def _lost(self) -> WorkerError:
        words = self._last_words()
        killed = os.name == "posix" and self._process.returncode == -signal.SIGKILL
        return WorkerError(self.side.name, words, killed=killed)

    def _last_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        status = self._process.returncode
        ended = f"ended by {signal.Signals(-status).name}" if status and status < 0 else f"status {status}"
        text = self._log.read_text("utf-8", errors="replace").strip()
        return f"its process died ({ended}): {' '.join(text[-TOLD:].split()) or 'without a word'}"


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


@contextmanager
def started(sides: Sequence[Side], logs: Path) -> Iterator[list[Worker]]:
    """Workers of some sides, all ended with the block."""
    with ExitStack() as stack:
        yield [stack.enter_context(Worker(side, logs / f"{side.name}.log")) for side in sides]

"""Time and memory of finding masks, ours and PyTorch's: two fresh processes that take turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from fixtures.origins import Origin
from fixtures.settings import Settings
from fixtures.specs import PruningSpec

ROOT = Path(__file__).parents[2]
ROUNDS = 3
SAMPLING = 0.002  # seconds between two looks at a process's memory


@dataclass(frozen=True)
class MaskCost:
    """What was measured.

    Attributes:
        values: medians over rounds in seconds, peaks in bytes, and the ratios round by round.
        samples: the rounds.
        same_masks: whether both found the same masks outside the ties at the threshold.
    """

    values: Mapping[str, float]
    samples: Mapping[str, list[float]]
    same_masks: bool


def measure_mask_cost(origin: Origin, pruning: PruningSpec, settings: Settings) -> MaskCost:
    """Finds the masks of a pruning `ROUNDS` times on either side, then applies ours as many times."""
    with (
        Worker("ours", origin, pruning, settings) as ours,
        Worker("pytorch", origin, pruning, settings) as theirs,
    ):
        rounds = [(ours.measure("find"), theirs.measure("find")) for _ in range(ROUNDS)]
        same = ours.ask("describe") == theirs.ask("describe")
        applied = [ours.measure("apply", after="find") for _ in range(ROUNDS)]
    times = {
        "find_time": [mine.seconds for mine, _ in rounds],
        "find_time_pytorch": [other.seconds for _, other in rounds],
        "find_speedup": [other.seconds / mine.seconds for mine, other in rounds],
        "apply_time": [one.seconds for one in applied],
    }
    values = {name: median(samples) for name, samples in times.items()}
    peaks = {
        "find_memory": max(mine.extra for mine, _ in rounds),
        "find_memory_pytorch": max(other.extra for _, other in rounds),
        "apply_memory": max(one.extra for one in applied),
    }
    if peaks["find_memory"]:
        values["find_memory_saving"] = peaks["find_memory_pytorch"] / peaks["find_memory"]
    # a peak of 0 is too small to see, or the system does not tell
    told = {name: float(peak) for name, peak in peaks.items() if peak}
    return MaskCost({**values, **told}, times, same)


@dataclass(frozen=True)
class Round:
    """Seconds, and bytes of anonymous memory at the peak beyond those at the start."""

    seconds: float
    extra: int


class Worker:
    """A process of its own that builds the model and does one thing at a time."""

    def __init__(self, side: str, origin: Origin, pruning: PruningSpec, settings: Settings) -> None:
        job = {
            "side": side,
            "origin": {**asdict(origin), "path": str(origin.path.resolve())},
            "pruning": asdict(pruning),
            "dtype": settings.dtype,
            "threads": settings.threads,
            "seed": settings.seed,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.measure.mask_worker", json.dumps(job)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": str(settings.threads)},
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
        return Round(seconds, memory.peak - memory.start)

    def ask(self, command: str) -> Any:  # noqa: ANN401 - whatever the worker answers
        """The worker's answer to a command.

        Raises:
            RuntimeError: the worker died.
            ValueError: it could not load the model.
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
            raise ValueError(answer["refused"])  # noqa: TRY004 - a wrong checkpoint, not a wrong call
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

"""What looking at a checkpoint costs: beside plain reading, and beside PyTorch's histogram, in turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

from bench.measure.workers import Worker
from fixtures.scanning import DTYPES, sort_out
from fixtures.stored import Stored

ROUNDS = 3
# what is timed, and the command of the worker that does it
TIMED = {
    "read_time": "read",
    "scan_time": "scan",
    "scan_time_plain": "scan_plainly",
    "histogram_time_pytorch": "histogram",
}


@dataclass(frozen=True)
class ScanCost:
    """What was measured.

    Attributes:
        values: medians over rounds in seconds, ratios of the medians, and bytes of anonymous memory at the
            peak of a scan beyond those before it.
        samples: the rounds.
        dtype: of the weights.
    """

    values: Mapping[str, float]
    samples: Mapping[str, list[float]]
    dtype: str


def measure_scan_cost(stored: Stored, threads: int) -> ScanCost:
    """Reads and scans all weights `ROUNDS` times in turns, in one process.

    Memory is that of a scan before these: it is the first, so that no buffer of another is there to be used
    again, and it brings the files into the cache. Without numba, `scan_time` is NumPy's, and there is no
    `scan_time_plain`.

    Raises:
        RuntimeError: the process died.
        ValueError: the files hold no weights, or some that cannot be counted.
    """
    weights, _ = sort_out(stored.tensors, stored.family)
    if not weights:
        raise ValueError("its files hold no weights")
    timed = {
        name: command for name, command in TIMED.items() if name != "scan_time_plain" or find_spec("numba")
    }
    with make_worker(stored, threads) as worker:
        first = worker.measure("scan", after="prepare")
        rounds = [
            {name: float(worker.ask(command)) for name, command in timed.items()} for _ in range(ROUNDS)
        ]
    samples = {name: [one[name] for one in rounds] for name in timed}
    times = {name: median(found) for name, found in samples.items()}
    memory = {"scan_memory": float(first.extra)} if first.start else {}  # else the system does not tell
    dtypes = sorted({DTYPES[one.dtype] for one in weights})
    return ScanCost({**times, **_ratios(times), **memory}, samples, "+".join(dtypes))


def make_worker(stored: Stored, threads: int) -> Worker:
    """A process that goes through a checkpoint's files."""
    files = [str(path.resolve()) for path in stored.files]
    job = {"files": files, "family": stored.family, "threads": threads}
    return Worker("bench.measure.scan_worker", job, threads)


def _ratios(times: Mapping[str, float]) -> dict[str, float]:
    theirs = times["histogram_time_pytorch"]
    plain = times.get("scan_time_plain")
    return {
        "scan_speedup": theirs / times["scan_time"],
        "share_of_read_speed": times["read_time"] / times["scan_time"],
        **({"scan_speedup_plain": theirs / plain} if plain else {}),
    }

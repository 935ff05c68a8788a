"""What looking at a checkpoint costs: beside plain reading, and beside PyTorch's histogram, in turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

from bench.measure.workers import Worker
from fixtures.scanning import DTYPES
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
    """Reads and scans all files `ROUNDS` times in turns, in one process; the first scan is not timed.

    Without numba, `scan_time` is NumPy's, and there is no `scan_time_plain`.
    """
    folder = str(stored.tensors[0].path.parent.resolve())
    job = {"folder": folder, "family": stored.family, "threads": threads}
    timed = {
        name: command for name, command in TIMED.items() if name != "scan_time_plain" or find_spec("numba")
    }
    with Worker("bench.measure.scan_worker", job, threads) as worker:
        worker.ask("scan")  # compiles, and brings the files into the cache
        memory = worker.measure("scan").extra
        rounds = [
            {name: float(worker.ask(command)) for name, command in timed.items()} for _ in range(ROUNDS)
        ]
    samples = {name: [one[name] for one in rounds] for name in timed}
    times = {name: median(found) for name, found in samples.items()}
    dtypes = sorted({DTYPES[tensor.dtype] for tensor in stored.tensors if tensor.dtype in DTYPES})
    told = {"scan_memory": float(memory)} if memory else {}  # not every system tells
    return ScanCost({**times, **_ratios(times), **told}, samples, "+".join(dtypes))


def _ratios(times: Mapping[str, float]) -> dict[str, float]:
    theirs = times["histogram_time_pytorch"]
    plain = times.get("scan_time_plain")
    return {
        "scan_speedup": theirs / times["scan_time"],
        "share_of_read_speed": times["read_time"] / times["scan_time"],
        **({"scan_speedup_plain": theirs / plain} if plain else {}),
    }

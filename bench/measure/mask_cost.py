"""Time and memory of finding masks, ours and PyTorch's: two fresh processes that take turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median

from bench.measure.workers import Worker
from fixtures.origins import Origin
from fixtures.settings import Settings
from fixtures.specs import PruningSpec

ROUNDS = 3


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
        make_worker("ours", origin, pruning, settings) as ours,
        make_worker("pytorch", origin, pruning, settings) as theirs,
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


def make_worker(side: str, origin: Origin, pruning: PruningSpec, settings: Settings) -> Worker:
    """A process that finds and applies the masks of one side: `ours` or `pytorch`."""
    job = {
        "side": side,
        "origin": {**asdict(origin), "path": str(origin.path.resolve())},
        "pruning": asdict(pruning),
        "dtype": settings.dtype,
        "threads": settings.threads,
        "seed": settings.seed,
    }
    return Worker("bench.measure.mask_worker", job, settings.threads)

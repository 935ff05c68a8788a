"""The fixtures that cost benchmarks measure and record with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bench.costs import CONTROL
from bench.plugin import TIME_LIMIT
from fixtures.layouts import LAYOUTS
from fixtures.settings import Settings
from fixtures.specs import Case
from fixtures.workloads import Workload
from reports.record import Outcome

if TYPE_CHECKING:
    import torch

    from bench.machine import Quietness
    from bench.measure.latency import Latency
    from bench.measure.phases import Runner
    from bench.measuring import Record

OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")


@dataclass(frozen=True, eq=False)
class Timing:
    """Measures and records one case of a cost benchmark."""

    case: Case
    settings: Settings
    benchmark: Any
    hand_over: Record
    quietness: Quietness
    seconds: float
    device: torch.device
    weights: str

    @property
    def workload(self) -> Workload:
        """What is run."""
        if self.case.workload is None:
            raise TypeError(f"{self.case} has no workload")
        return self.case.workload

    @contextmanager
    def guarded(self, benchmark: str = "latency", metric: str = "latency") -> Iterator[None]:
        """Out of memory or of time is a result, and the run goes on; a wrong output fails the case."""
        from bench.measure.turns import SlowError
        from fixtures.errors import MisfitError

        try:
            yield
        except SlowError as error:
            self._record_nothing(benchmark, metric, "timeout", str(error))
        except MisfitError as error:
            pytest.skip(f"{self.case}: {error}")
        except ValueError as error:
            raise pytest.fail.Exception(f"{self.case}: {error}", pytrace=False) from None
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            self._record_nothing(benchmark, metric, "oom", str(error).partition("\n")[0])

    def first_outputs(self, ours: Runner) -> torch.Tensor:
        """What our side computes, unless rounds of it would take too long."""
        from bench.measure.latency import first_outputs

        seconds = (
            math.inf if self.benchmark.disabled else self.seconds
        )  # where nothing is timed, nothing is slow
        return first_outputs(ours, device=self.device, seconds=seconds)

    def measure(self, ours: Runner, dense: Runner) -> Latency:
        """Takes turns with the dense side."""
        from bench.measure.latency import measure_latency

        if self.benchmark.disabled:
            pytest.skip("pytest-benchmark is off (-n, --benchmark-disable): nothing can be timed")
        return measure_latency(
            self.benchmark,
            ours,
            dense,
            device=self.device,
            seed=self.settings.seed,
            seconds=self.seconds,
        )

    def record(
        self,
        found: Latency,
        theory: Mapping[str, float],
        achieved: float | None = None,
        converted: int | None = None,
    ) -> None:
        """Records medians, ratio with interval, and theory; the same goes into pytest-benchmark's JSON."""
        interval = found.turns.interval(self.settings.seed)
        if self.case.layout == CONTROL:
            self.quietness.note_control(found.turns.speedup, interval)
        values = {**found.by_name(), **theory}
        kernel = self.kernel(found, converted)
        self._annotate({**values, "speedup_low": interval[0], "speedup_high": interval[1]}, kernel=kernel)
        self._hand_over(
            "latency",
            values,
            samples=found.samples(),
            intervals={"speedup": interval},
            achieved=achieved,
            stamps=(f"kernel {kernel}", *self.quietness.stamps),
        )

    def kernel(self, found: Latency, converted: int | None) -> str:
        """Which kernel ran, and how many matrices it was for."""
        told = found.kernel if converted is None else f"{found.kernel}; {converted} converted"
        return f"{LAYOUTS[str(self.case.layout)].backend} ({told})"

    def once(self, measured: Callable[[], dict[str, float]]) -> dict[str, float]:
        """Measures in one round of pytest-benchmark, so that its JSON has the case."""
        values: dict[str, float] = self.benchmark.pedantic(measured, rounds=1)
        return values

    def record_memory(self, values: Mapping[str, float], achieved: float) -> None:
        """Records bytes; what is resident, which no two runs agree on, is a record apart."""
        from bench.measure.memory import resident

        shown = {"resident_memory": float(resident())}
        self._annotate({**values, **shown})
        for benchmark, found in (("memory", values), ("resident", shown)):
            self._hand_over(benchmark, found, achieved=achieved)

    def record_size(self, values: Mapping[str, float], achieved: float) -> None:
        """Records the bytes of a file."""
        self._annotate(values)
        self._hand_over("size", values, achieved=achieved, device="cpu")

    def _annotate(self, values: Mapping[str, float], **words: str) -> None:
        case = self.case
        held = {"layout": case.layout, "workload": case.workload, "encoding": case.encoding}
        named = {name: str(value) for name, value in held.items() if value}
        self.benchmark.extra_info.update({**named, **words, **values})

    def _record_nothing(self, benchmark: str, metric: str, outcome: Outcome, reason: str) -> None:
        self._hand_over(benchmark, {metric: None}, outcome=outcome, stamps=(f"{outcome}: {reason}",))

    def _hand_over(self, benchmark: str, values: Mapping[str, float | None], **more: Any) -> None:  # noqa: ANN401 - other fields
        from bench.recording import Measurement

        where = {"weights": self.weights, "device": str(self.device)}
        self.hand_over(Measurement(benchmark=benchmark, values=values, **{**where, **more}))


TIMING = pytest.StashKey[type[Timing]]()  # the kind that cases are timed with, where it is another


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice: of the GPU's, or of the machine's."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)


@pytest.fixture
def timing(
    case: Case,
    settings: Settings,
    benchmark: Any,  # noqa: ANN401 - pytest-benchmark's fixture has no types
    record: Record,
    quietness: Quietness,
    pytestconfig: pytest.Config,
    request: pytest.FixtureRequest,
) -> Timing:
    """What a cost benchmark times and records with."""
    import torch

    # its JSON takes no objects
    benchmark.params = {"case": str(case)}
    loaded = "variant" in request.fixturenames
    pruned = request.getfixturevalue("variant").loaded if loaded else None
    return pytestconfig.stash.get(TIMING, Timing)(
        case=case,
        settings=settings,
        benchmark=benchmark,
        hand_over=record,
        quietness=quietness,
        seconds=pytestconfig.stash[TIME_LIMIT],
        device=pruned.device if pruned else torch.device("cpu"),
        weights=pruned.origin.identity if pruned else "random",
    )

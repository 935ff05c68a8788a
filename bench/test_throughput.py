"""How much of the model's own speed is left when it is evaluated?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.grid import throughput_cases
from bench.measuring import require_passed

if TYPE_CHECKING:
    from bench.measuring import JudgeCost, Record
    from fixtures.settings import Settings
    from fixtures.specs import Case
    from fixtures.variants import PrunedModel

WORKLOAD = "evaluate"


@pytest.mark.cases(make=throughput_cases)
def test_throughput(
    case: Case, variant: PrunedModel, settings: Settings, judge_cost: JudgeCost, record: Record
) -> None:
    """Evaluates a text of random tokens here, by a bare loop, and by lm-eval where it is installed."""
    from bench.measure.throughput import measure_throughput
    from bench.recording import Measurement

    try:
        found = measure_throughput(variant.loaded, settings.seed, settings.limit)
    except ValueError as error:
        raise pytest.fail.Exception(f"{case}: {error}", pytrace=False) from None
    verdicts = judge_cost(WORKLOAD, found.protocol, found.values)
    record(
        Measurement(
            benchmark="throughput",
            workload=WORKLOAD,
            weights=variant.loaded.origin.identity,
            device=str(variant.loaded.device),
            values=found.values,
            samples=found.samples,
            verdicts=verdicts,
            protocol=found.protocol,
            stamps=found.stamps,
        )
    )
    require_passed(verdicts)

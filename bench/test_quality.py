"""How good is a pruned model at its task?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.grid import quality_cases
from bench.measuring import require_passed

if TYPE_CHECKING:
    from bench.measuring import Judge, Measure, Record
    from fixtures.protocols import Protocol
    from fixtures.settings import Settings
    from fixtures.specs import TaskSpec
    from fixtures.variants import PrunedModel


@pytest.mark.cases(make=quality_cases)
def test_quality(
    task: TaskSpec,
    protocol: Protocol,
    variant: PrunedModel,
    settings: Settings,
    measure: Measure,
    dense: Measure,
    judge: Judge,
    record: Record,
) -> None:
    """Evaluates the model, records every metric, and fails where one is outside its threshold."""
    from bench.recording import Measurement

    quality = measure() if variant.spec.pruning else dense()
    verdicts = judge(quality)
    record(
        Measurement(
            benchmark="quality",
            weights=variant.loaded.origin.identity,
            device=str(variant.loaded.device),
            values=quality.metrics,
            samples={protocol.sampled: quality.samples},
            statistics=quality.statistics,
            verdicts=verdicts,
            protocol=task.describe(protocol, settings.limit),
            achieved=variant.achieved.in_scope,
            stamps=quality.stamps,
        )
    )
    require_passed(verdicts)

"""How good is a pruned model at its task?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.grid import quality_cases

if TYPE_CHECKING:
    from bench.plugin import Measure, Record
    from bench.thresholds import Thresholds
    from fixtures.settings import Settings
    from fixtures.specs import Case
    from fixtures.variants import PrunedModel


@pytest.mark.cases(make=quality_cases)
def test_quality(
    case: Case,
    variant: PrunedModel,
    settings: Settings,
    measure: Measure,
    dense: Measure,
    thresholds: Thresholds,
    record: Record,
) -> None:
    """Evaluates the model, records every metric, and fails where one is outside its threshold."""
    from bench.recording import Measurement

    quality = measure() if case.variant.pruning else dense()
    protocol = case.task.protocol(settings.limit)
    verdicts = {
        metric: thresholds.judge(case, protocol, metric, value, lambda name=metric: dense().metrics[name])
        for metric, value in quality.metrics.items()
    }
    record(
        Measurement(
            benchmark="quality",
            weights=variant.loaded.origin.identity,
            device=str(variant.loaded.device),
            values=quality.metrics,
            samples={case.task.metrics[0]: quality.samples},
            verdicts=verdicts,
            protocol=protocol,
            achieved=variant.achieved.in_scope,
        )
    )
    complaints = [verdict.complaint for verdict in verdicts.values() if verdict.complaint]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)

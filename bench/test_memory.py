"""How much memory does a pruned model take?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.costs import memory_cases

if TYPE_CHECKING:
    from bench.given import LayOut
    from bench.timing import Timing
    from fixtures.variants import PrunedModel


@pytest.mark.cases(make=memory_cases)
def test_memory(variant: PrunedModel, laid_out: LayOut, timing: Timing) -> None:
    """Counts the bytes of the weights in a layout, and the peak of a round's activations."""
    import torch

    from bench.measure.memory import measure_memory
    from bench.measure.phases import prepare

    with torch.inference_mode(), timing.guarded("memory", "peak_memory"):
        held = laid_out()
        runner = prepare(held.model, timing.workload)
        values = timing.once(lambda: measure_memory(held.model, runner, timing.device))
        timing.record_memory({**values, "untied_memory": held.untied}, variant.achieved.in_scope)

"""How fast is a pruned model, and how fast could it be?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.costs import latency_cases, layer_cases

if TYPE_CHECKING:
    from bench.given import CountTheory, LayOut
    from bench.timing import Timing
    from fixtures.settings import Settings
    from fixtures.specs import Case, PruningSpec
    from fixtures.variants import PrunedModel


@pytest.mark.cases(make=latency_cases, paired=True)
def test_latency(
    case: Case, variant: PrunedModel, laid_out: LayOut, theory: CountTheory, timing: Timing
) -> None:
    """Times the model in a layout and the dense model in turns; the theory stands beside."""
    import torch

    from bench.measure.latency import require_same
    from bench.measure.phases import prepare
    from fixtures.laying_out import compiled, lay_out
    from fixtures.layouts import LAYOUTS
    from fixtures.slicing import equals_masked

    layout = LAYOUTS[str(case.layout)]
    with torch.inference_mode(), timing.guarded():
        held = laid_out()
        ours = prepare(held.model, timing.workload)
        outputs = timing.first_outputs(ours)
        if not layout.structured or equals_masked(variant):
            masked = lay_out(variant, LAYOUTS["strided"]).model
            require_same(outputs, prepare(masked, timing.workload).run())
        del outputs  # of a large model, gigabytes
        with variant.dense():
            dense = prepare(compiled(variant.loaded.model, layout), timing.workload)
            found = timing.measure(ours, dense)
        converted = len(held.converted) if layout.make else None
        timing.record(found, theory().by_name(), variant.achieved.in_scope, converted)


@pytest.mark.cases(make=layer_cases, paired=True)
def test_layer(case: Case, pruning: PruningSpec, settings: Settings, timing: Timing) -> None:
    """Times one matrix in a layout and dense in turns, each read from memory and not from a cache."""
    import torch

    from bench.measure.latency import require_same
    from bench.measure.layers import layer_runners
    from fixtures.layouts import LAYOUTS
    from fixtures.workloads import SHAPES

    with torch.inference_mode(), timing.guarded():
        torch.set_num_threads(settings.threads)
        layout = LAYOUTS[str(case.layout)]
        shape, tokens = SHAPES[timing.workload.layer], timing.workload.length
        ours, dense, masked = layer_runners(shape, pruning, layout, tokens, settings.seed)
        require_same(timing.first_outputs(ours), masked)
        theory = {"theoretical_speedup": 1 / (1 - pruning.sparsity)}
        timing.record(timing.measure(ours, dense), theory)

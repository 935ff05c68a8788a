"""What does pruning do to a model, and what does it cost to find and apply the masks?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.grid import mask_cost_cases, pruned_cases

if TYPE_CHECKING:
    from bench.measuring import Record
    from fixtures.origins import Origin
    from fixtures.settings import Settings
    from fixtures.specs import PruningSpec
    from fixtures.variants import PrunedModel


@pytest.mark.cases(make=pruned_cases)
def test_sparsity(variant: PrunedModel, record: Record) -> None:
    """Counts the zeros after pruning: in scope, over all parameters, and part by part."""
    from bench.recording import Measurement

    achieved = variant.achieved
    record(
        Measurement(
            benchmark="pruning",
            weights=variant.loaded.origin.identity,
            device=str(variant.loaded.device),
            values=achieved.by_name(),
            achieved=achieved.in_scope,
        )
    )


@pytest.mark.cases(make=mask_cost_cases)
def test_mask_cost(pruning: PruningSpec, origin: Origin, settings: Settings, record: Record) -> None:
    """Finds the masks here and by PyTorch's global_unstructured, in fresh processes that take turns."""
    from bench.measure.mask_cost import measure_mask_cost
    from bench.recording import Measurement

    try:
        cost = measure_mask_cost(origin, pruning, settings)
    except (RuntimeError, ValueError) as error:
        raise pytest.fail.Exception(f"{pruning}: {error}", pytrace=False) from None
    if not cost.same_masks:
        pytest.fail(f"{pruning}: the masks are not PyTorch's, ties aside", pytrace=False)
    record(
        Measurement(
            benchmark="pruning",
            workload="masks",
            weights=origin.identity,
            device="cpu",
            values=cost.values,
            samples=cost.samples,
        )
    )

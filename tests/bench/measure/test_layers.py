"""Single layers, pruned without a model, against masks by hand."""

from __future__ import annotations

import torch

from bench.measure.layers import prune_layer
from fixtures.specs import PruningSpec

SHAPE = (48, 32)
KEPT = 48 * 32 // 4


def test_magnitude_keeps_the_largest() -> None:
    dense, pruned = prune_layer(SHAPE, PruningSpec("magnitude", "global", 0.75), seed=0)
    smallest_kept = dense.abs().flatten().sort(descending=True).values[KEPT - 1]
    assert torch.equal(pruned, torch.where(dense.abs() >= smallest_kept, dense, 0.0))
    assert int(pruned.count_nonzero()) == KEPT


def test_random_keeps_as_many_whatever_their_size_and_draws_by_the_seed() -> None:
    pruning = PruningSpec("random", "global", 0.75)
    dense, pruned = prune_layer(SHAPE, pruning, seed=0)
    kept = pruned != 0
    assert int(kept.sum()) == KEPT
    assert torch.equal(pruned[kept], dense[kept])
    # a normal's mean |w| is 0.02 × √(2/π) = 0.016; magnitude would keep a quarter of 0.03 on average
    assert 0.013 < float(pruned[kept].abs().mean()) < 0.019
    assert torch.equal(prune_layer(SHAPE, pruning, seed=0)[1], pruned)
    assert not torch.equal(prune_layer(SHAPE, pruning, seed=1)[1] != 0, kept)

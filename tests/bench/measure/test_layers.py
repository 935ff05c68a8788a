"""Single layers against plain products, and rings of copies against the cache."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from bench.measure import layers
from bench.measure.layers import CACHE, COPIES, TIMES, cache_size, layer_runners, prune_layer, ring
from bench.measure.memory import storages
from bench.measure.phases import Runner
from fixtures.errors import MisfitError
from fixtures.layouts import LAYOUTS
from fixtures.specs import PruningSpec

SHAPE = (48, 32)
SMALL_CACHE = 1 << 20
ON_CPU = [layout.name for layout in LAYOUTS.values() if layout.device != "cuda" and not layout.structured]


@pytest.fixture(autouse=True)
def small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that is quickly filled."""
    monkeypatch.setattr(layers, "cache_size", lambda: SMALL_CACHE)


def one_turn(runner: Runner) -> list[nn.Module]:
    """The copies that are called before one comes again."""
    found: list[nn.Module] = []
    hook = register_module_forward_hook(lambda module, *_: found.append(module))
    try:
        runner.run()
        while len(found) == 1 or found[-1] is not found[0]:
            runner.run()
    finally:
        hook.remove()
    return found[:-1]


def held(modules: list[nn.Module]) -> int:
    """Bytes behind all of them, shared ones once."""
    return sum(part.nbytes() for part in storages(nn.ModuleList(modules)))


@pytest.mark.parametrize("tokens", [1, 8])
@pytest.mark.parametrize("name", ON_CPU)
def test_a_layer_in_a_layout_computes_the_product_with_the_pruned_matrix(name: str, tokens: int) -> None:
    pruning = PruningSpec("magnitude", "4x4", 0.75)
    with torch.inference_mode():
        ours, dense, masked = layer_runners(SHAPE, pruning, LAYOUTS[name], tokens, seed=3)
        whole, left = prune_layer(SHAPE, pruning, 3)
        inputs = torch.randn(tokens, SHAPE[1], generator=torch.Generator().manual_seed(3))
        for _ in range(3):  # another copy each
            torch.testing.assert_close(ours.run(), inputs @ left.T)
            torch.testing.assert_close(dense.run(), inputs @ whole.T)
    torch.testing.assert_close(masked, inputs @ left.T)
    assert ours.tokens == dense.tokens == tokens


def test_a_layer_is_pruned_by_the_smallest_of_its_numbers() -> None:
    whole, left = prune_layer(SHAPE, PruningSpec("magnitude", "global", 0.75), seed=1)
    sizes = whole.abs().flatten().sort().values
    assert torch.equal(left, whole * (whole.abs() >= sizes[SHAPE[0] * SHAPE[1] * 3 // 4]))
    assert whole.std().item() == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize("sparsity", [0.5, 0.99])
@pytest.mark.parametrize("name", ON_CPU)
def test_a_ring_is_larger_than_the_cache_before_a_copy_comes_again(name: str, sparsity: float) -> None:
    pruning = PruningSpec("magnitude", "16x16" if name == "bsr" else "global", sparsity)
    with torch.inference_mode():
        for runner in layer_runners((256, 160), pruning, LAYOUTS[name], 1, seed=0)[:2]:
            copies = one_turn(runner)
            read = len(copies) * held(copies[:1])
            assert TIMES * SMALL_CACHE < read <= held(copies)  # none shares anything with another
            assert read < TIMES * SMALL_CACHE + 3 * held(copies[:1])


def test_tiny_copies_end_somewhere() -> None:
    layer = nn.Linear(1, 1).requires_grad_(requires_grad=False)
    assert len(one_turn(ring(layer, torch.ones(1, 1)))) == COPIES


def test_a_scope_that_does_not_fit_the_shape_is_refused() -> None:
    with pytest.raises(MisfitError):
        layer_runners((48, 30), PruningSpec("magnitude", "4x4", 0.5), LAYOUTS["bsr"], 1, seed=0)


@pytest.mark.parametrize(
    ("text", "size"), [("32768K\n", 32 << 20), ("1024K", 1 << 20), ("huge", 32 << 20), (None, 32 << 20)]
)
def test_the_cache_is_as_the_system_says_or_a_usual_one(
    text: str | None, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / CACHE.name
    if text is not None:
        path.write_text(text, "ascii")
    monkeypatch.setattr(layers, "CACHE", path)
    assert cache_size() == size


def test_random_keeps_as_many_whatever_their_size_and_draws_by_the_seed() -> None:
    pruning = PruningSpec("random", "global", 0.75)
    dense, pruned = prune_layer(SHAPE, pruning, seed=0)
    kept = pruned != 0
    assert int(kept.sum()) == SHAPE[0] * SHAPE[1] // 4
    assert torch.equal(pruned[kept], dense[kept])
    # a normal's mean |w| is 0.02 × √(2/π) = 0.016; magnitude would keep a quarter of 0.03 on average
    assert 0.013 < float(pruned[kept].abs().mean()) < 0.019
    assert torch.equal(prune_layer(SHAPE, pruning, seed=0)[1], pruned)
    assert not torch.equal(prune_layer(SHAPE, pruning, seed=1)[1] != 0, kept)

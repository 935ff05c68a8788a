"""A single layer of a model in a layout, over a ring of copies that no cache holds."""

from __future__ import annotations

import math
from copy import deepcopy
from itertools import cycle
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.measure.memory import storages
from bench.measure.phases import Runner
from fixtures.layouts import Layout
from fixtures.pruning.masks import find_masks
from fixtures.pruning.prunable import weights_of
from fixtures.pruning.scopes import find_scope
from fixtures.specs import PruningSpec

CACHE = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")
USUAL_CACHE = 32 << 20  # bytes, where the system does not tell
COPIES = 4096  # at most: beyond, a ring of tiny copies takes longer to make than to time
TIMES = 2  # so many caches a ring fills


def prune_layer(shape: tuple[int, int], pruning: PruningSpec, seed: int) -> tuple[Tensor, Tensor]:
    """A matrix with normal entries, dense and pruned, as out × in.

    Raises:
        MisfitError: the scope does not fit it.
    """
    stream = torch.Generator().manual_seed(seed)
    layer = nn.Linear(shape[1], shape[0], bias=False)
    layer.weight.data = torch.randn(shape, generator=stream) * 0.02  # as GPT-2's are drawn
    weights = weights_of(nn.ModuleList([layer]))
    masks = find_masks(weights, pruning, seed)
    (mask,) = masks.kept.values()
    return layer.weight.data, layer.weight.data * mask


def layer_runners(
    shape: tuple[int, int], pruning: PruningSpec, layout: Layout, tokens: int, seed: int
) -> tuple[Runner, Runner, Tensor]:
    """Our side and the dense one, and what the masked matrix makes of the same inputs.

    Raises:
        MisfitError: scope or layout do not fit the shape.
    """
    dense, masked = prune_layer(shape, pruning, seed)
    bias = torch.zeros(shape[0])
    inputs = torch.randn(tokens, shape[1], generator=torch.Generator().manual_seed(seed))
    block = find_scope(pruning.scope).block
    make = layout.make

    ours = _linear(masked.clone(), bias) if make is None else make(masked, bias, block)
    sides = (ring(ours, inputs), ring(_linear(dense.clone(), bias), inputs))
    return *sides, _linear(masked, bias)(inputs)


def ring(module: nn.Module, inputs: Tensor) -> Runner:
    """Calls one copy after the other, enough of them to be read from memory each time.

    Args:
        module: what is copied.
        inputs: of every call.
    """
    held = sum(part.nbytes() for part in storages(module))
    count = min(COPIES, math.ceil(TIMES * cache_size() / held) + 1)
    turn = cycle([module, *(_copy(module) for _ in range(count - 1))])

    def run() -> Tensor:
        outputs: Tensor = next(turn)(inputs)
        return outputs

    return Runner(run, lambda: None, len(inputs))


def _copy(module: nn.Module) -> nn.Module:
    # sparse tensors cannot be copied deeply, only cloned
    return deepcopy(module, {id(buffer): buffer.clone() for buffer in module.buffers()})


def cache_size() -> int:
    """Bytes of the largest cache of this processor."""
    try:
        text = CACHE.read_text("ascii").strip()
    except OSError:
        return USUAL_CACHE
    return int(text.removesuffix("K")) << 10 if text.endswith("K") else USUAL_CACHE


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")  # which draws no weights
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer

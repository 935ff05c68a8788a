"""Which checkpoints are looked at before anyone prunes them, and what looking costs; torch-free."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bench.grid import SPARSITIES, Grid, representative
from fixtures.specs import EMBEDDED, Case, Local, ModelSpec, PruningSpec
from fixtures.stored import own_model

# what a ranking of all weights would take from each part: the study's middle layers have more small ones
TAKEN = tuple(
    PruningSpec("magnitude", scope, sparsity) for scope in ("global", "model") for sparsity in SPARSITIES
)


def structure_cases(grid: Grid) -> list[Case]:
    """Every model's first checkpoint, and the folders that were given; random weights have no structure."""
    return [representative(model, None) for model in _looked_at(grid)]


def scan_cost_cases(grid: Grid) -> list[Case]:
    """The same where it takes longer than starting a process."""
    return [representative(model, None) for model in _looked_at(grid) if model.tier != EMBEDDED]


def _looked_at(grid: Grid) -> Iterator[ModelSpec]:
    if not grid.settings.random_weights:
        yield from grid.models()
    yield from map(_own, grid.settings.inspected)


# the same object each time: pytest keeps a fixture while its parameter stays the same object
@cache
def _own(folder: Path) -> ModelSpec:
    return own_model(Local(folder))

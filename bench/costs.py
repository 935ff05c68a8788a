"""Which costs are measured: models × prunings × layouts × workloads that fit together; torch-free."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from bench.grid import Grid, representative
from fixtures.encodings.table import ENCODINGS
from fixtures.layouts import LAYOUTS, Layout
from fixtures.models import MODELS
from fixtures.pruning.scopes import STRUCTURED, find_scope, prunings_of
from fixtures.specs import EMBEDDED, Case, ModelSpec, PruningSpec
from fixtures.workloads import LAYER, SHAPES, Workload

# by family: the phases that it has; those of the default grid
PHASES_OF: Mapping[str, tuple[str, ...]] = {
    "gpt2": ("forward", "prefill", "decode"),
    "llama": ("forward", "prefill", "decode"),
    "bert": ("forward",),
    "t5": ("encode", "decode", "forward"),
}
DEFAULT_PHASES: Mapping[str, tuple[str, ...]] = {**PHASES_OF, "t5": ("encode", "decode")}
# tokens of the one sequence of a default workload: embedded models have a minute for all of them
LENGTH, EMBEDDED_LENGTH = 128, 32
SPARSITIES = (0.50, 0.90, 0.99)
HALF = 0.50  # the one level of structured scopes
CONTROL = "strided"
DEFAULT_LAYOUTS = (CONTROL, "csr", "sliced")
BLOCKS = ("4x4", "16x16")
ON_CUDA = ("2:4", "2:4-compiled")
TOKENS = (1, 8, 128)
LAYER_MODEL = "gpt2"  # whose shapes they have
USUAL_METHODS = ("magnitude",)


@dataclass(frozen=True)
class LayerCell:
    """A cell of the grid of single layers."""

    layout: str
    scope: str
    sparsity: float
    tokens: int
    method: str = "magnitude"

    @property
    def pruning(self) -> PruningSpec:
        """How the matrix is pruned."""
        return PruningSpec(self.method, self.scope, self.sparsity)


LAYER_CELLS = (
    LayerCell("strided", "global", 0.90, 8),
    LayerCell("csr", "global", 0.50, 8),
    LayerCell("csr", "global", 0.90, 1),
    LayerCell("csr", "global", 0.90, 8),
    LayerCell("csr", "global", 0.95, 128),
    LayerCell("csr", "global", 0.99, 8),
    # the natural call on the same tensor, once
    LayerCell("csr-linear", "global", 0.90, 8),
    LayerCell("bsr", "4x4", 0.90, 8),
    LayerCell("bsr", "16x16", 0.90, 8),
    LayerCell("scipy", "global", 0.90, 1),
)


def latency_cases(grid: Grid) -> list[Case]:
    """Every workload of every model, in every layout that fits a pruning."""
    return [
        Case(representative(model, pruning).variant, workload=workload, layout=layout.name)
        for model in grid.models()
        for workload in _workloads(grid, model)
        for pruning, layout in _suited(grid, model, _rows(workload))
    ]


def memory_cases(grid: Grid) -> list[Case]:
    """The first of each model's workloads, in every layout for many rows that fits a pruning; and dense."""
    found = []
    for model in grid.models():
        for workload in _workloads(grid, model)[:1]:
            found.append(Case(representative(model, None).variant, workload=workload, layout=CONTROL))
            found += [
                Case(representative(model, pruning).variant, workload=workload, layout=layout.name)
                for pruning, layout in _suited(grid, model, math.inf)
            ]
    return found


def size_cases(grid: Grid) -> list[Case]:
    """The file of every model, dense and by every pruning, in every encoding that makes sense."""
    encodings = [ENCODINGS[name] for name in grid.encodings] or list(ENCODINGS.values())
    return [
        Case(representative(model, pruning).variant, encoding=encoding.name)
        for model in grid.models()
        for pruning in (None, *_size_prunings(grid, model))
        for encoding in encodings
        if pruning is not None or not encoding.sparse
    ]


def _size_prunings(grid: Grid, model: ModelSpec) -> list[PruningSpec]:
    pairs = product(grid.methods or USUAL_METHODS, grid.scopes or ("global",))
    return [pruning for pruning in grid.at_levels(pairs) if grid.suits(model, pruning)]


def layer_cases(grid: Grid) -> list[Case]:
    """Single layers in GPT-2 base's shapes: a few cells, or all that the options ask for, of every shape.

    A workload is a part of a model's work: where one is asked for, no layer is, unless it is one itself.
    """
    if grid.settings.on_gpu or grid.settings.dtype != "float32":
        return []  # the ring of copies is about the CPU's cache
    model = MODELS[LAYER_MODEL]
    return [
        Case(
            representative(model, cell.pruning).variant,
            workload=Workload(f"{LAYER}{name}", 1, cell.tokens),
            layout=cell.layout,
        )
        for name, cell in _layer_cells(grid)
    ]


def _layer_cells(grid: Grid) -> Iterator[tuple[str, LayerCell]]:
    if not (grid.layouts or grid.sparsities or grid.scopes or grid.workloads):
        methods = grid.methods or USUAL_METHODS
        yield from (("c_fc", replace(cell, method=method)) for method in methods for cell in LAYER_CELLS)
        return
    for (name, tokens), (pruning, layout) in product(_layers(grid), _laid_out(grid)):
        if not find_scope(pruning.scope).structured and layout.takes(tokens):  # it has no parts to take out
            yield name, LayerCell(layout.name, pruning.scope, pruning.sparsity, tokens, pruning.method)


def _layers(grid: Grid) -> list[tuple[str, int]]:
    """Matrices with the rows that are multiplied at once."""
    if grid.workloads:
        return [(workload.layer, workload.length) for workload in grid.workloads if workload.layer]
    return list(product(SHAPES, TOKENS))


def _workloads(grid: Grid, model: ModelSpec) -> tuple[Workload, ...]:
    if grid.workloads:
        able = PHASES_OF.get(model.family, ())
        return tuple(workload for workload in grid.workloads if workload.phase in able)
    length = EMBEDDED_LENGTH if model.tier == EMBEDDED else LENGTH
    return tuple(Workload(phase, 1, length) for phase in DEFAULT_PHASES.get(model.family, ()))


def _suited(grid: Grid, model: ModelSpec, rows: float) -> Iterator[tuple[PruningSpec, Layout]]:
    """Prunings of a model with the layouts that are for them, and for so many rows at once."""
    for pruning, layout in _laid_out(grid):
        if layout.takes(rows) and grid.suits(model, pruning):
            yield pruning, layout


def _laid_out(grid: Grid) -> list[tuple[PruningSpec, Layout]]:
    """Prunings with the layouts that are for them."""
    cuda = ON_CUDA if grid.settings.on_gpu else ()
    names = grid.layouts or (*DEFAULT_LAYOUTS, *cuda)
    pairs = [
        (pruning, layout) for layout in map(LAYOUTS.__getitem__, names) for pruning in _prunings(grid, layout)
    ]
    return sorted(pairs, key=lambda pair: (pair[0].scope, pair[0].sparsity))


def _prunings(grid: Grid, layout: Layout) -> Iterator[PruningSpec]:
    """Those of the options that fit a layout; where none was asked for, those that it is measured with."""
    for method, scope in product(grid.methods or USUAL_METHODS, grid.scopes or usual_scopes(layout)):
        if fits(layout, scope) and grid.settings.dtype in layout.dtypes:
            usual = (HALF,) if find_scope(scope).structured else SPARSITIES
            yield from prunings_of(method, find_scope(scope), grid.sparsities or usual)


def usual_scopes(layout: Layout) -> tuple[str, ...]:
    """What a layout is measured with unless the options say otherwise."""
    if layout.scope:
        return (layout.scope,)
    if layout.structured:
        return STRUCTURED
    return BLOCKS if layout.blocks else ("global",)


def fits(layout: Layout, scope: str) -> bool:
    """Whether a layout makes sense for a scope."""
    if layout.scope:
        return scope == layout.scope
    if find_scope(scope).structured:
        return layout.structured or layout.name == CONTROL
    return not layout.structured and (not layout.blocks or find_scope(scope).block != (1, 1))


def _rows(workload: Workload) -> int:
    """Rows of a matrix that are multiplied at once."""
    return workload.batch * (1 if workload.phase == "decode" else workload.length)

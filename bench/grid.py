"""Which cases run: models × prunings × tasks that fit together; nothing is made only to be skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product

from fixtures.encodings.table import ENCODINGS
from fixtures.layouts import LAYOUTS
from fixtures.models import MODELS
from fixtures.protocols import Protocol
from fixtures.pruning.levels import fits
from fixtures.pruning.methods import METHODS
from fixtures.pruning.scopes import STRUCTURED, find_scope, prunings_of
from fixtures.settings import Settings
from fixtures.specs import EMBEDDED, Case, Checkpoint, ModelSpec, PruningSpec, TaskSpec, Trained, Variant
from fixtures.tasks import TASKS
from fixtures.unit_counts import units_of
from fixtures.workloads import Workload

SPARSITIES = (0.10, 0.50, 0.90, 0.95, 0.99)
# embedded models are fast enough for more points where the curve bends
KNEE = tuple(PruningSpec("magnitude", "global", sparsity) for sparsity in (0.30, 0.60, 0.70, 0.80))
# removing whole parts, where it fits the model
WHOLE_PARTS = tuple(
    PruningSpec("magnitude", scope, sparsity) for scope in STRUCTURED for sparsity in (0.25, 0.50)
)
PRUNINGS = (("magnitude", "model"), ("magnitude", "global"), ("magnitude", "layer"), ("random", "global"))
# what torch.nn.utils.prune.global_unstructured can do too, at the study's middle level
MASK_COSTS = tuple(PruningSpec("magnitude", scope, 0.50) for scope in ("model", "global"))


@dataclass(frozen=True)
class Grid:
    """What the options put in place of the default grid; empty means the default.

    Attributes:
        settings: which models run, and how.
    """

    settings: Settings = field(default_factory=Settings)
    tasks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    sparsities: tuple[float, ...] = ()
    layouts: tuple[str, ...] = ()
    workloads: tuple[Workload, ...] = ()
    encodings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.tasks:
            TASKS[name]
        for name in self.methods:
            METHODS[name]
        for name in self.layouts:
            LAYOUTS[name]
        for name in self.encodings:
            ENCODINGS[name]
        for name in self.scopes:
            level = find_scope(name).level
            if self.sparsities and level is not None and level not in self.sparsities:
                raise ValueError(
                    f"scope {name} fixes the sparsity at {level:.4g}: leave --sparsity out, or name that too"
                )

    def models(self) -> Iterator[ModelSpec]:
        """The models of the tiers."""
        return (model for model in MODELS.values() if model.tier in self.settings.tiers)

    def explain_emptiness(self) -> str:
        """Why there is no case, and what to do."""
        filled = dict.fromkeys(model.tier for model in MODELS.values())
        if not filled.keys() & set(self.settings.tiers):
            tiers = ", ".join(self.settings.tiers)
            return f"no case: tier {tiers} has no models yet; choose --tier {' or '.join(filled)}"
        if self.settings.random_weights:
            return "no case: random weights know nothing, so there is no quality to measure; only costs"
        return "no case: no test measures what these options ask for"

    def prunings(self, model: ModelSpec) -> list[PruningSpec]:
        """Every pruning of a model once, in a fixed order."""
        found = self._asked_prunings()
        if model.tier == EMBEDDED and not (self.methods or self.scopes or self.sparsities):
            found += (*KNEE, *WHOLE_PARTS)
        return [pruning for pruning in found if self.suits(model, pruning)]

    def suits(self, model: ModelSpec, pruning: PruningSpec) -> bool:
        """Whether a level was asked for, or else removes whole parts of the model."""
        if self.sparsities or not find_scope(pruning.scope).structured:
            return True
        units = units_of(checkpoint(model, model.trained[0]), pruning.scope, self.settings)
        return units is None or fits(pruning.sparsity, units)

    def _asked_prunings(self) -> list[PruningSpec]:
        pairs = (
            product(self.methods or ("magnitude",), self.scopes or ("global",))
            if self.methods or self.scopes
            else PRUNINGS
        )
        return self.at_levels(pairs)

    def at_levels(self, pairs: Iterable[tuple[str, str]]) -> list[PruningSpec]:
        """Methods with scopes at the sparsities asked for, else at those that the scope is measured at."""
        found = [
            pruning
            for method, scope in ((method, find_scope(name)) for method, name in pairs)
            for pruning in prunings_of(method, scope, self.sparsities or scope.levels or SPARSITIES)
        ]
        return list(dict.fromkeys(found))

    def judgements(self, model: ModelSpec) -> Iterator[tuple[Checkpoint, TaskSpec, Protocol]]:
        """The tasks that fit a model, each with the checkpoint that is judged on it, and how."""
        own = dict.fromkeys(name for trained in model.trained for name in trained.tasks)
        for task in (TASKS[name] for name in self.tasks or own):
            for trained, protocol in model.able(task)[:1]:
                yield checkpoint(model, trained), task, protocol


Cases = Callable[[Grid], list[Case]]


# the same object each time: pytest keeps a fixture while its parameter stays the same object
@cache
def checkpoint(model: ModelSpec, trained: Trained) -> Checkpoint:
    """A checkpoint of a model."""
    return Checkpoint(model, trained)


def representative(model: ModelSpec, pruning: PruningSpec | None) -> Case:
    """A case without a task: the model's first checkpoint, pruned or dense."""
    return Case(variant(checkpoint(model, model.trained[0]), pruning))


@cache
def variant(checkpoint: Checkpoint, pruning: PruningSpec | None) -> Variant:
    """A checkpoint with a pruning."""
    return Variant(checkpoint, pruning)


def quality_cases(grid: Grid) -> list[Case]:
    """Dense and every pruning, on every task that fits; none with random weights, which know nothing."""
    if grid.settings.random_weights:
        return []
    return [
        Case(variant(judged, pruning), task, protocol)
        for model in grid.models()
        for judged, task, protocol in grid.judgements(model)
        for pruning in [None, *grid.prunings(model)]
    ]


def pruned_cases(grid: Grid) -> list[Case]:
    """Every pruning of every model, of its first checkpoint."""
    return [representative(model, pruning) for model in grid.models() for pruning in grid.prunings(model)]


def mask_cost_cases(grid: Grid) -> list[Case]:
    """The prunings that PyTorch has too, at one sparsity unless the options say otherwise."""
    if grid.settings.device.startswith("cuda"):  # masks are found on the CPU
        return []
    asked = grid.methods or grid.scopes or grid.sparsities
    shared = {(cost.method, cost.scope) for cost in MASK_COSTS}
    return [
        representative(model, pruning)
        for model in grid.models()
        if model.tier != EMBEDDED  # a million weights cost nothing: the start of a process would be measured
        for pruning in (grid.prunings(model) if asked else MASK_COSTS)
        if (pruning.method, pruning.scope) in shared
    ]


def throughput_cases(grid: Grid) -> list[Case]:
    """Dense causal models with random weights: the speed does not depend on what they know."""
    if not grid.settings.random_weights:
        return []
    return [
        representative(model, None)
        for model in grid.models()
        if model.tier != EMBEDDED and model.trained[0].head == "causal-lm"
    ]

"""Which cases run: models × prunings × tasks that fit together; nothing is made only to be skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product

from fixtures.models import MODELS
from fixtures.pruning.methods import METHODS
from fixtures.pruning.scopes import find_scope, prunings_of
from fixtures.settings import Settings
from fixtures.specs import Case, ModelSpec, PruningSpec, TaskSpec, Variant
from fixtures.tasks import TASKS

SPARSITIES = (0.10, 0.50, 0.90, 0.95, 0.99)
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

    def __post_init__(self) -> None:
        for name in self.tasks:
            TASKS[name]
        for name in self.methods:
            METHODS[name]
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

    def prunings(self) -> list[PruningSpec]:
        """Every pruning once, in a fixed order."""
        pairs = (
            product(self.methods or ("magnitude",), self.scopes or ("global",))
            if self.methods or self.scopes
            else PRUNINGS
        )
        found = [
            pruning
            for method, scope in pairs
            for pruning in prunings_of(method, find_scope(scope), self.sparsities or SPARSITIES)
        ]
        return list(dict.fromkeys(found))

    def tasks_of(self, model: ModelSpec) -> Iterator[TaskSpec]:
        """The tasks that fit a model; a task that was asked for by name must fit by its kind."""
        names = self.tasks or model.tasks
        return (TASKS[name] for name in names if TASKS[name].kind == model.kind)


Cases = Callable[[Grid], list[Case]]


@cache
def variant(model: ModelSpec, pruning: PruningSpec | None) -> Variant:
    """The same object each time: pytest keeps a fixture while its parameter stays the same object."""
    return Variant(model, pruning)


def quality_cases(grid: Grid) -> list[Case]:
    """Dense and every pruning, on every task that fits; none with random weights, which know nothing."""
    if grid.settings.random_weights:
        return []
    return [
        Case(variant(model, pruning), task)
        for model in grid.models()
        for task in grid.tasks_of(model)
        for pruning in [None, *grid.prunings()]
    ]


def pruned_cases(grid: Grid) -> list[Case]:
    """Every pruning of every model."""
    return [Case(variant(model, pruning)) for model in grid.models() for pruning in grid.prunings()]


def mask_cost_cases(grid: Grid) -> list[Case]:
    """The prunings that PyTorch has too, at one sparsity unless the options say otherwise."""
    if grid.settings.device.startswith("cuda"):  # masks are found on the CPU
        return []
    asked = grid.methods or grid.scopes or grid.sparsities
    prunings = grid.prunings() if asked else MASK_COSTS
    shared = {(cost.method, cost.scope) for cost in MASK_COSTS}
    fitting = [pruning for pruning in prunings if (pruning.method, pruning.scope) in shared]
    return [Case(variant(model, pruning)) for model in grid.models() for pruning in fitting]

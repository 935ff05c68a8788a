"""Models, tasks and cases that tests are about, independent of the project's own tables."""

from __future__ import annotations

from fixtures.models import MODELS
from fixtures.registry import Registry
from fixtures.specs import Case, Hub, ModelSpec, PruningSpec, TaskSpec, Variant
from fixtures.tasks import TASKS

PERPLEXITIES = ("perplexity", "word_perplexity", "byte_perplexity")


def make_model(
    name: str = "small", *, kind: str = "causal-lm", tasks: tuple[str, ...] = ("novel",), tier: str = "mini"
) -> ModelSpec:
    """A model that no hub has."""
    return ModelSpec(name, "gpt2", tier, kind, tasks, Hub(f"nobody/{name}", "0" * 40))


def make_task(name: str = "novel", kind: str = "causal-lm") -> TaskSpec:
    """A task on a corpus that nobody has."""
    return TaskSpec(name, kind, "library", "test", "joined", 16, PERPLEXITIES)


def make_case(sparsity: float | None = None, *, method: str = "magnitude", scope: str = "global") -> Case:
    """A case of the project's gpt2 on its wikitext2; dense without a sparsity."""
    pruning = None if sparsity is None else PruningSpec(method, scope, sparsity)
    return Case(Variant(MODELS["gpt2"], pruning), TASKS["wikitext2"])


def models(*rows: ModelSpec) -> Registry[ModelSpec]:
    """A table of models."""
    return Registry("model", rows)


def tasks(*rows: TaskSpec) -> Registry[TaskSpec]:
    """A table of tasks."""
    return Registry("task", rows)

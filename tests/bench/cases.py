"""Models, tasks and cases that tests are about, independent of the project's own tables."""

from __future__ import annotations

from fixtures.models import MODELS
from fixtures.protocols import Answers, MaskedToken, NextToken, Protocol, Spans
from fixtures.registry import Registry
from fixtures.specs import Case, Checkpoint, Hub, ModelSpec, PruningSpec, TaskSpec, Trained, Variant
from fixtures.tasks import TASKS

PROTOCOLS: tuple[Protocol, ...] = (
    NextToken("joined", window=16),
    MaskedToken("joined", window=16),
    Spans(window=16, stride=4),
    Answers(max_tokens=4),
)


def make_trained(head: str = "causal-lm", *tasks: str, repo: str = "nobody/small") -> Trained:
    """Weights that no hub has."""
    return Trained(head, tasks, Hub(repo, "0" * 40))


def make_model(
    name: str = "small", *, head: str = "causal-lm", tasks: tuple[str, ...] = ("novel",), tier: str = "base"
) -> ModelSpec:
    """A model of one checkpoint."""
    return ModelSpec(name, "gpt2", tier, (make_trained(head, *tasks, repo=f"nobody/{name}"),))


def make_task(name: str = "novel", *heads: str) -> TaskSpec:
    """A task for these heads, on a corpus that nobody has; for language models if none is named."""
    fitting = heads or ("causal-lm",)
    protocols = tuple(protocol for protocol in PROTOCOLS if protocol.head in fitting)
    return TaskSpec(name, "library", "test", protocols)


def make_variant(model: ModelSpec, pruning: PruningSpec | None = None) -> Variant:
    """A model's first checkpoint; dense without a pruning."""
    return Variant(Checkpoint(model, model.trained[0]), pruning)


def make_case(sparsity: float | None = None, *, method: str = "magnitude", scope: str = "global") -> Case:
    """A case of the project's gpt2 on its wikitext2; dense without a sparsity."""
    pruning = None if sparsity is None else PruningSpec(method, scope, sparsity)
    task = TASKS["wikitext2"]
    return Case(make_variant(MODELS["gpt2"], pruning), task, task.protocol_for("causal-lm"))


def models(*rows: ModelSpec) -> Registry[ModelSpec]:
    """A table of models."""
    return Registry("model", rows)


def tasks(*rows: TaskSpec) -> Registry[TaskSpec]:
    """A table of tasks."""
    return Registry("task", rows)

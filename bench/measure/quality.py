"""Quality of a model at a task: one function per kind of task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from bench.measure.perplexity import Progress, measure_nll
from fixtures.specs import TaskSpec
from fixtures.windows import Window


@dataclass(frozen=True)
class Quality:
    """A model's scores.

    Attributes:
        metrics: the corpus-level numbers, by name.
        samples: a score per example: for language models, nats per scored token of each window.
    """

    metrics: Mapping[str, float]
    samples: Sequence[float]


def measure_quality(
    task: TaskSpec, model: nn.Module, examples: Sequence[Window], progress: Progress = iter
) -> Quality:
    """Evaluates a model by the task's protocol."""
    return EVALUATIONS[task.kind](model, examples, progress)


def _causal_lm(model: nn.Module, windows: Sequence[Window], progress: Progress) -> Quality:
    from fixtures.metrics.perplexity import Perplexity

    nll = measure_nll(model, windows, progress)
    metrics = Perplexity(keep_in_memory=True).compute(
        nll=nll,
        tokens=[window.scored for window in windows],
        words=[window.words for window in windows],
        bytes=[window.bytes for window in windows],
    )
    samples = [loss / window.scored for loss, window in zip(nll, windows, strict=True)]
    return Quality(metrics, samples)


EVALUATIONS: Mapping[str, Callable[[nn.Module, Sequence[Window], Progress], Quality]] = {
    "causal-lm": _causal_lm,
}

"""How well a masked language model guesses hidden tokens, window by window."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from bench.measure.progress import Progress
from fixtures.masking import MaskedWindow


@dataclass(frozen=True)
class MaskedScore:
    """What a window adds up to.

    Attributes:
        nll: negative log-likelihood of the hidden tokens, in nats, summed.
        correct: how many of them are the model's first choice.
        count: how many are hidden.
    """

    nll: float
    correct: int
    count: int


def score_window(model: PreTrainedModel, window: MaskedWindow) -> MaskedScore:
    """Scores the hidden tokens of one window; what else is evaluated cannot change it."""
    tokens, labels, positions = (
        torch.from_numpy(array).to(model.device) for array in (window.tokens, window.labels, window.positions)
    )
    with torch.inference_mode(), _head_only_at(model, positions):
        logits = model(input_ids=tokens[None]).logits[0].float()
        losses = functional.cross_entropy(logits, labels[positions], reduction="none")
    correct = (logits.argmax(dim=-1) == labels[positions]).sum()
    return MaskedScore(float(losses.double().sum()), int(correct), len(positions))


def measure_masked(
    model: PreTrainedModel, windows: Sequence[MaskedWindow], progress: Progress[MaskedWindow] = iter
) -> list[MaskedScore]:
    """`score_window` of every window.

    Args:
        model: a masked language model in evaluation mode.
        windows: its examples.
        progress: passes the windows through, showing how far it is.

    Raises:
        ValueError: a likelihood is NaN or infinite.
    """
    scores = []
    for index, window in enumerate(progress(windows)):
        score = score_window(model, window)
        if not math.isfinite(score.nll):
            raise ValueError(
                f"window {index}: the negative log-likelihood is {score.nll}; nothing was recorded"
            )
        scores.append(score)
    return scores


@contextmanager
def _head_only_at(model: PreTrainedModel, positions: Tensor) -> Iterator[None]:
    """The head is a fifth of BERT-base's work: here it sees the states at these positions alone."""

    def select(_model: nn.Module, _inputs: object, output: BaseModelOutput) -> BaseModelOutput:
        output.last_hidden_state = cast("Tensor", output.last_hidden_state)[:, positions]
        return output

    handle = model.base_model.register_forward_hook(select)
    try:
        yield
    finally:
        handle.remove()

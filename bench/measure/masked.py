"""How well a masked language model guesses hidden tokens, several windows at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from transformers import PreTrainedModel

from bench.measure.batching import Batch, Batching, batch_tokens_on
from bench.measure.head import logits_at
from bench.measure.padding import attention_mask, pad_right
from fixtures.batches import by_length
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


def measure_masked(
    model: PreTrainedModel,
    windows: Sequence[MaskedWindow],
    batching: Batching | None = None,
    *,
    batch_tokens: int | None = None,
) -> list[MaskedScore]:
    """The score of every window; what else is in a batch changes one through rounding at most.

    Args:
        model: a masked language model in evaluation mode.
        windows: its examples.
        batching: shows how far it is and minds the memory.
        batch_tokens: tokens computed at once, padding included; unless given, what suits the device.

    Raises:
        ValueError: a likelihood is NaN or infinite.
        UnavailableError: a single window does not fit into memory.
    """
    scores: list[MaskedScore | None] = [None] * len(windows)
    tokens = batch_tokens or batch_tokens_on(model.device)

    def compute(batch: Batch) -> None:
        found = score_batch(model, [windows[index] for index in batch])
        for index, score in sorted(zip(batch, found, strict=True)):
            if not math.isfinite(score.nll):
                raise ValueError(
                    f"window {index}: the negative log-likelihood is {score.nll}; nothing was recorded"
                )
            scores[index] = score

    (batching or Batching()).run(by_length([len(window.tokens) for window in windows], tokens), compute)
    return [score for score in scores if score is not None]


def score_batch(model: PreTrainedModel, windows: Sequence[MaskedWindow]) -> list[MaskedScore]:
    """The scores of windows that are computed together; the head sees their hidden tokens alone."""
    rows = [window.tokens for window in windows]
    tokens = pad_right(rows, model.config.pad_token_id or 0, model.device)
    places = np.zeros(tokens.shape, np.bool_)
    for row, window in zip(places, windows, strict=True):
        row[window.positions] = True
    chosen = torch.from_numpy(places).to(model.device)
    labels = torch.from_numpy(np.concatenate([window.labels[window.positions] for window in windows]))
    labels = labels.to(model.device)
    inputs = {"input_ids": tokens, "attention_mask": attention_mask(rows, model.device)}
    losses, hits = [], []
    with torch.inference_mode():
        for part, logits in logits_at(model, chosen, **inputs):
            losses.append(functional.cross_entropy(logits, labels[part], reduction="none").double())
            hits.append(logits.argmax(dim=-1) == labels[part])
    counts = [len(window.positions) for window in windows]
    parts = (torch.split(torch.cat(found).cpu(), counts) for found in (losses, hits))
    return [
        MaskedScore(float(nll.sum()), int(right.sum()), count)
        for nll, right, count in zip(*parts, counts, strict=True)
    ]

"""How well a causal language model predicts a text, several windows at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.measure.batching import Batch, Batching, batch_tokens_on
from bench.measure.head import logits_at
from bench.measure.padding import pad_right
from fixtures.batches import by_length
from fixtures.windows import Window


def measure_nll(
    model: nn.Module,
    windows: Sequence[Window],
    batching: Batching | None = None,
    *,
    batch_tokens: int | None = None,
) -> list[float]:
    """The summed negative log-likelihood of every window's scored tokens, in nats.

    What else is in a batch changes a score through rounding at most: no token sees one that comes later, so
    not those that fill up a window on the right either.

    Args:
        model: a causal language model in evaluation mode.
        windows: its examples.
        batching: shows how far it is and minds the memory.
        batch_tokens: tokens computed at once, padding included; unless given, what suits the device.

    Raises:
        ValueError: a likelihood is NaN or infinite.
        UnavailableError: a single window does not fit into memory.
    """
    losses = [math.nan] * len(windows)
    tokens = batch_tokens or batch_tokens_on(next(model.parameters()).device)

    def compute(batch: Batch) -> None:
        for index, loss in zip(batch, batch_nll(model, [windows[index] for index in batch]), strict=True):
            losses[index] = loss
        for index in sorted(batch):
            if not math.isfinite(losses[index]):
                raise ValueError(
                    f"window {index}: the negative log-likelihood is {losses[index]}; nothing was recorded"
                )

    (batching or Batching()).run(by_length([len(window.tokens) - 1 for window in windows], tokens), compute)
    return losses


def batch_nll(model: nn.Module, windows: Sequence[Window]) -> list[float]:
    """`measure_nll` of windows that are computed together."""
    device = next(model.parameters()).device
    # a window's last token is to be predicted, not to be read
    inputs = pad_right([window.tokens[:-1] for window in windows], 0, device)
    places = np.zeros(inputs.shape, np.bool_)
    for row, window in zip(places, windows, strict=True):
        row[window.context - 1 : len(window.tokens) - 1] = True
    chosen = torch.from_numpy(places).to(device)
    targets = torch.from_numpy(np.concatenate([window.tokens[window.context :] for window in windows]))
    targets = targets.to(device)
    losses = []
    with torch.inference_mode():
        for part, logits in logits_at(model, chosen, input_ids=inputs, use_cache=False):
            losses.append(functional.cross_entropy(logits, targets[part], reduction="none").double())
    counts = [window.scored for window in windows]
    return [float(nll.sum()) for nll in torch.split(torch.cat(losses).cpu(), counts)]

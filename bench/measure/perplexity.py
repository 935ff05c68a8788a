"""How well a causal language model predicts a text, window by window."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from bench.measure.progress import Progress
from fixtures.windows import Window


def window_nll(model: nn.Module, window: Window) -> float:
    """The summed negative log-likelihood, in nats, of a window's tokens after the first.

    The model sees one window at a time: what else is evaluated cannot change a score.
    """
    device = next(model.parameters()).device
    tokens = torch.from_numpy(window.tokens).to(device)
    with torch.inference_mode():
        logits = model(input_ids=tokens[None], use_cache=False).logits[0, :-1].float()
        losses = functional.cross_entropy(logits, tokens[1:], reduction="none")
    return float(losses.double().sum())


def measure_nll(
    model: nn.Module, windows: Sequence[Window], progress: Progress[Window] = iter
) -> list[float]:
    """`window_nll` of every window.

    Args:
        model: a causal language model in evaluation mode.
        windows: its examples.
        progress: passes the windows through, showing how far it is.

    Raises:
        ValueError: a likelihood is NaN or infinite.
    """
    losses = []
    for index, window in enumerate(progress(windows)):
        loss = window_nll(model, window)
        if not math.isfinite(loss):
            raise ValueError(f"window {index}: the negative log-likelihood is {loss}; nothing was recorded")
        losses.append(loss)
    return losses

"""A language model's base once and its head in parts: all logits of a batch at once take much memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from unittest import mock

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

LOGITS = 2**25  # at most so many at a time: 128 MiB in float32, 667 tokens of GPT-2's vocabulary


def logits_at(model: nn.Module, chosen: Tensor, **inputs: object) -> Iterator[tuple[slice, Tensor]]:
    """The logits of some tokens of a batch, a part of them at a time.

    Args:
        model: a language model; if it does not call its base as a whole, all logits are computed at once.
        chosen: of which tokens, shape (rows, length), bool.
        inputs: what the model is called with.

    Yields:
        Which of the chosen tokens, counted row by row, and their logits, shape (part, vocabulary), float32.
    """
    base = getattr(model, "base_model", model)
    given = _run(model, base, inputs)
    if given.output is None:
        yield slice(0, int(chosen.sum())), given.logits[chosen].float()
        return
    states = given.states[chosen]
    vocabulary: int = cast("PreTrainedModel", model).config.vocab_size
    size = max(1, LOGITS // vocabulary)
    for start in range(0, len(states), size):
        part = slice(start, min(start + size, len(states)))
        given.output.last_hidden_state = states[None, part]
        yield part, _run_head(model, base, given.output, inputs)


@dataclass
class _Given:
    """What a model gives: its logits, or those of one token where its base gave states."""

    logits: Tensor
    output: Any  # of the base; each model has its own
    states: Tensor


def _run(model: nn.Module, base: nn.Module, inputs: dict[str, object]) -> _Given:
    """Runs the base, as the model calls it, and as little of the head as can be."""
    found = _Given(torch.empty(0), None, torch.empty(0))

    def keep(_base: nn.Module, _inputs: object, output: Any) -> Any:  # noqa: ANN401
        found.output, found.states = output, output.last_hidden_state
        output.last_hidden_state = output.last_hidden_state[:1, :1]  # the head has its turn later
        return output

    # some have no base, and some call a part of it
    handle = base.register_forward_hook(keep) if base is not model else None
    try:
        found.logits = model(**inputs).logits
    finally:
        if handle:
            handle.remove()
    return found


def _run_head(model: nn.Module, base: nn.Module, output: object, inputs: dict[str, object]) -> Tensor:
    """The logits of what the base gave, by the model itself: some scale or bound what their head gives."""

    def given(*_: object, **__: object) -> object:
        return output

    with mock.patch.object(base, "forward", given):
        logits: Tensor = model(**inputs).logits
    return logits[0].float()

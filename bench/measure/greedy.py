"""Greedy search that computes no longer what has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

# fewer are computed on: leaving them out copies everything that is kept of the others
DROPPED_SHARE = 1 / 8


@dataclass(frozen=True, eq=False)
class _Rows:
    """The texts that are computed on, by their places in the batch; the first dimension of each is theirs."""

    places: Tensor
    states: Tensor
    mask: Tensor
    limits: Tensor
    tokens: Tensor
    alive: Tensor

    def only(self, kept: Tensor) -> _Rows:
        return _Rows(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def write_greedily(
    model: PreTrainedModel, states: Tensor, mask: Tensor, limits: Sequence[int], ends: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """The likeliest token again and again, until an end token or the text's own limit.

    Args:
        model: an encoder-decoder model in evaluation mode, whose generation config has the special tokens.
        states: what the encoder made of the prompts; shape (prompts, length, width).
        mask: 1 where a prompt has a token; shape (prompts, length).
        limits: new tokens at most, per prompt.
        ends: the end tokens.

    Returns:
        The new tokens, of which those after an end token or beyond a limit mean nothing, shape (prompts,
        longest limit), int64; and whether all logits of a text were finite, shape (prompts,), bool.
    """
    config: Any = model.generation_config
    count, device = len(limits), states.device
    stops = torch.tensor(list(ends), device=device)
    written = torch.full((count, max(limits)), int(stops[0]), device=device)
    finite = torch.ones(count, dtype=torch.bool, device=device)
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    first = torch.full((count, 1), int(config.decoder_start_token_id), device=device)
    places = torch.arange(count, device=device)
    rows = _Rows(places, states, mask, torch.tensor(limits, device=device), first, finite.clone())
    for step in range(max(limits)):
        logits = _next_logits(model, rows, cache)
        finite[rows.places] &= logits.isfinite().all(dim=1) | ~rows.alive
        tokens = logits.argmax(dim=1)
        written[rows.places, step] = tokens
        alive = rows.alive & ~torch.isin(tokens, stops) & (rows.limits > step + 1)
        if not alive.any():
            break
        rows = _drop(replace(rows, tokens=tokens[:, None], alive=alive), cache)
    return written, finite


def _next_logits(model: PreTrainedModel, rows: _Rows, cache: EncoderDecoderCache) -> Tensor:
    """Of the token that comes next; shape (rows, vocabulary)."""
    output = model(
        encoder_outputs=(rows.states,),
        attention_mask=rows.mask,
        decoder_input_ids=rows.tokens,
        past_key_values=cache,
        use_cache=True,
    )
    logits: Tensor = output.logits[:, -1]
    return logits


def _drop(rows: _Rows, cache: EncoderDecoderCache) -> _Rows:
    kept = rows.alive.nonzero().flatten()
    if len(rows.alive) - len(kept) < DROPPED_SHARE * len(rows.alive):
        return rows
    cache.batch_select_indices(kept)
    return rows.only(kept)

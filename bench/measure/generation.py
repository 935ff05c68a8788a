"""What an encoder-decoder model writes for each prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel, StoppingCriteria, StoppingCriteriaList
from transformers.modeling_outputs import BaseModelOutput

from bench.measure.batching import Batch, Batching
from bench.measure.greedy import write_greedily
from bench.measure.padding import attention_mask, pad_right
from fixtures.batches import by_length

BATCH_TOKENS = 16384
ENCODER_TOKENS = 2048  # one core encodes small batches fastest and decodes large ones fastest
SPECIAL_TOKENS = ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id")

Prompt = NDArray[np.int64]


@dataclass(frozen=True)
class Search:
    """How a text is looked for.

    Attributes:
        beams: 1 is greedy.
        length_penalty: a beam's log-likelihood is divided by its length to this power; 1 is the mean.
    """

    beams: int = 1
    length_penalty: float = 1.0


GREEDY = Search()


def generate(
    model: PreTrainedModel,
    prompts: Sequence[Prompt],
    batching: Batching | None = None,
    *,
    max_new_tokens: Sequence[int],
    search: Search = GREEDY,
    batch_tokens: int = BATCH_TOKENS,
) -> list[list[int]]:
    """Greedy or beam search from every prompt, until the end token or the prompt's own limit.

    What else is in a batch changes a result through the rounding of logits at most.

    Args:
        model: an encoder-decoder model in evaluation mode.
        prompts: the encoder's tokens, the end token among them if the model wants it; shape (length,) each.
        batching: shows how far it is and minds the memory.
        max_new_tokens: a limit per prompt.
        search: greedy or by beams; of what the model presets only the special tokens count.
        batch_tokens: tokens encoded at once times beams, padding included.

    Returns:
        The new tokens per prompt, without the decoder's first, the end token and what follows it.

    Raises:
        ValueError: a logit is NaN or infinite, a prompt is empty or a limit is not positive.
        UnavailableError: a single prompt does not fit into memory.
    """
    _require_sound(prompts, max_new_tokens)
    results: list[list[int]] = [[] for _ in prompts]

    def compute(batch: Batch) -> None:
        limits = [max_new_tokens[index] for index in batch]
        write = _write_greedily if search.beams == 1 else partial(_search, search=search)
        with _own_settings(model), _attending_step_by_step(model), torch.inference_mode():
            written, finite = write(model, [prompts[index] for index in batch], limits)
        _require_finite(finite, batch)
        for index, row, limit in zip(batch, written.tolist(), limits, strict=True):
            results[index] = _cut(row[:limit], _end_tokens(model))

    lengths = [len(prompt) * search.beams for prompt in prompts]
    (batching or Batching()).run(by_length(lengths, batch_tokens), compute)
    return results


class OwnLimits(StoppingCriteria):
    """Ends each prompt's sequences at its own number of new tokens; beams of a prompt lie side by side."""

    def __init__(self, limits: Sequence[int]) -> None:
        self._limits = torch.tensor(limits)

    def __call__(self, input_ids: Tensor, scores: object, **_: object) -> Tensor:  # noqa: ARG002
        """Which rows are done, shape (rows,); the decoder's first token does not count."""
        limits = self._limits.to(input_ids.device).repeat_interleave(len(input_ids) // len(self._limits))
        return input_ids.shape[1] - 1 >= limits


class FiniteLogits:
    """Remembers which prompts got a NaN or infinite logit, of which `generate` itself says nothing.

    A hook of the model, for it sees logits before a search changes them; beams of a prompt lie side by side.
    """

    def __init__(self, prompts: int) -> None:
        self._finite = torch.ones(prompts, dtype=torch.bool)

    def __call__(self, _model: object, _inputs: object, output: Any) -> None:  # noqa: ANN401 - any model's
        """Looks at the logits of one step, shape (rows, tokens, vocabulary)."""
        finite = output.logits.isfinite().view(len(self._finite), -1).all(dim=1)
        self._finite = self._finite.to(finite.device) & finite  # on the device: no waiting for each step

    @property
    def finite(self) -> Tensor:
        """Whether all logits of a prompt were, so far; shape (prompts,)."""
        return self._finite


def _require_finite(finite: Tensor, batch: Sequence[int]) -> None:
    if not finite.all():
        prompt = batch[int(finite.int().argmin())]
        raise ValueError(f"prompt {prompt}: a logit is NaN or infinite; nothing was recorded")


def _write_greedily(
    model: PreTrainedModel, prompts: Sequence[Prompt], limits: Sequence[int]
) -> tuple[Tensor, Tensor]:
    mask = attention_mask(prompts, model.device)
    return write_greedily(model, _encode(model, prompts, mask), mask, limits, sorted(_end_tokens(model)))


def _search(
    model: PreTrainedModel, prompts: Sequence[Prompt], limits: Sequence[int], search: Search
) -> tuple[Tensor, Tensor]:
    """The same by transformers' own search: new tokens, and which prompts' logits were finite."""
    write: Any = model.generate  # mixed in: not known to every model by its type
    mask, check = attention_mask(prompts, model.device), FiniteLogits(len(prompts))
    with _watched(model, check):
        written: Tensor = write(
            encoder_outputs=BaseModelOutput(_encode(model, prompts, mask)),
            attention_mask=mask,
            generation_config=_configure(max(limits), search),
            stopping_criteria=StoppingCriteriaList([OwnLimits(limits)]),
        )
    return written[:, 1:], check.finite


def _encode(model: PreTrainedModel, prompts: Sequence[Prompt], mask: Tensor) -> Tensor:
    tokens = pad_right(prompts, model.config.pad_token_id or 0, model.device)
    rows = max(1, ENCODER_TOKENS // tokens.shape[1])
    parts = zip(torch.split(tokens, rows), torch.split(mask, rows), strict=True)
    encoder = model.get_encoder()
    states = [encoder(input_ids=part, attention_mask=seen).last_hidden_state for part, seen in parts]
    return torch.cat(states)


@contextmanager
def _own_settings(model: PreTrainedModel) -> Iterator[None]:
    """Leaves a model nothing of what it presets but its special tokens: how to search, is the protocol's.

    Where a search says nothing, `generate` takes a preset, whatever it is called.
    """
    preset = model.generation_config
    kept = {name: getattr(preset, name) for name in SPECIAL_TOKENS}
    model.generation_config = GenerationConfig(**kept)  # type: ignore[no-untyped-call]  # by transformers
    try:
        yield
    finally:
        model.generation_config = preset


@contextmanager
def _attending_step_by_step(model: PreTrainedModel) -> Iterator[None]:
    """On a CPU, T5's attention with its position biases is a fifth faster in plain steps than as one call."""
    used = model.config._attn_implementation  # noqa: SLF001 - what the setter below sets has no other name
    if model.device.type != "cpu" or model.config.model_type != "t5":
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(used)


@contextmanager
def _watched(model: PreTrainedModel, check: FiniteLogits) -> Iterator[None]:
    watching = model.register_forward_hook(check)
    try:
        yield
    finally:
        watching.remove()


def _configure(limit: int, search: Search) -> GenerationConfig:
    return GenerationConfig(  # type: ignore[no-untyped-call]  # by transformers
        max_new_tokens=limit,
        num_beams=search.beams,
        do_sample=False,
        early_stopping=False,
        length_penalty=search.length_penalty,
        use_cache=True,
    )


def _end_tokens(model: PreTrainedModel) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else {ends}


def _cut(tokens: list[int], ends: set[int]) -> list[int]:
    stop = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
    return tokens[:stop]


def _require_sound(prompts: Sequence[Prompt], limits: Sequence[int]) -> None:
    for index, (prompt, limit) in enumerate(zip(prompts, limits, strict=True)):
        if len(prompt) == 0 or limit < 1:
            raise ValueError(f"prompt {index}: {len(prompt)} tokens, limit {limit}; both must be at least 1")

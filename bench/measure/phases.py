"""A model's phases as calls that can be timed: what is run, what is put back before the next round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from fixtures.checkpoint_files import positions_in
from fixtures.errors import MisfitError
from fixtures.workloads import Workload


@dataclass(frozen=True, eq=False)
class Runner:
    """One round of a workload.

    Attributes:
        run: the timed call; its outputs tell whether two layouts compute the same.
        reset: what is to be done before each round, untimed.
        tokens: that a round processes.
        state: what a round begins with besides the model: a cache, an encoded text.
    """

    run: Callable[[], Tensor]
    reset: Callable[[], None]
    tokens: int
    state: Callable[[], Sequence[Tensor]] = tuple


def prepare(model: PreTrainedModel, workload: Workload, seed: int = 0) -> Runner:
    """A workload on a model, with tokens drawn by a seed: the same for every layout.

    Raises:
        MisfitError: the model has fewer positions than the workload takes.
        ValueError: the model has no such phase.
    """
    require_room(model, workload)
    tokens = draw_tokens(model, workload, seed)
    kind = "encoder-decoder" if model.config.is_encoder_decoder else "decoder"
    make = PREPARE.get((workload.phase, kind))
    if make is None:
        raise ValueError(f"{workload}: a {model.config.model_type} has no such phase")
    return make(model, tokens)


def require_room(model: PreTrainedModel, workload: Workload) -> None:
    """Makes sure that a model has a position for every token; of `decode`, for the one that follows too.

    Raises:
        MisfitError: it has fewer.
    """
    positions = positions_in(model.config.to_dict())
    needed = workload.length + (workload.phase == "decode")
    if positions is not None and positions < needed:
        raise MisfitError(
            f"{workload} takes {needed:,} positions, the model has {positions:,}: choose a shorter --workload"
        )


def draw_tokens(model: PreTrainedModel, workload: Workload, seed: int) -> Tensor:
    """Tokens of the model's vocabulary, shape (batch, length), int64, on the model's device."""
    stream = torch.Generator().manual_seed(seed)
    shape = (workload.batch, workload.length)
    size = int(model.config.vocab_size)
    return torch.randint(size, shape, generator=stream).to(model.device)


def _forward(model: PreTrainedModel, tokens: Tensor) -> Runner:
    options = {"use_cache": False} if model.config.model_type != "bert" else {}
    return _whole(lambda: model(tokens, **options).logits, tokens)


def _forward_both(model: PreTrainedModel, tokens: Tensor) -> Runner:
    return _whole(lambda: model(tokens, decoder_input_ids=tokens, use_cache=False).logits, tokens)


def _prefill(model: PreTrainedModel, tokens: Tensor) -> Runner:
    return _whole(lambda: model(tokens, use_cache=True, logits_to_keep=1).logits, tokens)


def _encode(model: PreTrainedModel, tokens: Tensor) -> Runner:
    encoder: Any = model.get_encoder()
    return _whole(lambda: encoder(tokens).last_hidden_state, tokens)


def _whole(run: Callable[[], Tensor], tokens: Tensor) -> Runner:
    return Runner(run, lambda: None, tokens.numel())


def _decode(model: PreTrainedModel, tokens: Tensor) -> Runner:
    """One more token for each sequence, with all before it in the cache."""
    length = tokens.shape[1]
    cache = DynamicCache(config=model.config)
    model(tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
    following = tokens[:, :1]

    def run() -> Tensor:
        logits: Tensor = model(following, past_key_values=cache, use_cache=True).logits
        return logits

    return Runner(run, lambda: _crop(cache, length), len(tokens), lambda: tuple(_held(cache)))


def _decode_seeing(model: PreTrainedModel, tokens: Tensor) -> Runner:
    """A decoder's second token, with an encoded text of the workload's length."""
    encoder: Any = model.get_encoder()
    text: Tensor = encoder(tokens).last_hidden_state
    encoded = BaseModelOutput(last_hidden_state=text)
    cache = EncoderDecoderCache(DynamicCache(config=model.config), DynamicCache(config=model.config))
    following = tokens[:, :1]

    def run() -> Tensor:
        logits: Tensor = model(
            encoder_outputs=encoded, decoder_input_ids=following, past_key_values=cache, use_cache=True
        ).logits
        return logits

    def state() -> Sequence[Tensor]:
        parts = (cache.self_attention_cache, cache.cross_attention_cache)
        return (text, *(tensor for part in parts for tensor in _held(part)))

    run()
    return Runner(run, lambda: _crop(cache.self_attention_cache, 1), len(tokens), state)


def _held(cache: DynamicCache) -> Iterator[Tensor]:
    """Keys and values, layer by layer."""
    layers: Any = cache.layers  # of kinds that have neither, too
    for layer in layers:
        yield from (layer.keys, layer.values)


def _crop(cache: DynamicCache, length: int) -> None:
    if (more := int(cache.get_seq_length()) - length) > 0:
        cache.crop(-more)


PREPARE: Mapping[tuple[str, str], Callable[[PreTrainedModel, Tensor], Runner]] = {
    ("forward", "decoder"): _forward,
    ("prefill", "decoder"): _prefill,
    ("decode", "decoder"): _decode,
    ("forward", "encoder-decoder"): _forward_both,
    ("encode", "encoder-decoder"): _encode,
    ("decode", "encoder-decoder"): _decode_seeing,
}

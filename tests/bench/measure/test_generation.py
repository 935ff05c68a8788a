"""Generation against a naive loop without a cache, and against `generate` prompt by prompt."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from bench.measure.batching import Batching
from bench.measure.generation import Search, generate
from tests.bench.measure.passing import Passing
from tests.fixtures import tiny

SEEDS = (2, 9)  # models that end some of their texts early
ENDS = (1, 5, 17)
FREQUENT = list(range(2, 30))  # most of the vocabulary
# each changes what `generate` of transformers writes unless it is told otherwise, or makes it raise
PRESETS: Mapping[str, object] = {
    "num_beams": 4,
    "do_sample": True,
    "early_stopping": True,
    "length_penalty": -4.0,
    "min_length": 9,
    "min_new_tokens": 9,
    "max_time": 1e-9,
    "num_return_sequences": 2,
    "return_dict_in_generate": True,
    "stop_strings": "lobster",
    "no_repeat_ngram_size": 1,
    "repetition_penalty": 3.0,
    "bad_words_ids": [[token] for token in FREQUENT],
    "suppress_tokens": FREQUENT,
    "begin_suppress_tokens": FREQUENT,
    "forced_bos_token_id": 7,
    "forced_eos_token_id": 5,
    "sequence_bias": [[[7], 99.0]],
    "exponential_decay_length_penalty": [1, 3.0],
    "guidance_scale": 2.0,
    "watermarking_config": {"bias": 99.0},
    "prompt_lookup_num_tokens": 3,
    "penalty_alpha": 0.6,
    "num_beam_groups": 2,
    "token_healing": True,
    "cache_implementation": "nonsense",
}
Prompts = list[NDArray[np.int64]]


def make_model(seed: int, ends: Sequence[int] = ENDS) -> PreTrainedModel:
    model = tiny.build("t5", seed)
    model.generation_config.decoder_start_token_id = 0
    model.generation_config.eos_token_id = list(ends)
    return model


def make_prompts(count: int = 25) -> tuple[Prompts, list[int]]:
    """Prompts of 1 to 29 tokens, and a limit for each."""
    random = np.random.default_rng(0)
    prompts = [random.integers(2, tiny.VOCABULARY, length) for length in random.integers(1, 30, count)]
    return prompts, random.integers(1, 13, count).tolist()


def naive(model: PreTrainedModel, prompt: NDArray[np.int64], limit: int) -> list[int]:
    """The likeliest token again and again, everything computed anew."""
    tokens: list[int] = []
    while len(tokens) < limit:
        with torch.no_grad():
            decoder = torch.tensor([[0, *tokens]])
            logits = model(input_ids=torch.from_numpy(prompt)[None], decoder_input_ids=decoder).logits[0, -1]
        if int(logits.argmax()) in ENDS:
            break
        tokens.append(int(logits.argmax()))
    return tokens


def alone(
    model: PreTrainedModel, prompt: NDArray[np.int64], limit: int, beams: int, penalty: float = 1.0
) -> list[int]:
    """What `generate` of transformers makes of one prompt."""
    search: Any = model.generate
    wanted = {"num_beams": beams, "length_penalty": penalty, "max_new_tokens": limit, "do_sample": False}
    tokens: list[int] = search(torch.from_numpy(prompt)[None], **wanted)[0, 1:].tolist()
    return tokens[: next((place for place, token in enumerate(tokens) if token in ENDS), len(tokens))]


@pytest.mark.parametrize("seed", SEEDS)
def test_greedy_is_a_naive_loop(seed: int) -> None:
    model, (prompts, limits) = make_model(seed), make_prompts()
    found = generate(model, prompts, max_new_tokens=limits)
    assert found == [naive(model, prompt, limit) for prompt, limit in zip(prompts, limits, strict=True)]
    lengths = list(map(len, found))
    assert any(length == limit for length, limit in zip(lengths, limits, strict=True))
    assert any(length < limit for length, limit in zip(lengths, limits, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("beams", [2, 4])
def test_beam_search_is_that_of_transformers_prompt_by_prompt(seed: int, beams: int) -> None:
    model, (prompts, limits) = make_model(seed), make_prompts()
    found = generate(model, prompts, max_new_tokens=limits, search=Search(beams))
    pairs = zip(prompts, limits, strict=True)
    assert found == [alone(model, prompt, limit, beams) for prompt, limit in pairs]
    assert found != generate(model, prompts, max_new_tokens=limits)


@pytest.mark.parametrize("penalty", [-1.0, 0.0, 0.6, 2.0])
def test_length_penalty_is_that_of_transformers_prompt_by_prompt(penalty: float) -> None:
    model, (prompts, limits) = make_model(9), make_prompts()
    search = Search(beams=4, length_penalty=penalty)
    found = generate(model, prompts, max_new_tokens=limits, search=search)
    pairs = zip(prompts, limits, strict=True)
    assert found == [alone(model, prompt, limit, 4, penalty) for prompt, limit in pairs]


def test_a_higher_length_penalty_gives_longer_texts() -> None:
    model, (prompts, _) = make_model(9), make_prompts()
    lengths = [
        sum(map(len, generate(model, prompts, max_new_tokens=[12] * len(prompts), search=Search(4, penalty))))
        for penalty in (-2.0, 0.6, 4.0)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("budget", [1, 40, 200])
def test_batches_change_no_result(beams: int, budget: int) -> None:
    model, (prompts, limits) = make_model(2), make_prompts()
    expected = generate(model, prompts, max_new_tokens=limits, search=Search(beams))
    assert (
        generate(model, prompts, max_new_tokens=limits, search=Search(beams), batch_tokens=budget) == expected
    )
    turned = generate(
        model, prompts[::-1], max_new_tokens=limits[::-1], search=Search(beams), batch_tokens=budget
    )
    assert turned[::-1] == expected


def test_encoding_in_parts_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    model, (prompts, limits) = make_model(9), make_prompts()
    expected = generate(model, prompts, max_new_tokens=limits)
    monkeypatch.setattr("bench.measure.generation.ENCODER_TOKENS", 50)
    assert generate(model, prompts, max_new_tokens=limits) == expected


@pytest.mark.parametrize("beams", [1, 2])
def test_a_longer_limit_of_a_neighbour_changes_nothing(beams: int) -> None:
    model, (prompts, _) = make_model(9), make_prompts()
    short = [3] * len(prompts)
    expected = generate(model, prompts, max_new_tokens=short, search=Search(beams))
    mixed = generate(model, prompts, max_new_tokens=[*short[1:], 30], search=Search(beams))
    assert mixed[:-1] == expected[:-1]
    assert max(map(len, expected)) == 3


def generate_with(presets: Mapping[str, object], beams: int) -> list[list[int]]:
    """What a model that presets something writes for a few prompts."""
    model, (prompts, limits) = make_model(2), make_prompts(6)
    for name, value in presets.items():
        setattr(model.generation_config, name, value)
    return generate(model, prompts, max_new_tokens=limits, search=Search(beams))


@cache
def generate_without(beams: int) -> list[list[int]]:
    return generate_with({}, beams)


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("name", PRESETS)
def test_what_a_published_model_presets_changes_no_result(name: str, beams: int) -> None:
    assert generate_with({name: PRESETS[name]}, beams) == generate_without(beams)


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("name", ["remove_invalid_values", "suppress_tokens", "renormalize_logits"])
def test_presets_hide_no_logit_that_is_no_number(name: str, beams: int) -> None:
    model, (prompts, limits) = make_model(2), make_prompts(6)
    damage_head(model)
    setattr(model.generation_config, name, [7] if name == "suppress_tokens" else True)
    with pytest.raises(ValueError, match=r"prompt \d+: a logit is NaN or infinite; nothing was recorded"):
        generate(model, prompts, max_new_tokens=limits, search=Search(beams))


@pytest.mark.parametrize("damaged", [False, True])
def test_a_model_is_left_as_it_was(*, damaged: bool) -> None:
    model, (prompts, limits) = make_model(2), make_prompts(2)
    model.generation_config.num_beams = 4
    preset, before = model.generation_config, model.generation_config.to_dict()
    if damaged:
        damage_head(model)
    with pytest.raises(ValueError, match="a logit is") if damaged else nullcontext():
        generate(model, prompts, max_new_tokens=limits)
    assert model.generation_config is preset
    assert model.generation_config.to_dict() == before
    assert not model._forward_hooks


def test_one_end_token_is_enough() -> None:
    model, (prompts, _) = make_model(9, ends=[1]), make_prompts()
    model.generation_config.eos_token_id = 1
    found = generate(model, prompts, max_new_tokens=[12] * len(prompts))
    assert {len(tokens) for tokens in found} > {0, 12}
    assert all(1 not in tokens for tokens in found)


@pytest.mark.parametrize("beams", [1, 3])
def test_too_little_memory_changes_no_result(beams: int) -> None:
    model, (prompts, limits), batching = make_model(2), make_prompts(), Batching()
    expected = generate(model, prompts, max_new_tokens=limits, search=Search(beams))

    def cramp(_decoder: object, _inputs: object, given: dict[str, Any]) -> None:
        if len(given["input_ids"]) > 2 * beams:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    decoder: torch.nn.Module = model.get_submodule("decoder")
    decoder.register_forward_pre_hook(cramp, with_kwargs=True)
    assert generate(model, prompts, batching, max_new_tokens=limits, search=Search(beams)) == expected
    assert batching.stamps


def test_progress_passes_the_batches_through() -> None:
    progress = Passing()
    prompts, limits = make_prompts()
    generate(make_model(2), prompts, Batching(progress), max_new_tokens=limits, batch_tokens=60)
    assert sorted(progress.passed) == list(range(len(prompts)))


def test_no_prompts_are_no_texts() -> None:
    assert generate(make_model(2), [], max_new_tokens=[]) == []


def damage_token(model: PreTrainedModel) -> None:
    model.get_parameter("shared.weight").data[33, 0] = math.nan


def damage_head(model: PreTrainedModel) -> None:
    model.get_parameter("shared.weight").data[7] = math.inf


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("damage", [damage_token, damage_head])
def test_a_logit_that_is_no_number_is_refused(beams: int, damage: Callable[[PreTrainedModel], None]) -> None:
    model, (prompts, limits) = make_model(2), make_prompts()
    damage(model)
    with pytest.raises(ValueError, match=r"prompt \d+: a logit is NaN or infinite; nothing was recorded"):
        generate(model, prompts, max_new_tokens=limits, search=Search(beams))


@pytest.mark.parametrize("beams", [1, 3])
def test_the_damaged_prompt_is_named(beams: int) -> None:
    model, (prompts, limits) = make_model(2), make_prompts()
    prompts = [np.where(prompt == 33, 32, prompt) for prompt in prompts]
    prompts[11][0] = 33
    encoder: Any = model.get_encoder()
    encoder.embed_tokens = copy.deepcopy(encoder.embed_tokens)  # no longer the decoder's and the head's
    encoder.embed_tokens.weight.data[33] = math.nan
    with pytest.raises(ValueError, match="prompt 11: a logit is NaN"):
        generate(model, prompts, max_new_tokens=limits, search=Search(beams))


def test_a_prompt_or_a_limit_of_nothing_is_refused() -> None:
    prompts, limits = make_prompts(2)
    with pytest.raises(ValueError, match="prompt 1: 0 tokens, limit 4"):
        generate(make_model(2), [prompts[0], prompts[1][:0]], max_new_tokens=[4, 4])
    with pytest.raises(ValueError, match="limit 0; both must be at least 1"):
        generate(make_model(2), prompts, max_new_tokens=[limits[0], 0])

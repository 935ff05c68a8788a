"""Throughput on a model of a thousand weights: the scores against a naive loop, the ratios by hand."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
import torch
from torch.nn import functional

from bench.measure import throughput
from bench.measure.harness import evaluate_by_harness
from bench.measure.throughput import (
    RandomText,
    compare,
    evaluate,
    measure_throughput,
    number_tokenizer,
    ready_batches,
    take_turns,
)
from fixtures.loading import LoadedModel
from fixtures.models import MODELS
from fixtures.origins import Origin
from fixtures.pruning.prunable import weights_of
from tests.bench.measure.tiny import VOCABULARY, make_gpt2

WINDOW = 16  # the model's positions


@pytest.fixture
def loaded() -> LoadedModel:
    origin = Origin("causal-lm", Path("config.json"), "random")
    model = make_gpt2()
    return LoadedModel(MODELS["gpt2"], model, tuple(weights_of(model)), None, origin)


def make_text(tokens: list[int]) -> RandomText:
    words = " ".join(map(str, tokens))
    return RandomText(words, number_tokenizer(VOCABULARY), len(tokens), WINDOW)


def naive_score(loaded: LoadedModel, tokens: list[int]) -> float:
    """Token by token: each after what its window read before it, the first after token 0."""
    total = 0.0
    for start in range(0, len(tokens), WINDOW):
        read = [([0, *tokens])[start]]
        for token in tokens[start : start + WINDOW]:
            with torch.inference_mode():
                logits = loaded.model(torch.tensor([read])).logits[0, -1]
            total -= float(functional.log_softmax(logits.double(), -1)[token])
            read.append(token)
    return total


def test_the_score_is_that_of_a_loop_over_tokens(loaded: LoadedModel) -> None:
    tokens = [Random(0).randrange(1, VOCABULARY) for _ in range(3 * WINDOW)]  # noqa: S311
    assert evaluate(loaded, make_text(tokens)) == pytest.approx(naive_score(loaded, tokens), rel=1e-6)


@pytest.mark.skipif(find_spec("lm_eval") is None, reason="needs lm-eval: pip install --group lm-eval")
def test_lm_eval_finds_the_same_score(loaded: LoadedModel) -> None:
    tokens = [Random(1).randrange(1, VOCABULARY) for _ in range(3 * WINDOW)]  # noqa: S311
    text = make_text(tokens)
    theirs = evaluate_by_harness(loaded.model, text.tokenizer, text.words, WINDOW, 2)
    assert theirs() == pytest.approx(naive_score(loaded, tokens), rel=1e-6)


def test_numbers_are_their_own_tokens() -> None:
    tokenizer = number_tokenizer(VOCABULARY)
    assert tokenizer("12 1 7 10")["input_ids"] == [12, 1, 7, 10]


def test_ready_batches_are_what_the_model_reads() -> None:
    tokens = [1 + token % (VOCABULARY - 1) for token in range(2 * WINDOW)]
    (batch,) = ready_batches(make_text(tokens).windows(), 2 * WINDOW, torch.device("cpu"))
    assert batch.tolist() == [[0, *tokens[: WINDOW - 1]], tokens[WINDOW - 1 : -1]]


def test_rates_and_ratios_by_hand() -> None:
    seconds = {"evaluation": [4.0, 2.0, 5.0], "bare": [2.0, 2.0, 3.0], "harness": [8.0, 3.0, 5.0]}
    values, samples = compare(seconds, 60)
    assert samples["evaluation_rate"] == [15, 30, 12]
    assert samples["evaluation_efficiency"] == [0.5, 1, 0.6]
    assert values["evaluation_efficiency"] == 0.6
    assert values["evaluation_speedup"] == 1.5
    assert values["bare_rate"] == 30


def test_sides_take_turns_in_random_order() -> None:
    calls: list[str] = []

    def side(name: str) -> Callable[[], float]:
        def evaluated() -> float:
            calls.append(name)
            return 1.0

        return evaluated

    seconds = take_turns({name: side(name) for name in "abc"}, 20, Random(0))  # noqa: S311
    rounds = [calls[start : start + 3] for start in range(0, 60, 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1
    assert {name: len(times) for name, times in seconds.items()} == {"a": 20, "b": 20, "c": 20}


def test_different_scores_are_no_comparison() -> None:
    sides = {"evaluation": lambda: 100.0, "harness": lambda: 101.0}
    with pytest.raises(ValueError, match=r"different negative log-likelihoods: .*harness 101\.0"):
        take_turns(sides, 1, Random(0))  # noqa: S311


@pytest.mark.parametrize("version", [None, "9.9"])
def test_lm_eval_is_compared_where_it_is_installed(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    def same(*_: object) -> object:
        return lambda: None

    monkeypatch.setattr(throughput, "harness_version", lambda: version)
    monkeypatch.setattr(throughput, "evaluate_by_harness", same)
    found = measure_throughput(loaded, 0, 2)
    assert ("evaluation_speedup" in found.values) == bool(version)
    assert found.protocol == f"random tokens window={WINDOW} windows=2"
    assert all(len(rounds) == throughput.ROUNDS for rounds in found.samples.values())
    assert (version or "not installed") in found.stamps[0]

"""Negative log-likelihoods against sums by hand, by loop, and by the loss of transformers."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from bench.measure.batching import Batching
from bench.measure.perplexity import batch_nll, measure_nll
from fixtures.metrics.perplexity import Perplexity
from fixtures.windows import Window, make_windows, roll
from tests.bench.measure.passing import Passing
from tests.bench.measure.tiny import (
    VOCABULARY,
    Bigram,
    Cramped,
    make_gpt2,
    make_window,
    random_windows,
)
from tests.fixtures import tiny

# rows: the last token, columns: the next one
PROBABILITIES = ((0.5, 0.25, 0.25), (0.125, 0.75, 0.125), (0.0625, 0.0625, 0.875))
LENGTHS = (16, 2, 9, 16, 5)
TEXT = " ".join(tiny.SENTENCES * 3)


def window_nll(model: nn.Module, window: Window) -> float:
    """The score of a window that is computed alone."""
    (loss,) = batch_nll(model, [window])
    return loss


def make_bigram() -> Bigram:
    return Bigram(torch.tensor(PROBABILITIES).log())


@pytest.mark.parametrize(
    ("tokens", "likelihood"),
    [
        ([0, 0], 0.5),
        ([0, 1, 1, 2, 0], 0.25 * 0.75 * 0.125 * 0.0625),
        ([2, 2, 2, 2], 0.875**3),
        ([1, 0, 2, 1], 0.125 * 0.25 * 0.0625),
    ],
)
def test_likelihood_is_the_product_over_all_tokens_but_the_first(
    tokens: list[int], likelihood: float
) -> None:
    assert window_nll(make_bigram(), make_window(tokens)) == pytest.approx(-math.log(likelihood), rel=1e-6)


@settings(max_examples=50)
@given(tokens=st.lists(st.integers(0, 2), min_size=2, max_size=40))
def test_likelihood_is_what_a_loop_multiplies(tokens: list[int]) -> None:
    total = 0.0
    for last, following in pairwise(tokens):
        total -= math.log(PROBABILITIES[last][following])
    assert window_nll(make_bigram(), make_window(tokens)) == pytest.approx(total, rel=1e-5)


def test_likelihood_is_the_loss_of_transformers_times_the_scored_tokens() -> None:
    model = make_gpt2()
    for window in random_windows(LENGTHS):
        tokens = torch.from_numpy(window.tokens)[None]
        with torch.no_grad():
            loss = float(model(input_ids=tokens, labels=tokens).loss)
        assert window_nll(model, window) == pytest.approx(loss * (len(window.tokens) - 1), rel=1e-6)


def test_likelihood_is_a_softmax_in_float64_token_by_token() -> None:
    model = make_gpt2()
    for window in random_windows(LENGTHS):
        with torch.no_grad():
            logits = model(torch.from_numpy(window.tokens)[None]).logits[0].double().numpy()
        total = 0.0
        for position in range(1, len(window.tokens)):
            row = logits[position - 1]
            total += math.log(np.exp(row).sum()) - row[window.tokens[position]]
        assert window_nll(model, window) == pytest.approx(total, rel=1e-6)


def test_windows_are_scored_in_their_order() -> None:
    model, windows = make_gpt2(), random_windows(LENGTHS)
    alone = pytest.approx([window_nll(model, window) for window in windows], rel=1e-5)
    assert measure_nll(model, windows) == alone
    assert measure_nll(model, windows[::-1])[::-1] == alone
    assert len(set(measure_nll(model, windows))) == len(windows)


@pytest.mark.parametrize("budget", [1, 15, 30, 10_000])
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_batches_change_no_score(name: str, budget: int) -> None:
    model, windows = tiny.build(name), random_windows([16, 2, 9, 16, 5, 16, 16, 3])
    windows[3] = replace(windows[3], context=7)
    expected = [window_nll(model, window) for window in windows]
    assert measure_nll(model, windows, batch_tokens=budget) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("context", [1, 2, 5, 15])
def test_context_is_read_and_not_scored(context: int) -> None:
    model, (window,) = make_gpt2(), random_windows([16])
    with torch.no_grad():
        logits = model(torch.from_numpy(window.tokens)[None]).logits[0].double().log_softmax(-1)
    expected = -sum(float(logits[place - 1, window.tokens[place]]) for place in range(context, 16))
    assert window_nll(model, replace(window, context=context)) == pytest.approx(expected, rel=1e-6)


def naive_strided(model: nn.Module, tokens: list[int], length: int, stride: int) -> tuple[float, int]:
    """(summed loss, scored tokens) by the usual loop: a window at a time, old labels hidden from the loss."""
    total, count, before = 0.0, 0, 0
    for begin in range(0, len(tokens), stride):
        end = min(begin + length, len(tokens))
        inputs = torch.tensor(tokens[begin:end])[None]
        labels = inputs.clone()
        labels[:, : -(end - before)] = -100
        scored = int((labels[:, 1:] != -100).sum())
        with torch.no_grad():
            loss = float(model(input_ids=inputs, labels=labels).loss)
        total, count, before = total + loss * scored, count + scored, end
        if end == len(tokens):
            break
    return total, count


@pytest.mark.parametrize(("length", "stride"), [(16, 8), (16, 16), (16, 5), (16, 1), (7, 3)])
def test_strided_perplexity_is_that_of_a_loop_over_one_window_at_a_time(length: int, stride: int) -> None:
    tokenizer = tiny.train_tokenizer()
    model = make_gpt2(vocabulary=len(tokenizer))
    windows = make_windows(TEXT, tokenizer, length, stride=stride)
    nll = measure_nll(model, windows)
    total, count = naive_strided(model, tokenizer(TEXT)["input_ids"], length, stride)
    assert count == sum(window.scored for window in windows)
    found = Perplexity(keep_in_memory=True).compute(
        nll=nll,
        tokens=[window.scored for window in windows],
        words=[window.words for window in windows],
        bytes=[window.bytes for window in windows],
    )
    assert found["perplexity"] == pytest.approx(math.exp(total / count), rel=1e-6)


@pytest.mark.parametrize("count", [1, 5, 15, 16, 30, 33])
def test_rolling_perplexity_is_that_of_a_loop_over_one_token_at_a_time(count: int) -> None:
    model, length = make_gpt2(), 15
    begin, *tokens = np.random.default_rng(count).integers(0, VOCABULARY, count + 1).tolist()
    windows = [Window(window, 0, 0, context) for window, context in roll([begin, *tokens], length)]
    total = 0.0
    for place, token in enumerate(tokens):
        block = place // length * length  # of tokens that are predicted together
        last = min(block + length, count)
        seen = [begin, *tokens[:place]][max(0, last - length) :]
        with torch.no_grad():
            logits = model(torch.tensor([seen])).logits[0, -1].double()
        total -= float(logits.log_softmax(-1)[token])
    assert sum(measure_nll(model, windows)) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("logits", [1, 40, 13 * 20])
def test_logits_in_parts_change_no_score(monkeypatch: pytest.MonkeyPatch, logits: int) -> None:
    model, windows = make_gpt2(), random_windows(LENGTHS)
    expected = measure_nll(model, windows)
    monkeypatch.setattr("bench.measure.head.LOGITS", logits)
    assert measure_nll(model, windows) == pytest.approx(expected, rel=1e-6)


def test_too_little_memory_changes_no_score() -> None:
    windows, batching = random_windows(LENGTHS), Batching()
    expected = measure_nll(Cramped(make_gpt2(), most=5), windows, batch_tokens=10_000)
    found = measure_nll(Cramped(make_gpt2(), most=2), windows, batching, batch_tokens=10_000)
    assert found == pytest.approx(expected, rel=1e-5)
    assert batching.parts == 4


def test_two_measurements_agree_to_the_bit() -> None:
    windows = random_windows(LENGTHS)
    first, second = (measure_nll(make_gpt2(), windows) for _ in range(2))
    assert [loss.hex() for loss in first] == [loss.hex() for loss in second]


def test_half_precision_logits_are_summed_in_full_precision() -> None:
    model = Bigram(torch.zeros(VOCABULARY, VOCABULARY, dtype=torch.bfloat16))
    window = make_window([0] * 1001)
    assert window_nll(model, window) == pytest.approx(1000 * math.log(VOCABULARY), rel=1e-6)


def test_measuring_leaves_no_gradients_and_the_model_as_it_was() -> None:
    model = make_gpt2()
    before = [parameter.clone() for parameter in model.parameters()]
    measure_nll(model, random_windows(LENGTHS))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(map(torch.equal, before, model.parameters()))


def test_nothing_to_score_is_no_loss() -> None:
    assert measure_nll(make_bigram(), []) == []


def test_progress_passes_the_batches_through() -> None:
    progress = Passing()
    windows = random_windows(LENGTHS)
    found = measure_nll(make_gpt2(), windows, Batching(progress), batch_tokens=20)
    assert found == pytest.approx(measure_nll(make_gpt2(), windows), rel=1e-5)
    assert sorted(progress.passed) == list(range(len(windows)))


@pytest.mark.parametrize(
    ("logits", "loss"),
    [(torch.full((3, 3), math.nan), "nan"), (torch.tensor([[0.0, -math.inf, 0.0]] * 3), "inf")],
)
def test_loss_that_is_no_number_is_refused_with_its_window(logits: Tensor, loss: str) -> None:
    table = torch.cat([torch.zeros(3, 3), logits])
    windows = [make_window([0, 1, 1]), make_window([2, 0]), make_window([3, 1, 0]), make_window([3, 1])]
    with pytest.raises(ValueError, match=f"window 2: the negative log-likelihood is {loss}"):
        measure_nll(Bigram(table), windows)

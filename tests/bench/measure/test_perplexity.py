"""Negative log-likelihoods against sums by hand, by loop, and by the loss of transformers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bench.measure.perplexity import measure_nll, window_nll
from fixtures.windows import Window
from tests.bench.measure.tiny import VOCABULARY, Bigram, make_gpt2, make_window, random_windows

# rows: the last token, columns: the next one
PROBABILITIES = ((0.5, 0.25, 0.25), (0.125, 0.75, 0.125), (0.0625, 0.0625, 0.875))
LENGTHS = (16, 2, 9, 16, 5)


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


@settings(deadline=None, max_examples=50)
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


def test_windows_are_scored_in_their_order_each_on_its_own() -> None:
    model, windows = make_gpt2(), random_windows(LENGTHS)
    alone = [window_nll(model, window) for window in windows]
    assert measure_nll(model, windows) == alone
    assert measure_nll(model, windows[::-1]) == alone[::-1]


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


def test_progress_sees_all_windows_and_passes_them_through() -> None:
    seen: list[Sequence[Window]] = []
    passed: list[Window] = []

    def progress(windows: Sequence[Window]) -> Iterable[Window]:
        seen.append(windows)
        for window in windows:
            passed.append(window)
            yield window

    windows = random_windows(LENGTHS)
    assert measure_nll(make_gpt2(), windows, progress) == measure_nll(make_gpt2(), windows)
    assert seen == [windows]
    assert passed == windows


@pytest.mark.parametrize(
    ("logits", "loss"),
    [(torch.full((3, 3), math.nan), "nan"), (torch.tensor([[0.0, -math.inf, 0.0]] * 3), "inf")],
)
def test_loss_that_is_no_number_is_refused_with_its_window(logits: Tensor, loss: str) -> None:
    table = torch.cat([torch.zeros(3, 3), logits])
    windows = [make_window([0, 1, 1]), make_window([2, 0]), make_window([3, 1, 0]), make_window([3, 1])]
    with pytest.raises(ValueError, match=f"window 2: the negative log-likelihood is {loss}"):
        measure_nll(Bigram(table), windows)

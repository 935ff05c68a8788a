"""Scores at hidden tokens against a naive cross-entropy over whole windows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from transformers import (
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    PreTrainedModel,
    RobertaConfig,
    RobertaForMaskedLM,
)

from bench.measure.batching import Batching
from bench.measure.masked import MaskedScore, measure_masked, score_batch
from fixtures.masking import MaskedWindow
from tests.bench.measure.passing import Passing
from tests.fixtures import tiny

LENGTHS = (16, 3, 9, 16)
NAMES = ("bert", "deberta-v2", "distilbert", "roberta")


def make_model(name: str) -> PreTrainedModel:
    if name in tiny.BUILDERS:
        return tiny.build(name)
    model = distilbert() if name == "distilbert" else roberta()
    model.train(mode=False)
    return model


def distilbert() -> PreTrainedModel:
    config = DistilBertConfig(vocab_size=tiny.VOCABULARY, dim=16, n_layers=2, n_heads=2, hidden_dim=24)
    return DistilBertForMaskedLM(config)


def roberta() -> PreTrainedModel:
    config = RobertaConfig(
        vocab_size=tiny.VOCABULARY,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
    )
    return RobertaForMaskedLM(config)


def random_windows(lengths: Sequence[int] = LENGTHS) -> list[MaskedWindow]:
    random = np.random.default_rng(0)
    windows = []
    for length in lengths:
        tokens, labels = random.integers(2, tiny.VOCABULARY, (2, length))
        positions = np.sort(random.choice(length, 1 + length // 4, replace=False))
        windows.append(MaskedWindow(tokens, labels, positions))
    return windows


def score_window(model: PreTrainedModel, window: MaskedWindow) -> MaskedScore:
    """The score of a window that is computed alone."""
    (score,) = score_batch(model, [window])
    return score


def assert_alike(found: Sequence[MaskedScore], expected: Sequence[MaskedScore]) -> None:
    assert [score.nll for score in found] == pytest.approx([score.nll for score in expected], rel=1e-5)
    assert [(score.correct, score.count) for score in found] == [
        (score.correct, score.count) for score in expected
    ]


def naive(model: PreTrainedModel, window: MaskedWindow) -> MaskedScore:
    """Every logit of the window, a softmax in float64, token by token."""
    with torch.no_grad():
        logits = model(input_ids=torch.from_numpy(window.tokens)[None]).logits[0].double().numpy()
    nll, correct = 0.0, 0
    for position in window.positions:
        row, label = logits[position], window.labels[position]
        nll += math.log(np.exp(row - row.max()).sum()) + row.max() - row[label]
        correct += int(row.argmax() == label)
    return MaskedScore(nll, correct, len(window.positions))


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_a_loop_over_all_logits(name: str) -> None:
    model = make_model(name)
    for window in random_windows():
        found, expected = score_window(model, window), naive(model, window)
        assert found.nll == pytest.approx(expected.nll, rel=1e-5)
        assert (found.correct, found.count) == (expected.correct, expected.count)


def test_the_models_first_choices_are_correct() -> None:
    model = make_model("bert")
    for window in random_windows():
        with torch.no_grad():
            choices = model(input_ids=torch.from_numpy(window.tokens)[None]).logits[0].argmax(-1).numpy()
        found = score_window(model, MaskedWindow(window.tokens, choices, window.positions))
        assert found.correct == found.count == len(window.positions)


def test_the_head_sees_the_scored_positions_alone_and_all_of_them_afterwards() -> None:
    model, window = make_model("bert"), random_windows()[0]
    assert isinstance(model, BertForMaskedLM)
    seen: list[int] = []
    handle = model.cls.register_forward_hook(lambda _model, _inputs, output: seen.append(output.shape[1]))
    score_window(model, window)
    with torch.no_grad():
        model(input_ids=torch.from_numpy(window.tokens)[None])
    handle.remove()
    assert seen == [1, len(window.positions), len(window.tokens)]  # one for the run of the base


def test_windows_are_scored_in_their_order() -> None:
    model, windows = make_model("bert"), random_windows()
    alone = [score_window(model, window) for window in windows]
    assert_alike(measure_masked(model, windows), alone)
    assert_alike(measure_masked(model, windows[::-1])[::-1], alone)


@pytest.mark.parametrize("budget", [1, 20, 33, 10_000])
@pytest.mark.parametrize("name", NAMES)
def test_batches_padded_differently_give_the_same_scores(name: str, budget: int) -> None:
    model, windows = make_model(name), random_windows([16, 3, 9, 16, 4, 4, 11])
    alone = [score_window(model, window) for window in windows]
    assert_alike(measure_masked(model, windows, batch_tokens=budget), alone)


@pytest.mark.parametrize("name", NAMES)
def test_what_fills_up_a_window_changes_no_score(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, windows = make_model(name), random_windows()
    expected = score_batch(model, windows)
    monkeypatch.setattr(model.config, "pad_token_id", 30)
    if name != "roberta":  # it counts its positions by that token
        assert_alike(score_batch(model, windows), expected)


def test_progress_passes_the_batches_through() -> None:
    progress = Passing()
    windows = random_windows()
    measure_masked(make_model("bert"), windows, Batching(progress), batch_tokens=20)
    assert sorted(progress.passed) == list(range(len(windows)))


def test_half_precision_is_summed_in_full_precision() -> None:
    model, window = make_model("distilbert"), random_windows([400])[0]
    for parameter in model.parameters():
        parameter.data = torch.zeros_like(parameter, dtype=torch.bfloat16)
    found = score_window(model, window)
    assert found.nll == pytest.approx(found.count * math.log(tiny.VOCABULARY), rel=1e-6)


def test_a_score_that_is_no_number_is_refused_and_leaves_no_hook() -> None:
    model, windows = make_model("bert"), random_windows([9, 3, 16, 16])
    model.get_parameter("bert.embeddings.position_embeddings.weight").data[15] = math.nan
    with pytest.raises(
        ValueError, match="window 2: the negative log-likelihood is nan; nothing was recorded"
    ):
        measure_masked(model, windows, batch_tokens=32)  # both short ones, then both long ones
    assert not model.base_model._forward_hooks

"""Scores of a model at a task, against hand-worked ones."""

from __future__ import annotations

import math

import pytest
import torch

from bench.measure.quality import EVALUATIONS, measure_quality
from fixtures.tasks import TASKS
from tests.bench.cases import make_task
from tests.bench.measure.tiny import VOCABULARY, Bigram, make_gpt2, make_window, random_windows


def make_uniform() -> Bigram:
    return Bigram(torch.zeros(VOCABULARY, VOCABULARY))


def test_perplexity_of_a_uniform_model_is_the_size_of_its_vocabulary() -> None:
    quality = measure_quality(make_task(), make_uniform(), random_windows((2, 16, 7)))
    assert quality.metrics["perplexity"] == pytest.approx(VOCABULARY, rel=1e-6)


def test_perplexity_counts_tokens_words_and_bytes_over_all_windows() -> None:
    windows = [make_window([0] * 5, words=2, size=8), make_window([0] * 3, words=1, size=4)]
    quality = measure_quality(make_task(), make_uniform(), windows)
    assert quality.metrics == pytest.approx(
        {
            "perplexity": VOCABULARY,
            "word_perplexity": VOCABULARY ** (6 / 3),
            "byte_perplexity": VOCABULARY ** (6 / 12),
        },
        rel=1e-6,
    )


def test_samples_are_nats_per_scored_token_of_each_window() -> None:
    model = Bigram(torch.tensor([[0.5, 0.5], [0.125, 0.875]]).log())
    windows = [make_window([0, 0, 1]), make_window([1, 0]), make_window([1, 1, 1, 1])]
    samples = measure_quality(make_task(), model, windows).samples
    assert samples == pytest.approx([-math.log(0.5), -math.log(0.125), -math.log(0.875)], rel=1e-6)


def test_perplexity_weighs_windows_by_their_tokens() -> None:
    model = Bigram(torch.tensor([[0.5, 0.5], [0.125, 0.875]]).log())
    windows = [make_window([0, 0, 1]), make_window([1, 0]), make_window([1, 1, 1, 1])]
    perplexity = measure_quality(make_task(), model, windows).metrics["perplexity"]
    assert perplexity == pytest.approx((0.5**2 * 0.125 * 0.875**3) ** (-1 / 6), rel=1e-6)


def test_metrics_are_those_of_the_task() -> None:
    task = make_task()
    assert set(measure_quality(task, make_uniform(), random_windows((4,))).metrics) == set(task.metrics)


def test_two_measurements_agree_to_the_bit() -> None:
    windows = random_windows((16, 3))
    first, second = (measure_quality(make_task(), make_gpt2(), windows) for _ in range(2))
    assert [value.hex() for value in first.metrics.values()] == [
        value.hex() for value in second.metrics.values()
    ]
    assert first.samples == second.samples


def test_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="window 0"):
        measure_quality(make_task(), Bigram(torch.full((2, 2), math.nan)), [make_window([0, 1])])


def test_perplexity_beyond_all_numbers_is_refused() -> None:
    model = Bigram(torch.tensor([[0.0, -1e30]] * 2))
    with pytest.raises(ValueError, match="perplexity"):
        measure_quality(make_task(), model, [make_window([0, 1])])


def test_every_task_of_the_project_has_an_evaluation() -> None:
    assert {task.kind for task in TASKS.values()} <= set(EVALUATIONS)

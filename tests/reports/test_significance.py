"""Tests of paired scores against other ways to the same numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.corpus import CORPUS
from reports.significance import Bootstrapped, Scores, corpus_difference, holm, mcnemar, mean_difference
from reports.significance import bootstrap as bootstrap_of


def bootstrap(differences: Sequence[Scores], **how: int) -> list[Bootstrapped]:
    """Of means, from differences alone."""
    return bootstrap_of([mean_difference(np.zeros(len(one)), one) for one in differences], **how)


def pairs(better: int, worse: int, same: int = 5) -> tuple[np.ndarray, np.ndarray]:
    base = np.array([0.0] * better + [1.0] * worse + [1.0] * same)
    return base, np.array([1.0] * better + [0.0] * worse + [1.0] * same)


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (0, 5, 2 / 32), (0, 8, 2 / 256), (1, 9, 2 * 11 / 1024), (5, 5, 1.0)],
)
def test_mcnemar_by_hand(better: int, worse: int, p: float) -> None:
    assert mcnemar(*pairs(better, worse)) == pytest.approx(p)


@given(better=st.integers(0, 60), worse=st.integers(0, 60))
def test_mcnemar_is_the_binomial_tail_twice(better: int, worse: int) -> None:
    turned, fewer = better + worse, min(better, worse)
    tail = sum(math.comb(turned, count) for count in range(fewer + 1)) / 2**turned
    assert mcnemar(*pairs(better, worse)) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_does_not_mind_how_many_stayed() -> None:
    assert mcnemar(*pairs(2, 11, same=0)) == mcnemar(*pairs(2, 11, same=900))


def test_bootstrap_agrees_with_scipy() -> None:
    differences = np.random.default_rng(3).gamma(2.0, size=80) - 1.7
    (found,) = bootstrap([differences])
    expected = stats.bootstrap(
        (differences,), np.mean, n_resamples=20_000, confidence_level=0.99, method="percentile", rng=5
    )
    spread = expected.standard_error
    assert found.difference == pytest.approx(differences.mean())
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.1 * spread)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.1 * spread)
    below = (expected.bootstrap_distribution <= 0).mean()
    assert found.p == pytest.approx(2 * min(below, 1 - below), rel=0.1)


def test_bootstrap_of_three_examples_is_all_27_resamples() -> None:
    differences = np.array([-1.0, 2.0, 4.0])
    means = [np.mean(drawn) for drawn in product(differences, repeat=3)]
    (found,) = bootstrap([differences], resamples=200_000)
    below = sum(mean <= 0 for mean in means) / 27
    assert found.p == pytest.approx(2 * below, abs=0.01)
    assert (found.low, found.high) == (min(means), max(means))


def test_bootstrap_is_the_same_every_time_and_in_any_company() -> None:
    random = np.random.default_rng(0)
    cases = [random.normal(size=size) for size in (20, 30, 20)]
    together = bootstrap(cases)
    assert together == bootstrap(cases)
    for case, found in zip(cases, together, strict=True):
        (alone,) = bootstrap([case])
        assert alone.p == found.p
        assert alone.low == pytest.approx(found.low)


def test_p_value_falls_as_the_effect_grows_and_turns_with_its_sign() -> None:
    noise = np.random.default_rng(1).normal(size=60)
    noise -= noise.mean()
    none, small, large = (bootstrap([noise + shift])[0] for shift in (0.0, 0.2, 1.0))
    assert none.p > 0.9
    assert large.p < 0.01 < small.p < none.p
    assert bootstrap([-noise - 1.0])[0].high == pytest.approx(-large.low, abs=0.05)


@pytest.mark.parametrize(("differing", "p"), [(1, 1.0), (3, 0.25), (7, 1 / 64)])
def test_few_examples_that_differ_are_no_more_certain_than_their_signs(differing: int, p: float) -> None:
    (found,) = bootstrap([np.array([5.0] * differing + [0.0] * (12 - differing))])
    assert found.p >= p


@pytest.mark.parametrize("comparisons", [1, 126, 2000])
def test_clear_difference_stays_one_among_many_comparisons(comparisons: int) -> None:
    (found,) = bootstrap([np.full(20, 1.0)], comparisons=comparisons)
    assert found.p * comparisons < 0.01


def test_false_alarms_are_as_rare_as_the_level_says() -> None:
    random = np.random.default_rng(7)
    found = bootstrap([random.normal(size=60) for _ in range(600)])
    assert sum(one.p < 0.01 for one in found) <= 15  # 6 expected; the percentile interval is a little narrow


def translations(random: np.random.Generator, size: int, worse: float = 0.0) -> tuple[Scores, Scores]:
    """BLEU's counts of sentences of two systems; of the second so many more words are wrong."""
    length = random.integers(5, 25, size).astype(float)
    runs = []
    for lost in (0.0, worse):
        right = random.binomial(length.astype(int), 0.7 - lost) / length
        matches = [np.floor(right**order * np.maximum(0, length - order + 1)) for order in (1, 2, 3, 4)]
        columns = np.stack([length, length, *matches], axis=1)
        runs.append(CORPUS["bleu"].count(columns))
    return runs[0], runs[1]


def test_difference_of_bleu_is_that_of_the_corpora_and_its_interval_has_it() -> None:
    score = CORPUS["bleu"].score
    base, head = translations(np.random.default_rng(0), 80, worse=0.1)
    (found,) = bootstrap_of([corpus_difference(base, head, score)])
    assert found.difference == pytest.approx(float(score(head.sum(axis=0)) - score(base.sum(axis=0))))
    assert found.low < found.difference < found.high < 0
    random = np.random.default_rng(1)
    drawn = [random.integers(80, size=80) for _ in range(4000)]
    plain = [float(score(head[at].sum(axis=0)) - score(base[at].sum(axis=0))) for at in drawn]
    assert found.low == pytest.approx(np.quantile(plain, 0.005), abs=0.15 * float(np.std(plain)))
    assert found.high == pytest.approx(np.quantile(plain, 0.995), abs=0.15 * float(np.std(plain)))


def test_of_counts_that_add_up_to_a_mean_both_ways_are_the_same() -> None:
    base, head = np.random.default_rng(2).integers(0, 2, (2, 50)).astype(float)
    tokens = np.ones(50)
    one = mean_difference(100 * base, 100 * head)
    columns = [np.stack([run, tokens], axis=1) for run in (base, head)]
    other = corpus_difference(columns[0], columns[1], CORPUS["masked_accuracy"].score)
    first, second = bootstrap_of([one, other])
    assert first.p == second.p
    assert first.low == pytest.approx(second.low)


def test_false_alarms_of_bleu_are_as_rare_as_the_level_says() -> None:
    random = np.random.default_rng(11)
    score = CORPUS["bleu"].score
    found = bootstrap_of([corpus_difference(*translations(random, 60), score) for _ in range(600)])
    assert sum(one.p < 0.01 for one in found) <= 15  # 6 expected, as of means


def test_few_sentences_that_differ_are_no_more_certain_than_their_signs() -> None:
    base, _ = translations(np.random.default_rng(3), 30)
    head = base.copy()
    head[:4, 2:6] = 0
    (found,) = bootstrap_of([corpus_difference(base, head, CORPUS["bleu"].score)])
    assert found.p >= 2**-3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([0.004], [0.004]),
        (
            [0.01, 0.04, 0.03, 0.005],
            [0.03, 0.06, 0.06, 0.02],
        ),  # 4 × .005, 3 × .01, 2 × .03, as much
        ([0.6, 0.7], [1.0, 1.0]),
    ],
)
def test_holm_by_hand(given: list[float], expected: list[float]) -> None:
    assert holm(given) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_what_stepping_down_rejects(p_values: list[float], level: float) -> None:
    rejected = set()
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        if (len(p_values) - rank) * p_values[at] >= level:
            break
        rejected.add(at)
    assert {at for at, p in enumerate(holm(p_values)) if p < level} == rejected

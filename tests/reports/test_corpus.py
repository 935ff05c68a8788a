"""Metrics from sums of statistics, against sacreBLEU on the texts themselves and by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from fixtures.metrics.translation import sentence_statistics
from reports.bootstrap import corpus_interval
from reports.corpus import CORPUS

WORDS = st.lists(st.sampled_from(["a", "casa", "case", "the", "é", "10,5", ".", "U.S.", "(x)"]), max_size=9)
PAIRS = st.lists(st.tuples(WORDS.map(" ".join), WORDS.map(" ".join)), min_size=1, max_size=6)


def scores(metric: str, statistics: Mapping[str, Sequence[int]]) -> float:
    one = CORPUS[metric]
    return float(one.score(one.counts(statistics).sum(axis=0)))


@given(PAIRS)
def test_sums_give_what_sacrebleu_says_of_the_corpus(pairs: list[tuple[str, str]]) -> None:
    predictions, references = (list(texts) for texts in zip(*pairs, strict=True))
    statistics = sentence_statistics(predictions, references)
    bleu = BLEU(force=True).corpus_score(predictions, [references]).score
    chrf = CHRF().corpus_score(predictions, [references]).score
    assert scores("bleu", statistics["bleu"]) == pytest.approx(bleu, abs=1e-9)
    assert scores("chrf", statistics["chrf"]) == pytest.approx(chrf, abs=1e-9)


@pytest.mark.parametrize("prediction", ["", ".", "the", "a casa the", "a casa the é (x) 10,5"])
def test_what_says_little_or_nothing_is_scored_as_sacrebleu_does(prediction: str) -> None:
    statistics = sentence_statistics([prediction], ["a casa the é . (x)"])
    bleu = BLEU(force=True).corpus_score([prediction], [["a casa the é . (x)"]]).score
    assert scores("bleu", statistics["bleu"]) == pytest.approx(bleu, abs=1e-9)


def test_bleu_by_hand() -> None:
    """Four of five words, two of four pairs, one of three triples, no four: halved; a word is missing."""
    found = {"prediction": [5], "reference": [6], "matches_1": [4], "matches_2": [2], "matches_3": [1]}
    expected = 100 * np.exp(1 - 6 / 5) * (4 / 5 * 2 / 4 * 1 / 3 * 0.5 / 2) ** 0.25
    assert scores("bleu", {**found, "matches_4": [0]}) == pytest.approx(expected)


def test_accuracy_is_of_all_tokens_not_of_examples() -> None:
    assert scores("masked_accuracy", {"correct": [1, 3], "tokens": [1, 9]}) == pytest.approx(40)


@pytest.mark.parametrize("statistics", [{}, {"correct": [1]}, {"correct": [], "tokens": []}])
def test_missing_statistics_are_told(statistics: dict[str, list[int]]) -> None:
    with pytest.raises(ValueError, match=r"no statistics of .*tokens"):
        CORPUS["masked_accuracy"].counts(statistics)


def test_interval_of_bleu_is_that_of_sacrebleus_own_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "5")
    random = np.random.default_rng(4)
    references = [" ".join(random.choice(list("abcdefghij"), 12)) for _ in range(60)]
    predictions = [
        " ".join(word if random.random() < 0.8 else "z" for word in text.split()) for text in references
    ]
    statistics = sentence_statistics(predictions, references)
    for metric, theirs in (("bleu", BLEU(force=True)), ("chrf", CHRF())):
        expected = theirs.corpus_score(predictions, [references], n_bootstrap=1000)
        low, high = corpus_interval(statistics[metric], CORPUS[metric])
        assert (high - low) / 2 == pytest.approx(expected._ci, rel=0.12)
        assert (high + low) / 2 == pytest.approx(expected._mean, abs=0.15 * expected._ci)
        assert low < expected.score < high


def test_interval_of_an_accuracy_is_that_of_its_standard_error() -> None:
    """Of 400 examples with a token each, half right: 50 ± 1.96 × 50 / 20."""
    statistics = {"correct": [0, 1] * 200, "tokens": [1] * 400}
    low, high = corpus_interval(statistics, CORPUS["masked_accuracy"])
    assert low == pytest.approx(45.1, abs=0.6)
    assert high == pytest.approx(54.9, abs=0.6)


def test_statistics_are_small_integers_of_each_sentence() -> None:
    found = sentence_statistics(["a b c", ""], ["a b d", "e f"])
    assert found["bleu"]["prediction"] == [3, 0]
    assert found["bleu"]["matches_1"] == [2, 0]
    assert found["chrf"]["reference"] == [3, 2]
    assert found["chrf"]["matches_2"] == [1, 0]
    assert {type(one) for columns in found.values() for column in columns.values() for one in column} == {int}
    assert {metric: tuple(columns) for metric, columns in found.items()} == {
        metric: CORPUS[metric].names for metric in ("bleu", "chrf")
    }

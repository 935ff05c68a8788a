"""Intervals of quality from the scores or the statistics of single examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.corpus import CorpusMetric
from reports.record import Statistics

RESAMPLES = 999
# metrics that are the exponential of their examples' mean
EXPONENTIAL = ("perplexity",)
# those that are the mean; others follow from statistics, see `reports.corpus`
MEANS = ("masked_loss", "f1", "exact_match")


def has_interval(metric: str) -> bool:
    """Whether a metric is told by the mean of its examples' scores."""
    return metric in (*EXPONENTIAL, *MEANS)


def interval(samples: Sequence[float], metric: str, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a mean over examples, in the metric's own scale.

    Of a perplexity the samples are nats per token of each window, taken as equally long.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentiles).
    """
    values = np.asarray(samples, np.float64)
    drawn = np.random.default_rng(seed).integers(0, values.size, (RESAMPLES, values.size))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    if metric in EXPONENTIAL:
        return float(np.exp(low)), float(np.exp(high))
    return float(low), float(high)


def corpus_interval(statistics: Statistics, metric: CorpusMetric, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a metric of a whole corpus, made anew of each resample of its examples.

    Raises:
        ValueError: statistics are missing.

    Source: Koehn 2004, Statistical Significance Tests for Machine Translation Evaluation, section 3.
    """
    counts = metric.counts(statistics)
    size = len(counts)
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), RESAMPLES)
    low, high = np.percentile(metric.score(drawn @ counts), [2.5, 97.5])
    return float(low), float(high)

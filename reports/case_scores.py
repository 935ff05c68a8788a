"""What the examples of a quality case gave in both runs: scores, or the statistics of a corpus's metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reports.corpus import CORPUS, CorpusMetric
from reports.pairing import Pair
from reports.record import Record
from reports.samples import SamplesOf
from reports.significance import Difference, Scores, corpus_difference, mean_difference

ROUNDING = 1e-6  # relatively
WHOLE = ("bleu",)  # judged as a corpus; of others the scores of examples say more than their statistics do
WITHOUT_SCORES = ("bleu", "masked_accuracy")  # statistics alone lie beside their records
NAMES = {"perplexity": "nats per token", "masked_loss": "nats per hidden token"}


@dataclass(frozen=True, eq=False)
class CaseScores:
    """The same examples in both runs.

    Attributes:
        record: of the metric that they are of.
        base: a score of each example, or examples × what a corpus's metric is summed from.
        head: likewise.
        corpus: how the metric follows from sums, if it does.
    """

    record: Record
    base: Scores
    head: Scores
    corpus: CorpusMetric | None = None

    @property
    def name(self) -> str:
        """What is judged."""
        return NAMES.get(self.record.metric, self.record.metric)

    @property
    def is_binary(self) -> bool:
        """Whether every example is right or wrong."""
        if self.corpus:
            return False
        found = {*self.base.tolist(), *self.head.tolist()}
        return found <= {0.0, 1.0} or found <= {0.0, 100.0}

    @property
    def is_rounding(self) -> bool:
        """Whether the mean moved so little that it was added up in another order: counts never do."""
        if self.corpus or self.is_binary:
            return False
        return bool(abs(np.mean(self.head - self.base)) <= ROUNDING * abs(np.mean(self.base)))

    @property
    def difference(self) -> Difference:
        """What is tested."""
        if self.corpus is None:
            return mean_difference(self.base, self.head)
        return corpus_difference(self.base, self.head, self.corpus.score)


@dataclass(frozen=True)
class ScoresOfRuns:
    """Reads what two runs stored beside their records."""

    base: SamplesOf
    head: SamplesOf

    @classmethod
    def at(cls, base: Path, head: Path) -> ScoresOfRuns:
        """Of the runs whose records are in these files."""
        return cls(SamplesOf(base), SamplesOf(head))

    def read(self, pairs: Sequence[Pair]) -> CaseScores:
        """What a case is judged by: its metric as a corpus where both runs have that, else scores.

        Raises:
            ValueError: there is nothing in both runs, or it cannot be read, in words.
        """
        stored = list(_stored(pairs))
        for base, head in (both for both in stored if both[1].metric in WHOLE):
            with suppress(ValueError):  # then the scores of examples tell, or what is wrong with them
                return CaseScores(head, *self._each(base, head, _counts), CORPUS[head.metric])
        for base, head in (both for both in stored if both[1].metric not in WITHOUT_SCORES):
            return CaseScores(head, *self._each(base, head, _scores))
        raise ValueError("no scores per example in both runs")

    def _each(
        self, base: Record, head: Record, read: Callable[[SamplesOf, Record], Scores]
    ) -> tuple[Scores, Scores]:
        return read(self.base, base), read(self.head, head)


def _stored(pairs: Sequence[Pair]) -> Iterator[tuple[Record, Record]]:
    """Records of both runs that something lies beside."""
    for pair in pairs:
        base, head = pair.base, pair.head
        if base and head and base.samples and head.samples:
            yield base, head


def _counts(samples: SamplesOf, record: Record) -> Scores:
    return CORPUS[record.metric].counts(samples.read_statistics(str(record.samples)))


def _scores(samples: SamplesOf, record: Record) -> Scores:
    return np.array(samples.read(str(record.samples)), float)

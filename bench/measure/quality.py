"""Quality of a model at a task: one function per protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.measure.batching import Batching
from bench.measure.generation import Search, generate
from bench.measure.masked import measure_masked
from bench.measure.perplexity import measure_nll
from bench.measure.progress import Progress
from bench.measure.spans import measure_spans
from fixtures.examples import Examples, SpanExamples, WritingExamples
from fixtures.loading import LoadedModel
from fixtures.masking import MaskedWindow
from fixtures.metrics.answers import Answers as AnswersMetric
from fixtures.metrics.answers import f1
from fixtures.metrics.masked import MaskedTokens
from fixtures.metrics.perplexity import Perplexity
from fixtures.metrics.translation import Translation as TranslationMetric
from fixtures.metrics.translation import sentence_scores, sentence_statistics
from fixtures.protocols import Answers, Documents, MaskedToken, NextToken, Protocol, Spans, Translation
from fixtures.windows import Window


@dataclass(frozen=True)
class Quality:
    """A model's scores.

    Attributes:
        metrics: the corpus-level numbers, by name.
        samples: a score per example, of the protocol's `sampled` metric: for language models nats per scored
            token of each window, for answers F1 and for translations chrF from 0 to 100.
        statistics: of metrics that are no mean over examples, by metric and name: integers per example whose
            sums give the metric.
        stamps: what a reader of the record should know of how they were computed.
        model_seconds: what of the time the model took.
    """

    metrics: Mapping[str, float]
    samples: Sequence[float]
    statistics: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    stamps: tuple[str, ...] = ()
    model_seconds: float = 0.0


def measure_quality(
    protocol: Protocol, loaded: LoadedModel, examples: Examples, progress: Progress[Any] = iter
) -> Quality:
    """Evaluates a model by a protocol, on the examples that were made for it.

    Raises:
        ValueError: a number on the way is NaN or infinite.
        UnavailableError: a single example does not fit into memory.
    """
    batching = Batching(progress)
    quality = EVALUATIONS[type(protocol)](protocol, loaded, examples, batching)
    return replace(quality, stamps=batching.stamps, model_seconds=batching.seconds)


def _next_token(
    _: NextToken | Documents, loaded: LoadedModel, windows: Sequence[Window], batching: Batching
) -> Quality:
    nll = measure_nll(loaded.model, windows, batching)
    metrics = Perplexity(keep_in_memory=True).compute(
        nll=nll,
        tokens=[window.scored for window in windows],
        words=[window.words for window in windows],
        bytes=[window.bytes for window in windows],
    )
    samples = [loss / window.scored for loss, window in zip(nll, windows, strict=True)]
    return Quality(metrics, samples)


def _masked_token(
    _: MaskedToken, loaded: LoadedModel, windows: Sequence[MaskedWindow], batching: Batching
) -> Quality:
    scores = measure_masked(loaded.model, windows, batching)
    correct, tokens = [score.correct for score in scores], [score.count for score in scores]
    metrics = MaskedTokens(keep_in_memory=True).compute(
        nll=[score.nll for score in scores], correct=correct, tokens=tokens
    )
    samples = [score.nll / score.count for score in scores]
    return Quality(metrics, samples, {"masked_accuracy": {"correct": correct, "tokens": tokens}})


def _spans(protocol: Spans, loaded: LoadedModel, examples: SpanExamples, batching: Batching) -> Quality:
    predictions = measure_spans(
        loaded.model,
        examples.features,
        examples.questions,
        batching,
        n_best=protocol.n_best,
        max_answer=protocol.max_answer,
    )
    return _judge_answers(predictions, [question.answers for question in examples.questions])


def _answers(
    protocol: Answers, loaded: LoadedModel, examples: WritingExamples, batching: Batching
) -> Quality:
    return _judge_answers(_write(protocol, loaded, examples, batching), examples.references)


def _judge_answers(predictions: Sequence[str], golds: Sequence[Sequence[str]]) -> Quality:
    metrics = AnswersMetric(keep_in_memory=True).compute(
        predictions=list(predictions), references=[list(gold) for gold in golds]
    )
    return Quality(metrics, [100 * f1(*pair) for pair in zip(predictions, golds, strict=True)])


def _translations(
    protocol: Translation, loaded: LoadedModel, examples: WritingExamples, batching: Batching
) -> Quality:
    predictions = _write(protocol, loaded, examples, batching)
    references = [reference for (reference,) in examples.references]
    metrics = TranslationMetric(keep_in_memory=True).compute(predictions=predictions, references=references)
    scores = sentence_scores(predictions, references)
    return Quality(metrics, scores, sentence_statistics(predictions, references))


def _write(
    protocol: Answers | Translation, loaded: LoadedModel, examples: WritingExamples, batching: Batching
) -> list[str]:
    written = generate(
        loaded.model,
        examples.prompts,
        batching,
        max_new_tokens=examples.limits,
        search=Search(protocol.beams, protocol.length_penalty),
    )
    if loaded.tokenizer is None:
        raise ValueError(f"{loaded.spec.name} has no tokenizer: {loaded.origin.path}")
    return [str(loaded.tokenizer.decode(tokens, skip_special_tokens=True)) for tokens in written]


# by the type of the protocol, which each of them takes with the examples made for it
EVALUATIONS: Mapping[type, Callable[[Any, LoadedModel, Any, Batching], Quality]] = {
    NextToken: _next_token,
    Documents: _next_token,
    MaskedToken: _masked_token,
    Spans: _spans,
    Answers: _answers,
    Translation: _translations,
}

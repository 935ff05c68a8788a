"""Which part of its context a model marks as the answer to a question."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from bench.measure.batching import Batch, Batching
from bench.measure.padding import attention_mask, pad_right
from fixtures.batches import by_length
from fixtures.squad import OUTSIDE, Question, SpanFeature

BATCH_TOKENS = 4096


@dataclass(frozen=True)
class Span:
    """Tokens of a feature, first and last; a score of minus infinity if none qualify."""

    score: float
    first: int
    last: int


NOTHING = Span(-math.inf, 0, 0)


def measure_spans(
    model: PreTrainedModel,
    features: Sequence[SpanFeature],
    questions: Sequence[Question],
    batching: Batching | None = None,
    *,
    n_best: int = 20,
    max_answer: int = 30,
    batch_tokens: int = BATCH_TOKENS,
) -> list[str]:
    """The answer to every question: the span of its context with the highest start + end logit.

    A span begins at one of the `n_best` likeliest starts in the context of its window and ends at one of its
    `n_best` likeliest ends, not before it begins. The earlier window, start and end win a tie. Where
    nothing qualifies the answer is empty.

    Args:
        model: an extractive question answering model in evaluation mode.
        features: windows of the questions' contexts.
        questions: what is asked.
        batching: shows how far it is and minds the memory.
        n_best: how many starts and ends of a window are combined.
        max_answer: tokens of an answer at most.
        batch_tokens: tokens computed at once, padding included.

    Raises:
        ValueError: a logit is NaN or infinite; names the question.
        UnavailableError: a single feature does not fit into memory.
    """
    spans = [NOTHING] * len(features)

    def compute(batch: Batch) -> None:
        start, end = _logits(model, [features[index] for index in batch], questions)
        for index, span in zip(batch, best_spans(start, end, n_best, max_answer), strict=True):
            spans[index] = span

    lengths = [len(feature.input_ids) for feature in features]
    (batching or Batching()).run(by_length(lengths, batch_tokens), compute)
    return _answers(spans, features, questions)


def best_spans(start: Tensor, end: Tensor, n_best: int, max_answer: int) -> list[Span]:
    """The best span of each feature.

    Args:
        start: logits, minus infinity where no answer may begin; shape (features, length).
        end: likewise, where none may end.
        n_best: how many starts and ends are combined.
        max_answer: tokens of an answer at most.
    """
    start, end = _keep_best(start, n_best), _keep_best(end, n_best)
    ends = functional.pad(end, (0, max_answer - 1), value=-math.inf).unfold(1, max_answer, 1)
    scores = (start[:, :, None] + ends).flatten(1)  # by start, then by length
    best = scores.argmax(dim=1)
    values = scores.gather(1, best[:, None]).squeeze(1).tolist()
    places = (divmod(place, max_answer) for place in best.tolist())
    return [Span(value, first, first + more) for value, (first, more) in zip(values, places, strict=True)]


def _keep_best(logits: Tensor, n_best: int) -> Tensor:
    best = logits.topk(min(n_best, logits.shape[1]), dim=1)
    return torch.full_like(logits, -math.inf).scatter(1, best.indices, best.values)


def _logits(
    model: PreTrainedModel, features: Sequence[SpanFeature], questions: Sequence[Question]
) -> tuple[Tensor, Tensor]:
    """Start and end logits, minus infinity outside the contexts; shape (features, longest), float32."""
    device = model.device
    rows = [feature.input_ids for feature in features]
    inputs = {
        "input_ids": pad_right(rows, model.config.pad_token_id or 0, device),
        "attention_mask": attention_mask(rows, device),
    }
    if getattr(model.config, "type_vocab_size", 0) > 1:  # others have no segments
        inputs["token_type_ids"] = pad_right([feature.token_type_ids for feature in features], 0, device)
    outside = pad_right([feature.starts for feature in features], OUTSIDE, device) == OUTSIDE
    with torch.inference_mode():
        output = model(**inputs)
        logits = torch.stack([output.start_logits, output.end_logits]).float()
        _require_finite(logits, inputs["attention_mask"], features, questions)
        start, end = logits.masked_fill(outside, -math.inf)
    return start, end


def _require_finite(
    logits: Tensor, mask: Tensor, features: Sequence[SpanFeature], questions: Sequence[Question]
) -> None:
    wrong = (~logits.isfinite() & mask.bool()).any(dim=2).any(dim=0)
    if wrong.any():
        question = questions[features[int(wrong.int().argmax())].question]
        raise ValueError(f"question {question.id}: a logit is NaN or infinite; nothing was recorded")


def _answers(
    spans: Sequence[Span], features: Sequence[SpanFeature], questions: Sequence[Question]
) -> list[str]:
    answers, scores = [""] * len(questions), [-math.inf] * len(questions)
    for span, feature in zip(spans, features, strict=True):
        if span.score > scores[feature.question]:
            context = questions[feature.question].context
            answers[feature.question] = context[feature.starts[span.first] : feature.ends[span.last]]
            scores[feature.question] = span.score
    return answers

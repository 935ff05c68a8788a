"""Marked answers against a naive search over all starts and ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    DistilBertConfig,
    DistilBertForQuestionAnswering,
    PreTrainedModel,
)

from bench.measure.batching import Batching
from bench.measure.spans import Span, best_spans, measure_spans
from fixtures.squad import OUTSIDE, Question, make_features
from tests.bench.measure.passing import Passing
from tests.fixtures import tiny
from tests.fixtures.pieces import LONG, make_wordpiece

TOKENIZER = make_wordpiece()
CONTEXTS = (*tiny.SENTENCES, LONG[:400], LONG[70:190])
QUESTIONS = [
    Question(f"q{index}", asked, context, (context[:3],), (0,))
    for index, (context, asked) in enumerate(product(CONTEXTS, ("what is caught ?", "weights")))
]
FEATURES = make_features(QUESTIONS, TOKENIZER, window=32, stride=8)


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    """A random model that marks spans."""
    config = BertConfig(
        vocab_size=len(TOKENIZER),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
    )
    return drawn(BertForQuestionAnswering(config))


def drawn(model: PreTrainedModel) -> PreTrainedModel:
    stream = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.5, generator=stream)
    model.train(mode=False)
    return model


def naive_span(
    start: list[float], end: list[float], inside: list[bool], n_best: int, max_answer: int
) -> tuple[float, int, int] | None:
    """All pairs of the n likeliest starts and ends, one by one; the first of equals."""
    context = [place for place, is_inside in enumerate(inside) if is_inside]
    starts = sorted(context, key=lambda place: -start[place])[:n_best]
    ends = sorted(context, key=lambda place: -end[place])[:n_best]
    found = [
        (start[first] + end[last], -first, -last)
        for first in starts
        for last in ends
        if first <= last < first + max_answer
    ]
    return max(found, default=None)


def naive_answers(model: PreTrainedModel, n_best: int, max_answer: int) -> list[str]:
    """Feature by feature, unpadded."""
    best: dict[int, tuple[float, str]] = {}
    for feature in FEATURES:
        ids, kinds = torch.from_numpy(feature.input_ids), torch.from_numpy(feature.token_type_ids)
        with torch.no_grad():
            output = model(input_ids=ids[None], token_type_ids=kinds[None])
        inside = (feature.starts != OUTSIDE).tolist()
        logits = output.start_logits[0].tolist(), output.end_logits[0].tolist()
        span = naive_span(*logits, inside, n_best, max_answer)
        if span and span[0] > best.get(feature.question, (-math.inf, ""))[0]:
            context = QUESTIONS[feature.question].context
            text = context[feature.starts[-span[1]] : feature.ends[-span[2]]]
            best[feature.question] = (span[0], text)
    return [best.get(index, (0, ""))[1] for index in range(len(QUESTIONS))]


@pytest.mark.parametrize(("n_best", "max_answer"), [(20, 30), (3, 30), (1, 30), (20, 1), (5, 4)])
def test_answers_are_those_of_a_naive_search(model: PreTrainedModel, n_best: int, max_answer: int) -> None:
    found = measure_spans(model, FEATURES, QUESTIONS, n_best=n_best, max_answer=max_answer)
    assert found == naive_answers(model, n_best, max_answer)
    assert len(set(found)) > 3 or n_best == 1


@pytest.mark.parametrize("budget", [1, 64, 200, 100_000])
def test_batches_change_no_answer(model: PreTrainedModel, budget: int) -> None:
    expected = measure_spans(model, FEATURES, QUESTIONS)
    assert measure_spans(model, FEATURES, QUESTIONS, batch_tokens=budget) == expected
    assert measure_spans(model, FEATURES[::-1], QUESTIONS, batch_tokens=budget) == expected


def test_answers_stand_in_their_contexts(model: PreTrainedModel) -> None:
    answers = measure_spans(model, FEATURES, QUESTIONS)
    assert all(
        answer and answer in question.context for answer, question in zip(answers, QUESTIONS, strict=True)
    )


def as_logits(values: Sequence[float | None]) -> Tensor:
    return torch.tensor([[-math.inf if value is None else value for value in values]])


LOGITS = st.lists(st.tuples(st.booleans(), st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=40)


@given(LOGITS, st.integers(1, 12))
def test_spans_are_those_of_a_naive_search(rows: list[tuple[bool, int, int]], max_answer: int) -> None:
    inside = [is_inside for is_inside, _, _ in rows]
    start, end = [float(row[1]) for row in rows], [float(row[2]) for row in rows]
    expected = naive_span(start, end, inside, len(rows), max_answer)
    masked = [
        as_logits([value if is_inside else None for value, is_inside in zip(values, inside, strict=True)])
        for values in (start, end)
    ]
    span = best_spans(masked[0], masked[1], len(rows), max_answer)[0]
    if expected is None:
        assert span.score == -math.inf
    else:
        assert (span.score, -span.first, -span.last) == expected


@pytest.mark.parametrize(
    ("n_best", "max_answer", "span"),
    [
        (20, 30, Span(7, 1, 1)),  # 1 + 6, and 5 + 2 comes later
        (20, 2, Span(7, 1, 1)),
        (2, 1, Span(5, 4, 4)),
        (1, 30, Span(-math.inf, 0, 0)),  # the likeliest end is before the likeliest start
    ],
)
def test_spans_by_hand(n_best: int, max_answer: int, span: Span) -> None:
    start, end = as_logits([None, 1, 5, 0, 3, None]), as_logits([None, 6, 0, 1, 2, None])
    assert best_spans(start, end, n_best, max_answer) == [span]


def test_the_best_window_of_a_question_wins_and_none_is_no_answer(model: PreTrainedModel) -> None:
    whole = measure_spans(model, FEATURES, QUESTIONS)
    for index, answer in enumerate(whole):
        own = [feature for feature in FEATURES if feature.question == index]
        assert answer in [measure_spans(model, [feature], QUESTIONS)[index] for feature in own]
    assert measure_spans(model, [], QUESTIONS) == [""] * len(QUESTIONS)


def test_models_without_segments_are_asked_without() -> None:
    config = DistilBertConfig(vocab_size=len(TOKENIZER), dim=16, n_layers=1, n_heads=2, hidden_dim=24)
    answers = measure_spans(drawn(DistilBertForQuestionAnswering(config)), FEATURES, QUESTIONS)
    assert len(answers) == len(QUESTIONS)


def test_too_little_memory_changes_no_answer(model: PreTrainedModel) -> None:
    expected, batching = measure_spans(model, FEATURES, QUESTIONS), Batching()

    def cramp(_model: object, _inputs: object, given: dict[str, Tensor]) -> None:
        if len(given["input_ids"]) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    handle = model.register_forward_pre_hook(cramp, with_kwargs=True)
    assert measure_spans(model, FEATURES, QUESTIONS, batching) == expected
    handle.remove()
    assert batching.stamps


def test_progress_passes_the_batches_through(model: PreTrainedModel) -> None:
    progress = Passing()
    measure_spans(model, FEATURES, QUESTIONS, Batching(progress), batch_tokens=100)
    assert sorted(progress.passed) == list(range(len(FEATURES)))


def test_a_logit_that_is_no_number_is_refused_with_its_question() -> None:
    config = BertConfig(
        vocab_size=len(TOKENIZER),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
    )
    model = drawn(BertForQuestionAnswering(config))
    damaged = FEATURES[2].input_ids.copy()
    damaged[1] = TOKENIZER.mask_token_id  # no other feature has it
    features = [*FEATURES[:2], replace(FEATURES[2], input_ids=damaged), *FEATURES[3:]]
    model.get_parameter("bert.embeddings.word_embeddings.weight").data[TOKENIZER.mask_token_id] = math.nan
    name = QUESTIONS[features[2].question].id
    with pytest.raises(
        ValueError, match=f"question {name}: a logit is NaN or infinite; nothing was recorded"
    ):
        measure_spans(model, features, QUESTIONS)

"""Scores of a model under every protocol, against hand-worked and directly computed ones."""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import sacrebleu
import torch
from torch import nn

from bench.measure.quality import EVALUATIONS, Quality, measure_quality
from fixtures.errors import UnavailableError
from fixtures.examples import SpanExamples, WritingExamples, read_examples
from fixtures.loading import LoadedModel
from fixtures.masking import MaskedWindow, make_masked_windows
from fixtures.protocols import Answers, Documents, MaskedToken, NextToken, Protocol, Spans, Translation
from fixtures.settings import Settings
from fixtures.squad import OUTSIDE, Question, make_features
from fixtures.windows import Window
from reports.corpus import CORPUS
from tests.bench.measure.tiny import (
    VOCABULARY,
    Bigram,
    Cramped,
    make_gpt2,
    make_masker,
    make_reader,
    make_window,
    make_writer,
    random_windows,
)
from tests.fixtures import library, tiny
from tests.fixtures.pieces import make_wordpiece

NEXT = NextToken("joined", window=16)
PIECES, WRITER = make_wordpiece(), tiny.train_tokenizer(end=True)
ENDS = (0, 7, 19, 31)  # the end token, and others so that some texts are short


def perplexities(model: nn.Module, windows: Sequence[Window]) -> Quality:
    return measure_quality(NEXT, tiny.loaded(model), windows)


def make_uniform() -> Bigram:
    return Bigram(torch.zeros(VOCABULARY, VOCABULARY))


def test_perplexity_of_a_uniform_model_is_the_size_of_its_vocabulary() -> None:
    quality = perplexities(make_uniform(), random_windows((2, 16, 7)))
    assert quality.metrics["perplexity"] == pytest.approx(VOCABULARY, rel=1e-6)


def test_perplexity_counts_tokens_words_and_bytes_over_all_windows() -> None:
    windows = [make_window([0] * 5, words=2, size=8), make_window([0] * 3, words=1, size=4)]
    quality = perplexities(make_uniform(), windows)
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
    samples = perplexities(model, windows).samples
    assert samples == pytest.approx([-math.log(0.5), -math.log(0.125), -math.log(0.875)], rel=1e-6)


def test_perplexity_weighs_windows_by_their_tokens() -> None:
    model = Bigram(torch.tensor([[0.5, 0.5], [0.125, 0.875]]).log())
    windows = [make_window([0, 0, 1]), make_window([1, 0]), make_window([1, 1, 1, 1])]
    perplexity = perplexities(model, windows).metrics["perplexity"]
    assert perplexity == pytest.approx((0.5**2 * 0.125 * 0.875**3) ** (-1 / 6), rel=1e-6)


def test_two_measurements_agree_to_the_bit() -> None:
    windows = random_windows((16, 3))
    first, second = (perplexities(make_gpt2(), windows) for _ in range(2))
    assert [value.hex() for value in first.metrics.values()] == [
        value.hex() for value in second.metrics.values()
    ]
    assert first.samples == second.samples


def test_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="window 0"):
        perplexities(Bigram(torch.full((2, 2), math.nan)), [make_window([0, 1])])


def test_perplexity_beyond_all_numbers_is_refused() -> None:
    model = Bigram(torch.tensor([[0.0, -1e30]] * 2))
    with pytest.raises(ValueError, match="perplexity"):
        perplexities(model, [make_window([0, 1])])


def test_perplexity_of_documents_counts_what_their_windows_say() -> None:
    windows = [
        replace(make_window([0] * 5, words=4, size=20), context=1),
        replace(make_window([0] * 5, words=0, size=0), context=3),
    ]
    quality = measure_quality(Documents(window=4), tiny.loaded(make_uniform()), windows)
    assert quality.metrics == pytest.approx(
        {
            "perplexity": VOCABULARY,
            "word_perplexity": VOCABULARY ** (6 / 4),
            "byte_perplexity": VOCABULARY ** (6 / 20),
        },
        rel=1e-6,
    )


def test_too_little_memory_is_told_and_changes_no_score() -> None:
    windows = random_windows((16, 3, 9, 16))
    enough, little = (perplexities(Cramped(make_gpt2(), most), windows) for most in (4, 1))
    assert little.metrics == pytest.approx(enough.metrics, rel=1e-6)
    assert little.samples == pytest.approx(enough.samples, rel=1e-5)
    assert enough.stamps == ()
    assert little.stamps == ("out of memory: batches computed in 4 parts",)


def test_a_window_that_does_not_fit_alone_is_no_score() -> None:
    with pytest.raises(UnavailableError, match="example 0 alone does not fit into memory"):
        perplexities(Cramped(make_gpt2(), most=0), random_windows((16, 16)))


MASKED = MaskedToken("lines", window=16)


WINDOWS = make_masked_windows(library.TEXTS["text.txt"], PIECES, 16, seed=0)


def logits_of(model: nn.Module, window: MaskedWindow) -> torch.Tensor:
    """All logits of a window, shape (length, vocabulary), float64."""
    with torch.no_grad():
        logits: torch.Tensor = model(input_ids=torch.from_numpy(window.tokens)[None]).logits[0].double()
    return logits


def guessed(model: nn.Module, window: MaskedWindow, shift: int = 0) -> MaskedWindow:
    """The window with the model's first choices as its labels, or with what is so far beside them."""
    labels = (logits_of(model, window).argmax(-1) + shift) % len(PIECES)
    return MaskedWindow(window.tokens, labels.numpy(), window.positions)


def test_masked_tokens_are_scored_over_all_windows() -> None:
    model = make_masker(len(PIECES))
    windows = [guessed(model, WINDOWS[0]), *WINDOWS[1:]]
    losses, hits = [], []
    for window in windows:
        logits = logits_of(model, window)
        for position in window.positions.tolist():
            label = int(window.labels[position])
            losses.append(-float(logits[position].log_softmax(0)[label]))
            hits.append(int(logits[position].argmax()) == label)
    quality = measure_quality(MASKED, tiny.loaded(model), windows)
    loss = sum(losses) / len(losses)
    assert quality.metrics == pytest.approx(
        {
            "masked_accuracy": 100 * sum(hits) / len(hits),
            "masked_loss": loss,
            "masked_perplexity": math.exp(loss),
        },
        rel=1e-5,
    )
    assert 0 < quality.metrics["masked_accuracy"] < 100


def test_samples_are_nats_per_masked_token_of_each_window() -> None:
    loaded = tiny.loaded(make_masker(len(PIECES)))
    quality = measure_quality(MASKED, loaded, WINDOWS)
    counts = [len(window.positions) for window in WINDOWS]
    assert len(quality.samples) == len(WINDOWS) > 3
    weighted = sum(sample * count for sample, count in zip(quality.samples, counts, strict=True))
    assert weighted / sum(counts) == pytest.approx(quality.metrics["masked_loss"], rel=1e-6)
    assert quality.statistics["masked_accuracy"]["tokens"] == counts
    assert summed(quality) == {"masked_accuracy": pytest.approx(quality.metrics["masked_accuracy"])}
    alone = measure_quality(MASKED, loaded, WINDOWS[2:3])
    assert alone.samples[0] == alone.metrics["masked_loss"] == pytest.approx(quality.samples[2], rel=1e-5)


def test_accuracy_is_the_share_of_labels_that_the_model_guesses() -> None:
    model = make_masker(len(PIECES))
    right, wrong = ([guessed(model, window, shift) for window in WINDOWS[:2]] for shift in (0, 1))
    for windows, accuracy in ((right, 100), (wrong, 0), ([*right, *wrong], 50)):
        assert measure_quality(MASKED, tiny.loaded(model), windows).metrics["masked_accuracy"] == accuracy


def words_of(answer: str) -> list[str]:
    """Normalised as SQuAD does it, for answers of plain words."""
    plain = "".join(character for character in answer.lower() if character not in string.punctuation)
    return [word for word in plain.split() if word not in {"a", "an", "the"}]


def overlap(said: str, gold: str) -> float:
    """The F1 of two answers by counting words, 0 to 100."""
    ours, theirs = words_of(said), words_of(gold)
    shared = sum(min(count, theirs.count(word)) for word, count in Counter(ours).items())
    return 200 * shared / (len(ours) + len(theirs)) if shared else 0.0


def judged(said: Sequence[str], golds: Sequence[Sequence[str]]) -> tuple[dict[str, float], list[float]]:
    """(metrics, F1 of each) of answers."""
    scores = [max(overlap(one, gold) for gold in ones) for one, ones in zip(said, golds, strict=True)]
    exact = [
        words_of(one) in [words_of(gold) for gold in ones] for one, ones in zip(said, golds, strict=True)
    ]
    metrics = {"f1": sum(scores) / len(scores), "exact_match": 100 * sum(exact) / len(exact)}
    return metrics, scores


def make_golds(said: Sequence[str]) -> list[tuple[str, ...]]:
    """Answers of which some are what was said, some near it and some far from it."""
    return [
        ((one,), ("elsewhere", f"{one} {one} indeed"), ("nowhere", "never"))[index % 3]
        for index, one in enumerate(said)
    ]


def marked(model: nn.Module, question: Question, protocol: Spans) -> str:
    """The best of all spans in all windows, one by one."""
    best, answer = -math.inf, ""
    for feature in make_features([question], PIECES, protocol.window, protocol.stride):
        inputs = {"input_ids": feature.input_ids, "token_type_ids": feature.token_type_ids}
        with torch.no_grad():
            output = model(**{name: torch.from_numpy(ids)[None] for name, ids in inputs.items()})
        context = [place for place, start in enumerate(feature.starts) if start != OUTSIDE]
        start, end = output.start_logits[0].tolist(), output.end_logits[0].tolist()
        firsts = sorted(context, key=start.__getitem__)[-protocol.n_best :]
        lasts = sorted(context, key=end.__getitem__)[-protocol.n_best :]
        for first in firsts:
            for last in lasts:
                if first <= last < first + protocol.max_answer and start[first] + end[last] > best:
                    best = start[first] + end[last]
                    answer = question.context[feature.starts[first] : feature.ends[last]]
    return answer


@pytest.mark.parametrize(
    "protocol",
    [
        Spans(window=32, stride=8),
        Spans(window=32, stride=8, n_best=2),
        Spans(window=32, stride=8, max_answer=2),
    ],
    ids=["default", "n_best", "max_answer"],
)
def test_marked_answers_are_judged_against_the_golds(protocol: Spans) -> None:
    model = make_reader(len(PIECES))
    contexts = [*library.CONTEXTS, *tiny.SENTENCES, " ".join(reversed(tiny.SENTENCES))]
    asked = [
        Question(f"q{index}", "what is caught ?", context, ("The",), (0,))
        for index, context in enumerate(contexts)
    ]
    said = [marked(model, question, protocol) for question in asked]
    questions = [
        replace(question, answers=golds) for question, golds in zip(asked, make_golds(said), strict=True)
    ]
    features = make_features(questions, PIECES, protocol.window, protocol.stride)
    quality = measure_quality(protocol, tiny.loaded(model), SpanExamples(questions, features))
    metrics, scores = judged(said, [question.answers for question in questions])
    assert quality.metrics == pytest.approx(metrics)
    assert quality.samples == pytest.approx(scores)
    assert 0 < metrics["exact_match"] < metrics["f1"] < 100


def test_settings_of_spans_reach_the_search() -> None:
    model, context = make_reader(len(PIECES)), library.CONTEXTS[0]
    question = Question("q", "what is caught ?", context, (context,), (0,))
    one_word = Spans(window=32, stride=8, max_answer=1)
    examples = SpanExamples([question], make_features([question], PIECES, 32, 8))
    several = [
        measure_quality(protocol, tiny.loaded(model), examples).metrics["f1"]
        for protocol in (Spans(window=32, stride=8), one_word)
    ]
    assert several[0] > several[1]


def written(
    model: Any,  # noqa: ANN401 - a model that can generate
    prompts: Sequence[Any],
    limits: Sequence[int],
    beams: int = 1,
    penalty: float = 1.0,
) -> list[str]:
    """What transformers writes, prompt by prompt."""
    texts = []
    wanted = {"num_beams": beams, "length_penalty": penalty, "do_sample": False}
    for prompt, limit in zip(prompts, limits, strict=True):
        tokens = model.generate(torch.from_numpy(prompt)[None], max_new_tokens=limit, **wanted)
        tokens = tokens[0, 1:].tolist()
        end = next((place for place, token in enumerate(tokens) if token in ENDS), len(tokens))
        texts.append(str(WRITER.decode(tokens[:end], skip_special_tokens=True)))
    return texts


def make_prompts() -> WritingExamples:
    """Prompts without references, each with a limit of its own."""
    texts = [f"{prefix} {sentence}" for prefix in ("say", "tell me") for sentence in tiny.SENTENCES]
    prompts = [torch.tensor(WRITER(text)["input_ids"]).numpy() for text in texts]
    return WritingExamples(prompts, [9, 3, 12, 7, 20, 5], [("",)] * len(prompts))


@pytest.mark.parametrize("beams", [1, 3])
def test_written_answers_are_judged_against_the_golds(beams: int) -> None:
    model, prompts = make_writer(len(WRITER), ENDS), make_prompts()
    said = written(model, prompts.prompts, prompts.limits, beams)
    golds = make_golds(said)
    quality = measure_quality(
        Answers(max_tokens=20, beams=beams),
        tiny.loaded(model, WRITER),
        replace(prompts, references=golds),
    )
    metrics, scores = judged(said, golds)
    assert quality.metrics == pytest.approx(metrics)
    assert quality.samples == pytest.approx(scores)
    assert 0 < metrics["exact_match"] < 100


@pytest.mark.parametrize(("beams", "penalty"), [(1, 1.0), (3, 1.0), (4, 0.6), (4, -2.0)])
def test_written_translations_are_judged_by_sacrebleu(beams: int, penalty: float) -> None:
    model, prompts = make_writer(len(WRITER), ENDS, seed=2), make_prompts()
    said = written(model, prompts.prompts, prompts.limits, beams, penalty)
    references = [one if index % 2 else f"{one[:4]}, {one}" for index, one in enumerate(said)]
    quality = measure_quality(
        Translation(tokens_per_token=1.0, beams=beams, length_penalty=penalty),
        tiny.loaded(model, WRITER),
        replace(prompts, references=[(reference,) for reference in references]),
    )
    assert quality.metrics == {
        "bleu": sacrebleu.corpus_bleu(said, [references]).score,
        "chrf": sacrebleu.corpus_chrf(said, [references]).score,
    }
    assert quality.samples == [
        sacrebleu.sentence_chrf(one, [reference]).score
        for one, reference in zip(said, references, strict=True)
    ]
    assert max(quality.samples) == pytest.approx(100)
    assert 0 < quality.metrics["bleu"] < 100
    assert summed(quality) == pytest.approx(quality.metrics)


def summed(quality: Quality) -> dict[str, float]:
    """Metrics from the sums of their statistics."""
    return {
        metric: float(CORPUS[metric].score(CORPUS[metric].counts(statistics).sum(axis=0)))
        for metric, statistics in quality.statistics.items()
    }


def test_special_tokens_are_no_part_of_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    meant = tiny.SENTENCES[0]
    tokens = WRITER(meant)["input_ids"]
    assert str(WRITER.decode(tokens)) == meant + tiny.END
    monkeypatch.setattr("bench.measure.quality.generate", lambda *_, **__: [[tokens[-1], *tokens]])
    examples = WritingExamples([torch.tensor(tokens).numpy()], [20], [(meant,)])
    loaded = tiny.loaded(nn.Linear(2, 2), WRITER)
    quality = measure_quality(Translation(tokens_per_token=1.0), loaded, examples)
    assert quality.metrics == pytest.approx({"bleu": 100, "chrf": 100})


@pytest.mark.parametrize(
    "protocol", [Answers(max_tokens=4), Translation(tokens_per_token=1.5)], ids=["a", "t"]
)
def test_what_is_written_cannot_be_read_without_a_tokenizer(protocol: Answers | Translation) -> None:
    model = make_writer(len(WRITER), ENDS)
    with pytest.raises(ValueError, match="tiny has no tokenizer"):
        measure_quality(protocol, tiny.loaded(model), make_prompts())


def make_loaded(head: str) -> LoadedModel:
    """A random model with this head, and a tokenizer that fits it."""
    if head == "text-to-text":
        return tiny.loaded(make_writer(len(WRITER), ENDS), WRITER)
    if head == "causal-lm":
        return tiny.loaded(Bigram(torch.zeros(len(WRITER), len(WRITER))), WRITER)
    make = make_masker if head == "masked-lm" else make_reader
    return tiny.loaded(make(len(PIECES)), PIECES)


@pytest.mark.parametrize(("corpus", "protocol"), library.JUDGED, ids=lambda value: type(value).__name__)
def test_every_protocol_goes_from_files_to_its_metrics(
    corpus: str, protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.examples.CORPORA", library.CORPORA)
    settings = Settings(data_dir=library.write_files(tmp_path), limit=2)
    loaded, task = make_loaded(protocol.head), library.make_task(corpus, protocol)
    examples = read_examples(task, protocol, loaded, settings)
    passed: list[object] = []

    def progress(parts: Sequence[object]) -> Iterable[object]:
        for part in parts:
            passed.append(part)
            yield part

    first, again = (measure_quality(protocol, loaded, examples, progress) for _ in range(2))
    assert sorted(first.metrics) == sorted(protocol.metrics)
    assert len(first.samples) == 2 or isinstance(protocol, Documents)  # whose limit is of documents
    assert all(math.isfinite(value) for value in (*first.metrics.values(), *first.samples))
    assert (first.metrics, first.samples) == (again.metrics, again.samples)
    assert passed


def test_every_protocol_has_an_evaluation() -> None:
    assert set(EVALUATIONS) == set(get_args(Protocol)) == {type(protocol) for _, protocol in library.JUDGED}

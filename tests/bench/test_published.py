"""Dense scores beside published ones: what the terminal shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bench.published import DenseScores, describe
from reports.record import PROPERTY, Record
from tests.reports.rows import make_record

DENSE: dict[str, Any] = {
    "task": "wikitext2",
    "task_version": 1,
    "protocol": "joined test window=1024 stride=1024",
}


class Terminal:
    """What is written to a terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        """A heading."""
        self.lines.append(f"== {title}")

    def write_line(self, line: str) -> None:
        """A line."""
        self.lines.append(line)


def hand(scores: DenseScores, record: Record, when: str = "call") -> None:
    """Gives a record as a test's report does."""
    handed = (PROPERTY, {"record": record.to_json(), "samples": None})
    report = SimpleNamespace(when=when, user_properties=[("other", 3), handed])
    scores.pytest_runtest_logreport(report)  # type: ignore[arg-type]  # as much of a report as is looked at


def shown(*records: Record) -> list[str]:
    """The summary of a session with these records."""
    scores, terminal = DenseScores(), Terminal()
    for record in records:
        hand(scores, record)
    scores.pytest_terminal_summary(terminal)  # type: ignore[arg-type]  # likewise
    return terminal.lines


def test_a_score_that_agrees_is_a_line_with_its_source() -> None:
    (heading, line, source) = shown(make_record(**DENSE))
    assert heading == "== dense beside published"
    assert line == "gpt2 on wikitext2, perplexity: 29.94, published 29.94: agree"
    assert source.startswith("    the protocol of transformers' guide")


def test_a_score_that_differs_has_its_causes_below_it() -> None:
    protocol = f"{DENSE['protocol']} limit=8"
    lines = shown(make_record(**{**DENSE, "protocol": protocol, "value": 22.5, "weights": "local@1"}))
    assert lines[1] == "gpt2 on wikitext2, perplexity: 22.5, published 29.94: differ"
    assert [line.partition(":")[0] for line in lines[3:]] == ["    --limit 8", "    other weights"]


def test_the_type_of_the_numbers_is_told() -> None:
    lines = shown(make_record(**DENSE, dtype="bfloat16", value=31.0))
    assert any(line.startswith("    computed in bfloat16") for line in lines)


@pytest.mark.parametrize(
    "record",
    [
        make_record(**DENSE, method="magnitude", scope="global", sparsity=0.5),
        make_record(benchmark="pruning", metric="find_time", unit="s"),
        make_record(**{**DENSE, "task": "atlas-lm"}, model="gpt2-mini"),
        make_record(**DENSE, metric="byte_perplexity"),
    ],
    ids=["pruned", "cost", "of the project's own", "never published"],
)
def test_what_has_no_published_score_is_not_shown(record: Record) -> None:
    assert shown(record) == []


def test_a_secondary_number_of_another_text_is_not_shown_but_of_the_same_text_is() -> None:
    joined = make_record(**DENSE, metric="word_perplexity", value=57.6)
    documents = {**DENSE, "task": "wikitext2-documents", "protocol": "documents test window=1024 context=1"}
    assert shown(joined) == []
    (_, line, _) = shown(make_record(**documents, metric="word_perplexity", value=37.4))
    assert line.endswith(": agree")


def test_a_record_is_taken_once_from_the_test_that_hands_it_over() -> None:
    scores = DenseScores()
    for when in ("setup", "call", "teardown"):
        hand(scores, make_record(**DENSE), when)
    terminal = Terminal()
    scores.pytest_terminal_summary(terminal)  # type: ignore[arg-type]  # as above
    assert len(terminal.lines) == 3


def test_both_scores_of_squad_are_compared() -> None:
    spans = {
        "model": "bert-large-uncased",
        "task": "squad",
        "protocol": "spans validation window=384 stride=128 n_best=20 max_answer=30",
        "better": "higher",
    }
    lines = list(
        describe(
            [
                make_record(**spans, metric="f1", value=93.2),
                make_record(**spans, metric="exact_match", value=70.0),
            ]
        )
    )
    assert lines[0].endswith("published 93.15: agree")
    assert lines[1] == "    model card of google-bert/bert-large-uncased-whole-word-masking-finetuned-squad"
    assert lines[2].endswith("published 86.91: differ")
    assert "no known difference" in lines[4]

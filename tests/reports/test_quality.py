"""Verdicts on quality, from stored scores per example."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.judged import Judged
from reports.record import Record, Statistics
from reports.samples import SamplesOf
from reports.store import RunWriter, read_run
from reports.verdicts import judge_runs
from tests.reports.rows import make_record, make_run

Stored = tuple[Record, Sequence[float] | None] | tuple[Record, Sequence[float] | None, Statistics | None]
NOISE = np.random.default_rng(2).normal(size=40).tolist()
NATS = [1.5 + 0.1 * one for one in NOISE]


def perplexity(value: float, **changes: Any) -> Record:  # noqa: ANN401 - any field
    return make_record(task="wikitext2", value=value, **changes)


def translated(metric: str, value: float) -> Record:
    return make_record(task="wmt16", metric=metric, value=value, better="higher")


def store(folder: Path, *rows: Stored) -> Path:
    writer = RunWriter(folder, make_run())
    for row in rows:
        writer.append(*row)
    writer.close()
    assert writer.path is not None
    return writer.path


def judge(tmp_path: Path, base: Sequence[Stored], head: Sequence[Stored]) -> list[Judged]:
    before, after = (read_run(store(tmp_path / name, *rows)) for name, rows in (("a", base), ("b", head)))
    return judge_runs(before, after)


def verdicts(rows: Sequence[Judged]) -> list[str]:
    return [row.verdict for row in rows]


def test_same_scores_are_unchanged_at_once(tmp_path: Path) -> None:
    (row,) = judge(tmp_path, [(perplexity(4.5), NATS)], [(perplexity(4.5), NATS)])
    assert (row.verdict, row.reason) == ("unchanged", "the same scores of 40 examples")


def test_other_value_of_the_same_scores_is_a_change_of_how_it_is_computed(tmp_path: Path) -> None:
    (row,) = judge(tmp_path, [(perplexity(4.5), NATS)], [(perplexity(9.0), NATS)])
    assert row.verdict == "changed"
    assert "computed differently" in row.reason


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.05, "regressed"), (-0.05, "improved"), (1e-8, "unchanged")]
)
def test_nats_of_every_example_moved(tmp_path: Path, shift: float, verdict: str) -> None:
    moved = [score + shift for score in NATS]
    (row,) = judge(tmp_path, [(perplexity(4.5), NATS)], [(perplexity(4.6), moved)])
    assert row.verdict == verdict
    assert ("nats per token" in row.reason) == (verdict != "unchanged")


def test_difference_that_may_be_chance_is_unchanged(tmp_path: Path) -> None:
    moved = [score + 0.01 * one for score, one in zip(NATS, reversed(NOISE), strict=True)]
    (row,) = judge(tmp_path, [(perplexity(4.5), NATS)], [(perplexity(4.6), moved)])
    assert row.verdict == "unchanged"
    assert "p = " in row.reason


def test_headline_gets_the_verdict_of_the_scores_of_another_metric(tmp_path: Path) -> None:
    """Of BLEU nothing is stored, of chrF scores, and higher is better."""
    chrf = [50.0 + one for one in NOISE]
    base = [(translated("bleu", 30.0), None), (translated("chrf", 50.0), chrf)]
    worse = [score - 2 for score in chrf]
    head = [(translated("bleu", 28.0), None), (translated("chrf", 48.0), worse)]
    bleu, other = judge(tmp_path, base, head)
    assert (bleu.verdict, other.verdict) == ("regressed", "shown")
    assert bleu.reason.startswith("chrf -2 (99 %: -2 to -2) in 40 examples, p < 0.0001")
    assert other.reason == "the case is judged by chrf"


def statistics_of(matches: int, size: int = 40) -> dict[str, list[int]]:
    """Of sentences of ten words, of which the first ones are right in each."""
    longer = {f"matches_{order}": [max(0, matches - order + 1)] * size for order in (1, 2, 3, 4)}
    return {"prediction": [10] * size, "reference": [10] * size, **longer}


def translation(bleu: float, statistics: Statistics | None, chrf: Sequence[float]) -> list[Stored]:
    mean = sum(chrf) / len(chrf)
    return [(translated("bleu", bleu), None, statistics), (translated("chrf", mean), chrf, None)]


def test_bleu_is_judged_by_the_corpora_of_the_same_resamples(tmp_path: Path) -> None:
    """Eight of ten words are right, then 7: (8·7·6·5 / 10·9·8·7)^(1/4) = 0.760, (7·6·5·4 / …) = 0.639."""
    chrf = [50.0 + one for one in NOISE]
    base, head = translation(76.0, statistics_of(8), chrf), translation(63.9, statistics_of(7), chrf)
    bleu, other = judge(tmp_path, base, head)
    assert (bleu.verdict, other.verdict) == ("regressed", "unchanged")
    assert bleu.reason == "bleu -12.1 (99 %: -12.1 to -12.1) in 40 examples, p < 0.0001"


def test_same_statistics_settle_their_own_metric_alone(tmp_path: Path) -> None:
    chrf = [50.0 + one for one in NOISE]
    base, head = (
        translation(76.0, statistics_of(8), chrf),
        translation(76.0, statistics_of(8), [score - 2 for score in chrf]),
    )
    bleu, other = judge(tmp_path, base, head)
    assert (bleu.verdict, bleu.reason) == ("unchanged", "the same scores of 40 examples")
    assert (other.verdict, other.reason) == ("shown", "the case is judged by bleu")


@pytest.mark.parametrize(
    "older", [None, {"prediction": [1] * 40}, {"prediction": [1.5]}, {"prediction": "1"}]
)
def test_run_without_statistics_is_judged_by_the_scores_of_sentences(tmp_path: Path, older: Any) -> None:  # noqa: ANN401
    chrf = [50.0 + one for one in NOISE]
    base = translation(76.0, older, chrf)
    head = translation(63.9, statistics_of(7), [score - 2 for score in chrf])
    bleu, _ = judge(tmp_path, base, head)
    assert bleu.verdict == "regressed"
    assert bleu.reason.startswith("chrf -2 ")


def test_masked_accuracy_is_judged_by_nats_though_it_has_statistics(tmp_path: Path) -> None:
    def case(accuracy: float, shift: float) -> list[Stored]:
        counts = {"correct": [1] * 40, "tokens": [2] * 40}
        accurate = make_record(task="m", metric="masked_accuracy", value=accuracy, better="higher")
        loss = make_record(task="m", metric="masked_loss", value=1.5 + shift)
        return [(accurate, None, counts), (loss, [one + shift for one in NATS], None)]

    accuracy, _ = judge(tmp_path, case(50.0, 0.0), case(49.0, 0.1))
    assert accuracy.verdict == "regressed"
    assert accuracy.reason.startswith("nats per hidden token +0.1 ")


@pytest.mark.parametrize("right", [1.0, 100.0])
def test_right_or_wrong_is_judged_by_those_that_turned(tmp_path: Path, right: float) -> None:
    """Of 20 examples 9 turned wrong and 1 right: 2 × (1 + 10) / 1024 is no 1 %; 10 and 0 are 2 / 1024."""
    base = [right] * 9 + [0.0] + [right] * 10
    lost = [0.0] * 9 + [right] * 11
    all_lost = [0.0] * 10 + [right] * 10

    def record(value: float) -> Record:
        return make_record(task="squad", metric="f1", value=value, better="higher")

    (few,) = judge(tmp_path / "few", [(record(95.0), base)], [(record(55.0), lost)])
    assert few.verdict == "unchanged"
    assert few.reason == "of 20 examples 1 turned right and 9 wrong, p = 0.021"
    (many,) = judge(tmp_path / "many", [(record(100.0), [right] * 20)], [(record(50.0), all_lost)])
    assert many.verdict == "regressed"
    assert many.reason == "of 20 examples 0 turned right and 10 wrong, p = 0.002"


def test_holm_is_over_the_cases_that_are_tested(tmp_path: Path) -> None:
    """Nine turned wrong: 2 / 2^9 is below 1 % twice, not three times; a case that is the same is no third."""
    wrong = [0.0] * 9 + [100.0] * 11
    others = ([100.0] * 20, wrong)

    def runs(cases: int) -> list[list[Stored]]:
        return [
            [(make_record(task=f"t{case}", metric="f1", better="higher"), scores) for case in range(cases)]
            for scores in others
        ]

    assert verdicts(judge(tmp_path / "2", *runs(2))) == ["regressed"] * 2
    assert verdicts(judge(tmp_path / "3", *runs(3))) == ["unchanged"] * 3
    same = make_record(task="same", metric="f1", better="higher"), [100.0] * 20
    base, head = runs(2)
    assert verdicts(judge(tmp_path / "4", [*base, same], [*head, same])) == [
        "regressed",
        "regressed",
        "unchanged",
    ]


def test_without_scores_equal_values_are_unchanged_and_others_not_judged(tmp_path: Path) -> None:
    base = [(perplexity(4.5), None), (perplexity(4.5, method="magnitude", scope="global"), None)]
    head = [(perplexity(4.5), None), (perplexity(9.0, method="magnitude", scope="global"), NATS)]
    one, other = judge(tmp_path, base, head)
    assert one.verdict == "unchanged"
    assert (other.verdict, other.reason) == ("not judged", "no scores per example in both runs")


def test_few_examples_are_not_judged(tmp_path: Path) -> None:
    (row,) = judge(tmp_path, [(perplexity(4.5), [1.0, 2.0])], [(perplexity(9.0), [2.0, 3.0])])
    assert (row.verdict, row.reason) == ("not judged", "2 examples are too few to tell from chance")


def test_another_number_of_examples_does_not_compare(tmp_path: Path) -> None:
    (row,) = judge(tmp_path, [(perplexity(4.5), NATS)], [(perplexity(4.5), NATS[:-1])])
    assert (row.verdict, row.reason) == ("not comparable", "40 and 39 examples")


def test_failed_gate_keeps_what_the_scores_say(tmp_path: Path) -> None:
    worse = [score + 0.05 for score in NATS]
    base, head = perplexity(4.5, gate="passed"), perplexity(4.7, gate="failed", limit="<= 4.6")
    (row,) = judge(tmp_path, [(base, NATS)], [(head, worse)])
    assert row.verdict == "regressed"
    assert row.reason.startswith(
        "gate passed before, failed now, its limit <= 4.6; nats per token +0.05 (99 %: "
    )


def test_lost_samples_are_told(tmp_path: Path) -> None:
    base = store(tmp_path / "base", (perplexity(4.5), NATS))
    head = store(tmp_path / "head", (perplexity(9.0), NATS))
    head.with_suffix(".samples.jsonl").unlink()
    (row,) = judge_runs(read_run(base), read_run(head))
    assert row.verdict == "not judged"
    assert "samples.jsonl cannot be read (No such file or directory)" in row.reason


def test_samples_are_read_line_by_line_in_any_order(tmp_path: Path) -> None:
    path = store(tmp_path, *((perplexity(float(one)), [float(one), 0.5]) for one in range(1, 6)))
    samples = SamplesOf(path)
    for record in reversed(read_run(path).records):
        assert record.samples is not None
        assert samples.read(record.samples) == [record.value, 0.5]


@pytest.mark.parametrize(
    "line", ["", "{", "[1]", "{}", '{"samples": 3}', '{"samples": ["1"]}', '{"samples": [NaN]}']
)
def test_damaged_samples_are_a_value_error(tmp_path: Path, line: str) -> None:
    path = store(tmp_path, (perplexity(1.0), NATS))
    side = path.with_suffix(".samples.jsonl")
    side.write_text(f"{line}\n", "utf-8")
    with pytest.raises(ValueError, match=r"line 1 of .* holds no samples"):
        SamplesOf(path).read(f"{side.name}#1")


@pytest.mark.parametrize("number", ["0", "2", "-1", "one", ""])
def test_line_that_is_not_there_is_a_value_error(tmp_path: Path, number: str) -> None:
    path = store(tmp_path, (perplexity(1.0), NATS))
    with pytest.raises(ValueError, match="holds no samples"):
        SamplesOf(path).read(f"{path.with_suffix('.samples.jsonl').name}#{number}")


def test_samples_elsewhere_are_not_looked_for(tmp_path: Path) -> None:
    path = store(tmp_path, (perplexity(1.0), NATS))
    with pytest.raises(ValueError, match="expected 2026"):
        SamplesOf(path).read("../../other.samples.jsonl#1")

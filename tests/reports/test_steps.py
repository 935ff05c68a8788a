"""Where a number moved, by the rule for its kind, in histories made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.history import read_history
from reports.latency_rule import VERSION
from reports.record import Record
from reports.steps import Judgement, judge_history
from reports.timeline import timeline_of
from tests.reports.repositories import RATIO, SIZE, Samples, store
from tests.reports.rows import make_record

MEMORY = make_record(benchmark="memory", metric="peak_memory", unit="B", value=1.0)
QUALITY = make_record(task="atlas-lm", task_version=2, protocol="lines", value=4.0)
SCORES = np.random.default_rng(0).normal(1.5, 0.3, 60)


def judge(folder: Path, rows: Sequence[Sequence[Record | tuple[Record, Samples]]]) -> list[Judgement]:
    """The series of runs of one commit each, in the order of time."""
    for number, there in enumerate(rows):
        if there:
            store(folder / "results", f"{number:040x}", there, number)
    (folder / "r").mkdir(exist_ok=True)
    return judge_history(read_history(timeline_of(folder / "results", folder / "r")))


def steps(one: Judgement) -> list[tuple[int, str, float | None, float | None]]:
    return [(step.at, step.verdict, step.before.value, step.after.value) for step in one.steps]


def course(record: Record, *values: float) -> list[list[Record]]:
    return [[replace(record, value=value)] for value in values]


def test_memory_steps_beyond_half_a_per_cent(tmp_path: Path) -> None:
    (one,) = judge(tmp_path, course(MEMORY, 1000, 1005, 1000, 1006, 1006, 900))
    assert steps(one) == [(3, "regressed", 1000, 1006), (5, "improved", 1006, 900)]
    assert one.steps[0].reason == "over 0.5 %"


def test_creeping_is_found_against_the_first_value_of_a_level(tmp_path: Path) -> None:
    (one,) = judge(tmp_path, course(MEMORY, *(1000 * 1.004**place for place in range(11))))
    assert [step.at for step in one.steps] == [2, 4, 6, 8, 10]
    assert all(step.verdict == "regressed" for step in one.steps)


@pytest.mark.parametrize(("metric", "unit"), [("parameters", ""), ("sparsity_overall", "fraction")])
def test_counts_step_exactly(tmp_path: Path, metric: str, unit: str) -> None:
    record = make_record(benchmark="structure", metric=metric, unit=unit, better=None)
    (one,) = judge(tmp_path, course(record, 1.0, 1.0, 1.000001))
    assert steps(one) == [(2, "changed", 1.0, 1.000001)]
    assert one.steps[0].reason == "expected the same in every run"


def test_times_are_never_judged(tmp_path: Path) -> None:
    record = make_record(benchmark="latency", metric="latency", unit="s")
    (one,) = judge(tmp_path, course(record, *[0.01] * 10, *[0.05] * 10))
    assert (one.kind, one.steps) == ("shown", ())


def test_running_out_of_memory_is_a_step_of_anything(tmp_path: Path) -> None:
    record = make_record(benchmark="latency", metric="latency", unit="s", value=0.01)
    gone = replace(record, value=None, outcome="oom")
    (one,) = judge(tmp_path, [[record], [gone], [gone], [replace(gone, outcome="timeout")], [record]])
    assert [(step.at, step.verdict) for step in one.steps] == [
        (1, "regressed"),
        (3, "changed"),
        (4, "improved"),
    ]
    assert one.steps[0].reason == "measured before, oom now"


def test_since_is_the_last_commit_that_measured_it(tmp_path: Path) -> None:
    rows: list[list[Record]] = [[SIZE, MEMORY], [MEMORY], [MEMORY], [replace(SIZE, value=2e6), MEMORY]]
    one, _ = judge(tmp_path, rows)
    assert [(step.since, step.at) for step in one.steps] == [(0, 3)]


def ratios(*values: float, stamps: dict[int, str] | None = None) -> list[list[Record]]:
    told = stamps or {}
    return [
        [replace(RATIO, value=value, stamps=(told[place],) if place in told else ())]
        for place, value in enumerate(values)
    ]


def test_a_ratio_to_an_anchor_has_change_points(tmp_path: Path) -> None:
    (one,) = judge(tmp_path, ratios(*[1.0, 1.01] * 4, *[1.1, 1.11] * 4))
    ((at, verdict, before, after),) = steps(one)
    assert (at, verdict) == (8, "regressed")
    assert before == pytest.approx(1.005, abs=1e-3)
    assert after == pytest.approx(1.105, abs=1e-3)


def test_contaminated_and_inconclusive_points_are_left_out(tmp_path: Path) -> None:
    stamps = {
        place: ("contaminated: base against base 1.2" if place % 2 else "inconclusive")
        for place in range(6, 12)
    }
    (one,) = judge(tmp_path, ratios(*[1.0] * 6, *[1.5] * 6, *[1.0] * 6, stamps=stamps))
    assert one.steps == ()
    assert one.unjudged == "6 of 18 left out: contaminated, inconclusive or not measured"
    (other,) = judge(tmp_path / "b", ratios(*[1.0] * 6, *[1.5] * 6, *[1.0] * 6)[:12])
    assert [step.at for step in other.steps] == [6]


def test_a_few_ratios_say_so(tmp_path: Path) -> None:
    (one,) = judge(tmp_path, ratios(1.0, 1.0, 2.0))
    assert one.unjudged == "3 commits are too few, steps are looked for from 6"


def test_another_anchor_is_another_series(tmp_path: Path) -> None:
    rows = [
        *ratios(*[1.0] * 8),
        *([replace(RATIO, value=2.0, protocol="anchor ffffffffffff")] for _ in range(8)),
    ]
    old, new = judge(tmp_path, rows)
    assert old.steps == new.steps == ()
    assert new.series.continues == "protocol anchor 0123456789ab → anchor ffffffffffff"


def test_another_rule_or_other_rounds_are_another_series(tmp_path: Path) -> None:
    rules = ("", ", rule 2, 5 x 60", f", rule {VERSION}, 5 x 60", f", rule {VERSION}, 5 x 5")
    rows = [
        [replace(RATIO, value=1.0 + number, protocol=f"anchor 0123456789ab{rule}")]
        for number, rule in enumerate(rules)
        for _ in range(8)
    ]
    found = judge(tmp_path, rows)
    assert [(one.kind, one.steps, len(one.series.points)) for one in found] == [("ratio", (), 8)] * 4
    assert found[1].series.continues == (
        "protocol anchor 0123456789ab → anchor 0123456789ab by rule 2: 5 pairs x 60 rounds"
    )


def scored(value: float, scores: Any) -> tuple[Record, Samples]:  # noqa: ANN401 - an array
    return replace(QUALITY, value=value), [float(score) for score in scores]


def test_quality_steps_where_the_scores_of_examples_say_so(tmp_path: Path) -> None:
    better, worse = SCORES - 0.2, SCORES + 0.2
    courses = [
        scored(4.0, SCORES),
        scored(4.0, SCORES),
        scored(5.0, worse),
        scored(5.0, worse),
        scored(3.0, better),
    ]
    (one,) = judge(tmp_path, [[row] for row in courses])
    assert steps(one) == [(2, "regressed", 4.0, 5.0), (4, "improved", 5.0, 3.0)]
    assert "nats per token +0.2" in one.steps[0].reason
    assert one.unjudged == ""


def test_quality_within_chance_is_no_step_but_creeping_is_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (2, 60))
    chance = [scored(4.0, SCORES), scored(4.1, SCORES + noise[0] - noise[0].mean()), scored(4.0, SCORES)]
    (one,) = judge(tmp_path / "a", [[row] for row in chance])
    assert one.steps == ()
    # each differs from the one before by less than chance, the last from the first by more
    creeping = [scored(4 + place / 10, SCORES + place * 0.02 + noise[place % 2] / 3) for place in range(6)]
    (other,) = judge(tmp_path / "b", [[row] for row in creeping])
    assert other.steps
    assert all(step.verdict == "regressed" for step in other.steps)


def test_quality_without_scores_is_not_judged(tmp_path: Path) -> None:
    rows: list[list[Record | tuple[Record, Samples]]] = [
        [scored(4.0, SCORES)], [replace(QUALITY, value=9.0)], [scored(5.0, SCORES + 0.2)],
    ]  # fmt: skip
    (one,) = judge(tmp_path, rows)
    assert [step.at for step in one.steps] == [2]
    assert one.unjudged == "1 not judged: no scores per example in both runs"


def test_another_number_of_examples_begins_a_level_that_is_not_judged(tmp_path: Path) -> None:
    rows = [[scored(4.0, SCORES)], [scored(5.0, SCORES[:50])], [scored(5.5, SCORES[:50] + 0.3)]]
    (one,) = judge(tmp_path, rows)
    assert [(step.at, step.before.value) for step in one.steps] == [(2, 5.0)]
    assert one.unjudged == "1 not judged: 60 and 50 examples"


def test_bleu_is_judged_by_the_scores_of_the_case_though_asked_for_alone(tmp_path: Path) -> None:
    bleu = replace(QUALITY, metric="bleu", better="higher", value=80.0)
    chrf = replace(QUALITY, metric="chrf", better="higher", value=90.0)
    rows: list[list[Record | tuple[Record, Samples]]] = [
        [bleu, (chrf, SCORES.tolist())],
        [replace(bleu, value=70.0), (replace(chrf, value=85.0), (SCORES - 0.2).tolist())],
    ]
    judge(tmp_path, rows)
    found = read_history(timeline_of(tmp_path / "results", tmp_path / "r"))
    asked = [series for series in found.series if series.record.metric == "bleu"]
    (one,) = judge_history(found, asked)
    assert [(step.verdict, step.before.value, step.after.value) for step in one.steps] == [
        ("regressed", 80, 70)
    ]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.integers(990, 1010), min_size=2, max_size=12))
def test_a_level_holds_only_what_is_within_the_tolerance_of_its_first_value(
    tmp_path_factory: pytest.TempPathFactory, values: list[int]
) -> None:
    (one,) = judge(tmp_path_factory.mktemp("levels"), course(MEMORY, *values))
    starts = [0, *(step.at for step in one.steps)]
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        assert all(abs(value - values[start]) <= 0.005 * values[start] + 1e-9 for value in values[start:end])
        if end < len(values):
            assert abs(values[end] - values[start]) > 0.005 * values[start] - 1e-9

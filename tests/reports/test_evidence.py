"""Several runs put together, and intervals from the scores of their examples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.bootstrap import interval
from reports.charts.quality import quality_plots
from reports.evidence import gather
from reports.page import write_report
from reports.palette import COLOURS, LAYOUTS, scale_of
from reports.store import RunWriter, read_run
from tests.reports.rows import make_record, make_run, make_stored


def test_the_newest_value_of_a_thing_counts_whatever_the_order_of_runs() -> None:
    old = make_stored(
        [make_record(value=1.0), make_record(value=2.0, metric="f1")], started="2026-01-01T00:00:00"
    )
    new = make_stored([make_record(value=3.0)], started="2026-01-02T00:00:00")
    for runs in ((old, new), (new, old)):
        assert [record.value for record in gather(runs).records] == [3.0, 2.0]


def test_intervals_come_from_the_samples_that_a_record_refers_to(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, make_run())
    writer.append(make_record(task="a", metric="f1", value=50.0), [0.0, 100.0] * 50)
    writer.append(make_record(task="b", metric="f1", value=10.0), [10.0] * 20)
    writer.append(make_record(task="c", metric="f1", value=10.0))
    writer.close()
    assert writer.path is not None
    found = {record.task: ends for record, ends in gather([read_run(writer.path)]).intervals.items()}
    assert set(found) == {"a", "b"}
    assert found["b"] == (10.0, 10.0)
    assert found["a"][0] == pytest.approx(40, abs=3)  # 50 ± 1.96 × 50 / √100
    assert found["a"][1] == pytest.approx(60, abs=3)


def test_intervals_of_a_corpus_come_from_statistics_and_plots_tell_which_have_none(
    tmp_path: Path,
) -> None:
    writer = RunWriter(tmp_path, make_run())
    half = {"correct": [0, 1] * 200, "tokens": [1] * 400}
    for task, statistics in (("new", half), ("old", None)):
        for method in (None, "magnitude"):
            record = make_record(
                task=task, metric="masked_accuracy", value=50.0, method=method, scope="global"
            )
            writer.append(record, None, statistics)
    writer.close()
    assert writer.path is not None
    evidence = gather([read_run(writer.path)])
    assert {record.task for record in evidence.intervals} == {"new"}
    low, high = evidence.intervals[evidence.records[0]]
    assert low == pytest.approx(45.1, abs=0.6)  # 50 - 1.96 × 50 / √400
    assert high == pytest.approx(54.9, abs=0.6)
    new, old = quality_plots(evidence)
    assert "bars are 95 % intervals over examples" in new.note
    assert "no interval: what single examples gave is not stored" in old.note


def test_the_interval_of_a_perplexity_is_on_its_own_scale() -> None:
    nats = np.log([4.0, 9.0] * 200)
    low, high = interval(list(nats), "perplexity")
    mean, half = float(nats.mean()), 1.96 * float(nats.std()) / np.sqrt(nats.size)
    assert low == pytest.approx(np.exp(mean - half), rel=0.02)
    assert high == pytest.approx(np.exp(mean + half), rel=0.02)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_an_interval_lies_within_the_samples(samples: list[float]) -> None:
    low, high = interval(samples, "f1")
    assert min(samples) - 1e-6 <= low <= high <= max(samples) + 1e-6


@given(st.sets(st.sampled_from([*LAYOUTS, "mine", "yours"]), min_size=1))
def test_a_known_name_has_the_same_colour_whatever_else_is_there(found: set[str]) -> None:
    names, colours = scale_of(LAYOUTS, found)
    assert set(names) == found
    for name, colour in zip(names, colours, strict=True):
        if name in LAYOUTS:
            assert colour == COLOURS[LAYOUTS.index(name)]


def test_damaged_samples_of_one_run_are_no_reason_to_show_nothing(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, make_run())
    writer.append(make_record(task="a", metric="f1", value=50.0), [1.0])
    writer.close()
    assert writer.path is not None
    writer.path.with_suffix(".samples.jsonl").unlink()
    assert gather([read_run(writer.path)]).intervals == {}
    writer.path.with_suffix(".samples.jsonl").write_text(json.dumps({"metric": "f1"})[:-3] + "\n", "utf-8")
    assert gather([read_run(writer.path)]).intervals == {}


def test_runs_of_other_machines_are_left_out_and_counted() -> None:
    here = make_stored([make_record(value=1.0)], started="2026-01-02T00:00:00")
    there = make_stored([make_record(value=2.0)], started="2026-01-01T00:00:00", machine="another")
    found = gather([here, there])
    assert ([record.value for record in found.records], found.elsewhere) == ([1.0], 1)


@pytest.mark.parametrize(
    "line",
    [
        "[1.0]",
        "3",
        '{"samples": {"a": 1}}',
        '{"samples": []}',
        '{"samples": [NaN, 1.0]}',
        '{"samples": [1e400]}',
        '{"samples": [9e9, 9e9]}',
        '{"samples": ["1"]}',
    ],
)
def test_samples_that_give_no_finite_interval_leave_a_page_without_one(tmp_path: Path, line: str) -> None:
    writer = RunWriter(tmp_path, make_run())
    writer.append(make_record(task="a", value=5.0), [1.5])
    writer.append(make_record(task="b", value=5.0), [1.5])
    writer.close()
    assert writer.path is not None
    side = writer.path.with_suffix(".samples.jsonl")
    side.write_text(f"{line}\n{side.read_text('utf-8').splitlines()[1]}\n", "utf-8")
    stored = read_run(writer.path)
    assert [record.task for record in gather([stored]).intervals] == ["b"]
    assert write_report([stored], tmp_path / "out").page.is_file()

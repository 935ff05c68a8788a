"""Runs in the order of their commits, and the series that they make."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.history import History, read_history
from reports.record import SCHEMA, Record
from reports.store import read_lines, read_run
from reports.timeline import timeline_of
from tests.reports.repositories import RATIO, SIZE, commit, git, make_repository, store

ODD: tuple[dict[str, object], ...] = (  # of which some are damage
    {"unit": "MB"},
    {"value": None},
    {"value": "1"},
    {"stamps": ["contaminated"]},
    {"stamps": "x"},
    {"n": [1]},
    {"low": "x"},
    {"outcome": "oom", "value": None},
    {"model": "other"},
    {"extra": 1},
)


def history(tmp_path: Path, machine: str | None = None) -> History:
    return read_history(timeline_of(tmp_path / "results", tmp_path / "r", machine))


def values(found: History, place: int = 0) -> list[tuple[str, float | None]]:
    """Of a series the commits and the values."""
    return [(found.commits[point.at].label, point.value) for point in found.series[place].points]


def sized(value: float) -> Record:
    return replace(SIZE, value=value)


@pytest.fixture
def shas(tmp_path: Path) -> list[str]:
    """A repository of four commits."""
    return make_repository(tmp_path / "r", 4)


def test_runs_stand_in_the_order_of_their_commits_whenever_they_were_made(
    tmp_path: Path, shas: list[str]
) -> None:
    for second, place in enumerate((2, 0, 3)):
        store(tmp_path / "results", shas[place], [sized(place)], second)
    found = history(tmp_path)
    assert values(found) == [(shas[place][:7], place) for place in (0, 2, 3)]
    assert [one.subject for one in found.commits] == ["commit 0", "commit 2", "commit 3"]
    assert [one.place for one in found.commits] == [0, 2, 3]
    assert found.notes == ()


def test_of_several_runs_of_a_commit_the_newest_that_has_a_thing_counts(
    tmp_path: Path, shas: list[str]
) -> None:
    other = replace(SIZE, encoding="csr")
    store(tmp_path / "results", shas[0], [sized(1), other], 1)
    store(tmp_path / "results", shas[0], [sized(3)], 3)
    store(tmp_path / "results", shas[0], [sized(2)], 2)
    store(tmp_path / "results", shas[1], [sized(4), other], 4)
    found = history(tmp_path)
    assert values(found) == [(shas[0][:7], 3), (shas[1][:7], 4)]
    assert [point.at for point in found.series[1].points] == [0, 1]


@pytest.mark.parametrize(
    ("measured", "counts"),
    [
        ([(1.0, ""), (2.0, "contaminated: why")], 1.0),
        ([(1.0, ""), (2.0, ""), (3.0, "inconclusive"), (4.0, "contaminated")], 2.0),
        ([(1.0, "inconclusive"), (2.0, "")], 2.0),
        ([(1.0, "contaminated"), (2.0, "inconclusive")], 2.0),
        ([(1.0, ""), (2.0, "noisy")], 2.0),
    ],
)
def test_of_several_ratios_of_a_commit_the_newest_usable_one_counts(
    tmp_path: Path, shas: list[str], measured: Sequence[tuple[float, str]], counts: float
) -> None:
    store(tmp_path / "results", shas[1], [RATIO])
    for second, (value, stamp) in enumerate(measured, start=1):
        stamps = (stamp,) if stamp else ()
        store(tmp_path / "results", shas[0], [replace(RATIO, value=value, stamps=stamps)], second)
    assert values(history(tmp_path))[0] == (shas[0][:7], counts)


def test_that_memory_ran_out_counts_though_it_was_measured_before(tmp_path: Path, shas: list[str]) -> None:
    store(tmp_path / "results", shas[0], [sized(1)])
    store(tmp_path / "results", shas[0], [replace(SIZE, value=None, outcome="oom")], 1)
    assert values(history(tmp_path)) == [(shas[0][:7], None)]


def test_a_commit_off_the_line_changes_nothing_but_the_number_of_runs_left_out(
    tmp_path: Path, shas: list[str]
) -> None:
    for second, sha in enumerate(shas):
        store(tmp_path / "results", sha, [sized(second)], second)
    before = history(tmp_path)
    git(tmp_path / "r", "checkout", "--quiet", "-b", "side", shas[1])
    aside = commit(tmp_path / "r", "aside")
    git(tmp_path / "r", "checkout", "--quiet", "main")
    store(tmp_path / "results", aside, [sized(9)], 9)
    store(tmp_path / "results", None, [sized(9)], 10)
    after = history(tmp_path)
    assert values(after) == values(before)
    assert after.notes == ("2 runs left out: not of a commit on HEAD's first-parent line",)


def test_runs_with_changes_count_on_top_of_the_last_commit_alone(tmp_path: Path, shas: list[str]) -> None:
    store(tmp_path / "results", shas[0], [sized(1)], 1)
    store(tmp_path / "results", shas[0], [sized(2)], 2, dirty=True)
    store(tmp_path / "results", shas[3], [sized(4)], 3, dirty=True)
    store(tmp_path / "results", shas[3], [sized(3)], 4)
    found = history(tmp_path)
    last = shas[3][:7]
    assert values(found) == [(shas[0][:7], 1), (last, 3), (f"{last}+", 4)]
    assert "1 run left out: with uncommitted changes" in found.notes[0]


def test_without_a_repository_runs_stand_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    for second, sha in ((3, "c" * 40), (1, "b" * 40), (2, "a" * 40), (4, None), (5, None)):
        store(tmp_path / "results", sha, [sized(second)], second)
    found = history(tmp_path)
    labels = ["bbbbbbb", "aaaaaaa", "ccccccc", "11-24 00:00", "11-24 00:00"]
    assert values(found) == list(zip(labels, [1, 2, 3, 4, 5], strict=True))
    assert (
        "is no git repository with a commit: commits stand in the order of their newest runs"
        in found.notes[0]
    )


def test_in_a_shallow_clone_runs_stand_in_the_order_of_time_if_it_lacks_some(
    tmp_path: Path, shas: list[str]
) -> None:
    for second, place in enumerate((1, 0, 3)):
        store(tmp_path / "results", shas[place], [sized(place)], second)
    git(tmp_path, "clone", "--quiet", "--depth", "3", f"file://{tmp_path / 'r'}", "clone")
    found = read_history(timeline_of(tmp_path / "results", tmp_path / "clone"))
    assert values(found) == [(shas[place][:7], place) for place in (1, 0, 3)]
    assert "`git fetch --unshallow`" in found.notes[0]
    git(tmp_path / "clone", "fetch", "--quiet", "--unshallow")
    assert values(read_history(timeline_of(tmp_path / "results", tmp_path / "clone")))[0] == (shas[0][:7], 0)


def test_one_commit_is_no_history(tmp_path: Path, shas: list[str]) -> None:
    store(tmp_path / "results", shas[1], [SIZE])
    store(tmp_path / "results", "f" * 40, [SIZE], 1)
    told = f"needs two commits, of amd-epyc-2c there is a run of {shas[1][:7]} alone; 1 run left out"
    with pytest.raises(ValueError, match=told):
        timeline_of(tmp_path / "results", tmp_path / "r").require_history()


def test_a_machine_is_asked_for_by_name(
    tmp_path: Path, shas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.environment.this_machine", lambda: "here")
    for second, machine in enumerate(("there", "elsewhere")):
        store(tmp_path / "results", shas[second], [sized(second)], second, machine=machine)
    with pytest.raises(ValueError, match=r"this machine \(here\): --machine with one of there, elsewhere"):
        history(tmp_path)
    with pytest.raises(ValueError, match="did you mean there"):
        history(tmp_path, machine="their")
    assert history(tmp_path, machine="there").machine == "there"
    store(tmp_path / "results", shas[2], [sized(2)], 2, machine="here")
    assert history(tmp_path).machine == "here"


def test_a_newer_schema_and_damage_are_told_and_the_rest_goes_on(tmp_path: Path, shas: list[str]) -> None:
    paths = [store(tmp_path / "results", sha, [sized(1), RATIO], second) for second, sha in enumerate(shas)]
    header, *lines = paths[0].read_text("utf-8").splitlines(keepends=True)
    newer = json.loads(header)
    newer["run"]["schema"] = SCHEMA + 1
    paths[0].write_text("".join([json.dumps(newer) + "\n", *lines]), "utf-8")
    paths[1].write_text("nonsense\n", "utf-8")
    paths[2].write_text(paths[2].read_text("utf-8").rstrip("\n")[:-5] + "\n", "utf-8")
    found = history(tmp_path)
    assert values(found) == [(sha[:7], 1) for sha in shas[2:]]
    assert [point.at for point in found.series[1].points] == [1]
    schema, damaged, line = found.damage
    assert schema.startswith(f"{paths[0]}: written with schema {SCHEMA + 1}")
    assert damaged.startswith(f"{paths[1]}:1: not the header of a run")
    assert line.startswith(f"{paths[2]}:3: damaged line left out")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"task_version": 2}, "task version 1 → 2"),
        ({"weights": "hub@new", "seed": None}, "weights hub@607a30d783df → hub@new, seed 0 → none"),
        ({"unit": "MB"}, "unit B → MB"),
    ],
)
def test_a_subject_under_other_circumstances_is_a_new_series(
    tmp_path: Path, shas: list[str], changes: dict[str, object], told: str
) -> None:
    first = replace(SIZE, task_version=1)
    for second, sha in enumerate(shas):
        store(tmp_path / "results", sha, [replace(first, **changes) if second > 1 else first], second)  # type: ignore[arg-type]
    old, new = history(tmp_path).series
    assert [point.at for point in old.points] == [0, 1]
    assert [point.at for point in new.points] == [2, 3]
    assert (old.continues, new.continues) == ("", told)


def test_what_is_measured_side_by_side_goes_on_from_nothing(tmp_path: Path, shas: list[str]) -> None:
    for second, sha in enumerate(shas):
        store(tmp_path / "results", sha, [SIZE, replace(SIZE, dtype="float16")], second)
    assert [one.continues for one in history(tmp_path).series] == ["", ""]


def test_comparisons_with_a_base_are_of_no_history(tmp_path: Path, shas: list[str]) -> None:
    for second, sha in enumerate(shas):
        store(tmp_path / "results", sha, [RATIO, replace(RATIO, protocol=f"against {sha[:12]}")], second)
    found = history(tmp_path)
    assert len(found.series) == 1
    assert found.notes == ("4 comparisons with a base commit are of no history",)


def test_runs_that_were_read_are_not_read_again(
    tmp_path: Path, shas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [store(tmp_path / "results", sha, [sized(second)], second) for second, sha in enumerate(shas)]
    known = {path: read_run(path) for path in paths[1:]}
    asked: list[Path] = []

    def read(path: Path) -> list[bytes]:
        asked.append(path)
        return read_lines(path)

    monkeypatch.setattr("reports.gathered.read_lines", read)
    timeline = timeline_of(tmp_path / "results", tmp_path / "r", None, known)
    assert len(read_history(timeline, known).series[0].points) == 4
    assert asked == paths[:1]


def test_a_file_gives_the_history_what_reading_it_as_a_run_gives(tmp_path: Path, shas: list[str]) -> None:
    for second, sha in enumerate(shas):
        path = store(tmp_path / "results", sha, [SIZE, RATIO], second)
        plain = SIZE.to_json()
        lines = [
            json.dumps({**plain, "part": str(number), **changes})
            for number, change in enumerate(ODD)
            for changes in ({}, change)
        ]
        last = [json.dumps({**plain, "value": "x", "model": '", "value": 1'}), "{}", json.dumps(plain)[:-9]]
        path.write_text(path.read_text("utf-8") + "".join(f"{line}\n" for line in [*lines, *last]), "utf-8")
    timeline = timeline_of(tmp_path / "results", tmp_path / "r")
    quick = read_history(timeline)
    whole = read_history(timeline, {path: read_run(path) for one in timeline.commits for path in one.paths})
    assert [one.points for one in quick.series] == [one.points for one in whole.series]
    assert [one.record for one in quick.series] == [one.record for one in whole.series]
    assert len(quick.damage) == 4 * 7
    assert list(quick.damage) == [
        told for one in timeline.commits for path in one.paths for told in read_run(path).damage
    ]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), seed=st.integers(0, 9))
def test_the_order_in_which_files_were_written_does_not_matter(
    tmp_path: Path, order: Sequence[int], seed: int
) -> None:
    shutil.rmtree(tmp_path / "results", ignore_errors=True)
    (tmp_path / "r").mkdir(exist_ok=True)
    shas = [f"{place:040x}" for place in range(6)]
    drawn = random.Random(seed)  # noqa: S311 - nothing secret
    rows = [[sized(drawn.random()), replace(RATIO, value=drawn.random() + 1)] for _ in shas]
    for place in order:
        store(tmp_path / "results", shas[place], rows[place], place)
    found = history(tmp_path)
    for number in (0, 1):
        expected = [(sha[:7], row[number].value) for sha, row in zip(shas, rows, strict=True)]
        assert values(found, number) == expected

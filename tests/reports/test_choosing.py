"""Which run a word of the command line means."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports import environment
from reports.choosing import find_run
from reports.store import RunWriter
from tests.reports.rows import RECORD, make_run

SHA = "dad5f01d7c9aa18ae83e84226ab133e1effb3483"
OTHER = "dad5f01fffffffffffffffffffffffffffffffff"


def store(results: Path, second: int, commit: str | None = SHA, machine: str = "amd-epyc-2c") -> Path:
    run = make_run(started=f"2026-11-24T09:18:{second:02}+00:00", commit=commit, machine=machine)
    writer = RunWriter(results, run)
    writer.append(RECORD, [1.0])
    writer.close()
    assert writer.path is not None
    return writer.path


@pytest.mark.parametrize("name", [None, "latest"])
def test_latest_run_is_of_any_machine(tmp_path: Path, name: str | None) -> None:
    last = store(tmp_path, 20, machine="m1")
    store(tmp_path, 10, machine="m2")
    assert find_run(name, tmp_path) == last


@pytest.mark.parametrize("digits", [7, 11, 12, 13, 40])
def test_newest_run_of_a_commit_is_found_by_its_digits(tmp_path: Path, digits: int) -> None:
    store(tmp_path, 10)
    newest = store(tmp_path, 20)
    store(tmp_path, 30, commit="0123456789" * 4)
    assert find_run(SHA[:digits], tmp_path) == newest
    assert find_run(SHA[:digits].upper(), tmp_path) == newest


def test_digits_beyond_the_name_are_compared_too(tmp_path: Path) -> None:
    store(tmp_path, 10)
    with pytest.raises(ValueError, match="no run of commit dad5f01d7c9ab in"):
        find_run(f"{SHA[:12]}b", tmp_path)


def test_run_of_this_machine_goes_before_a_newer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "this_machine", lambda: "here")
    here = store(tmp_path, 10, machine="here")
    there = store(tmp_path, 20, machine="there")
    assert find_run(SHA[:7], tmp_path) == here
    monkeypatch.setattr(environment, "this_machine", lambda: "elsewhere")
    assert find_run(SHA[:7], tmp_path) == there


def test_digits_of_two_commits_are_refused(tmp_path: Path) -> None:
    store(tmp_path, 10)
    store(tmp_path, 20, commit=OTHER)
    with pytest.raises(ValueError, match="dad5f01d7c9a or dad5f01fffff: give more digits"):
        find_run("dad5f01", tmp_path)
    assert find_run("dad5f01d", tmp_path).name == "20261124T091810Z-dad5f01d7c9a.jsonl"


def test_file_goes_before_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(tmp_path, 10)
    monkeypatch.chdir(tmp_path)
    Path(SHA[:8]).touch()
    assert find_run(SHA[:8], tmp_path) == Path(SHA[:8])


def test_folder_is_told_with_the_run_that_was_meant(tmp_path: Path) -> None:
    path = store(tmp_path, 10)
    for folder in (tmp_path, path.parent):
        with pytest.raises(ValueError, match=f"{folder} is a folder: expected .*; its last run is {path}"):
            find_run(str(folder), tmp_path)


def test_samples_are_no_run(tmp_path: Path) -> None:
    path = store(tmp_path, 10).with_suffix(".samples.jsonl")
    assert path.is_file()
    with pytest.raises(ValueError, match="holds samples: expected a run's file"):
        find_run(str(path), tmp_path)


def test_wrong_name_is_told_with_the_nearest(tmp_path: Path) -> None:
    path = store(tmp_path, 10)
    with pytest.raises(ValueError, match=f"did you mean {path}?"):
        find_run(path.name.replace("10Z", "11Z"), tmp_path)


@pytest.mark.parametrize("name", ["dad5f0", "last", "dad5f01d7c9ag"])
def test_what_is_neither_file_nor_commit_is_told(tmp_path: Path, name: str) -> None:
    store(tmp_path, 10)
    with pytest.raises(ValueError, match=f"no run {name}: .*expected a run's file, 7 or more digits"):
        find_run(name, tmp_path)


def test_damaged_header_is_passed_over_when_a_commit_is_looked_for(tmp_path: Path) -> None:
    good = store(tmp_path, 10)
    bad = store(tmp_path, 20)
    bad.write_text("{", "utf-8")
    assert find_run(SHA, tmp_path) == good

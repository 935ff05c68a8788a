"""Pairs of real processes that do as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

import bench.against.pairs
from bench.against.pairs import Limits, NotServed, Served, serve_pair
from bench.against.worker import Side, Worker, WorkerError, started
from tests.bench.against.scripted import DIES, FAILS, HANGS, KILLED, SKIPS, Scripted, scripted

LIMITS = Limits(rounds=4, seconds=100)


def serve(logs: Path, *sides: Scripted, limits: Limits = LIMITS) -> dict[str, Served]:
    cases = list(sides[0].script)
    return dict(serve_pair(sides, cases, limits, np.random.default_rng(0), logs))


def three(**script: float | str) -> list[Scripted]:
    """Base and control are fine with every case; the candidate does as the script says."""
    fine = dict.fromkeys(script, 0.5)
    return [scripted("base", **fine), scripted("control", **fine), scripted("head", **script)]


def no_children() -> bool:
    return not psutil.Process().children(recursive=True)


def test_each_side_has_as_many_rounds_of_each_case_as_are_wanted(tmp_path: Path) -> None:
    found = serve(tmp_path, *three(one=0.25, two=2.0))
    assert {case: served.rounds for case, served in found.items()} == {
        "one": {"base": [0.5] * 4, "control": [0.5] * 4, "head": [0.25] * 4},
        "two": {"base": [0.5] * 4, "control": [0.5] * 4, "head": [2.0] * 4},
    }
    assert not any(served.trouble for served in found.values())
    assert no_children()


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        (SKIPS, NotServed("skipped", "no such kernel")),
        (FAILS, NotServed("failed", "outputs differ")),
    ],
)
def test_a_case_that_a_side_does_not_serve_is_left_and_the_next_goes_on(
    tmp_path: Path, does: str, expected: NotServed
) -> None:
    found = serve(tmp_path, *three(one=does, two=0.25))
    assert found["one"].trouble == {"head": expected}
    assert not found["one"].rounds
    assert found["two"].rounds["head"] == [0.25] * 4


def test_a_worker_that_dies_costs_its_case_and_the_others_go_on_in_fresh_ones(tmp_path: Path) -> None:
    found = serve(tmp_path, *three(one=0.25, two=DIES, three=0.25))
    assert found["one"].rounds["head"] == found["three"].rounds["head"] == [0.25] * 4
    (trouble,) = found["two"].trouble.values()
    assert trouble.ended == "died"
    assert "SIGABRT" in trouble.reason
    assert "out of luck" in trouble.reason
    assert no_children()


def test_a_worker_that_is_killed_is_told_apart(tmp_path: Path) -> None:
    found = serve(tmp_path, *three(one=KILLED))
    assert found["one"].trouble["head"].ended == "killed"
    assert "SIGKILL" in found["one"].trouble["head"].reason


def test_a_worker_that_does_not_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.against.pairs, "PREPARING", 0.5)
    found = serve(tmp_path, *three(one=HANGS, two=0.25))
    assert found["one"].trouble == {"head": NotServed("timeout", "no answer in 0.5 s")}
    assert found["two"].rounds["head"] == [0.25] * 4
    assert no_children()


def test_rounds_that_would_take_too_long_are_not_begun(tmp_path: Path) -> None:
    found = serve(tmp_path, *three(one=100.0), limits=Limits(rounds=4, seconds=100))
    reason = "4 rounds of all sides would take 404 s, more than --time-limit"
    expected = NotServed("timeout", reason)  # of no side in particular
    assert found["one"].trouble == dict.fromkeys(("base", "control", "head"), expected)


def test_workers_that_cannot_even_begin_are_told_for_every_case(tmp_path: Path) -> None:
    fine = scripted("base", one=0.5, two=0.5)
    broken = replace(fine, name="head", extra=(("PYTHONHOME", "/nowhere"),))
    found = serve(tmp_path, fine, broken)
    assert [served.trouble["head"].ended for served in found.values()] == ["died", "died"]
    assert no_children()


def test_an_interruption_ends_all_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench.against.pairs, "_serve_case", interrupt)
    with pytest.raises(KeyboardInterrupt):
        serve(tmp_path, *three(one=0.25))
    assert no_children()


def test_who_begins_is_drawn_anew_for_each_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    told = Worker.tell

    def tell(self: Worker, command: object) -> None:
        if command == 1:
            asked.append(self.side.name)
        told(self, command)

    monkeypatch.setattr(Worker, "tell", tell)
    serve(tmp_path, *three(one=0.25), limits=Limits(rounds=60, seconds=1000))
    rounds = [tuple(asked[place : place + 3]) for place in range(0, 180, 3)]
    assert {frozenset(order) for order in rounds} == {frozenset({"base", "control", "head"})}
    assert len(set(rounds)) == 6


@pytest.mark.parametrize(("seconds", "calls"), [(0.25, 1), (0.005, 1), (0.004, 2), (0.0003, 17)])
def test_a_short_case_is_called_as_often_as_makes_a_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, calls: int
) -> None:
    told: list[object] = []
    really = Worker.tell

    def tell(self: Worker, command: object) -> None:
        told.append(command)
        really(self, command)

    monkeypatch.setattr(Worker, "tell", tell)
    sides = [scripted(name, one=seconds) for name in ("base", "control", "head")]
    serve(tmp_path, *sides, limits=Limits(rounds=2, seconds=1000, least=0.005))
    assert [command for command in told if isinstance(command, int)] == [calls] * 6 + [0] * 3


def test_calls_count_in_the_time_that_rounds_would_take(tmp_path: Path) -> None:
    sides = [scripted(name, one=0.001) for name in ("base", "control", "head")]
    found = serve(tmp_path, *sides, limits=Limits(rounds=4, seconds=0.05, least=0.005))
    assert "4 rounds of all sides would take 0.06 s" in found["one"].trouble["head"].reason


def test_a_dead_worker_cannot_be_told_anything(tmp_path: Path) -> None:
    worker = Worker(scripted("head"), tmp_path / "log")
    worker.end()
    with pytest.raises((WorkerError, ValueError)):
        worker.tell(1)


def test_who_is_started_first_is_drawn_for_each_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[tuple[str, ...]] = []

    def note(sides: Sequence[Side], logs: Path) -> AbstractContextManager[list[Worker]]:
        orders.append(tuple(side.name for side in sides))
        return started(sides, logs)

    monkeypatch.setattr(bench.against.pairs, "started", note)
    random = np.random.default_rng(0)
    for _ in range(12):
        assert dict(serve_pair(three(one=0.25), ["one"], LIMITS, random, tmp_path))["one"].rounds
    assert {frozenset(order) for order in orders} == {frozenset({"base", "control", "head"})}
    assert {order[0] for order in orders} == {"base", "control", "head"}

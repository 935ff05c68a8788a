"""Ordinary sessions of both sides, by processes that do as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from bench.against.once import Once, measure_once
from bench.against.worker import Message
from reports.cases import CaseOutcome
from tests.bench.against.scripted import BROKEN, DIES, FAILS, PASSES, SKIPS, Scripted, scripted


def choose(collected: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """Everything."""
    return collected


def measure(folder: Path, *sides: Scripted) -> tuple[dict[str, Once], list[Message]]:
    """What both found, and what the candidate told on the way."""
    heard: list[Message] = []
    return measure_once(sides, choose, heard.append, folder), heard


def scripts(**head: float | str) -> tuple[Scripted, Scripted]:
    """A base that passes everything, and the candidate."""
    return scripted("base", **dict.fromkeys(head, PASSES)), scripted("head", **head)


def test_what_failed_or_was_skipped_is_told_of_both(tmp_path: Path) -> None:
    base, head = scripted("base", one=SKIPS, two=PASSES), scripted("head", one=PASSES, two=FAILS)
    found, heard = measure(tmp_path, base, head)
    assert found["base"].cases.outcomes == (CaseOutcome("one", "skipped", "no such kernel"),)
    assert found["head"].cases.outcomes == (CaseOutcome("two", "failed", "outputs differ"),)
    assert [message["ended"] for message in heard if "ended" in message] == ["one", "two"]
    assert not any(one.trouble or one.left or one.broken for one in found.values())
    assert not psutil.Process().children(recursive=True)


def test_a_side_that_dies_leaves_the_rest_and_the_other_goes_on(tmp_path: Path) -> None:
    found, _ = measure(tmp_path, *scripts(one=PASSES, two=DIES, three=PASSES))
    assert "SIGABRT" in found["head"].trouble
    assert found["head"].left == ("two", "three")
    assert found["base"].left == ()


def test_only_the_candidate_is_heard_even_if_it_cannot_begin(tmp_path: Path) -> None:
    base, head = scripts(one=PASSES)
    broken = Scripted("head", head.python, head.tree, (), extra=(("PYTHONHOME", "/nowhere"),), script={})
    found, heard = measure(tmp_path, base, broken)
    assert found["head"].trouble
    assert found["base"].left == ()
    assert heard == []


@pytest.mark.parametrize("side", ["base", "head"])
def test_a_module_that_cannot_be_imported_is_told_with_the_reason(tmp_path: Path, side: str) -> None:
    sides = {name: scripted(name, one=PASSES) for name in ("base", "head")}
    sides[side] = scripted(side, one=PASSES, **{BROKEN: "ImportError: no"})
    found, _ = measure(tmp_path, *sides.values())
    assert found[side].broken == {"bench/test_it.py": "E   ImportError: no"}
    assert found[side].collected == ["one"]

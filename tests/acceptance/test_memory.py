"""Sessions on a machine with little memory: the same numbers in smaller batches, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Session, Tiny, run

CHOSEN = ["-k", "quality and tiny-gpt2 and (dense or (magnitude-global and 0.50))"]


def stamps(session: Session) -> set[tuple[str, ...]]:
    return {tuple(record["stamps"]) for record in session.records}


def test_batches_are_halved_and_the_record_says_so(tiny: Tiny, tmp_path: Path) -> None:
    enough = run([*tiny.options, *CHOSEN], tmp_path / "enough", TINY_ROWS="100")
    little = run([*tiny.options, *CHOSEN], tmp_path / "little", TINY_ROWS="3")
    assert enough.status == little.status == 0, little.output
    assert little.values() == pytest.approx(enough.values(), rel=1e-5)
    assert len(little.values()) == 6
    assert stamps(enough) == {()}
    ((stamp,),) = stamps(little)
    assert stamp.startswith("out of memory: batches computed in ")


def test_a_window_that_does_not_fit_is_skipped_and_no_success(tiny: Tiny, tmp_path: Path) -> None:
    session = run([*tiny.options, *CHOSEN, "-rs"], tmp_path, TINY_ROWS="0")
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "alone does not fit into memory" in session.output
    assert session.records == []

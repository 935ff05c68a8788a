"""The same command again, and beside a damaged run: the same records to the bit, and nothing lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import ROOT, Session, Tiny, run
from tests.acceptance.sharing import run_once

CUT = 3  # the line that is damaged, from 1


def facts(path: Path) -> list[str]:
    """A run's records in an order of their own, whole, the scores themselves in place of where they are."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    return sorted(json.dumps({**row, "samples": scores(path, row)}) for row in rows)


def scores(path: Path, row: dict[str, Any]) -> object:
    """The scores that a record refers to."""
    if row["samples"] is None:
        return None
    name, _, line = row["samples"].partition("#")
    return json.loads((path.parent / name).read_text("utf-8").splitlines()[int(line) - 1])


def show(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `python -m reports show` says."""
    command = [sys.executable, "-m", "reports", "show", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def damaged(results: Path) -> Path:
    """The older run, one of its lines cut off."""
    return next(results.glob("*/old.jsonl"))


def cut_line(path: Path) -> bytes:
    """The file's content with half a line missing."""
    lines = path.read_bytes().splitlines(keepends=True)
    half = lines[CUT - 1][: len(lines[CUT - 1]) // 2] + b"\n"
    return b"".join([*lines[: CUT - 1], half, *lines[CUT:]])


@pytest.fixture(scope="session")
def repeated(whole: Session, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The command of `whole` again, where a damaged run lies already."""

    def run_again(results: Path) -> Session:
        before = whole.files[0]
        machine = results / before.parent.name
        machine.mkdir()
        (machine / "old.jsonl").write_bytes(cut_line(before))
        return run([*tiny.options, "-k", "tiny-gpt2 and (quality or sparsity)"], results)

    return run_once(tmp_path_factory, "repeated", run_again)


def new_run(session: Session) -> Path:
    """The run that the session itself stored."""
    (path,) = [path for path in session.files if path.name != "old.jsonl"]
    return path


def test_same_command_gives_the_same_records_to_the_bit(whole: Session, repeated: Session) -> None:
    assert repeated.status == 0, repeated.output
    again = facts(new_run(repeated))
    assert len(again) == len(whole.records) > 0
    assert again == facts(whole.files[0])


def test_new_run_has_a_file_of_its_own_and_leaves_a_damaged_one_alone(
    whole: Session, repeated: Session
) -> None:
    assert len(repeated.files) == 2
    (before,) = whole.files
    assert damaged(repeated.results).read_bytes() == cut_line(before)


def test_damaged_line_is_named_and_the_rest_is_shown(whole: Session, repeated: Session) -> None:
    path = damaged(repeated.results)
    shown = show(str(path), "--format", "json")
    assert shown.returncode == 1
    assert f"{path}:{CUT}: damaged line left out" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    rest = [row for number, row in enumerate(whole.records, start=2) if number != CUT]
    assert json.loads(shown.stdout) == rest


def test_run_with_a_truncated_last_line_is_shown_up_to_it(whole: Session, tmp_path: Path) -> None:
    (before,) = whole.files
    path = tmp_path / before.parent.name / before.name
    shutil.copytree(before.parent, path.parent)
    path.write_bytes(before.read_bytes()[:-20])
    shown = show("--results", str(tmp_path), "--format", "json")
    assert f"{path}:{len(whole.records) + 1}: damaged line left out" in shown.stderr
    assert json.loads(shown.stdout) == whole.records[:-1]

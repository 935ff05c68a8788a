"""The commands' arguments: which run, which names, which status."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.counts import CheckpointCounts
from reports.store import RunWriter
from tests.reports.rows import RECORD, make_run, make_tensor_counts

TENSORS = (make_tensor_counts({16000: 8, 16256: 8}),)  # 1 and less, as bfloat16 holds them
TINY = CheckpointCounts(model="tiny", weights="w@0", family="gpt2", tensors=TENSORS)
OTHER = CheckpointCounts(model="other", weights="w@1", family="gpt2", tensors=TENSORS)


def store(results: Path, second: int, *counts: CheckpointCounts) -> Path:
    writer = RunWriter(results, make_run(started=f"2026-11-24T09:18:{second:02}+00:00"))
    writer.append(RECORD)
    for found in counts:
        writer.append_counts(found.to_json())
    writer.close()
    assert writer.path is not None
    return writer.path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A run with counts of two models, and a later one without."""
    store(tmp_path, 10, TINY, OTHER)
    store(tmp_path, 20)
    return tmp_path


def test_structure_is_of_the_last_run_with_counts(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["structure", "--results", str(results)]) == 0
    told = capsys.readouterr().out
    assert "structure: tiny" in told
    assert "structure: other" in told


def test_structure_of_one_model_and_one_threshold(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--model", "tiny", "--above", "0.5", "--by", "parameter"]
    assert main(["structure", *words, "--results", str(results)]) == 0
    told = capsys.readouterr().out
    assert "structure: other" not in told
    assert "|w| > 0.5" in told
    assert "50.00 %" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "tini"], "'tini': did you mean tiny? known: tiny, other"),
        (["latest"], "has no counts beside it"),
    ],
)
def test_structure_that_is_not_there_is_told(
    results: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["structure", *words, "--results", str(results)]) == 2
    assert message in capsys.readouterr().err


def test_no_counts_at_all_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(tmp_path, 10)
    assert main(["structure", "--results", str(tmp_path)]) == 2
    assert f"no run in {tmp_path} has counts" in capsys.readouterr().err


def test_share_beyond_1_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["structure", "--quantile", "0.5,1.5"])
    assert stopped.value.code == 2
    assert "expected shares from 0 to 1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "crossover", "structure", "compare"])
@pytest.mark.parametrize(
    ("name", "message"), [("fffffff", "no run of commit fffffff"), ("nothing.jsonl", "no run nothing.jsonl")]
)
def test_every_command_tells_a_run_that_is_not_there(
    results: Path, command: str, name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, name, "--results", str(results)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["latest", "dad5f01"])
def test_run_may_be_a_commit_or_the_latest(
    results: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", name, "--results", str(results)]) == 0
    assert "20261124T091820Z" in capsys.readouterr().out


def test_page_of_the_last_run_is_written_where_it_is_wanted(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "some" / "where"
    assert main(["page", "--results", str(results), "-o", str(folder)]) == 0
    assert capsys.readouterr().out.startswith(f"{folder / 'index.html'}: open it in a browser\n")
    assert (folder / "summary.md").read_text("utf-8").count("2026-11-24T09:18:20") == 1


def test_several_runs_make_one_page_and_damage_is_told(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = sorted(path for path in results.glob("*/*.jsonl") if "counts" not in path.name)
    with second.open("a", encoding="utf-8") as file:
        file.write("nonsense\n")
    assert main(["page", str(first), str(second), str(first), "-o", str(tmp_path / "out")]) == 1
    assert "damaged line left out" in capsys.readouterr().err
    summary = (tmp_path / "out" / "summary.md").read_text("utf-8")
    assert "2026-11-24T09:18:10" in summary
    assert "2026-11-24T09:18:20" in summary


def test_page_of_no_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "--results", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert "`pytest bench` stores one" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


ESCAPE = "\x1b]0;gone\x07"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["show"], "machine\\x1b]0"),
        (["show"], "1 of them: \\x1b]0"),
        (["runs"], "machine\\x1b]0"),
        (["show", "--model", "gtp2"], "known: gpt\\x1b]0"),
        (["structure", "--model", "gtp2"], "known: gpt\\x1b]0"),
    ],
)
def test_what_a_file_says_does_not_steer_the_terminal(
    tmp_path: Path, words: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(machine=f"machine{ESCAPE}", commit=ESCAPE, started="2026-11-24T09:18:48")
    record = replace(RECORD, model=f"gpt{ESCAPE}", stamps=(ESCAPE,))
    folder = tmp_path / "plain"
    folder.mkdir()
    lines = [{"run": asdict(run)}, record.to_json()]
    path = folder / "20261124T091848Z-a.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    counts = replace(TINY, model=f"gpt{ESCAPE}").to_json()
    path.with_suffix(".counts.jsonl").write_text(json.dumps(counts) + "\n", "utf-8")
    main([*words, "--results", str(tmp_path)])
    told = "".join(capsys.readouterr())
    assert shown in told
    assert "\x1b" not in told
    assert "\x07" not in told

"""`python -m reports trend` as a user sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.record import SCHEMA
from reports.store import stored_runs
from tests.reports.repositories import SIZE, commit, fill, git, make_repository, store

HOSTILE = '<script>alert("x")</script>|\x1b[31m\n**b** `c` &amp;'
ROOT = Path(__file__).parents[2]


@pytest.fixture
def shas(tmp_path: Path) -> list[str]:
    """A repository with a run of each commit."""
    return fill(tmp_path)


def trend(tmp_path: Path, *words: str) -> int:
    return main(["trend", *words, "--results", str(tmp_path / "results"), "--repo", str(tmp_path / "r")])


def test_history_says_exactly_what_moved(
    tmp_path: Path, shas: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert trend(tmp_path) == 0
    short = [sha[:7] for sha in shas]
    assert (
        capsys.readouterr().out
        == f"""\
amd-epyc-2c: 16 commits from {short[0]} to {short[15]}
3 of 6 series have a step: 3 steps, 3 regressed
not listed (--all): 2 without a step, 1 shown, never judged

commits with steps
  1 regressed at {short[4]} commit 4
  1 regressed at {short[8]} commit 8
  1 regressed at {short[12]} commit 12

new series
  1 from {short[2]} on: task version 1 → 2

latency: gpt2, dense, forward-b1x32, csr: latency_ratio
  0.996× → 1.1× (+10.9 %, 16 commits)
  1 of 16 left out: contaminated, inconclusive or not measured
  regressed at {short[8]} (commit 8): 0.996× → 1.1×, +10.4 %; medians of two
    levels, over 2.5 %

size: gpt2, dense, packed: file_size
  1,000,000 B → 1,002,000 B (+0.2 %, 16 commits)
  regressed at {short[4]} (commit 4): 1,000,000 B → 1,002,000 B, +0.2 %; over 0.1 %

quality: gpt2-mini on atlas-lm, dense: perplexity
  4.5 → 5.5 (+22.2 %, 14 commits)
  new series: task version 1 → 2
  regressed at {short[12]} (commit 12): 4.5 → 5.5, +22.2 %; nats per token +0.25
    (99 %: +0.25 to +0.25) in 60 examples, p < 0.0001
"""
    )


def test_nothing_is_wider_than_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    fill(tmp_path, 14)
    commit(tmp_path / "r", "a subject of many words " * 9)
    for path in stored_runs(tmp_path / "results")[-2:]:
        path.write_text(path.read_text("utf-8").replace("gpt2-mini", "model " * 30), "utf-8")
    trend(tmp_path, "--all")
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.usefixtures("shas")
def test_all_lists_what_has_no_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trend(tmp_path, "--all")
    told = capsys.readouterr().out
    assert "size: gpt2, dense, csr: file_size\n  1,000,000 B → 1,000,000 B (+0 %, 16 commits)" in told
    assert "20 ms → 20 ms" in told
    assert "not listed" not in told


@pytest.mark.usefixtures("shas")
@pytest.mark.parametrize("words", [["latency"], ["--metric", "latency"], ["--metric", "latency", "latency"]])
def test_a_time_that_is_asked_for_by_name_is_listed_and_not_judged(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert trend(tmp_path, *words) == 0
    told = capsys.readouterr().out
    assert "latency: gpt2, dense, w, csr: latency\n  20 ms → 20 ms (+0 %, 16 commits)" in told
    assert "0 of 1 series have a step\n" in told
    assert "latency_ratio" not in told


def test_filters_and_last_narrow_what_is_told(
    tmp_path: Path, shas: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    trend(tmp_path, "--benchmark", "size", "--model", "gpt2", "--last", "8")
    told = capsys.readouterr().out
    assert f"8 commits from {shas[8][:7]} to {shas[15][:7]}" in told
    assert "0 of 2 series have a step" in told


def test_a_step_between_unmeasured_commits_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shas = make_repository(tmp_path / "r", 6)
    store(tmp_path / "results", shas[1], [SIZE])
    store(tmp_path / "results", shas[5], [replace(SIZE, value=2e6)], 1)
    trend(tmp_path)
    assert f"at {shas[5][:7]} (commit 5) or one of the 3 commits since {shas[1][:7]}" in " ".join(
        capsys.readouterr().out.split()
    )


def test_markdown_has_a_table_of_steps_and_folds_the_rest(
    tmp_path: Path, shas: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    trend(tmp_path, "--format", "md", "--all")
    told = capsys.readouterr().out
    rows = [line for line in told.splitlines() if line.startswith("| size")]
    assert rows[0] == (
        f"| size: gpt2, dense, packed | file\\_size | {shas[4][:7]} (commit 4) | 1,000,000 B | 1,002,000 B "
        "| +0.2 % | regressed | over 0.1 % |"
    )
    assert "<details><summary>3 without a step</summary>" in told


def test_json_has_every_point_as_it_was_measured(
    tmp_path: Path, shas: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    trend(tmp_path, "--format", "json")
    told = json.loads(capsys.readouterr().out)
    assert [one["sha"] for one in told["commits"]] == shas
    assert [one["metric"] for one in told["series"]].count("file_size") == 2
    ratio = told["series"][0]
    assert ratio["protocol"] == "anchor 0123456789ab"
    assert [point["value"] for point in ratio["points"]][:2] == [0.996, 1.004]
    assert ratio["points"][5]["stamps"] == ["contaminated: base against base 1.08"]
    assert [(step["at"], step["verdict"]) for step in ratio["steps"]] == [(8, "regressed")]
    assert ratio["steps"][0]["change"] == pytest.approx(ratio["steps"][0]["after"] / 0.996 - 1)


@pytest.mark.usefixtures("shas")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["file_sise"], "unknown metric of these runs 'file_sise': did you mean file_size?"),
        (["--model", "gtp2"], "did you mean gpt2"),
        (["--machine", "amd-epyc-3c"], "unknown machine 'amd-epyc-3c': did you mean amd-epyc-2c?"),
        (["--task", "atlas-lm", "--benchmark", "size"], "nothing is left: no record of these runs has"),
        (["--repo", "nowhere"], "--repo nowhere: no such folder"),
    ],
)
def test_wrong_names_are_told_with_the_nearest(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["trend", "--results", str(tmp_path / "results"), "--repo", str(tmp_path / "r")]
    assert main([*asked, *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("words", ["1", "0", "-1", "many", "1.5"])
def test_last_wants_two_commits(tmp_path: Path, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        trend(tmp_path, f"--last={words}")
    assert stopped.value.code == 2
    assert "expected a whole number from 2" in capsys.readouterr().err


def test_no_runs_and_one_commit_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shas = make_repository(tmp_path / "r", 2)
    assert trend(tmp_path) == 2
    assert "`pytest bench` stores one" in capsys.readouterr().err
    store(tmp_path / "results", shas[0], [SIZE])
    assert trend(tmp_path) == 2
    assert "a history needs two commits, of amd-epyc-2c there is a run of" in capsys.readouterr().err


@pytest.mark.usefixtures("shas")
def test_damage_and_a_newer_schema_are_status_1_and_the_rest_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, *_ = stored_runs(tmp_path / "results")
    text = first.read_text("utf-8")
    first.write_text(text.replace(f'"schema": {SCHEMA}', f'"schema": {SCHEMA + 7}'), "utf-8")
    second.write_text("", "utf-8")
    third.write_text(third.read_text("utf-8") + "nonsense\n", "utf-8")
    assert trend(tmp_path) == 1
    told = capsys.readouterr()
    assert f"{first}: written with schema {SCHEMA + 7}" in told.err
    assert f"{second}:1: not the header of a run" in told.err
    assert f"{third}:7: damaged line left out" in told.err
    assert told.err.count("error:") == 3
    assert "14 commits" in told.out
    assert "3 of 5 series have a step" in told.out


def test_damage_that_leaves_no_history_is_told_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, 2)
    damaged = stored_runs(tmp_path / "results")[0]
    damaged.write_text("nonsense\n", "utf-8")
    assert trend(tmp_path) == 2
    assert f"{damaged}:1: not the header" in capsys.readouterr().err


def test_a_rebase_under_way_is_no_obstacle(
    tmp_path: Path, shas: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path / "r", "checkout", "--quiet", "--detach", shas[9])
    assert trend(tmp_path) == 0
    told = capsys.readouterr().out
    assert f"10 commits from {shas[0][:7]} to {shas[9][:7]}" in told
    assert "6 runs left out" in told


@pytest.mark.parametrize("style", ["table", "md"])
def test_hostile_names_and_subjects_are_harmless(
    tmp_path: Path, style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_repository(tmp_path / "r", 0)
    for place in range(2):
        sha = commit(tmp_path / "r", HOSTILE)
        record = replace(SIZE, model=HOSTILE, weights=f"{HOSTILE}{place}", value=1e6)
        store(
            tmp_path / "results", sha, [record, replace(SIZE, model=HOSTILE, value=1e6 + place * 1e5)], place
        )
    assert trend(tmp_path, "--format", style) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    if style == "md":
        assert "<script" not in told


@pytest.mark.usefixtures("shas")
def test_ruptures_is_imported_for_ratios_alone(tmp_path: Path) -> None:
    script = (
        "import sys; from reports.__main__ import main; main(sys.argv[1:]); "
        "sys.exit(any(name.partition('.')[0] in {'ruptures', 'altair', 'torch'} for name in sys.modules))"
    )
    asked = ["trend", "file_size", "--results", str(tmp_path / "results"), "--repo", str(tmp_path / "r")]
    done = subprocess.run([sys.executable, "-c", script, *asked], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr

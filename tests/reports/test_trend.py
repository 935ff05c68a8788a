"""`python -m reports trend` as a user sees it, and the history on the page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.charts.commits import LINES, NARROW, place_labels
from reports.charts.history import GREY, PLOTS, history_plots
from reports.page import write_report
from reports.past import Past, past_of
from reports.record import SCHEMA, Record
from reports.store import StoredRun, read_run, stored_runs
from tests.reports.repositories import RATIO, SIZE, Samples, commit, git, make_repository, store
from tests.reports.rows import make_record, make_stored

QUALITY = make_record(model="gpt2-mini", task="atlas-lm", task_version=1, protocol="lines", value=4.5)
TIME = make_record(benchmark="latency", workload="w", layout="csr", metric="latency", unit="s", value=0.02)
SCORES = [float(one % 7) for one in range(60)]
HOSTILE = '<script>alert("x")</script>|\x1b[31m\n**b** `c` &amp;'
ROOT = Path(__file__).parents[2]
COUNT = 16


def rows_at(place: int) -> list[Record | tuple[Record, Samples]]:
    """A larger file from commit 4, a slower ratio from commit 8, worse quality from 12, a new task from 2."""
    worse = place >= 12
    scores = [score + 0.25 * worse for score in SCORES]
    quality = replace(QUALITY, value=4.5 + worse, task_version=1 + (place >= 2))
    ratio = (1.1 if place >= 8 else 1.0) * (1.004 if place % 2 else 0.996)
    stamps = ("contaminated: base against base 1.08",) if place == 5 else ()
    return [
        replace(RATIO, value=ratio, low=ratio * 0.99, high=ratio * 1.01, stamps=stamps),
        replace(SIZE, value=1_000_000 if place < 4 else 1_002_000),
        replace(SIZE, encoding="csr"),
        replace(TIME, value=0.02 + 0.001 * (place % 3)),
        (quality, scores),
    ]


def fill(tmp_path: Path, count: int = COUNT) -> list[str]:
    shas = make_repository(tmp_path / "r", count)
    for place, sha in enumerate(shas):
        store(tmp_path / "results", sha, rows_at(place), place)
    return shas


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
  regressed at {short[8]} (commit 8): 0.996× → 1.1×, +10.4 %; medians of two levels,
    over 2.5 %

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


def test_all_lists_what_has_no_step(
    tmp_path: Path, shas: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    trend(tmp_path, "--all")
    told = capsys.readouterr().out
    assert "size: gpt2, dense, csr: file_size\n  1,000,000 B → 1,000,000 B (+0 %, 16 commits)" in told
    assert "20 ms → 20 ms" in told
    assert "not listed" not in told


@pytest.mark.parametrize("words", [["latency"], ["--metric", "latency"], ["--metric", "latency", "latency"]])
def test_a_time_that_is_asked_for_by_name_is_listed_and_not_judged(
    tmp_path: Path, shas: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
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
    assert len({line.count("|") for line in rows}) <= 2


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
    tmp_path: Path, shas: list[str], words: list[str], message: str, capsys: pytest.CaptureFixture[str]
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


def test_damage_and_a_newer_schema_are_status_1_and_the_rest_is_told(
    tmp_path: Path, shas: list[str], capsys: pytest.CaptureFixture[str]
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


def test_ruptures_is_imported_for_ratios_alone(tmp_path: Path, shas: list[str]) -> None:
    script = (
        "import sys; from reports.__main__ import main; main(sys.argv[1:]); "
        "sys.exit(any(name.partition('.')[0] in {'ruptures', 'altair', 'torch'} for name in sys.modules))"
    )
    asked = ["trend", "file_size", "--results", str(tmp_path / "results"), "--repo", str(tmp_path / "r")]
    done = subprocess.run([sys.executable, "-c", script, *asked], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def past(tmp_path: Path) -> tuple[list[StoredRun], Past]:
    runs = [read_run(stored_runs(tmp_path / "results")[-1])]
    found = past_of(runs, tmp_path / "r")
    assert found is not None
    return runs, found


def test_the_page_has_a_section_with_steps_and_plots(tmp_path: Path, shas: list[str]) -> None:
    runs, found = past(tmp_path)
    written = write_report(runs, tmp_path / "out", found)
    page = written.page.read_text("utf-8")
    section = re.search(r'<section id="history">.*?</section>', page, re.DOTALL)
    assert section is not None
    assert '<a href="#history">' in page
    assert (
        f"16 commits of amd-epyc-2c, from {shas[0][:7]} to {shas[15][:7]}; 3 series have no step"
        in section[0]
    )
    assert section[0].count("<td>regressed</td>") == 3
    assert section[0].count("data-chart=") == 4
    assert page.count('id="history"') == 1
    assert "latency-latency-ratio-commit-by-commit.svg" in {path.name for path in written.plots}


def test_a_page_without_a_history_has_no_such_section(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 1)
    path = store(tmp_path / "results", shas[0], [QUALITY])
    assert past_of([read_run(path)], tmp_path / "r") is None
    assert 'id="history"' not in write_report([read_run(path)], tmp_path / "out").page.read_text("utf-8")
    assert past_of([make_stored([QUALITY])], tmp_path) is None  # its folder is not there
    elsewhere = path.rename(tmp_path / "run.jsonl")
    assert past_of([read_run(elsewhere)], tmp_path / "r") is None


def test_the_page_command_finds_the_history_itself(
    tmp_path: Path, shas: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path / "r")
    damaged = stored_runs(tmp_path / "results")[0]
    damaged.write_text("nonsense\n", "utf-8")
    assert (
        main(["page", "--results", "../results", "-o", str(tmp_path / "out")]) == 0
    )  # the run itself is whole
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "15 commits of amd-epyc-2c" in page
    assert "not the header of a run" in page
    assert "\n9 plots beside them" in capsys.readouterr().out or "history" in page


def test_every_plot_of_a_history_is_what_vega_lite_knows(tmp_path: Path, shas: list[str]) -> None:
    _, found = past(tmp_path)
    plots = list(history_plots(found))
    assert [plot.title.partition(",")[0] for plot in plots] == [
        "latency: latency ratio", "size: file size", "quality: perplexity", "latency: latency",
    ]  # fmt: skip
    for plot in plots:
        assert plot.chart.to_dict(validate=True)["layer"]
    assert "crosses are contaminated" in plots[0].note
    assert "never judged" in plots[3].note


def test_plots_are_a_handful_however_much_moved(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 4)
    for place, sha in enumerate(shas):
        counted = [
            make_record(
                benchmark="structure", metric=f"metric{number}", part=f"p{part}", value=1.0 + place * part
            )
            for number in range(9)
            for part in range(60)
        ]
        store(tmp_path / "results", sha, counted, place)
    _, found = past(tmp_path)
    plots = list(history_plots(found))
    assert len(plots) == PLOTS
    lines = {row["of"] for layer in plots[0].spec["layer"] for row in layer["data"]["values"] if "of" in row}
    assert len(lines) <= GREY + 5 + 1


def test_series_that_go_the_same_way_are_one_line(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 3)
    for place, sha in enumerate(shas):
        sizes = [
            replace(SIZE, encoding=name, value=size * (1 + 0.1 * place))
            for name, size in (("a", 1e6), ("b", 3e6))
        ]
        store(tmp_path / "results", sha, sizes, place)
    _, found = past(tmp_path)
    (plot,) = history_plots(found)
    names = {row["of"] for layer in plot.spec["layer"] for row in layer["data"]["values"] if "of" in row}
    assert names == {"a and 1 more"}


def test_labels_of_steps_do_not_lie_upon_each_other(tmp_path: Path) -> None:
    count = 12
    shas = make_repository(tmp_path / "r", count)
    for place, sha in enumerate(shas):
        store(tmp_path / "results", sha, [replace(SIZE, value=1e6 * 1.01**place)], place)
    _, found = past(tmp_path)
    labels = place_labels(found.found, count)
    assert LINES < len(labels) < count
    for line in range(LINES):
        ends = sorted(_ends(place, count, text) for place, there, text in labels if there == line)
        assert all(one[1] <= other[0] for one, other in zip(ends, ends[1:], strict=False))


def _ends(place: int, count: int, text: str) -> Sequence[float]:
    """Where a label lies at six pixels a letter, to the right of its rule on the left half, else to the left."""
    at = NARROW * (place + 0.5) / count
    return (at, at + 6 * len(text)) if place < count / 2 else (at - 6 * len(text), at)

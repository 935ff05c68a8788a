"""`python -m reports` as a user sees it: output, messages, exit status."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.record import Record
from reports.store import RunWriter
from tests.reports.rows import make_control, make_record, make_run

ROOT = Path(__file__).parents[2]
SHA = "dad5f01d7c9a"


def store(results: Path, second: int, *records: Record, dirty: bool = False) -> Path:
    """A run that started at that second."""
    writer = RunWriter(results, make_run(started=f"2026-11-24T09:18:{second:02}+00:00", dirty=dirty))
    for record in records:
        writer.append(record)
    writer.close()
    assert writer.path is not None
    return writer.path


def damage(path: Path, line: int) -> None:
    """Cuts a line in half."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[line - 1] = lines[line - 1][:30] + "\n"
    path.write_text("".join(lines), "utf-8")


def quality(value: float) -> Record:
    return make_record(value=value, task="wikitext2", protocol="joined")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs, the later one of two records."""
    store(tmp_path, 10, quality(30.5))
    store(
        tmp_path, 20, quality(31.5), make_record(value=0.25, metric="in_scope", unit="fraction"), dirty=True
    )
    return tmp_path


def first(results: Path) -> Path:
    return results / f"amd-epyc-2c/20261124T091810Z-{SHA}.jsonl"


def last(results: Path) -> Path:
    return results / f"amd-epyc-2c/20261124T091820Z-{SHA}.jsonl"


def test_last_run_is_shown_unless_another_is_given(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--results", str(results)]) == 0
    shown = capsys.readouterr()
    assert "31.5" in shown.out
    assert "25.00 %" in shown.out
    assert "30.5" not in shown.out
    assert shown.err == ""


def test_given_run_is_shown_wherever_results_are(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(first(results)), "--results", str(results / "nowhere")]) == 0
    shown = capsys.readouterr().out
    assert "30.5" in shown
    assert "31.5" not in shown


def test_table_ends_with_where_and_when_it_was_measured(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["show", "--results", str(results)])
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"{last(results)}: 2 records, {SHA} with changes, amd-epyc-2c, 2026-11-24T09:18:20+00:00"
    )


def test_table_is_followed_by_gates_and_stamps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = store(tmp_path, 10, quality(30.5), make_record(metric="latency", stamps=("noisy: busy",)))
    main(["show", str(path)])
    assert capsys.readouterr().out.splitlines()[-4:-1] == [
        "2 values; gates: 0 passed, 0 failed, 1 ungated",
        "1 of them: noisy: busy",
        "",
    ]


@pytest.mark.parametrize("style", ["table", "md"])
def test_noisy_run_is_told_under_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], style: str
) -> None:
    layer = {"workload": "layer:c_fc-b1x8", "layout": "csr"}
    records = [make_control(3.0, 2.9, 3.1, **layer), make_control(0.8, 0.7, 0.85)]
    path = store(tmp_path, 10, *records)
    for command in ("show", "crossover"):
        assert main([command, "--format", style, str(path)]) == 0
        shown = capsys.readouterr().out
        assert shown.count("this run is noisy: 1 of 1 controls") == 1, command
        assert shown.index("3×") < shown.index("this run is noisy")


def test_markdown_is_tables_alone(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--format", "md", str(first(results))]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "### quality: gpt2 on wikitext2, perplexity (lower is better)\n\nhub@607a30d783df; joined; cpu, "
    )
    assert shown.endswith("| dense      |    30.5 |\n")


def test_csv_has_a_row_per_record(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--format", "csv", "--results", str(results)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["metric"], row["value"]) for row in rows] == [("perplexity", "31.5"), ("in_scope", "0.25")]


def test_json_is_the_records(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--format", "json", str(first(results))]) == 0
    assert [Record.from_json(row) for row in json.loads(capsys.readouterr().out)] == [quality(30.5)]


@pytest.mark.parametrize("command", ["show", "runs"])
def test_no_runs_give_advice_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, "--results", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error: no runs in {tmp_path}: ")
    assert "`pytest bench`" in shown.err
    assert "--results DIR" in shown.err


@pytest.mark.parametrize("command", ["show", "runs"])
def test_results_are_looked_for_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    store(tmp_path / "results", 10, quality(30.5))
    monkeypatch.chdir(tmp_path)
    assert main([command]) == 0
    shown = capsys.readouterr().out
    assert f"results/amd-epyc-2c/20261124T091810Z-{SHA}.jsonl" in shown
    assert "1 records" in shown


@pytest.mark.parametrize("style", ["table", "md", "csv", "json"])
def test_damaged_line_is_told_and_the_other_records_are_shown(
    results: Path, capsys: pytest.CaptureFixture[str], style: str
) -> None:
    damage(last(results), 2)
    assert main(["show", "--format", style, "--results", str(results)]) == 1
    shown = capsys.readouterr()
    assert re.search(r"in.scope", shown.out)
    assert "31.5" not in shown.out
    assert shown.err.startswith(f"error: {last(results)}:2: damaged line left out")


def test_run_whose_header_is_damaged_is_told(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(first(results), 1)
    assert main(["show", str(first(results))]) != 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error: {first(results)}:1: not the header of a run")


def test_damaged_header_does_not_hide_the_runs_after_it(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(first(results), 1)
    assert main(["runs", "--results", str(results)]) == 1
    shown = capsys.readouterr()
    assert (
        shown.out
        == f"2026-11-24 09:18  {SHA} dirty  amd-epyc-2c  2 records  quality; gpt2  {last(results)}\n"
    )
    assert str(first(results)) in shown.err


@pytest.mark.parametrize("name", ["no-such-run.jsonl", ""])
def test_run_that_cannot_be_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["show", str(tmp_path / name)]) == 2
    assert str(tmp_path / name) in capsys.readouterr().err


def test_runs_are_listed_oldest_first(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--results", str(results)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"2026-11-24 09:18  {SHA}  amd-epyc-2c  1 records  quality; gpt2  {first(results)}",
        f"2026-11-24 09:18  {SHA} dirty  amd-epyc-2c  2 records  quality; gpt2  {last(results)}",
    ]


def test_list_of_runs_has_failed_gates_and_what_was_measured_of_which_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store(
        tmp_path,
        10,
        make_record(gate="failed"),
        make_record(gate="failed", benchmark="size", model="t5-mini"),
        make_record(gate="passed"),
    )
    main(["runs", "--results", str(tmp_path)])
    assert capsys.readouterr().out == (
        f"2026-11-24 09:18  {SHA}  amd-epyc-2c  3 records  2 failed  quality, size; gpt2, t5-mini  {path}\n"
    )


@pytest.mark.parametrize(
    ("models", "end"),
    [(1, "quality; model-0"), (8, "quality; 8 models")],
)
def test_long_list_of_models_is_their_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: int, end: str
) -> None:
    path = store(tmp_path, 10, *(make_record(model=f"model-{number}") for number in range(models)))
    main(["runs", "--results", str(tmp_path)])
    line = capsys.readouterr().out.removesuffix(f"  {path}\n")
    assert line.endswith(end)
    assert len(line) <= 100


def test_line_of_a_run_has_an_end_whatever_it_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = RunWriter(tmp_path, make_run(machine="m" * 90, dirty=True))
    for number in range(9):
        writer.append(make_record(benchmark=f"benchmark-{number}" * 3))
    writer.close()
    main(["runs", "--results", str(tmp_path)])
    line = capsys.readouterr().out.removesuffix(f"  {writer.path}\n")
    assert line.startswith(f"2026-11-24 09:18  {SHA} dirty  {'m' * 23}…  9 records")
    assert line.endswith("9 benchmarks; 1 models")


def test_run_outside_git_is_listed_without_a_commit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = RunWriter(tmp_path, make_run(commit=None))
    writer.append(quality(30.5))
    writer.close()
    main(["runs", "--results", str(tmp_path)])
    assert "  no commit  amd-epyc-2c  1 records  " in capsys.readouterr().out


def test_damaged_line_is_told_in_the_list_too(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(first(results), 2)
    assert main(["runs", "--results", str(results)]) == 1
    shown = capsys.readouterr()
    assert re.search(f"  0 records +{first(results)}\n", shown.out)
    assert f"  2 records  quality; gpt2  {last(results)}\n" in shown.out
    assert shown.err.startswith(f"error: {first(results)}:2: ")


@pytest.mark.parametrize("arguments", [["--help"], ["show", "--help"], ["runs", "--help"]])
def test_help_has_an_example(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0
    assert "\n  python -m reports show  " in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["shw"], ["show", "--format", "xml"], ["show", "--colour"], ["runs", "one"]]
)
def test_wrong_argument_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m reports" in capsys.readouterr().err


def test_unknown_format_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["show", "--format", "xml"])
    message = capsys.readouterr().err
    assert all(name in message for name in ("xml", "table", "md", "csv", "json"))


def test_telling_imports_nothing_that_takes_long() -> None:
    program = (
        "import reports.__main__, reports.environment, sys\n"
        "heavy = {'torch', 'transformers', 'datasets', 'evaluate'} & set(sys.modules)\n"
        "heavy |= {'pandas', 'scipy', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_module_is_a_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports", "runs", "--results", str(tmp_path)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no runs in ")

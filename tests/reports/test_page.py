"""The report's files, without a browser: what is in them, whatever names and numbers records have."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reports.cases import SUFFIX, CaseOutcome, read_cases
from reports.evidence import gather
from reports.page import MAKERS, write_report
from reports.plot import Plot
from reports.plot_files import with_names
from reports.record import Record
from reports.store import RunWriter, StoredRun, read_run
from tests.reports.rows import make_record, make_run
from tests.reports.runs import everything, store

HOSTILE = '</script><script>alert("&|\n\n`x`")</script> ![p](http://evil/x.png) [l](www.evil) @all'
SECTIONS = ["quality", "trade-off", "speed", "memory", "size", "structure"]


def written(tmp_path: Path, records: list[Record]) -> tuple[str, str]:
    found = write_report([store(tmp_path / "results", records)], tmp_path / "out")
    return found.page.read_text("utf-8"), found.summary.read_text("utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a run with a little of everything."""
    folder = tmp_path_factory.mktemp("report")
    return write_report([store(folder / "results", everything())], folder / "out").page.parent


def test_every_section_is_there(report: Path) -> None:
    page = (report / "index.html").read_text("utf-8")
    for section in ("glance", "failures", *SECTIONS, "crossover", "all", "believe"):
        assert f'<section id="{section}">' in page
    assert "magnitude-global stays within 5% up to 10%" in page


def test_nothing_is_fetched_from_anywhere(report: Path) -> None:
    page = (report / "index.html").read_text("utf-8")
    body = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", body)


def test_each_plot_is_there_as_svg_and_png(report: Path) -> None:
    plots = {path.stem for path in (report / "plots").iterdir()}
    for stem in plots:
        assert (report / "plots" / f"{stem}.svg").read_text("utf-8").startswith("<svg")
        assert (report / "plots" / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
    specs = re.search(r"const specs = (\{.*\});", (report / "index.html").read_text("utf-8"))
    assert specs is not None
    assert set(json.loads(specs[1])) == plots
    assert "gpt2-mini-on-atlas-lm-perplexity-by-sparsity" in plots
    assert "gpt2-mini-sizes-of-weights" in plots


def test_every_plot_is_what_vega_lite_knows(tmp_path: Path) -> None:
    evidence = gather([store(tmp_path, everything())])
    for make in MAKERS:
        for plot in make(evidence):
            assert plot.chart.to_dict(validate=True)["mark" if "mark" in plot.spec else "layer"]


def test_csv_has_every_record_exactly(report: Path) -> None:
    with (report / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    records = list(everything())
    assert len(rows) == len(records)
    assert [float(row["value"]) for row in rows] == [record.value for record in records]
    assert list(rows[0])[-4:] == ["outcome", "commit", "machine", "started"]


def test_csv_names_the_run_of_each_value(tmp_path: Path) -> None:
    old = store(tmp_path / "a", [make_record(task="t")], commit="a" * 40)
    new = store(tmp_path / "b", [make_record(task="u")], commit=None, started="2026-12-01T00:00:00+00:00")
    table = write_report([new, old], tmp_path / "out").records
    with table.open(encoding="utf-8", newline="") as file:
        rows = [(row["task"], row["commit"], row["machine"], row["started"]) for row in csv.DictReader(file)]
    assert rows == [
        ("t", "a" * 40, "amd-epyc-2c", "2026-11-24T09:18:48+00:00"),
        ("u", "", "amd-epyc-2c", "2026-12-01T00:00:00+00:00"),
    ]


def test_failures_and_skips_are_told_with_their_reasons(report: Path) -> None:
    for text in ((report / name).read_text("utf-8") for name in ("index.html", "summary.md")):
        assert "perplexity is 9, expected 4" in text
        assert "1 skipped: no GPU" in text


def test_a_failed_gate_and_a_case_without_an_end_stand_among_the_failures(tmp_path: Path) -> None:
    failed = make_record(task="t", gate="failed", limit="from 1 to 2", limit_source="thresholds.toml:7")
    ended = make_record(
        benchmark="latency", workload="w", metric="latency", value=None, outcome="oom", stamps=("oom: full",)
    )
    page, summary = written(tmp_path, [failed, ended])
    for text in (page, summary):
        assert "expected from 1 to 2 (thresholds.toml:7)" in text
        assert "oom: full" in text
    assert "1 failed" in page


def test_hostile_names_are_harmless(tmp_path: Path) -> None:
    records = [
        *everything(HOSTILE),
        make_record(task=HOSTILE, weights=HOSTILE, protocol=HOSTILE, gate="failed", limit=HOSTILE),
    ]
    run = store(tmp_path / "results", records, command=HOSTILE, machine="m")
    run = replace(run, run=replace(run.run, commit=HOSTILE, started=HOSTILE, machine=HOSTILE))
    found = write_report([run], tmp_path / "out")
    page = found.page.read_text("utf-8")
    assert "<script>alert" not in page
    assert page.count("</script>") == 3  # where the page itself ends its scripts
    outside = re.sub(r"(?<!\\)`[^`\n]+`", "", found.summary.read_text("utf-8"))
    assert "<script" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert "@all" not in outside
    assert "://" not in outside
    assert "`" not in outside.replace("\\`", "")
    assert outside.count("p\\]") > 5  # the names are there


@pytest.mark.parametrize(
    "records",
    [
        [make_record(task="t")],
        [make_record(benchmark="pruning", metric="sparsity_overall", value=0.0, unit="fraction")],
        [make_record(task="t", method="magnitude", scope="global", sparsity=0.5)],
        [
            make_record(
                benchmark="latency",
                workload="w",
                layout="csr",
                metric="latency",
                value=None,
                outcome="timeout",
            )
        ],
    ],
    ids=["dense alone", "no quality", "no dense", "nothing measured"],
)
def test_a_single_record_makes_a_page(tmp_path: Path, records: list[Record]) -> None:
    page, _ = written(tmp_path, records)
    assert "1 values" in page


def test_processes_that_draw_make_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store(tmp_path / "results", everything())
    monkeypatch.setattr("reports.page.MANY", 1)
    for cores in (0, 2):
        monkeypatch.setattr("reports.page.count_cores", lambda cores=cores: cores)
        write_report([run], tmp_path / str(cores))
    alone, several = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in (tmp_path / "0", tmp_path / "2")
    )
    assert alone == several
    assert len(alone) > 20


def test_a_plot_that_cannot_be_drawn_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.plot_files.on_paper", lambda _: {"mark": "nonsense"})
    with pytest.raises(ValueError, match=r"plot 'gpt2-mini-on-atlas-lm-perp.*' cannot be drawn: "):
        write_report([store(tmp_path / "results", everything())], tmp_path / "out")


def test_no_record_makes_no_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no records"):
        write_report([], tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ValueError, match=r"file: cannot be read or written \("):
        write_report([store(tmp_path / "results", [make_record(task="t")])], tmp_path / "file")


def test_a_damaged_line_is_said_to_be_left_out(tmp_path: Path) -> None:
    run = store(tmp_path / "results", [make_record(task="t")])
    with run.path.open("a", encoding="utf-8") as file:
        file.write("nonsense\n")
    page = write_report([read_run(run.path)], tmp_path / "out").page.read_text("utf-8")
    assert "damaged line left out" in page


def test_a_cut_line_of_a_killed_run_costs_that_case_alone(tmp_path: Path) -> None:
    run = store(tmp_path / "results", [make_record(task="t")])
    cases = run.path.with_suffix(SUFFIX)
    with cases.open("a", encoding="utf-8") as file:
        file.write('{"case": "test_size[c]", "outco')
    page = write_report([run], tmp_path / "out").page.read_text("utf-8")
    assert "perplexity is 9, expected 4" in page
    assert "1 skipped: no GPU" in page
    assert f"{cases}:3: damaged line left out" in page


@pytest.mark.parametrize(
    "line", ["[]", '"x"', "{}", '{"case": 1, "outcome": "failed", "reason": "r"}', "[" * 99999]
)
def test_a_line_that_is_no_outcome_of_a_case_is_left_out(tmp_path: Path, line: str) -> None:
    good = CaseOutcome("test_size[c]", "failed", "why")
    (tmp_path / f"run{SUFFIX}").write_text(f"{line}\n{json.dumps(good.to_json())}\n", "utf-8")
    found = read_cases(tmp_path / "run.jsonl")
    assert found.outcomes == (good,)
    assert len(found.damage) == 1


def test_thousands_of_values_are_shown_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.page.ROWS", 100)
    records = [
        make_record(benchmark="pruning", metric="sparsity_overall", part=f"p{place}") for place in range(3000)
    ]
    page, _ = written(tmp_path, records)
    assert "2900 more are in records.csv" in page


def test_a_second_report_leaves_no_plots_of_the_first(tmp_path: Path) -> None:
    def plots(model: str) -> set[Path]:
        return set(write_report([store(tmp_path / model, list(everything(model)))], tmp_path / "out").plots)

    old, folder = plots("gpt2-mini"), tmp_path / "out" / "plots"
    mine = folder / "notes.txt"
    mine.write_text("mine", "utf-8")
    new = plots("other")
    assert old - new
    assert set(folder.iterdir()) == {*new, mine}


def test_of_a_case_that_several_runs_had_the_newest_outcome_counts(tmp_path: Path) -> None:
    def run(second: int, records: list[Record], *cases: tuple[str, str]) -> StoredRun:
        writer = RunWriter(tmp_path, make_run(started=f"2026-11-24T09:18:{second:02}+00:00"))
        for record in records:
            writer.append(record)
        for case, outcome in cases:
            writer.append_case(CaseOutcome(f"test_size[gpt2-dense-{case}]", outcome, f"{case} then"))
        writer.close()
        assert writer.path is not None
        return read_run(writer.path)

    size = make_record(benchmark="size", metric="file_size", value=9.0, unit="B", encoding="plain")
    failed, skipped = "failed", "skipped"
    old = run(1, [size], ("csr", failed), ("packed", failed), ("bitmap", failed), ("zlib", skipped))
    new = run(2, [replace(size, encoding="csr")], ("packed", skipped), ("plain", failed))
    page = write_report([new, old], tmp_path / "out").page.read_text("utf-8")
    assert "csr then" not in page  # it passed since
    assert "1 skipped: packed then" in page
    assert "<code>test_size[gpt2-dense-packed]</code>: packed then" not in page
    for left in ("bitmap", "plain"):
        assert f"<code>test_size[gpt2-dense-{left}]</code>: {left} then" in page
    assert "1 skipped: zlib then" in page


def test_plots_of_the_same_title_have_files_of_their_own() -> None:
    plots = [Plot("s", title, "", None) for title in ("A b!", "a B?", "a-b")]  # type: ignore[arg-type]
    assert [name for name, _ in with_names(plots)] == ["a-b", "a-b-2", "a-b-3"]


def test_a_value_stands_beside_its_own_runs_options(tmp_path: Path) -> None:
    old = store(tmp_path / "a", [make_record(task="t")], command="pytest bench --limit 8 --results a")
    new = store(
        tmp_path / "b", [make_record(task="u")], command="pytest bench", started="2026-12-01T00:00:00+00:00"
    )
    page = write_report([old, new], tmp_path / "out").page.read_text("utf-8")
    assert "pytest bench --limit 8 -k 'test_quality and gpt2 and t and dense" in page
    assert "pytest bench -k 'test_quality and gpt2 and u and dense" in page

"""`python -m reports compare` on stored runs, as a user sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.__main__ import main
from reports.cases import SUFFIX as CASES
from reports.cases import CaseOutcome
from reports.compare import ENDINGS, render
from reports.comparison import Comparison
from reports.judged import Judged
from reports.pairing import Pair
from reports.record import Record
from reports.store import RunWriter, read_run
from reports.verdicts import judge_runs
from tests.reports.rows import make_record, make_run

BASE_SHA, HEAD_SHA = "a" * 40, "b" * 40
SCORES = [float(one % 7) for one in range(60)]
QUALITY = make_record(model="gpt2-mini", task="atlas-lm", value=4.5)
PRUNED = replace(QUALITY, method="magnitude", scope="global", sparsity=0.5, value=5.0)
SIZE = make_record(
    benchmark="size", model="gpt2-mini", encoding="packed", metric="file_size", unit="B", value=1_000_000
)
CSR = replace(SIZE, encoding="csr")
TIME = make_record(
    benchmark="latency",
    model="gpt2-mini",
    workload="decode-b1x8",
    layout="csr",
    metric="latency",
    unit="s",
    value=0.02,
)
ROWS = ((QUALITY, SCORES), (PRUNED, SCORES), (SIZE, None), (CSR, None), (TIME, None))
HOSTILE = '<script>alert("x")</script>|\x1b[31m\n**b** `c` &amp;'


def store(
    results: Path, commit: str, rows: Sequence[tuple[Record, Sequence[float] | None]], second: int = 0
) -> Path:
    run = make_run(commit=commit, started=f"2026-11-24T09:18:{second:02}+00:00")
    writer = RunWriter(results, run)
    for record, samples in rows:
        writer.append(record, samples)
    writer.close()
    assert writer.path is not None
    return writer.path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A run, and a later one with one worse quality, one larger file, no `csr`, and another latency."""
    store(tmp_path, BASE_SHA, ROWS)
    worse = [score + 0.25 for score in SCORES]
    later = (
        (QUALITY, SCORES),
        (replace(PRUNED, value=6.4), worse),
        (replace(SIZE, value=1_002_000), None),
        (replace(TIME, value=0.03), None),
    )
    store(tmp_path, HEAD_SHA, later, second=1)
    return tmp_path


def compare(results: Path, *arguments: str) -> int:
    return main(["compare", *arguments, "--results", str(results)])


def test_comparison_says_exactly_what_differs(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(results, BASE_SHA[:7], HEAD_SHA[:7]) == 1
    base, head = sorted(results.glob("*/*[ab].jsonl"))
    told = capsys.readouterr().out
    summary, *_, rows = re.split(r"\n\n(?=regressed)|\n(?=base)", told)
    assert summary == "2 regressed, 1 missing, 1 shown, 1 unchanged"
    assert f"base: {base}" in told.replace("\n  ", " ")
    assert f"head: {head}" in told.replace("\n  ", " ")
    assert rows.splitlines() == [
        "regressed",
        "  quality: gpt2-mini on atlas-lm, magnitude-global-0.50: perplexity",
        "    5 → 6.4; +1.4; nats per token +0.25 (99 %: +0.25 to +0.25) in 60 examples, p",
        "    < 0.0001",
        "  size: gpt2-mini, dense, packed: file_size",
        "    1,000,000 B → 1,002,000 B; +0.2 %; over 0.1 %",
        "",
        "missing",
        "  size: gpt2-mini, dense, csr: file_size",
        "    1,000,000 B → -",
        "",
        "shown",
        "  latency: gpt2-mini, dense, decode-b1x8, csr: latency",
        "    20 ms → 30 ms; 1.5×",
    ]


def test_the_other_way_round_is_better_and_status_0(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(results, HEAD_SHA, BASE_SHA) == 0
    assert capsys.readouterr().out.startswith("2 improved, 1 new, 1 shown, 1 unchanged\n")


@pytest.mark.parametrize("words", [(BASE_SHA[:12],), (BASE_SHA[:12], "latest")])
def test_head_is_the_latest_run_unless_another_is_given(results: Path, words: tuple[str, ...]) -> None:
    assert compare(results, *words) == 1


def test_run_and_itself_are_unchanged_and_told_to_be_one(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(results, HEAD_SHA, "latest") == 0
    told = capsys.readouterr().out
    assert told.startswith("4 unchanged\n")
    assert "both are the same run" in told


def test_all_rows_are_shown_on_request(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(results, BASE_SHA)
    assert "the same scores of 60 examples" not in capsys.readouterr().out
    compare(results, BASE_SHA, "--all")
    assert "    4.5 → 4.5; +0; the same scores of 60 examples" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["latest"], "the latest run would be compared with itself"),
        (["ccccccc"], "no run of commit ccccccc"),
        (["no-such-run.jsonl"], "no run no-such-run.jsonl"),
        ([BASE_SHA, "--run", HEAD_SHA], "--run goes with --by"),
        (["magnitude", "--by", "method"], "--by method: expected two names, found magnitude alone"),
    ],
)
def test_wrong_names_are_status_2(
    results: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(results, *words) == 2
    assert message in capsys.readouterr().err


def test_folder_is_told(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(results, str(results)) == 2
    assert "is a folder: expected a run's file" in capsys.readouterr().err


def test_damaged_line_is_told_and_no_success(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = max(results.glob("*/*-bbbbbbbbbbbb.jsonl"))
    path.write_text(path.read_text("utf-8").splitlines()[0] + "\n{\n", "utf-8")
    assert compare(results, BASE_SHA) == 1
    assert "damaged line left out" in capsys.readouterr().err


def test_other_versions_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for second, versions in enumerate(
        ({"torch": "2.11.0", "numpy": "2.2"}, {"torch": "2.12.0", "numpy": "2.2"})
    ):
        run = make_run(
            versions=versions, started=f"2026-11-24T09:18:0{second}+00:00", commit=str(second) * 40
        )
        writer = RunWriter(tmp_path, run)
        writer.append(SIZE)
        writer.close()
    assert compare(tmp_path, "0" * 40) == 0
    assert "versions differ: torch 2.11.0 and 2.12.0\n" in capsys.readouterr().out


def test_folder_gets_all_formats_and_the_table_is_printed(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    assert compare(results, BASE_SHA, "-o", str(out)) == 1
    assert sorted(path.name for path in out.iterdir()) == [
        f"compare.{one}" for one in ("html", "json", "md", "txt")
    ]
    assert capsys.readouterr().out == (out / "compare.txt").read_text("utf-8")
    for style, ending in ENDINGS.items():
        compare(results, BASE_SHA, "--format", style)
        assert capsys.readouterr().out == (out / f"compare.{ending}").read_text("utf-8")


def test_folder_that_cannot_be_written_is_told(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("", "utf-8")
    assert compare(results, BASE_SHA, "-o", str(tmp_path / "taken")) == 2
    assert "taken: cannot write there" in capsys.readouterr().err


def test_json_has_every_row_and_number(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(results, BASE_SHA, "--format", "json")
    told = json.loads(capsys.readouterr().out)
    assert (told["base"]["commit"], told["head"]["commit"]) == (BASE_SHA, HEAD_SHA)
    assert told["counts"] == {"regressed": 2, "missing": 1, "shown": 1, "unchanged": 1}
    found = {(row["metric"], row["encoding"], row["sparsity"]): row for row in told["rows"]}
    assert len(found) == 5
    size = found["file_size", "packed", 0.0]
    assert (size["base"], size["head"], size["difference"]) == (1_000_000, 1_002_000, 2000)
    assert size["ratio"] == pytest.approx(1.002)
    missing = found["file_size", "csr", 0.0]
    assert (missing["base"], missing["head"], missing["ratio"]) == (1_000_000, None, None)


def test_markdown_has_a_table_and_folds_away_what_is_never_judged(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare(results, BASE_SHA, "--format", "md")
    told = capsys.readouterr().out
    plain, folded = told.split("<details>")
    assert plain.startswith("**2 regressed, 1 missing, 1 shown, 1 unchanged**\n\n- base: ")
    assert (
        "| size: gpt2-mini, dense, packed | file\\_size | 1,000,000 B | 1,002,000 B | +0.2 % | regressed |"
        in plain
    )
    assert "latency" not in plain
    assert "| 20 ms | 30 ms | 1.5× | shown |  |" in folded


def test_long_markdown_is_cut_and_says_so() -> None:
    rows = [Judged(Pair(make_record(metric=f"m{one}"), None), "missing") for one in range(130)]
    comparison = Comparison("a", "b", rows)
    told = render(comparison, "md")
    assert "… and 30 more: `--all` has them" in told
    assert told.count("| missing |") == 100
    assert render(comparison, "md", every=True).count("| missing |") == 130


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing is run or fetched."""
        assert not {name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}}
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        """What is read."""
        self.text += data


def hostile_comparison() -> Comparison:
    names = {"model": HOSTILE, "benchmark": HOSTILE, "metric": HOSTILE, "unit": HOSTILE, "workload": HOSTILE}
    record = make_record(**names, part=HOSTILE)
    rows = [Judged(Pair(record, record), "regressed", HOSTILE), Judged(Pair(record, None), "shown", HOSTILE)]
    return Comparison(HOSTILE, HOSTILE, rows, [HOSTILE])


def test_hostile_names_are_text_in_html() -> None:
    page = render(hostile_comparison(), "html")
    found = Tags(page)
    assert "script" not in found.tags
    assert '<script>alert("x")</script>' in found.text
    assert "&amp;amp;" in page


def test_hostile_names_stay_in_their_cells_in_markdown() -> None:
    told = render(hostile_comparison(), "md")
    assert "<script" not in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert "\\*\\*b\\*\\*" in told


@pytest.mark.parametrize("style", ["table", "md", "html"])
def test_hostile_names_do_not_steer_the_terminal(style: str) -> None:
    assert "\x1b" not in render(hostile_comparison(), style)


def test_page_is_one_file(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(results, BASE_SHA, "--format", "html")
    page = capsys.readouterr().out
    assert {"table", "style", "h1"} <= Tags(page).tags
    assert "2 regressed" in page
    assert "http" not in page


def test_cases_that_words_do_not_tell_apart_say_more() -> None:
    records = [make_record(dtype=dtype, seed=None) for dtype in ("float32", "bfloat16")]
    told = render(Comparison("a", "b", [Judged(Pair(one, one), "changed") for one in records]), "table")
    assert "(hub@607a30d783df; cpu, float32, 1 thread)" in told.replace("\n    ", " ")
    assert "(hub@607a30d783df; cpu, bfloat16, 1 thread)" in told.replace("\n    ", " ")


ANY = st.builds(
    make_record,
    benchmark=st.sampled_from(["quality", "size", "latency"]),
    metric=st.sampled_from(["perplexity", "bleu", "file_size", "latency", "speedup", "share_zero", "mine"]),
    unit=st.sampled_from(["", "B", "s", "x", "fraction"]),
    task=st.sampled_from([None, "a", "b"]),
    seed=st.sampled_from([None, 0, 1]),
    better=st.sampled_from([None, "lower", "higher"]),
    gate=st.sampled_from(["passed", "failed", "ungated"]),
    value=st.floats(allow_nan=False, allow_infinity=False),
)
SAMPLES = st.none() | st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(ANY, SAMPLES), min_size=1, max_size=9))
def test_any_run_beside_itself_has_nothing_to_say(
    tmp_path: Path, rows: list[tuple[Record, list[float] | None]]
) -> None:
    stored = read_run(store(tmp_path, BASE_SHA, rows))
    found = judge_runs(stored, stored)
    assert {row.verdict for row in found} <= {"unchanged", "shown"}
    assert len(found) == len(rows)
    for style in ENDINGS:
        assert render(Comparison("a", "b", found), style, every=True)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=st.lists(st.tuples(ANY, SAMPLES), max_size=9), head=st.lists(st.tuples(ANY, SAMPLES), max_size=9))
def test_any_two_runs_can_be_compared_and_printed(
    tmp_path: Path,
    base: list[tuple[Record, list[float] | None]],
    head: list[tuple[Record, list[float] | None]],
) -> None:
    one, other = (read_run(store(tmp_path, BASE_SHA, [(SIZE, None), *rows])) for rows in (base, head))
    comparison = Comparison("a", "b", judge_runs(one, other))
    for style in ENDINGS:
        assert render(comparison, style, every=True)
    assert len(json.loads(render(comparison, "json"))["rows"]) >= max(len(base), len(head))


CSR_CASE, SIZE_CASE = "test_size[gpt2-mini-dense-csr]", "test_size[gpt2-mini-dense-packed]"
CRASH = CaseOutcome(CSR_CASE, "failed", "RuntimeError: no\nkernel")


def store_with(results: Path, second: int, rows: Sequence[Record], *cases: CaseOutcome) -> Path:
    """A run with cases that failed or were skipped."""
    path = store(results, str(second) * 40, [(record, None) for record in rows], second)
    lines = [json.dumps(one.to_json()) + "\n" for one in cases]
    path.with_suffix(CASES).write_text("".join(lines), "utf-8")
    return path


def test_records_whose_case_fails_now_are_regressed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_with(tmp_path, 0, [SIZE, CSR])
    store_with(tmp_path, 1, [SIZE], CRASH)
    assert compare(tmp_path, "0" * 40, "1" * 40) == 1
    told = capsys.readouterr().out
    assert told.startswith("1 regressed, 1 unchanged\n")
    assert "1,000,000 B → -; its case failed: RuntimeError: no kernel\n" in told


def test_a_failed_case_without_any_record_is_a_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_with(tmp_path, 0, [SIZE])
    store_with(tmp_path, 1, [SIZE], CRASH)
    assert compare(tmp_path, "0" * 40, "1" * 40) == 1
    told = capsys.readouterr().out
    assert told.startswith("1 failed without a record, 1 unchanged\n")
    assert f"failed in the head: {CSR_CASE}: RuntimeError: no kernel" in told
    compare(tmp_path, "0" * 40, "1" * 40, "--format", "json")
    assert json.loads(capsys.readouterr().out)["failed"] == [CRASH.to_json()]


def test_a_case_that_failed_before_as_well_is_no_regression(tmp_path: Path) -> None:
    for second in (0, 1):
        store_with(tmp_path, second, [SIZE], CRASH)
    assert compare(tmp_path, "0" * 40, "1" * 40) == 0


def test_a_case_that_failed_by_its_gate_is_told_by_its_record_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_with(tmp_path, 0, [replace(SIZE, gate="passed")])
    store_with(tmp_path, 1, [replace(SIZE, gate="failed")], replace(CRASH, case=SIZE_CASE))
    assert compare(tmp_path, "0" * 40, "1" * 40) == 1
    assert capsys.readouterr().out.startswith("1 regressed\n")


def test_skipped_cases_are_told_with_their_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_with(tmp_path, 0, [SIZE, CSR])
    store_with(
        tmp_path, 1, [SIZE], replace(CRASH, outcome="skipped"), CaseOutcome("test_x[y]", "skipped", "no GPU")
    )
    assert compare(tmp_path, "0" * 40, "1" * 40) == 0
    told = capsys.readouterr().out
    assert "1 skipped in the head: test_x[y]: no GPU\n" in told
    assert "its case was skipped: RuntimeError: no kernel\n" in told


def test_what_is_new_and_outside_its_threshold_is_no_success(tmp_path: Path) -> None:
    store_with(tmp_path, 0, [SIZE])
    store_with(tmp_path, 1, [SIZE, replace(CSR, gate="failed")])
    assert compare(tmp_path, "0" * 40, "1" * 40) == 1


def test_a_damaged_line_of_cases_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_with(tmp_path, 0, [SIZE])
    store_with(tmp_path, 1, [SIZE]).with_suffix(CASES).write_text('{"case": "tes', "utf-8")
    assert compare(tmp_path, "0" * 40, "1" * 40) == 1
    assert "cases.jsonl:1: damaged line left out" in capsys.readouterr().err

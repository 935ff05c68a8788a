"""The report in a browser, and at the end of a session."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from reports.corpus import CORPUS
from reports.evidence import gather
from reports.page import write_report
from reports.past import past_of
from reports.samples import SamplesOf
from reports.store import read_run
from tests.acceptance.conftest import Session, Tiny, run
from tests.reports.repositories import fill
from tests.reports.rows import make_record
from tests.reports.runs import everything, store
from tests.reports.test_page import HOSTILE

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
WAIT = 60_000  # milliseconds, on a busy machine
BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
ALL_DRAWN = """() => {
  const boxes = [...document.querySelectorAll("[data-chart]")];
  const drawn = boxes.length > 0 && boxes.every((box) => box.querySelector("svg"));
  return drawn && document.body.dataset.tables === "ready";
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a run with a little of everything, hostile names among it, and of a history."""
    folder = tmp_path_factory.mktemp("page")
    records = [*everything(), make_record(task=HOSTILE, weights=HOSTILE)]
    fill(folder)
    runs = [store(folder / "results", records)]
    return write_report(runs, folder / "out", past_of(runs, folder / "r")).page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def open_page(browser: Any, page: Path, width: int, scheme: str) -> Iterator[tuple[Any, list[str]]]:  # noqa: ANN401
    """A page, drawn, and all that went wrong or was asked for from elsewhere."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen: list[str] = []
    tab.on("console", lambda told: seen.append(told.text) if told.type == "error" else None)
    tab.on("pageerror", lambda error: seen.append(str(error)))
    tab.on("dialog", lambda dialog: seen.append(dialog.message))
    tab.on("request", lambda asked: None if asked.url == page.as_uri() else seen.append(asked.url[:80]))
    tab.goto(page.as_uri())
    tab.wait_for_function(ALL_DRAWN, timeout=WAIT)
    yield tab, seen
    tab.close()


@pytest.fixture(params=[(1400, "light"), (400, "dark")], ids=["wide and light", "narrow and dark"])
def opened(request: pytest.FixtureRequest, browser: Any, page: Path) -> Iterator[tuple[Any, list[str]]]:  # noqa: ANN401
    """The synthetic run's page."""
    with open_page(browser, page, *request.param) as found:
        yield found


@BROWSER
def test_charts_are_drawn_without_an_error_or_a_request(opened: tuple[Any, list[str]]) -> None:
    tab, seen = opened
    assert seen == []
    assert tab.locator("[data-chart] svg path").count() > 20


@BROWSER
def test_the_history_names_its_commits_and_steps(opened: tuple[Any, list[str]]) -> None:
    tab, _ = opened
    drawn = tab.locator("#chart-size-file-size-commit-by-commit")
    texts = drawn.locator("svg text").all_text_contents()
    assert "+0.2 %" in texts
    commits = [text for text in texts if re.fullmatch("[0-9a-f]{7}", text)]
    assert len(commits) == len(set(commits)) > 4
    assert "undefined" not in " ".join(texts)
    assert tab.locator("#history tbody tr").count() == 3


@BROWSER
def test_nothing_is_wider_than_the_window(opened: tuple[Any, list[str]]) -> None:
    tab, _ = opened
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@BROWSER
def test_a_click_on_a_heading_sorts_and_a_word_filters(opened: tuple[Any, list[str]]) -> None:
    tab, _ = opened
    heading = tab.locator("#values thead th", has_text="benchmark").first
    heading.click()
    first = tab.locator("#values tbody tr td").first
    expect(first).to_have_text("latency", timeout=WAIT)
    heading.click()
    expect(first).to_have_text("structure", timeout=WAIT)
    tab.locator("#values thead th", has_text="value").first.click()
    expect(tab.locator("#values tbody tr td:nth-child(9)").first).to_have_text("0.01 %", timeout=WAIT)
    tab.locator("#values_wrapper input[type=search]").fill("safetensors")
    expect(first).to_have_text("size", timeout=WAIT)
    assert set(tab.locator("#values tbody tr td:first-child").all_inner_texts()) == {"size"}


@BROWSER
def test_a_keyboard_sorts_too(opened: tuple[Any, list[str]]) -> None:
    tab, _ = opened
    tab.locator("#values thead th [role=button]").first.focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#values tbody tr td").first).to_have_text("latency", timeout=WAIT)


@pytest.fixture(scope="module")
def measured(embedded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, Path]:
    """A session of a masked model and a translator with its report: qualities, sizes and latencies."""
    folder = tmp_path_factory.mktemp("measured")
    chosen = "(tiny-bert or tiny-t5) and (cloze or pairs or size) and (dense or magnitude-global)"
    options = ["--tier", "mini", "-k", chosen, "--sparsity", "0.1,0.5", "--encoding", "packed,safetensors"]
    session = run(
        [*options, "--report", str(folder / "out")], folder / "results", TINY_EMBEDDED=str(embedded)
    )
    return session, folder / "out"


@BROWSER
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (400, "dark")])
def test_the_page_of_a_real_session_works(
    browser: Any,  # noqa: ANN401
    measured: tuple[Session, Path],
    width: int,
    scheme: str,
) -> None:
    session, report = measured
    with open_page(browser, report / "index.html", width, scheme) as (tab, seen):
        assert seen == []
        charts = tab.locator("[data-chart]")
        assert charts.count() == len(list((report / "plots").glob("*.svg"))) >= 4
        assert all(chart.locator("svg path").count() > 4 for chart in charts.all())
        assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        tab.locator("#values thead th", has_text="value").first.click()
        shown = tab.locator("#values tbody tr td:nth-child(9)").first
        least = min(row["value"] for row in session.records)
        expect(shown).to_have_text(f"{least:.4g}", timeout=WAIT)


def test_statistics_of_a_session_give_the_metrics_of_its_records_and_their_intervals(
    measured: tuple[Session, Path],
) -> None:
    session, report = measured
    assert session.status == pytest.ExitCode.OK
    (stored,) = (read_run(path) for path in session.files)
    found = [record for record in stored.records if record.metric in CORPUS]
    assert {record.metric for record in found} == {"bleu", "chrf", "masked_accuracy"}
    intervals = gather([stored]).intervals
    for record in found:
        counts = CORPUS[record.metric].counts(SamplesOf(stored.path).read_statistics(str(record.samples)))
        assert CORPUS[record.metric].score(counts.sum(axis=0)) == pytest.approx(record.value)
        assert record.n == len(counts)
        low, high = intervals[record]
        assert low <= (record.value or 0.0) <= high
    page = (report / "index.html").read_text("utf-8")
    assert page.count("bars are 95 % intervals over examples") >= 4


def test_a_session_writes_its_report(tiny: Tiny, tmp_path: Path) -> None:
    chosen = ["-k", "tiny-gpt2 and (quality or size) and (dense or magnitude-global-0.50)", *tiny.sources]
    session = run([*chosen, "--report", str(tmp_path / "out")], tmp_path / "results")
    assert session.status == pytest.ExitCode.OK
    assert f"report: {tmp_path / 'out' / 'index.html'}" in session.output
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "tiny-gpt2 on tiny-text" in page
    assert (tmp_path / "out" / "summary.md").is_file()


def test_skipped_cases_are_stored_beside_the_records(tiny: Tiny, tmp_path: Path) -> None:
    chosen = ["-k", "tiny-gpt2 and (size or latency) and global-0.50", "--workload", "forward-b1x64"]
    session = run([*chosen, *tiny.sources], tmp_path / "results")
    assert session.status == pytest.ExitCode.OK
    (cases,) = (tmp_path / "results").glob("*/*.cases.jsonl")
    told = [json.loads(line) for line in cases.read_text("utf-8").splitlines()]
    assert {outcome["outcome"] for outcome in told} == {"skipped"}
    assert all("forward-b1x64 takes 64 positions, the model has 32" in outcome["reason"] for outcome in told)
    assert {outcome["case"].partition("[")[0] for outcome in told} == {"test_latency"}

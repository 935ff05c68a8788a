"""What a session says of the page that it was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.plugin import report
from tests.reports.rows import make_record
from tests.reports.runs import store


def test_a_page_is_said_to_be_where_it_is(tmp_path: Path) -> None:
    stored = store(tmp_path / "results", [make_record(task="t")])
    assert report(stored.path, tmp_path / "out") == f"report: {tmp_path / 'out' / 'index.html'}"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    stored = store(tmp_path / "results", [make_record(task="t")])
    (tmp_path / "out").write_text("", "utf-8")
    assert "out: cannot be read or written (" in report(stored.path, tmp_path / "out")


@pytest.mark.parametrize("error", [ValueError("why"), OSError("why"), TypeError("why"), KeyError("why")])
def test_a_page_that_fails_ends_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    stored = store(tmp_path / "results", [make_record(task="t")])
    monkeypatch.setattr("reports.page.plots_of", fail)
    told = report(stored.path, tmp_path / "out")
    assert told.startswith("--report: ")
    assert "why" in told or isinstance(error, OSError)

"""Tables on narrow terminals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.__main__ import main
from reports.store import RunWriter
from reports.table import Table
from tests.reports.rows import make_record, make_run

WIDE = Table(
    "a title", "a setting", ["key", "aa", "bb", "cc"], [["k1", "1", "2", "3"], ["k2", "4", "5", "6"]]
)


def test_table_that_fits_is_whole() -> None:
    assert WIDE.render("table", 80) == WIDE.render("table")


def test_wide_table_is_split_and_repeats_its_first_column() -> None:
    assert WIDE.render("table", 12).splitlines() == [
        "a title",
        "a setting",
        "key      aa",
        "-----  ----",
        "k1        1",
        "k2        4",
        "",
        "key      bb",
        "-----  ----",
        "k1        2",
        "k2        5",
        "",
        "key      cc",
        "-----  ----",
        "k1        3",
        "k2        6",
    ]


def test_table_that_fits_turned_is_turned() -> None:
    assert WIDE.render("table", 18).splitlines()[2:] == [
        "key      k1    k2",
        "-----  ----  ----",
        "aa        1     4",
        "bb        2     5",
        "cc        3     6",
    ]


def test_markdown_is_never_split() -> None:
    assert WIDE.render("md", 10) == WIDE.render("md")


def test_long_heading_is_wrapped_between_words() -> None:
    table = Table("t", "one two three; four five", ["k"], [["v"]])
    assert table.render("table", 14).splitlines()[:3] == ["t", "one two three;", "four five"]


WORDS = st.text("abc", min_size=1, max_size=12)


@given(data=st.data(), columns=st.integers(1, 9), rows=st.integers(0, 9), width=st.integers(34, 90))
def test_no_line_is_wider_and_no_cell_is_lost(
    data: st.DataObject, columns: int, rows: int, width: int
) -> None:
    drawn = iter(range(1000))
    cells = [[f"{data.draw(WORDS)}{next(drawn)}" for _ in range(columns)] for _ in range(rows + 1)]
    told = Table("", "", cells[0], cells[1:]).render("table", width)
    assert max(map(len, told.splitlines())) <= width
    assert {text for row in cells for text in row} <= set(told.split())


@pytest.mark.parametrize("width", [1, 10])
def test_one_column_wider_than_the_terminal_is_shown_all_the_same(width: int) -> None:
    assert "a-very-long-name" in Table("", "", ["a-very-long-name"], [["x"]]).render("table", width)


def test_command_shows_a_run_in_as_many_columns_as_the_terminal_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = RunWriter(tmp_path, make_run())
    for method in ("magnitude", "random", "third"):
        for level in (0.1, 0.5, 0.9, 0.95):
            pruning = {"method": method, "scope": "global", "sparsity": level}
            writer.append(make_record(task="wikitext2", value=1e6 * level, **pruning))
    writer.close()
    for columns in (40, 60):
        monkeypatch.setenv("COLUMNS", str(columns))
        main(["show", str(writer.path)])
        tables = capsys.readouterr().out.split("\n\n12 values")[0]
        assert max(map(len, tables.splitlines())) <= columns
        assert all(f"{method}-global" in tables for method in ("magnitude", "random", "third"))

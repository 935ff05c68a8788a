"""A run in every format of the report: the same numbers, exact or rounded, without anything heavy."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest

from tests.acceptance.conftest import ROOT, Session
from tests.acceptance.text import HEAVY

ROUNDED = 6e-3  # three digits at least


def show(session: Session, style: str) -> str:
    """What `python -m reports show` prints; it must not import what measuring needs."""
    command = [sys.executable, "-X", "importtime", "-m", "reports", "show", "--format", style]
    done = subprocess.run(
        [*command, "--results", str(session.results)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "200"},  # so that no table is split
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "reports.tables" in imported
    assert not imported & (set(HEAVY) - {"pandas"})
    return done.stdout


def perplexities(text: str, separator: str) -> dict[tuple[str, str], float]:
    """The cells of the quality table, by sparsity and pruning."""
    lines = text[text.index("quality: tiny-gpt2 on tiny-text") :].splitlines()
    rows = [[cell.strip() for cell in re.split(separator, line.strip().strip("|"))] for line in lines]
    start = next(place for place, row in enumerate(rows) if row[0] == "sparsity")
    table = rows[start + 2 : start + 8]
    return {
        (row[0], pruning): float(cell)
        for row in table
        for pruning, cell in zip(rows[start][1:], row[1:], strict=True)
    }


def recorded(session: Session) -> dict[tuple[str, str], float]:
    """The same from the records; dense stands under every pruning."""
    found = {key[1:4]: value for key, value in session.values().items() if key[4] == "perplexity"}
    prunings = dict.fromkeys((method, scope) for method, scope, _ in found if method)
    dense = {("dense", f"{method}-{scope}"): found[None, None, 0.0] for method, scope in prunings}
    levels = {
        (f"{level:.2f}", f"{method}-{scope}"): value
        for (method, scope, level), value in found.items()
        if method
    }
    return {**dense, **levels}


@pytest.mark.parametrize(("style", "separator"), [("table", r"\s{2,}"), ("md", r"\|")])
def test_tables_round_what_was_recorded(whole: Session, style: str, separator: str) -> None:
    shown = perplexities(show(whole, style), separator)
    assert len(shown) == 24
    assert shown == pytest.approx(recorded(whole), rel=ROUNDED)


def test_terminal_shows_the_values_of_the_report(whole: Session) -> None:
    assert perplexities(whole.output, r"\s{2,}") == perplexities(show(whole, "table"), r"\s{2,}")


def test_json_is_every_field_of_every_record(whole: Session) -> None:
    assert json.loads(show(whole, "json")) == whole.records


def test_csv_is_every_field_of_every_record_exactly(whole: Session) -> None:
    rows = list(csv.DictReader(io.StringIO(show(whole, "csv"))))
    records = whole.records
    assert list(rows[0]) == list(records[0])
    assert [float(row["value"]) for row in rows] == [record["value"] for record in records]
    names = ("benchmark", "model", "weights", "metric", "gate", "device", "dtype")
    assert [[row[name] for name in names] for row in rows] == [
        [record[name] for name in names] for record in records
    ]
    assert [row["method"] or None for row in rows] == [record["method"] for record in records]

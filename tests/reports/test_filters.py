"""Some of a run's records: `show --model …`."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.__main__ import main
from reports.filters import select
from reports.store import RunWriter
from tests.reports.rows import make_record, make_run

DENSE = make_record(task="wikitext2")
PRUNED = make_record(task="wikitext2", method="magnitude", scope="global", sparsity=0.5, value=40.0)
WORDS = make_record(task="wikitext2", metric="word_perplexity", value=77.0)
SIZE = make_record(
    benchmark="size", model="bert-mini", encoding="packed", metric="file_size", unit="B", value=2e6
)
RATIO = make_record(
    benchmark="size", model="bert-mini", encoding="packed", metric="compression", unit="x", value=1.25
)
RECORDS = (DENSE, PRUNED, WORDS, SIZE, RATIO)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    writer = RunWriter(tmp_path, make_run())
    for record in RECORDS:
        writer.append(record)
    writer.close()
    assert writer.path is not None
    return writer.path


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({}, RECORDS),
        ({"model": ["gpt2"]}, (DENSE, PRUNED, WORDS)),
        ({"task": ["wikitext2"], "method": ["dense"]}, (DENSE, WORDS)),
        ({"method": ["magnitude"]}, (PRUNED,)),
        ({"method": ["magnitude", "dense"]}, RECORDS),
        ({"metric": ["word_perplexity", "file_size"]}, (WORDS, SIZE)),
        ({"benchmark": ["size"]}, (SIZE, RATIO)),
    ],
)
def test_records_with_one_of_the_names_in_each_field_are_left(
    wanted: dict[str, list[str]], left: tuple[object, ...]
) -> None:
    assert select(RECORDS, wanted) == list(left)


def test_unknown_name_is_told_with_the_nearest_of_the_run() -> None:
    with pytest.raises(ValueError, match=r"unknown model of this run 'bert-mimi': did you mean bert-mini\?"):
        select(RECORDS, {"model": ["gpt2", "bert-mimi"]})


def test_nothing_left_is_told() -> None:
    with pytest.raises(ValueError, match="no record of this run has model gpt2 and benchmark size"):
        select(RECORDS, {"model": ["gpt2"], "benchmark": ["size"]})


def test_command_shows_and_counts_what_is_left(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--model", "gpt2", "--method", "magnitude", str(run)]) == 0
    shown = capsys.readouterr().out
    assert "40" in shown
    assert "29.94" not in shown
    assert "\n1 values; gates:" in shown


@pytest.mark.parametrize(("metric", "value"), [("word_perplexity", "77"), ("compression", "1.25×")])
def test_metric_that_tables_leave_out_is_shown_when_asked_for(
    run: Path, capsys: pytest.CaptureFixture[str], metric: str, value: str
) -> None:
    main(["show", str(run)])
    assert value not in capsys.readouterr().out
    assert main(["show", "--metric", metric, str(run)]) == 0
    assert value in capsys.readouterr().out


def test_wrong_names_are_status_2(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--task", "wikitext", str(run)]) == 2
    assert capsys.readouterr().err == (
        "error: unknown task of this run 'wikitext': did you mean wikitext2? known: wikitext2\n"
    )


@pytest.mark.parametrize("text", ["", ",", " , "])
def test_no_name_is_a_wrong_argument(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["show", "--model", text])
    assert "expected a name, or several with commas" in capsys.readouterr().err

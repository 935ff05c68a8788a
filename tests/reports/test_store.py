"""What lies in the results folder, and what is read back from it."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from reports.record import SCHEMA, Record, Run
from reports.samples import SamplesOf
from reports.store import RunWriter, check_writable, read_run, stored_runs
from tests.reports.rows import RECORD, RUN, make_record, make_run

NAME = "amd-epyc-2c/20261124T091848Z-dad5f01d7c9a.jsonl"
HEADER = json.dumps({"run": asdict(RUN)})
EXACT = [0.1, -0.0, 5e-324, 1 / 3, 1.7976931348623157e308, 2.0**-1074 * 3]


def write_run(results: Path, records: Sequence[Record], run: Run = RUN) -> Path:
    writer = RunWriter(results, run)
    for record in records:
        writer.append(record)
    writer.close()
    assert writer.path is not None
    return writer.path


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def line_of(**changes: object) -> str:
    return json.dumps({**RECORD.to_json(), **changes})


def write_lines(folder: Path, *lines: str) -> Path:
    path = folder / "run.jsonl"
    path.write_bytes("".join(lines).encode())
    return path


def hexes(values: Sequence[float]) -> list[str]:
    return [value.hex() for value in values]


def test_file_is_a_header_and_a_line_per_record(tmp_path: Path) -> None:
    records = [make_record(value=1.0), make_record(value=2.0, metric="word_perplexity")]
    rows = rows_of(write_run(tmp_path, records))
    assert rows == [{"run": asdict(RUN)}, *(json.loads(json.dumps(record.to_json())) for record in records)]


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (RUN, NAME),
        (make_run(commit=None), "amd-epyc-2c/20261124T091848Z-nocommit.jsonl"),
        (make_run(machine="arm-4c"), "arm-4c/20261124T091848Z-dad5f01d7c9a.jsonl"),
        (make_run(started="2025-01-02T03:04:05+00:00"), "amd-epyc-2c/20250102T030405Z-dad5f01d7c9a.jsonl"),
    ],
)
def test_file_is_named_by_machine_time_and_commit(tmp_path: Path, run: Run, name: str) -> None:
    assert write_run(tmp_path, [RECORD], run) == tmp_path / name


def test_run_without_records_leaves_nothing(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, RUN)
    writer.close()
    assert writer.path is None
    assert list(tmp_path.iterdir()) == []


def test_record_is_on_disk_while_the_writer_is_open(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, RUN)
    for count in (1, 2, 3):
        writer.append(make_record(n=count), [float(count)])
        assert [row["n"] for row in rows_of(tmp_path / NAME)[1:]] == list(range(1, count + 1))
        stored = read_run(tmp_path / NAME).records[-1]
        assert SamplesOf(tmp_path / NAME).read(str(stored.samples)) == [count]
    writer.close()


def test_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    records = (
        make_record(value=0.1 + 0.2, stamps=("noisy", "warm"), gate="failed", limit="from 1 to 2"),
        make_record(value=None, outcome="oom"),
    )
    stored = read_run(write_run(tmp_path, records))
    assert (stored.run, stored.records, stored.damage) == (RUN, records, ())


def test_record_without_samples_refers_to_none(tmp_path: Path) -> None:
    assert read_run(write_run(tmp_path, [RECORD])).records[0].samples is None
    assert [path.name for path in (tmp_path / "amd-epyc-2c").iterdir()] == [Path(NAME).name]


def test_samples_read_back_to_the_bit(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, RUN)
    writer.append(make_record(), EXACT)
    writer.append(make_record(metric="find_time"))
    writer.append(make_record(metric="word_perplexity"), [7.0])
    writer.close()
    references = [record.samples for record in read_run(tmp_path / NAME).records]
    name = "20261124T091848Z-dad5f01d7c9a.samples.jsonl"
    assert references == [f"{name}#1", None, f"{name}#2"]
    assert hexes(rows_of((tmp_path / NAME).with_name(name))[0]["samples"]) == hexes(EXACT)
    assert SamplesOf(tmp_path / NAME).read(f"{name}#2") == [7.0]


def test_samples_say_which_metric_they_are_of(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, RUN)
    writer.append(make_record(metric="find_time"), [1.0])
    writer.close()
    (row,) = rows_of((tmp_path / NAME).with_suffix(".samples.jsonl"))
    assert row == {"metric": "find_time", "samples": [1.0]}


def test_statistics_stand_in_the_line_of_their_metric(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, make_run())
    writer.append(make_record(metric="bleu"), None, {"prediction": [3, 0]})
    writer.append(make_record(metric="chrf"), [50.0, 0.0], {"prediction": [9, 1]})
    writer.close()
    assert writer.path is not None
    rows = rows_of(writer.path.with_suffix(".samples.jsonl"))
    assert rows[0] == {"metric": "bleu", "statistics": {"prediction": [3, 0]}}
    assert rows[1] == {"metric": "chrf", "samples": [50.0, 0.0], "statistics": {"prediction": [9, 1]}}
    bleu, chrf = (str(record.samples) for record in read_run(writer.path).records)
    found = SamplesOf(writer.path)
    assert (found.read_statistics(bleu), found.read(chrf)) == ({"prediction": [3, 0]}, [50.0, 0.0])
    with pytest.raises(ValueError, match="holds no samples"):
        found.read(bleu)


@pytest.mark.parametrize(
    "wrong",
    [
        "3",
        "{}",
        '{"a": 1}',
        '{"a": [1], "b": []}',
        '{"a": [1.5]}',
        '{"a": [-1]}',
        '{"a": [true]}',
        '{"a": [1e99]}',
    ],
)
def test_damaged_statistics_are_a_value_error(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "run.samples.jsonl").write_text(f'{{"statistics": {wrong}}}\n', "utf-8")
    with pytest.raises(ValueError, match=r"line 1 of run.samples.jsonl holds (no )?statistics"):
        SamplesOf(tmp_path / "run.jsonl").read_statistics("run.samples.jsonl#1")


def test_no_line_refers_to_samples_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / NAME).with_suffix(".samples.jsonl").mkdir(parents=True)
    writer = RunWriter(tmp_path, RUN)
    with pytest.raises(OSError, match=r"samples\.jsonl"):
        writer.append(RECORD, [1.0])
    writer.close()
    assert read_run(tmp_path / NAME).records == ()


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_record_with_an_interval_that_is_no_number_is_not_stored(tmp_path: Path, wrong: float) -> None:
    writer = RunWriter(tmp_path, RUN)
    writer.append(make_record(n=1))
    with pytest.raises(ValueError, match=r"JSON|not a number"):
        writer.append(make_record(n=2, low=wrong))
    writer.append(make_record(n=3))
    writer.close()
    stored = read_run(tmp_path / NAME)
    assert [record.n for record in stored.records] == [1, 3]
    assert stored.damage == ()


def test_samples_that_are_no_numbers_do_not_shift_later_references(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, RUN)
    with pytest.raises(ValueError, match=r"JSON|not a number"):
        writer.append(make_record(), [math.nan])
    writer.append(make_record(), [1.0])
    writer.append(make_record(), [2.0])
    writer.close()
    references = [str(record.samples) for record in read_run(tmp_path / NAME).records]
    assert [SamplesOf(tmp_path / NAME).read(reference) for reference in references] == [[1.0], [2.0]]


def test_two_writers_in_the_same_second_do_not_share_a_file(tmp_path: Path) -> None:
    first, second = RunWriter(tmp_path, RUN), RunWriter(tmp_path, RUN)
    for n in (1, 2):
        first.append(make_record(n=n), [float(n)])
        second.append(make_record(n=10 * n), [10.0 * n])
    for writer, expected in ((first, [1, 2]), (second, [10, 20])):
        writer.close()
        assert writer.path is not None
        records = read_run(writer.path).records
        assert [record.n for record in records] == expected
        assert [SamplesOf(writer.path).read(str(record.samples)) for record in records] == [
            [float(n)] for n in expected
        ]
    assert first.path != second.path


def test_runs_of_the_same_second_are_listed_in_the_order_they_began(tmp_path: Path) -> None:
    paths = [write_run(tmp_path, [RECORD]) for _ in range(11)]
    assert stored_runs(tmp_path) == paths


def test_runs_are_listed_oldest_first_whatever_their_machine(tmp_path: Path) -> None:
    times = ["2026-11-24T09:18:48+00:00", "2025-12-31T23:59:59+00:00", "2026-02-01T00:00:00+00:00"]
    machines = ["a", "c", "b"]
    paths = [
        write_run(tmp_path, [RECORD], make_run(started=started, machine=machine))
        for started, machine in zip(times, machines, strict=True)
    ]
    assert stored_runs(tmp_path) == [paths[1], paths[2], paths[0]]


def test_samples_are_not_listed_as_runs(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, RUN)
    writer.append(RECORD, [1.0])
    writer.close()
    assert stored_runs(tmp_path) == [tmp_path / NAME]


def test_no_runs_are_listed_where_there_is_no_folder(tmp_path: Path) -> None:
    assert stored_runs(tmp_path / "nowhere") == []


def test_results_folder_is_made_and_git_ignores_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    check_writable(tmp_path / "deep" / "results")
    write_run(tmp_path / "deep" / "results", [RECORD])
    status = ["git", "-C", str(tmp_path), "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, check=True, capture_output=True, text=True).stdout == ""
    assert (tmp_path / "deep/results/.gitignore").read_text("utf-8") == "*\n"


def test_results_folder_can_be_checked_again(tmp_path: Path) -> None:
    write_run(tmp_path, [RECORD])
    check_writable(tmp_path)
    check_writable(tmp_path)
    assert stored_runs(tmp_path) == [tmp_path / NAME]


def test_folder_with_files_of_another_kind_gets_no_ignore_file(tmp_path: Path) -> None:
    (tmp_path / "notes.py").touch()
    check_writable(tmp_path)
    assert not (tmp_path / ".gitignore").exists()


def test_ignore_file_that_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc\n", "utf-8")
    check_writable(tmp_path)
    assert "*.pyc" in (tmp_path / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_file_in_the_place_of_the_results_folder_is_named(tmp_path: Path, below: str) -> None:
    taken = tmp_path / "taken"
    taken.write_text("", "utf-8")
    with pytest.raises(ValueError, match=f"--results {re.escape(str(taken / below))}: cannot write there"):
        check_writable(taken / below)


DAMAGED_LINES = {
    "cut": line_of()[:40],
    "empty": "",
    "no JSON": "%!",
    "a list": "[1, 2]",
    "a number": "3",
    "a record in a list": f"[{line_of()}]",
    "an unknown field": line_of(colour="red"),
    "a missing field": '{"benchmark": "quality"}',
    "NaN": line_of(value=math.nan),
    "no value": line_of(value=None),
    "a value in words": line_of(value="high"),
    "an integer beyond floats": line_of(value=10**400),
    "stamps that are no list": line_of(stamps=3),
}


@pytest.mark.parametrize("damaged", DAMAGED_LINES.values(), ids=DAMAGED_LINES)
def test_damaged_line_in_the_middle_costs_itself_alone(tmp_path: Path, damaged: str) -> None:
    lines = (HEADER, line_of(n=1), damaged, line_of(n=2))
    path = write_lines(tmp_path, *(f"{line}\n" for line in lines))
    stored = read_run(path)
    assert [record.n for record in stored.records] == [1, 2]
    (sentence,) = stored.damage
    assert sentence.startswith(f"{path}:3: damaged line left out")


@pytest.mark.parametrize("kept", [1, 20, len(line_of()) - 1])
def test_last_line_that_was_cut_costs_itself_alone(tmp_path: Path, kept: int) -> None:
    path = write_lines(tmp_path, f"{HEADER}\n{line_of(n=1)}\n", line_of()[:kept])
    stored = read_run(path)
    assert [record.n for record in stored.records] == [1]
    (sentence,) = stored.damage
    assert sentence.startswith(f"{path}:3: ")


def test_last_line_without_its_line_end_is_read(tmp_path: Path) -> None:
    stored = read_run(write_lines(tmp_path, f"{HEADER}\n", line_of(n=1)))
    assert ([record.n for record in stored.records], stored.damage) == ([1], ())


def test_every_damaged_line_is_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path, f"{HEADER}\n", "x\n", f"{line_of()}\n", "y\n")
    places = [sentence.split(": ")[0] for sentence in read_run(path).damage]
    assert places == [f"{path}:2", f"{path}:4"]


def test_line_of_bytes_that_are_no_text_costs_itself_alone(tmp_path: Path) -> None:
    path = write_lines(tmp_path, f"{HEADER}\n{line_of(n=1)}\n")
    path.write_bytes(path.read_bytes() + b"\x80\xff\x00\n" + line_of(n=2).encode() + b"\n")
    stored = read_run(path)
    assert [record.n for record in stored.records] == [1, 2]
    assert [sentence.split(": ")[0] for sentence in stored.damage] == [f"{path}:3"]


def test_damaged_byte_within_a_name_does_not_make_another_name(tmp_path: Path) -> None:
    path = write_lines(tmp_path, f"{HEADER}\n{line_of(n=1)}\n{line_of(n=2)}\n")
    path.write_bytes(path.read_bytes().replace(b'"gpt2"', b'"gp\xff2"', 1))
    stored = read_run(path)
    assert [record.n for record in stored.records] == [2]
    assert [sentence.split(": ")[0] for sentence in stored.damage] == [f"{path}:2"]


DAMAGED_HEADERS = {
    "an empty file": "",
    "an empty line": "\n",
    "cut": HEADER[:50],
    "a record": line_of(),
    "a list": "[]",
    "a number": "1",
    "no run": '{"run": 3}',
    "an empty run": '{"run": {}}',
    "no more than a schema": '{"run": {"schema": 1}}',
    "an unknown field": json.dumps({"run": {**asdict(RUN), "colour": "red"}}),
    "a schema in words": json.dumps({"run": {**asdict(RUN), "schema": "one"}}),
    "no schema": json.dumps({"run": {**asdict(RUN), "schema": None}}),
}


@pytest.mark.parametrize("header", DAMAGED_HEADERS.values(), ids=DAMAGED_HEADERS)
def test_damaged_header_is_a_value_error_that_names_the_file(tmp_path: Path, header: str) -> None:
    path = write_lines(tmp_path, f"{header}\n{line_of()}\n" if header else "")
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}:1: not the header of a run"):
        read_run(path)


def test_header_of_bytes_that_are_no_text_is_a_value_error(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"\x80\x81\xff\n")
    with pytest.raises(ValueError, match=re.escape(str(path))):
        read_run(path)


def test_newer_schema_is_a_value_error_with_both_numbers(tmp_path: Path) -> None:
    newer = {**asdict(RUN), "schema": SCHEMA + 1, "what": "a field of the future"}
    path = write_lines(tmp_path, json.dumps({"run": newer}) + "\n")
    message = f"{re.escape(str(path))}.* schema {SCHEMA + 1}, .* {SCHEMA}"
    with pytest.raises(ValueError, match=message):
        read_run(path)


ODD_TEXTS = {
    "accents": "é × ² 漢字 🙂",
    "a line end": "a\nb\r\nc",
    "a line separator": "a\u2028b\u2029c",
    "a next line": "a\x85b",
    "controls": "a\x0b\x0c\x1c\x1d\x1e\x00b",
    "an undecodable argument": "a\udcffb",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_any_text_in_the_header_reads_back(tmp_path: Path, text: str) -> None:
    run = make_run(command=f"pytest bench -k {text}")
    stored = read_run(write_run(tmp_path, [RECORD], run))
    assert (stored.run, stored.records) == (run, (RECORD,))


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_any_text_in_a_record_reads_back(tmp_path: Path, text: str) -> None:
    records = (make_record(protocol=text, stamps=(text,)), RECORD)
    stored = read_run(write_run(tmp_path, records))
    assert (stored.records, stored.damage) == (records, ())


def test_a_run_that_was_renamed_counts_as_the_oldest(tmp_path: Path) -> None:
    machine = tmp_path / "m"
    machine.mkdir()
    names = ["20260102T000000Z-abc.jsonl", "20260102T000000Z-abc-10.jsonl", "20260102T000000Z-abc-2.jsonl"]
    for name in ("kept.jsonl", *names, "20260101T000000Z-abc.jsonl"):
        (machine / name).touch()
    assert [path.name for path in stored_runs(tmp_path)] == [
        "kept.jsonl",
        "20260101T000000Z-abc.jsonl",
        "20260102T000000Z-abc.jsonl",
        "20260102T000000Z-abc-2.jsonl",
        "20260102T000000Z-abc-10.jsonl",
    ]

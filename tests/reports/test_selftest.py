"""Self-tests: written, read back, counted."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.proof import render_selftests
from reports.record import SCHEMA, Run
from reports.selftest import Compared, SelfTestWriter, Trial, read_selftest, stored_selftests

RUN = Run(
    commit="a" * 40,
    dirty=False,
    machine="here-2c",
    started="2026-01-02T03:04:05+00:00",
    command="pytest bench",
)
RULE = "5 pairs x 60 rounds, gate 2.5 %"


def compared(verdict: str, base: float = 1.0, head: float = 1.0) -> Compared:
    return Compared("test_latency[a]", verdict, "why", (0.01, 0.02), (0.0, 0.0), (base, 9.0), (9.0, head))


def write(results: Path, kind: str, factor: float, *sessions: list[Compared], loaded: bool = False) -> Path:
    writer = SelfTestWriter(results, Trial(kind, factor, loaded=loaded, rule=RULE, run=RUN))
    for number, session in enumerate(sessions):
        writer.append(number, session)
    return writer.path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    sessions = [[compared("unchanged"), compared("regressed")], [compared("contaminated")]]
    path = write(tmp_path, "aa", 1.0, *sessions)
    assert path == tmp_path / "here-2c" / "selftests" / "20260102T030405Z-aa.jsonl"
    found = read_selftest(path)
    assert (found.trial, found.sessions) == (Trial("aa", 1.0, loaded=False, rule=RULE, run=RUN), sessions)
    assert stored_selftests(tmp_path) == [path]


def test_a_second_one_of_the_same_second_does_not_overwrite_the_first(tmp_path: Path) -> None:
    first = write(tmp_path, "aa", 1.0, [compared("unchanged")])
    second = write(tmp_path, "aa", 1.0, [compared("regressed")])
    assert first != second
    assert len(read_selftest(first).sessions) == len(read_selftest(second).sessions) == 1


def test_a_session_that_was_cut_off_costs_its_last_line_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "aa", 1.0, [compared("unchanged"), compared("regressed")])
    path.write_bytes(path.read_bytes()[:-20])
    assert read_selftest(path).sessions == [[compared("unchanged")]]


@pytest.mark.parametrize("text", ["", "{}\n", "[1]\n", '{"trial": {}}\n', "\x00\n", json.dumps({"run": {}})])
def test_another_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"other\.jsonl(:1)?: not the file of a self-test"):
        read_selftest(path)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"session": 7}',
        json.dumps({"session": [1], **asdict(compared("unchanged"))}).encode(),
        json.dumps({"session": 0, **asdict(compared("unchanged")), "verdict": 1}).encode(),
        json.dumps({"session": 0, **asdict(compared("unchanged")), "heads": 1}).encode(),
        json.dumps({"session": 0, **asdict(compared("unchanged")), "extra": 1}).encode(),
    ],
)
def test_a_damaged_line_costs_that_line_alone(tmp_path: Path, line: bytes) -> None:
    path = write(tmp_path, "aa", 1.0, [compared("unchanged"), compared("regressed")])
    header, first, second, end = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([header, first, line, second, end]))
    found = read_selftest(path)
    assert found.sessions == [[compared("unchanged"), compared("regressed")]]
    assert len(found.damage) == 1
    assert found.damage[0].startswith(f"{path}:3: damaged line left out (")


def test_the_command_tells_of_damage_and_goes_on_with_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut, newer, damaged, _ = (write(tmp_path, "aa", 1.0, [compared("unchanged")] * 2) for _ in range(4))
    cut.write_bytes(cut.read_bytes()[:50])
    newer.write_text(
        newer.read_text("utf-8").replace(f'"schema": {SCHEMA}', '"schema": 99, "more": 1'), "utf-8"
    )
    damaged.write_text(damaged.read_text("utf-8").replace('"unchanged"', "unchanged", 1), "utf-8")
    assert main(["selftest", "--results", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert re.search(r"^comparisons +3$", told.out, re.MULTILINE)
    assert f"error: {cut}: not the file of a self-test" in told.err
    assert f"error: {newer}: written with schema 99, this program knows {SCHEMA}: update it" in told.err
    assert f"error: {damaged}:2: damaged line left out" in told.err
    assert told.err.count("error:") == 3


def test_without_damage_the_command_ends_well_and_with_damage_alone_it_does_not(tmp_path: Path) -> None:
    path = write(tmp_path, "aa", 1.0, [compared("unchanged")])
    assert main(["selftest", str(path)]) == 0
    path.write_text("nonsense\n", "utf-8")
    assert main(["selftest", str(path)]) == 1


def test_without_any_there_is_a_word_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--selftest aa:60"):
        stored_selftests(tmp_path)


def cells(*paths: Path) -> dict[str, list[str]]:
    """The rows of both tables of one rule, by name."""
    table = render_selftests([read_selftest(path) for path in paths], "md")
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line
    ]
    return {row[0]: row[1:] for row in found}


def test_the_table_counts_verdicts_and_pytest_benchmark_s_rule_by_kind(tmp_path: Path) -> None:
    same = write(tmp_path, "aa", 1.0, [compared("unchanged")] * 3, [compared("unchanged", 1.0, 1.06)] * 2)
    more = write(tmp_path, "aa", 1.0, [compared("inconclusive")])
    slow = write(tmp_path, "slowdown", 1.05, [compared("regressed"), compared("contaminated", 1.0, 1.05)])
    found = cells(same, more, slow)
    assert found[""] == ["a commit with itself", "5.0% slower"]
    assert found["sessions"] == ["3", "1"]
    assert found["comparisons"] == ["6", "2"]
    assert found["regressed"] == ["0 of 6", "1 of 2"]
    assert found["inconclusive"] == ["1", "0"]
    assert found["contaminated"] == ["0", "1"]
    assert found["min:5%"] == ["2 of 6", "0 of 2"]


def test_what_was_not_compared_is_in_no_share_but_told(tmp_path: Path) -> None:
    lost = compared("not comparable", 1.0, 1.06)
    session = [compared("unchanged"), compared("improved"), lost]
    found = cells(write(tmp_path, "aa", 1.0, session, [lost], [compared("regressed", 1.0, 1.06)]))
    assert found["comparisons"] == ["5"]
    assert found["not comparable"] == ["2"]
    assert found["regressed"] == ["1 of 3"]
    assert found["min:5%"] == ["1 of 3"]


def test_each_share_has_an_exact_interval_and_one_clustered_by_session(tmp_path: Path) -> None:
    found = cells(write(tmp_path, "aa", 1.0, *[[compared("unchanged")] * 10] * 2))
    # by hand: the upper end for no event is 1 - 0.025^(1/n), of 20 comparisons, of 2 sessions
    assert found["regressed, exact"] == found["min:5%, exact"] == ["0.0% to 16.8%"]
    assert found["regressed, by session"] == found["min:5%, by session"] == ["0.0% to 84.2%"]


def test_models_and_single_layers_are_told_apart(tmp_path: Path) -> None:
    layer = replace(compared("inconclusive"), case="test_layer[a]")
    session = [compared("regressed"), compared("regressed"), layer, replace(layer, verdict="regressed")]
    found = cells(write(tmp_path, "slowdown", 1.05, session))
    assert found["models: regressed"] == ["2 of 2"]
    assert found["models: no verdict"] == ["0"]
    assert found["single layers: regressed"] == ["1 of 2"]
    assert found["single layers: by session"] == ["unknown"]
    assert found["single layers: no verdict"] == ["1"]


def test_two_kinds_of_trials_fit_a_terminal_and_what_intervals_are_stands_below(tmp_path: Path) -> None:
    same = write(tmp_path, "aa", 1.0, [compared("unchanged")] * 299)
    slow = write(tmp_path, "slowdown", 1.05, [compared("regressed")] * 59)
    told = render_selftests([read_selftest(same), read_selftest(slow)], "table", 80)
    assert max(map(len, told.splitlines())) <= 80
    heads = [line for line in told.splitlines() if "a commit with itself" in line]
    assert len(heads) == 2
    assert all("5.0% slower" in line for line in heads)
    assert "exact: the 95 % interval" in told
    assert "by session: the one of sessions drawn anew" in told


def test_another_rule_is_another_table(tmp_path: Path) -> None:
    one = read_selftest(write(tmp_path, "aa", 1.0, [compared("unchanged")]))
    strict = SelfTestWriter(tmp_path, Trial("aa", 1.0, loaded=False, rule="other rule", run=RUN))
    strict.append(0, [compared("regressed")])
    assert render_selftests([one, read_selftest(strict.path)], "table").count("self-test: ") == 2

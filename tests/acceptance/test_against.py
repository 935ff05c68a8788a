"""Whole sessions that measure revisions of a toy repository side by side, by a clock that ticks as told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from reports.latency_rule import VERSION
from reports.store import read_run, stored_runs
from tests.acceptance.conftest import Tiny, environment
from tests.acceptance.toy import DECODED, FORWARD, GRID, Ended, Toy, make_toy
from tests.bench.against.repository import make_repository
from tests.signals import interruptible

QUICK = ("--pairs", "1", "--rounds", "5")
DECODE = "test_latency[tiny-gpt2-decode-b1x16-magnitude-global-0.90-strided]"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, tiny: Tiny) -> Toy:
    """Fine; worse in three ways; only words; from there a renamed task, and an import that fails."""
    toy = make_toy(tmp_path_factory.mktemp("repository"), tiny)
    toy.change("fixtures/encodings/table.py", '{"format": "pt"}', '{"format": "pt", "comment": "x" * 4096}')
    toy.change("fixtures/pruning/methods.py", "    return weight\n", "    return 1 / (weight.abs() + 1e-9)\n")
    toy.commit("worse", **{DECODED: 0.0011, FORWARD: 0.002})
    (toy.root / "README.md").write_text("nothing that is measured\n", "utf-8")
    toy.commit("words")
    toy.change("tests/acceptance/tiny.py", '"tiny-text"', '"tiny-prose"')
    toy.commit("renamed")
    toy.at("words")
    toy.change("fixtures/specs.py", 'EMBEDDED = "', 'import no_such_module\n\nEMBEDDED = "')
    toy.commit("broken")
    return toy


@pytest.fixture(scope="module")
def worse(toy: Toy) -> Ended:
    """What is worse against what is fine, from a tree with a change more that nothing depends on."""
    toy.at("worse")
    (toy.root / "README.md").write_text("not committed\n", "utf-8")
    before = toy.state
    ended = toy.run("--against", "fine", *GRID, *QUICK, "--report", "report", "--results", "results/worse")
    assert toy.state == before
    return ended


def rows(toy: Toy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((toy.root / "report" / "compare.json").read_text("utf-8"))[
        "rows"
    ]
    return found


def verdicts(found: list[dict[str, Any]], verdict: str) -> set[tuple[object, ...]]:
    named = ("benchmark", "metric", "workload", "task", "sparsity")
    return {tuple(row[name] for name in named) for row in found if row["verdict"] == verdict}


def test_what_got_worse_is_said_and_nothing_else(toy: Toy, worse: Ended) -> None:
    assert worse.status == 1, worse.output
    assert verdicts(rows(toy), "regressed") == {
        ("latency", "latency", "decode-b1x16", None, 0.9),
        ("size", "file_size", None, None, 0.0),
        ("size", "file_size", None, None, 0.9),
        ("quality", "perplexity", None, "tiny-text", 0.9),
    }
    unchanged = verdicts(rows(toy), "unchanged")
    assert ("latency", "latency", "forward-b1x16", None, 0.9) in unchanged
    assert ("quality", "perplexity", None, "tiny-text", 0.0) in unchanged
    assert not verdicts(rows(toy), "improved")
    assert "exit status 1: something got worse" in worse.output


def test_the_slowdown_is_the_clock_s_and_confirmed_by_fresh_pairs(toy: Toy, worse: Ended) -> None:
    (row,) = (row for row in rows(toy) if row["workload"] == "decode-b1x16")
    assert row["ratio"] == pytest.approx(1.1, abs=0.01)
    assert "confirmed by fresh pairs; +10.0%" in re.sub(r"\+(9\.[89]|10\.[012])%", "+10.0%", row["reason"])
    assert "in 4 pairs of 5 rounds, control" in row["reason"]
    assert re.search(r"pair 2: 1 cases? in turns", worse.output)


def test_cases_that_one_side_alone_has_are_told(toy: Toy) -> None:
    toy.at("renamed")
    ended = toy.run("--against", "words", *GRID, "-k", "tiny-gpt2 and quality")
    assert ended.status == 4, ended.output
    said = " ".join(ended.output.split())
    assert re.search(r"missing: words \(\w+\) alone has \S+test_quality\[tiny-gpt2-tiny-text-dense\]", said)
    assert re.search(r"new: words \(\w+\) does not have \S+test_quality\[tiny-gpt2-tiny-prose-dense\]", said)


def test_ratios_are_stored_with_the_run_of_the_working_tree(toy: Toy, worse: Ended) -> None:  # noqa: ARG001 - it made it
    stored = read_run(stored_runs(toy.root / "results" / "worse")[-1])
    ratios = {record.workload: record for record in stored.records if record.metric == "latency_ratio"}
    assert set(ratios) == {"decode-b1x16", "forward-b1x16"}
    decoding = ratios["decode-b1x16"]
    assert decoding.protocol is not None
    assert re.fullmatch(rf"against [0-9a-f]{{12}}, rule {VERSION}, 1 x 5", decoding.protocol)
    assert decoding.low is not None
    assert decoding.high is not None
    assert decoding.low <= float(decoding.value or 0) <= decoding.high
    assert (decoding.unit, decoding.n) == ("x", 4)
    assert {record.metric for record in stored.records} >= {"file_size", "perplexity"}


def test_a_comment_for_a_pull_request_is_written(toy: Toy, worse: Ended) -> None:
    text = (toy.root / "report" / "compare.md").read_text("utf-8")
    assert text.startswith("**4 regressed, ")
    assert "report/compare.md" in worse.output


def test_a_commit_that_changes_nothing_says_nothing(toy: Toy) -> None:
    toy.at("words")
    before = toy.state
    ended = toy.run("--against", "worse", *GRID, *QUICK)
    assert ended.status == 0, ended.output
    assert "exit status 0: nothing got worse" in ended.output
    assert not re.search(r"^(regressed|improved|changed|missing|new)$", ended.output, re.MULTILINE)
    assert toy.state == before


def test_a_tree_with_changes_that_are_not_committed_is_named_so(worse: Ended) -> None:
    said = " ".join(worse.output.split())
    assert re.search(r"head: working tree of HEAD \([0-9a-f]{12}\) with changes [0-9a-f]{12}", said)


def test_a_base_that_cannot_be_imported_is_not_comparable(toy: Toy) -> None:
    toy.at("words")
    ended = toy.run("--against", "broken", *GRID, "-k", "tiny-gpt2 and (size or decode)")
    assert ended.status == 4, ended.output
    assert "No module named 'no_such_module'" in " ".join(ended.output.split())
    assert "Traceback" not in ended.output


def test_an_anchor_records_ratios_and_judges_nothing(toy: Toy) -> None:
    toy.at("words")
    ended = toy.run("--anchor", "fine", *GRID, *QUICK, "--results", "results/anchored")
    assert ended.status == 0, ended.output
    stored = read_run(stored_runs(toy.root / "results" / "anchored")[-1])
    (decoding,) = (record for record in stored.records if record.workload == "decode-b1x16")
    assert re.fullmatch(rf"anchor [0-9a-f]{{12}}, rule {VERSION}, 1 x 5", str(decoding.protocol))


def test_a_self_test_makes_as_many_comparisons_as_were_asked_for_in_whole_sessions(toy: Toy) -> None:
    toy.at("words")
    ended = toy.run(
        "--selftest", "aa:3", *GRID, *QUICK, "-k", "tiny-gpt2 and latency", "--results", "results/proved"
    )
    assert ended.status == 0, ended.output
    assert re.search(r"comparisons +4", ended.output)
    assert re.search(r"regressed +0 of 4", ended.output)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--against", "mian"), "unknown revision 'mian': did you mean main"),
        (("--against", "HEAD", "-n", "2"), "--against with -n"),
        (("--against", "HEAD", "--anchor", "HEAD"), "one at a time"),
        (("--selftest", "aa"), "expected aa:N"),
    ],
)
def test_wrong_options_are_told_before_any_work(toy: Toy, arguments: tuple[str, ...], words: str) -> None:
    ended = toy.run(*arguments, *GRID)
    assert ended.status == 4
    assert words in " ".join(ended.output.split())
    assert "collected" not in ended.output


def test_a_tree_that_git_cannot_take_is_told_before_any_work(toy: Toy) -> None:
    toy.at("words")
    make_repository(toy.root / "nested")  # git has nothing of it to take
    ended = toy.run("--against", "fine", *GRID)
    shutil.rmtree(toy.root / "nested")
    assert ended.status == 4, ended.output
    assert "'nested/' does not have a commit checked out" in " ".join(ended.output.split())
    assert "Traceback" not in ended.output


@pytest.fixture
def running(toy: Toy) -> Iterator[subprocess.Popen[str]]:
    """A session in the middle of its pairs."""
    toy.at("words")
    with interruptible():
        process = subprocess.Popen(
            toy.command("--against", "worse", *GRID, "--rounds", "500", "-k", "tiny-gpt2 and decode"),
            cwd=toy.root,
            env=environment({"PYTHONUNBUFFERED": "1"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("pair 1"):
            break
    yield process
    process.kill()
    process.wait()


def wait_until_gone(children: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(children, timeout=30)
    return alive


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_session_leaves_no_process_and_the_next_no_tree(
    toy: Toy, running: subprocess.Popen[str], by: signal.Signals
) -> None:
    children: list[psutil.Process] = []
    while not children:
        time.sleep(0.1)
        children = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(by)
    status = running.wait(60)
    assert status == (2 if by == signal.SIGINT else -signal.SIGKILL)
    assert not wait_until_gone(children)
    if by == signal.SIGKILL:
        toy.run("--against", "HEAD", *GRID, "-k", "tiny-gpt2 and size")
    assert len(toy.state[1].splitlines()) == 1
    assert not list((toy.root / ".git").glob("side-by-side-*"))

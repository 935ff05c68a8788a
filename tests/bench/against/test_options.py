"""What the options of measuring side by side mean, and what they refuse."""

from __future__ import annotations

import argparse
import math
from itertools import pairwise
from pathlib import Path

import pytest

from bench.against.options import SelfTest, arguments_for_sides, parse_asked
from fixtures.settings import Settings
from reports.latency_rule import Rule

GRID: dict[str, list[str]] = {
    name: [] for name in ("tier", "task", "method", "scope", "sparsity", "layout", "encoding", "workload")
}
SINGLE = dict.fromkeys(("limit", "weights", "device", "dtype", "threads", "seed", "time_limit"))
OURS: dict[str, object] = {
    "against": None,
    "anchor": None,
    "selftest": None,
    "pairs": "5",
    "rounds": "60",
    "gate": [],
    "budget": None,
}
OTHERS = {"file_or_dir": ["bench"], "plugins": [], "keyword": "", "markexpr": ""}


def options(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{**GRID, **SINGLE, **OURS, **OTHERS, **given})


def test_without_an_option_nothing_is_measured_side_by_side() -> None:
    assert parse_asked(options()) is None


def test_the_defaults_are_the_rule_s() -> None:
    asked = parse_asked(options(against="main"))
    assert asked is not None
    assert (asked.mode, asked.revision, asked.rule) == ("against", "main", Rule())
    assert (dict(asked.gates), asked.budget, asked.selftest) == ({}, math.inf, None)


def test_gates_pairs_rounds_and_budget_are_taken() -> None:
    gates = ["5", "memory=1", "size=0.2"]
    asked = parse_asked(options(anchor="v1", pairs="3", rounds="9", gate=gates, budget="90"))
    assert asked is not None
    assert (asked.rule.pairs, asked.rule.rounds, asked.budget) == (3, 9, 90)
    assert (asked.rule.gate, asked.rule.look) == pytest.approx((0.05, 0.03))
    assert asked.gates == pytest.approx({"memory": 0.01, "size": 0.002})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aa:299", SelfTest("aa", 1.0, 299, loaded=False)),
        ("slowdown=1.05:59:loaded", SelfTest("slowdown", 1.05, 59, loaded=True)),
    ],
)
def test_a_self_test_has_a_kind_and_a_number(text: str, expected: SelfTest) -> None:
    asked = parse_asked(options(selftest=text))
    assert asked is not None
    assert asked.selftest == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"against": "a", "anchor": "b"}, "--against and --anchor: one at a time"),
        ({"against": "a", "gate": ["speed=1"]}, "--gate 'speed=1'"),
        ({"against": "a", "gate": ["0"]}, "--gate '0'"),
        ({"against": "a", "gate": ["nan"]}, "--gate 'nan'"),
        ({"against": "a", "pairs": "0"}, "--pairs '0'"),
        ({"against": "a", "rounds": "-1"}, "--rounds '-1'"),
        ({"against": "a", "budget": "soon"}, "--budget 'soon'"),
        ({"selftest": "aa"}, "--selftest 'aa'"),
        ({"selftest": "aa:0"}, "--selftest 'aa:0'"),
        ({"selftest": "slowdown=1:5"}, "--selftest 'slowdown=1:5'"),
        ({"selftest": "slowdown=0.9:5"}, "--selftest"),
        ({"selftest": "aa=1.5:5"}, "--selftest"),
    ],
)
def test_what_is_wrong_is_told(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("=", "=")):
        parse_asked(options(**given))


def test_a_side_is_told_what_is_selected_and_how_with_whole_paths(tmp_path: Path) -> None:
    data, weights = tmp_path / "data", tmp_path / "weights"
    option = options(
        keyword="gpt2 and size",
        sparsity=["0.5,0.9", "0.99"],
        threads="2",
        benchmark_only=True,
        plugins=["mine", "no:cacheprovider", "pytester"],
        file_or_dir=["bench/test_size.py::test_size[a]", "bench/test_size.py::test_size[b]"],
    )
    settings = Settings(data_dir=data, checkpoints={"gpt2": weights})
    words = arguments_for_sides(option, settings, Path.cwd())
    assert words[:5] == ("bench/test_size.py", "-p", "mine", "-k", "gpt2 and size")
    pairs = dict(pairwise(words))
    assert pairs["--sparsity"] == "0.5,0.9,0.99"
    assert (pairs["--threads"], pairs["--data-dir"]) == ("2", str(data))
    assert pairs["--checkpoint"] == f"gpt2={weights}"
    assert "--limit" not in words
    assert "--benchmark-only" in words
    assert "--benchmark-skip" not in words


def test_a_side_without_data_does_not_take_what_lies_beside_its_tree() -> None:
    words = arguments_for_sides(options(), Settings(data_dir=None), Path.cwd())
    assert ("-o", "data_dir=nowhere") in pairwise(words)

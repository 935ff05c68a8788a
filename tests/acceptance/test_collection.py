"""What is listed before anything is measured: in which order, and how many."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.acceptance.conftest import Session, run

CASE = re.compile(
    r"::(?P<test>\w+)\[(?P<model>\w+-mini)-(?P<task>atlas-\w+(?:-ro)?-)?(?P<kind>dense|\w+-\w+)-?(?P<level>[\d.]+)?\]"
)
VARIANT = re.compile(r"-b1x32-(.+-[\d.]+)-(?:strided|csr|bsr|sliced)\]")
Words = tuple[str, str, str, float]


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The cases of the main job."""
    return run(["--tier", "mini", "--collect-only", "-q"], tmp_path_factory.mktemp("results"))


def ids(session: Session) -> list[str]:
    return [line for line in session.output.splitlines() if "::" in line]


def words(session: Session) -> list[Words]:
    """(model, test, pruning, sparsity) of what is judged and counted, in order; dense has no sparsity."""
    found = [CASE.search(line) for line in ids(session) if "_quality[" in line or "_sparsity[" in line]
    assert all(found)
    return [(case["model"], case["test"], case["kind"], float(case["level"] or 0)) for case in found if case]


def test_as_many_are_said_to_be_collected_as_are_listed(listed: Session) -> None:
    assert listed.status == 0, listed.output
    assert f"\n{len(ids(listed))} tests collected" in listed.output
    assert "NOTSET" not in listed.output


def test_as_many_are_said_to_be_left_out_as_are_not_listed(listed: Session, tmp_path: Path) -> None:
    chosen = run(["--tier", "mini", "--collect-only", "-q", "-k", "gpt2-mini"], tmp_path)
    whole, few = len(ids(listed)), len(ids(chosen))
    assert 0 < few < whole
    assert f"\n{few}/{whole} tests collected ({whole - few} deselected)" in chosen.output


def test_models_and_prunings_come_one_after_the_other_and_dense_first(listed: Session) -> None:
    cases = words(listed)
    models = [model for model, _ in groupby(model for model, *_ in cases)]
    assert models[0] == "gpt2-mini"
    assert set(models) == {"gpt2-mini", "bert-mini", "t5-mini"}
    assert len(models) == 3
    own = [(kind, level) for model, _, kind, level in cases if model == "gpt2-mini"]
    weights = ["magnitude-model", "magnitude-global", "magnitude-layer", "random-global"]
    kinds = ["dense", *weights, "magnitude-heads", "magnitude-neurons", "magnitude-depth"]
    assert [kind for kind, _ in groupby(kind for kind, _ in own)] == kinds


def test_sparsity_grows_within_a_pruning(listed: Session) -> None:
    own = [case for case in words(listed) if case[0] == "gpt2-mini"]
    for kind, group in groupby(own, key=lambda case: case[2]):
        levels = [level for *_, level in group]
        assert levels == sorted(levels), kind
    curve = [level for _, test, kind, level in own if (test, kind) == ("test_quality", "magnitude-global")]
    assert curve == [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]


def test_quality_of_a_variant_comes_before_its_other_measurements(listed: Session) -> None:
    own = [case for case in words(listed) if case[0] == "gpt2-mini"]
    for (kind, level), group in groupby(own, key=lambda case: case[2:]):
        tests = [test for _, test, *_ in group]
        assert tests == ["test_quality", "test_sparsity"][: len(tests)]
        assert len(tests) == (1 if kind == "dense" else 2), level


def test_levels_are_in_order_however_they_are_asked_for(tmp_path: Path) -> None:
    asked = ["--scope", "layer,global", "--sparsity", "0.9,0.1", "-k", "gpt2-mini and quality"]
    session = run(["--tier", "mini", "--collect-only", "-q", *asked], tmp_path)
    assert [case[2:] for case in words(session)] == [
        ("dense", 0),
        ("magnitude-layer", 0.1),
        ("magnitude-layer", 0.9),
        ("magnitude-global", 0.1),
        ("magnitude-global", 0.9),
    ]


def test_costs_come_after_the_quality_of_their_variant(tmp_path: Path) -> None:
    asked = [
        "--tier",
        "base",
        "-k",
        "smollm2 and (magnitude-global and 0.50 or dense) and not (latency or memory or size or structure)",
    ]
    session = run(["--collect-only", "-q", *asked], tmp_path)
    tests = [line.partition("[")[0].rpartition("::")[2] for line in ids(session)]
    assert tests[:2] == ["test_quality", "test_quality"]
    assert sorted(tests[2:]) == ["test_mask_cost", "test_sparsity"]


def test_a_variant_is_not_left_and_come_back_to_whatever_is_measured_of_it(tmp_path: Path) -> None:
    """Block scopes and whole parts are of costs alone here: the grid of quality has no place for them."""
    asked = ["--layout", "strided,csr,bsr,sliced", "--sparsity", "0.5,0.9", "-k", "gpt2-mini and latency"]
    session = run(["--tier", "mini", "--collect-only", "-q", *asked], tmp_path)
    variants = [found[1] for line in ids(session) if (found := VARIANT.search(line))]
    assert len(variants) == len(ids(session))
    runs = [variant for variant, _ in groupby(variants)]
    assert {"magnitude-4x4-0.50", "magnitude-16x16-0.50", "magnitude-depth-0.50"} <= set(runs)
    assert len(runs) == len(set(runs))

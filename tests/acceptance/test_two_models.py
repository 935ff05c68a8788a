"""Sessions of several models: each loaded once, and one that is broken spoils none of the others."""

from __future__ import annotations

import shutil
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.acceptance.conftest import Session, Tiny, run
from tests.acceptance.sharing import run_once

SECOND = ["-p", "tests.acceptance.second"]


def copied(tiny: Tiny, folder: Path) -> Path:
    """The weights of another checkpoint."""
    shutil.copytree(tiny.checkpoint, folder)
    return folder / "model.safetensors"


@pytest.fixture(scope="session")
def pair(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Two models at one sparsity, over all modules but the cost of masks."""

    def run_session(results: Path) -> Session:
        path = copied(tiny, results / "two")
        weights = {name: 0.5 * tensor for name, tensor in load_file(path).items()}
        save_file(weights, path, {"format": "pt"})
        return run(
            [
                *SECOND,
                *tiny.sources,
                *("--checkpoint", f"tiny-two={path.parent}"),
                *("-k", "(tiny-gpt2 or tiny-two) and 0.50 and (quality or sparsity)"),
            ],
            results,
            TINY_LOG=str(results / "log.txt"),
        )

    return run_once(tmp_path_factory, "pair", run_session)


def test_two_models_are_loaded_once_each_and_each_pruning_found_once(pair: Session) -> None:
    assert pair.status == 0, pair.output
    log = (pair.results / "log.txt").read_text("utf-8").split()
    assert sorted(Counter(log).values()) == [2, 8]
    assert Counter(row["benchmark"] for row in pair.records) == {"pruning": 8 * 6, "quality": 8 * 3}


def test_cases_of_a_model_and_of_a_variant_follow_each_other(pair: Session) -> None:
    variants = [(row["model"], row["method"], row["scope"]) for row in pair.records]
    assert len([variant for variant, _ in groupby(variants)]) == 8
    assert [model for model, _ in groupby(model for model, _, _ in variants)] == ["tiny-gpt2", "tiny-two"]


def test_two_models_have_identities_and_tables_of_their_own(pair: Session) -> None:
    weights = {(row["model"], row["weights"]) for row in pair.records}
    assert len({identity for _, identity in weights}) == len(weights) == 2
    for model in ("tiny-gpt2", "tiny-two"):
        assert pair.output.count(f"quality: {model} on tiny-text") == 1
        assert pair.output.count(f"pruning: {model}") == 1


@pytest.fixture(scope="session")
def mixed(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One model that is there, one that lacks a weight, one that is out of reach."""

    def run_session(results: Path) -> Session:
        path = copied(tiny, results / "two")
        weights = load_file(path)
        del weights["transformer.ln_f.bias"]
        save_file(weights, path, {"format": "pt"})
        checkpoint = ["--checkpoint", f"tiny-two={path.parent}"]
        chosen = ["-k", "tiny and quality and magnitude-global-0.50", "-rs"]
        return run([*SECOND, *tiny.sources, *checkpoint, *chosen], results)

    return run_once(tmp_path_factory, "mixed", run_session)


def test_incomplete_weights_are_named_and_stored_under_no_name(mixed: Session) -> None:
    assert mixed.status == pytest.ExitCode.TESTS_FAILED
    assert f"{mixed.results / 'two'} lacks 1 weights of the model: transformer.ln_f.bias" in mixed.output
    assert "Traceback" not in mixed.output
    assert {row["model"] for row in mixed.records} == {"tiny-gpt2"}


def test_broken_and_absent_models_spoil_no_other(mixed: Session) -> None:
    assert "1 passed, 1 skipped" in mixed.output
    assert "1 error" in mixed.output
    assert "nobody/nothing is not in the hub's cache" in mixed.output
    assert "nothing was measured" not in mixed.output

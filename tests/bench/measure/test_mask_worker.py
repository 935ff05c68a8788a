"""The two sides of the mask-cost benchmark, and what is compared between them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.measure.mask_worker import Side, describe_masks, find_masks_by_pytorch, main
from fixtures.pruning.masks import find_masks
from fixtures.pruning.prunable import Weight, weights_of
from fixtures.specs import PruningSpec
from tests.bench.measure.tiny import make_gpt2

ARCHITECTURE = {
    "model_type": "gpt2",
    "n_layer": 1,
    "n_head": 2,
    "n_embd": 8,
    "n_positions": 8,
    "vocab_size": 11,
    "bos_token_id": 0,
    "eos_token_id": 0,
}


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Puts back PyTorch's number of threads, which a side sets."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def job(tmp_path: Path) -> dict[str, Any]:
    """A job on a tiny GPT-2 with random weights."""
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(ARCHITECTURE), "utf-8")
    return {
        "side": "ours",
        "origin": {"head": "causal-lm", "path": str(path), "identity": "random"},
        "pruning": {"method": "magnitude", "scope": "global", "sparsity": 0.5},
        "dtype": "float32",
        "threads": 1,
        "seed": 3,
    }


def make_weights(*values: list[list[float]]) -> tuple[Weight, ...]:
    """Weights of a model of linear layers without biases."""
    layers = []
    for rows in values:
        layer = nn.Linear(len(rows[0]), len(rows), bias=False)
        layer.weight.data = torch.tensor(rows)
        layers.append(layer)
    return weights_of(nn.Sequential(*layers))


def masked(weights: tuple[Weight, ...], *masks: list[list[int]]) -> dict[Weight, Tensor]:
    return {weight: torch.tensor(mask).bool() for weight, mask in zip(weights, masks, strict=True)}


WEIGHTS = [[0.5, -0.25, 3.0], [1.0, 0.25, -2.0]]


def describe(*masks: list[list[int]]) -> list[object]:
    """What is told of masks on `WEIGHTS`, or on as many copies of them."""
    weights = make_weights(*[WEIGHTS] * len(masks))
    return describe_masks(masked(weights, *masks))


@pytest.mark.parametrize(
    ("mask", "pruned", "threshold"),
    [
        ([[1, 1, 1], [1, 1, 1]], 0, 0.0),
        ([[1, 0, 1], [1, 1, 1]], 1, 0.25),
        ([[0, 0, 1], [1, 0, 1]], 3, 0.5),
        ([[0, 0, 1], [0, 0, 0]], 5, 2.0),
        ([[0, 0, 0], [0, 0, 0]], 6, 3.0),
    ],
)
def test_masks_are_told_by_count_and_highest_pruned_size(
    mask: list[list[int]], pruned: int, threshold: float
) -> None:
    assert describe(mask)[:2] == [pruned, threshold]


def test_masks_of_several_weights_are_told_together() -> None:
    assert describe([[1, 0, 1], [1, 0, 1]], [[0, 1, 1], [1, 1, 1]])[:2] == [3, 0.5]


def test_masks_that_differ_in_ties_at_the_threshold_are_told_alike() -> None:
    assert describe([[1, 0, 1], [1, 1, 1]]) == describe([[1, 1, 1], [1, 0, 1]])


def test_ties_across_weights_are_told_alike() -> None:
    all_kept = [[1, 1, 1], [1, 1, 1]]
    assert describe([[1, 0, 1], [1, 1, 1]], all_kept) == describe(all_kept, [[1, 1, 1], [1, 0, 1]])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([[1, 0, 1], [1, 1, 1]], [[1, 0, 1], [1, 0, 1]], id="another count"),
        pytest.param([[0, 1, 1], [1, 1, 1]], [[1, 0, 1], [1, 1, 1]], id="another threshold"),
        pytest.param([[0, 0, 1], [0, 1, 1]], [[1, 0, 1], [0, 0, 1]], id="another below the threshold"),
    ],
)
def test_masks_that_differ_otherwise_are_told_apart(first: list[list[int]], second: list[list[int]]) -> None:
    assert describe(first) != describe(second)


def test_digest_tells_which_weights_are_pruned_below_the_threshold() -> None:
    weights = make_weights([[1.0, 2.0, 3.0, 4.0]])
    first, second = ([[0, 1, 0, 1]], [[1, 0, 0, 1]])
    told = [describe_masks(masked(weights, mask)) for mask in (first, second)]
    assert told[0][:2] == told[1][:2] == [2, 3.0]
    assert told[0][2] != told[1][2]


def test_description_is_plain_data() -> None:
    told = describe([[0, 0, 1], [1, 0, 1]])
    assert json.loads(json.dumps(told)) == told


def test_no_masks_are_told_as_nothing_pruned() -> None:
    assert describe_masks({})[:2] == [0, 0.0]


@pytest.mark.parametrize("scope", ["model", "global"])
@pytest.mark.parametrize("sparsity", [0.1, 0.25, 0.5, 0.9, 0.975])
@pytest.mark.parametrize("seed", [0, 1])
def test_pytorch_finds_the_same_masks_outside_ties(scope: str, sparsity: float, seed: int) -> None:
    weights = weights_of(make_gpt2(seed))
    pruning = PruningSpec("magnitude", scope, sparsity)
    ours, theirs = find_masks(weights, pruning), find_masks_by_pytorch(weights, pruning)
    assert list(theirs.kept) == list(ours.kept)
    assert describe_masks(theirs.kept) == describe_masks(ours.kept)
    assert (theirs.asked, theirs.pruned) == (ours.asked, ours.pruned)


def test_pytorch_finds_masks_without_applying_them() -> None:
    model = make_gpt2()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    find_masks_by_pytorch(weights_of(model), PruningSpec("magnitude", "model", 0.5))
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_both_sides_describe_the_same_masks(job: dict[str, Any]) -> None:
    sides = [Side({**job, "side": side}) for side in ("ours", "pytorch")]
    assert all(side.find() > 0 for side in sides)
    ours, theirs = (side.describe() for side in sides)
    assert ours == theirs
    matrices = 8 * 24 + 8 * 8 + 8 * 32 + 32 * 8
    assert ours[0] == matrices // 2


def test_side_that_forgets_has_no_masks(job: dict[str, Any]) -> None:
    side = Side(job)
    before = side.describe()
    side.find()
    side.forget()
    assert side.describe() == before
    assert before[:2] == [0, 0.0]


def test_applying_masks_leaves_the_weights_for_the_next_round(job: dict[str, Any]) -> None:
    side = Side(job)
    side.find()
    told = side.describe()
    before = [weight.parameter.data.clone() for weight in side._weights]
    assert side.apply() > 0
    assert side.apply() > 0
    assert all(torch.equal(weight.parameter, old) for weight, old in zip(side._weights, before, strict=True))
    assert side.describe() == told


def test_process_answers_every_command_with_a_line(
    job: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mask_worker", json.dumps(job)])
    monkeypatch.setattr(sys, "stdin", io.StringIO("forget\nfind\ndescribe\napply\n"))
    main()
    forgotten, found, described, applied = map(json.loads, capsys.readouterr().out.splitlines())
    assert forgotten is None
    assert found > 0
    assert applied > 0
    assert len(described) == 3


def test_process_stops_at_an_unknown_command(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mask_worker", json.dumps(job)])
    monkeypatch.setattr(sys, "stdin", io.StringIO("colour\n"))
    with pytest.raises(KeyError, match="colour"):
        main()

"""Findings of a small checkpoint, worked by hand: bins of bfloat16 that are 0, 0.5, 1, 2 and 4."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from bench.grid import SPARSITIES
from bench.measure.structure import complaints, count_checkpoint, find_structure, remarks
from fixtures.scanning import scan
from fixtures.specs import PruningSpec
from fixtures.tensor_files import stored_tensors
from reports.cells import format_value
from reports.counts import CheckpointCounts, TensorCounts
from reports.structure import WHOLE, Questions, counts_table
from tests.reports.rows import make_tensor_counts

ZERO, HALF, ONE, TWO, FOUR = 0, 0x3F00, 0x3F80, 0x4000, 0x4080


def tensor(name: str, counts: Mapping[int, int], **changes: Any) -> TensorCounts:  # noqa: ANN401 - any field
    return make_tensor_counts(counts, name=name, **changes)


CHECKPOINT = CheckpointCounts(
    model="tiny",
    weights="local@0",
    family="gpt2",
    tensors=(
        tensor("wte", {TWO: 6, FOUR: 4}, component="embeddings", layer=None, matrix=False),
        tensor("h.0.attn", {ZERO: 2, HALF: 6, ONE: 2}, patterns=(4, 1, 1, 0)),
        tensor("h.0.bias", {ZERO: 2}, matrix=False),
        tensor("h.1.mlp", {HALF: 2, TWO: 8}, component="feed-forward", layer="h.1", patterns=(4, 3, 1, 1)),
    ),
    left_out=({"name": "mask", "dtype": "F32", "shape": [1], "why": "a buffer"},),
)


def values(part: str | None) -> Mapping[str, float]:
    found = find_structure(CHECKPOINT, ())
    return next(finding.values for finding in found if finding.part == part)


def test_parts_are_the_whole_components_and_layers_in_order() -> None:
    parts = [finding.part for finding in find_structure(CHECKPOINT, ())]
    assert parts == [None, "embeddings", "attention", "feed-forward", "h.0", "h.1"]


def test_the_whole_by_hand() -> None:
    assert values(None) == {
        "parameters": 32,
        "share_above_1": 18 / 32,
        "share_zero": 4 / 32,
        "magnitude_q01": 0,
        "magnitude_q50": 2,  # of 4 zeros, 8 halves, 2 ones, 14 twos, 4 fours the sixteenth
        "magnitude_q99": 4,
        "magnitude_max": 4,
        "share_2_4": 4 / 8,
        "share_4x4": 1 / 2,
        "nan_weights": 0,
        "infinite_weights": 0,
        "subnormal_weights": 0,
        "zero_tensors": 1,
    }


def test_a_layer_by_hand() -> None:
    found = values("h.0")
    assert found["parameters"] == 12
    assert found["share_zero"] == 4 / 12
    assert found["share_2_4"] == 1 / 4
    assert "zero_tensors" not in found


def test_a_part_without_matrices_has_no_patterns() -> None:
    assert "share_2_4" not in values("embeddings")
    assert "share_4x4" not in values("embeddings")


def test_one_ranking_of_the_matrices_takes_more_where_weights_are_small() -> None:
    pruning = PruningSpec("magnitude", "global", 0.5)  # 10 of 20: 2 zeros, 8 halves
    found = {
        finding.part: (finding.values["pruned_share"], finding.parameters)
        for finding in find_structure(CHECKPOINT, [pruning])
        if finding.pruning
    }
    assert found == {
        None: (0.5, 20),
        "attention": (0.8, 10),
        "feed-forward": (0.2, 10),
        "h.0": (0.8, 10),
        "h.1": (0.2, 10),
    }


def test_a_ranking_of_everything_reaches_embeddings_and_biases() -> None:
    pruning = PruningSpec("magnitude", "model", 0.25)  # 8 of 32: 4 zeros, 4 of the 8 halves
    found = {
        finding.part: finding.values["pruned_share"]
        for finding in find_structure(CHECKPOINT, [pruning])
        if finding.pruning
    }
    assert found[None] == pytest.approx(0.25)
    assert found["h.0"] == pytest.approx((4 + 3) / 12)
    assert found["h.1"] == pytest.approx(0.1)
    assert found["embeddings"] == 0


def test_norms_at_one_are_stored_as_ones(tmp_path: Path) -> None:
    norm = torch.ones(64)
    norm[:16] = 0.9993
    save_file({"ln_f.weight": norm}, tmp_path / "model.safetensors")
    found = scan(stored_tensors([tmp_path / "model.safetensors"]), "gpt2")
    line = json.dumps(count_checkpoint(found, "tiny", "local@0", "gpt2").to_json())
    (tensor,) = CheckpointCounts.from_json(json.loads(line)).tensors
    assert tensor.magnitudes.share_below(1) == 0.25
    assert tensor.magnitudes.quantile(0.5) == 1


@given(st.integers(0, 1000), st.sampled_from(SPARSITIES))
def test_tables_from_counts_say_what_the_records_say(seed: int, sparsity: float) -> None:
    draw = np.random.default_rng(seed)

    def drawn(name: str, component: str, layer: str | None, *, matrix: bool) -> TensorCounts:
        bins, counts = np.unique(draw.integers(0, 40, 50), return_counts=True)
        found = dict(zip(bins.tolist(), counts.tolist(), strict=True))
        return tensor(name, found, component=component, layer=layer, matrix=matrix)

    layers = [
        drawn(f"h.{layer}.{component}.{part}", component, f"h.{layer}", matrix=part == "weight")
        for layer in range(3)
        for component in ("attention", "feed-forward")
        for part in ("weight", "bias")
    ]
    tensors = (drawn("wte", "embeddings", None, matrix=False), *layers)
    checkpoint = CheckpointCounts(model="x", weights="y", family="gpt2", tensors=tensors)
    recorded = {
        finding.part or WHOLE: format_value(finding.values["pruned_share"], "fraction")
        for finding in find_structure(checkpoint, [PruningSpec("magnitude", "global", sparsity)])
        if finding.pruning
    }
    shown = {}
    for group in ("layer", "component"):
        rows = counts_table(checkpoint, group, Questions(taken=(sparsity,))).rows
        shown.update({name: share for name, *_, share in rows if share})
    assert shown == recorded
    assert len(shown) == 1 + 3 + 2


def test_what_is_no_number_is_complained_of_by_name() -> None:
    bad = [tensor("a", {ONE: 1}, nan=2), tensor("b", {ONE: 1}, infinite=1), tensor("c", {ONE: 1})]
    assert complaints(bad) == ["NaN weights in a", "infinite weights in b"]
    assert complaints([tensor(name, {}, nan=1) for name in "abcde"]) == ["NaN weights in a, b, c and 2 more"]


def test_zeros_and_what_was_left_out_are_remarked() -> None:
    assert remarks(CHECKPOINT) == ("all zeros: h.0.bias", "not counted: mask (a buffer)")


def test_a_checkpoint_of_nan_alone_still_has_its_count() -> None:
    broken = CheckpointCounts(model="x", weights="y", family="gpt2", tensors=(tensor("a", {}, nan=4),))
    found = list(find_structure(broken, [PruningSpec("magnitude", "global", 0.5)]))
    assert found[0].values["nan_weights"] == 4
    assert found[0].values["parameters"] == 4
    assert "magnitude_q50" not in found[0].values
    assert not [finding for finding in found if finding.pruning]

"""Multiply-adds against hand-counted ones."""

from __future__ import annotations

import pytest
from torch.utils.flop_counter import FlopCounterMode

from bench.measure.theory import Theory, count
from fixtures.slicing import slice_model
from fixtures.workloads import Workload
from tests.fixtures import tiny
from tests.fixtures.test_layouts import pruned_by

WIDTH, ROWS, LAYERS, VOCABULARY = 16, 5, 2, 37
BLOCK = WIDTH * 3 * WIDTH + WIDTH * WIDTH + 2 * WIDTH * 4 * WIDTH  # GPT-2's four matrices


@pytest.mark.parametrize(
    ("workload", "rows", "keys", "heads"),
    [
        (Workload("forward", 1, ROWS), ROWS, ROWS, ROWS),
        (Workload("prefill", 1, ROWS), ROWS, ROWS, 1),  # the head sees the last token alone
        (Workload("decode", 1, ROWS), 1, ROWS + 1, 1),
    ],
)
def test_matrices_attention_and_head_of_gpt2_are_counted(
    workload: Workload, rows: int, keys: int, heads: int
) -> None:
    with pruned_by("gpt2", "layer", 0.75) as masked:
        found = count(masked, workload)
    matrices = LAYERS * rows * BLOCK
    attention = LAYERS * 2 * rows * keys * WIDTH
    assert found.multiply_adds == matrices + attention + heads * WIDTH * VOCABULARY
    assert found.pruned_multiply_adds == matrices
    assert found.sparse_multiply_adds == found.multiply_adds - 0.75 * matrices
    assert found.theoretical_speedup == 4.0


PROJECTIONS, FEED_FORWARD = 4 * WIDTH * WIDTH, 2 * WIDTH * 4 * WIDTH
# by scope: what is left of the multiply-adds of one row in the matrices of a layer, and in its attention
HALVES = {
    "heads": (LAYERS * (PROJECTIONS // 2 + FEED_FORWARD), LAYERS / 2),
    "neurons": (LAYERS * (PROJECTIONS + FEED_FORWARD // 2), LAYERS),
    "depth": (LAYERS // 2 * BLOCK, LAYERS / 2),
}
IN_SCOPE = {"heads": PROJECTIONS, "neurons": FEED_FORWARD, "depth": BLOCK}


@pytest.mark.parametrize("scope", HALVES)
def test_without_heads_neurons_or_layers_the_smaller_model_counts_with_its_own_attention(scope: str) -> None:
    with pruned_by("gpt2", scope, 0.5) as masked:
        found = count(masked, Workload("forward", 1, ROWS))
        smaller = slice_model(masked)
    matrices, layers = HALVES[scope]
    attention, head = 2 * ROWS * ROWS * WIDTH, ROWS * WIDTH * VOCABULARY
    assert found.multiply_adds == LAYERS * (ROWS * BLOCK + attention) + head
    assert found.sparse_multiply_adds == ROWS * matrices + layers * attention + head
    assert found.pruned_multiply_adds == LAYERS * ROWS * IN_SCOPE[scope]
    assert found.theoretical_speedup == 2.0
    assert found.nonzeros == sum(int(parameter.count_nonzero()) for parameter in smaller.parameters())
    assert found.compression == pytest.approx(masked.loaded.model.num_parameters() / found.nonzeros)


@pytest.mark.parametrize("scope", HALVES)
@pytest.mark.parametrize("family", ["gpt2", "bert", "t5"])
def test_what_is_left_is_what_the_smaller_model_multiplies(family: str, scope: str) -> None:
    rows = 10  # of two texts of ten tokens, in the outputs of the tiny models
    with pruned_by(family, scope, 0.5) as masked:
        found = count(masked, Workload("forward", 2, rows))
        smaller = slice_model(masked)
    smaller.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        tiny.outputs(smaller)
    assert found.sparse_multiply_adds == counter.get_total_flops() // 2


def test_counts_of_parameters_are_recorded() -> None:
    named = Theory(100, 50, 1000, 430, 600, 30, 0.5).by_name()
    assert (named["parameters"], named["nonzeros"], named["compression_ratio"]) == (100, 50, 2.0)


def test_an_encoder_alone_counts_its_own_matrices() -> None:
    with pruned_by("t5", "layer", 0.5) as masked:
        found = count(masked, Workload("encode", 1, ROWS))
    block = 4 * WIDTH * WIDTH + 2 * WIDTH * 24
    assert found.pruned_multiply_adds == LAYERS * ROWS * block
    assert found.theoretical_speedup == 2.0


def test_parameters_count_once_and_shares_are_of_bytes() -> None:
    with pruned_by("gpt2", "global", 0.5) as masked:
        found = count(masked, Workload("forward", 1, ROWS))
        parameters = sum(parameter.numel() for parameter in masked.loaded.model.parameters())
    assert found.parameters == parameters
    assert found.nonzeros == parameters - LAYERS * BLOCK // 2
    assert found.sparse_byte_share == LAYERS * BLOCK / parameters


def test_the_bound_is_amdahls() -> None:
    theory = Theory(100, 50, 1000, 1000 - 600 + 30, 600, 30, 0.5)
    share, speedup = 0.6, 600 / 30
    assert theory.theoretical_speedup == pytest.approx(speedup)
    assert theory.amdahl_bound == pytest.approx(1 / ((1 - share) + share / speedup))
    assert theory.compression == 2.0

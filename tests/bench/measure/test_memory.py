"""Bytes against hand-counted ones."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bench.measure.memory import measure_memory, resident, storages
from bench.measure.phases import Runner, prepare
from fixtures.layouts import LAYOUTS
from fixtures.workloads import Workload
from tests.fixtures import tiny

CPU = torch.device("cpu")


def runner_of(run: object) -> Runner:
    return Runner(run, lambda: None, 1)  # type: ignore[arg-type]  # what is returned is not looked at


def test_weights_that_are_tied_or_shared_count_once() -> None:
    model = nn.ModuleList([nn.Embedding(10, 4), nn.Linear(4, 10)])
    model[1].weight = model[0].weight
    assert sum(part.nbytes() for part in storages(model)) == 4 * (10 * 4 + 10)


def test_a_sparse_weight_is_its_values_and_indices() -> None:
    matrix = torch.zeros(4, 8)
    matrix[0, :3] = matrix[3, 7] = 1.0
    values, rows, columns = 4, 4, 5
    held = {"csr": values + rows + columns, "scipy": values + rows + columns, "bsr": 2 * 16 + 2 + 2}
    for name, count in held.items():
        make = LAYOUTS[name].make
        assert make is not None
        assert sum(part.nbytes() for part in storages(make(matrix, None, (4, 4)))) == 4 * count


def test_the_peak_is_of_what_is_there_at_once() -> None:
    def run() -> Tensor:
        first = torch.zeros(1024)
        second = torch.zeros(2048)
        del first
        return torch.zeros(512) + second.sum()

    found = measure_memory(nn.Linear(2, 2), runner_of(run), CPU)
    assert 4 * (1024 + 2048) <= found["activation_peak"] <= 4 * (1024 + 2048) + 256
    assert found["weight_memory"] == 4 * 6
    assert found["peak_memory"] == found["activation_peak"] + 24


def test_the_peak_is_the_same_every_time() -> None:
    layer = nn.Linear(64, 64)
    inputs = torch.zeros(8, 64)
    found = {
        measure_memory(layer, runner_of(lambda: layer(inputs)), CPU)["activation_peak"] for _ in range(3)
    }
    assert len(found) == 1


BATCH, LENGTH, LAYERS, HEADS, DIMENSION, FLOAT = 3, 9, 2, 2, 8, 4
CACHE = 2 * LAYERS * BATCH * HEADS * DIMENSION * FLOAT  # of the tiny models, for each token
STATES = {
    "gpt2": CACHE * LENGTH,
    # the encoded text, keys and values of it, and of the one token before
    "t5": BATCH * LENGTH * 16 * FLOAT + CACHE * LENGTH + CACHE,
}


@pytest.mark.parametrize("family", STATES)
def test_decoding_begins_with_its_cache_and_takes_the_same_whenever_it_is_measured(family: str) -> None:
    model = tiny.build(family)
    with torch.inference_mode():
        runner = prepare(model, Workload("decode", BATCH, LENGTH))
        first, second = (measure_memory(model, runner, CPU) for _ in range(2))
        runner.run()
        later = measure_memory(model, runner, CPU)
    assert first == second == later
    assert first["state_memory"] == STATES[family]
    assert first["peak_memory"] == first["weight_memory"] + STATES[family] + first["activation_peak"]


def test_a_longer_cache_takes_the_place_of_the_one_that_is_given_back() -> None:
    held = [torch.zeros(LENGTH * 1024) for _ in range(8)]

    def run() -> Tensor:
        for place, tensor in enumerate(held):
            held[place] = torch.cat([tensor, torch.zeros(1)])
        return torch.zeros(1)

    def reset() -> None:
        held[:] = [tensor[: LENGTH * 1024] for tensor in held]

    found = measure_memory(nn.Linear(2, 2), Runner(run, reset, 1, lambda: tuple(held)), CPU)
    assert found["state_memory"] == 8 * LENGTH * 4096
    assert LENGTH * 4096 < found["activation_peak"] < 1.1 * LENGTH * 4096


def test_a_round_without_state_begins_with_the_weights_alone() -> None:
    model = tiny.build("gpt2")
    with torch.inference_mode():
        found = measure_memory(model, prepare(model, Workload("prefill", 1, LENGTH)), CPU)
    assert found["state_memory"] == 0


def test_what_is_resident_is_at_least_what_was_just_filled() -> None:
    before = resident()
    filled = torch.ones(20_000_000)
    assert resident() - before > filled.nbytes / 2

"""Rounds of a workload against plain calls of the model."""

from __future__ import annotations

import pytest
import torch

from bench.measure.phases import prepare
from fixtures.errors import MisfitError
from fixtures.workloads import Workload
from tests.fixtures import tiny

POSITIONS = 16  # of the tiny models


@pytest.mark.parametrize(
    ("family", "phase", "most"),
    [
        ("gpt2", "forward", POSITIONS),
        ("gpt2", "prefill", POSITIONS),
        ("gpt2", "decode", POSITIONS - 1),  # the one that follows has a position too
        ("bert", "forward", POSITIONS),
        ("llama", "decode", POSITIONS - 1),
    ],
)
def test_a_workload_may_fill_the_models_positions_and_no_more(family: str, phase: str, most: int) -> None:
    model = tiny.build(family)
    with torch.inference_mode():
        assert prepare(model, Workload(phase, 2, most)).run().isfinite().all()
        with pytest.raises(MisfitError, match=f"takes {POSITIONS + 1} positions, the model has {POSITIONS}"):
            prepare(model, Workload(phase, 2, most + 1))


def test_relative_positions_have_no_end() -> None:
    with torch.inference_mode():
        assert prepare(tiny.build("t5"), Workload("encode", 1, 600)).run().shape == (1, 600, 16)

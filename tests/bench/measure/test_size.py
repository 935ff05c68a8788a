"""Bytes of a file beside the least that they can be, where there is such a number."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bench.measure.size import measure_size
from fixtures.encodings.table import ENCODINGS
from fixtures.specs import PruningSpec

SIDE, BLOCK = 1024, 16


def pruned(block: int) -> dict[str, Tensor]:
    """A matrix nine tenths of whose square blocks are zeros; blocks of one are weights."""
    stream = torch.Generator().manual_seed(0)
    matrix = torch.randn(SIDE, SIDE, generator=stream)
    kept = torch.rand(SIDE // block, SIDE // block, generator=stream) >= 0.9
    return {"w": matrix * kept.repeat_interleave(block, 0).repeat_interleave(block, 1) + 0.0}


def measured(block: int, pruning: PruningSpec | None, folder: Path) -> dict[str, float]:
    return measure_size(pruned(block), ENCODINGS["packed"], folder / "file", pruning)


@pytest.mark.parametrize("scope", [None, "model", "global", "layer", "row"])
def test_a_limit_stands_beside_files_whose_zeros_are_scattered(scope: str | None, tmp_path: Path) -> None:
    found = measured(1, PruningSpec("magnitude", scope, 0.9) if scope else None, tmp_path)
    assert found["file_size"] == (tmp_path / "file").stat().st_size
    assert found["compression"] == 4 * SIDE * SIDE / found["file_size"]
    assert found["over_limit"] == found["file_size"] / found["entropy_limit"]
    assert 1 <= found["over_limit"] <= 1.1


@pytest.mark.parametrize("scope", ["16x16", "2:4", "heads", "neurons", "depth"])
def test_where_zeros_lie_together_there_is_none(scope: str, tmp_path: Path) -> None:
    assert measured(1, PruningSpec("magnitude", scope, 0.5), tmp_path).keys() == {"file_size", "compression"}


def test_blocks_would_be_below_it(tmp_path: Path) -> None:
    """Why: what would be a limit of scattered zeros is none of theirs."""
    assert measured(BLOCK, None, tmp_path)["over_limit"] < 0.95

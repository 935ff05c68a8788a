"""Bytes of a file beside the least that they can be; of a real model its entropy is counted another way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from torch import Tensor

from bench.grid import checkpoint
from bench.measure.size import measure_size, require_same_bits, tensors_to_write
from fixtures.encodings.table import ENCODINGS
from fixtures.loading import LoadedModel, load_origin
from fixtures.models import MODELS
from fixtures.origins import find_origin
from fixtures.settings import Settings
from fixtures.specs import PruningSpec, Variant
from fixtures.variants import pruned

SIDE, BLOCK = 1024, 16


def scattered(block: int) -> dict[str, Tensor]:
    """A matrix nine tenths of whose square blocks are zeros; blocks of one are weights."""
    stream = torch.Generator().manual_seed(0)
    matrix = torch.randn(SIDE, SIDE, generator=stream)
    kept = torch.rand(SIDE // block, SIDE // block, generator=stream) >= 0.9
    return {"w": matrix * kept.repeat_interleave(block, 0).repeat_interleave(block, 1) + 0.0}


def measured(block: int, pruning: PruningSpec | None, folder: Path) -> dict[str, float]:
    return measure_size(scattered(block), ENCODINGS["packed"], folder / "file", pruning)


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


MANTISSA = 23  # bits


@pytest.fixture(scope="module")
def mini() -> LoadedModel:
    """The embedded GPT-2."""
    embedded = checkpoint(MODELS["gpt2-mini"], MODELS["gpt2-mini"].trained[0])
    return load_origin(embedded, find_origin(embedded, Settings()), Settings())


def bits_of_tensor(tensor: Tensor) -> float:
    """Where zeros are, and of the others sign and exponent by their entropy, and the whole mantissa."""
    values = tensor.flatten().numpy()
    kept = values[values != 0]
    share = len(kept) / len(values)
    signed = np.frexp(kept)[1] * 2 + (kept < 0)
    kinds = entropy(np.unique(signed, return_counts=True)[1], base=2) if len(kept) else 0.0
    return float(len(values) * entropy([share, 1 - share], base=2) + len(kept) * (MANTISSA + kinds))


@pytest.mark.parametrize("sparsity", [0.5, 0.9])
def test_a_packed_model_is_within_a_tenth_of_its_entropy(
    mini: LoadedModel, sparsity: float, tmp_path: Path
) -> None:
    spec = Variant(checkpoint(mini.spec, mini.spec.trained[0]), PruningSpec("magnitude", "global", sparsity))
    with pruned(mini, spec, seed=0) as masked:
        tensors = {name: tensor.clone() for name, tensor in tensors_to_write(masked).items()}
        parameters = sum(parameter.numel() for parameter in masked.loaded.model.parameters())
        found = measure_size(tensors, ENCODINGS["packed"], tmp_path / "weights", spec.pruning)
    size = (tmp_path / "weights").stat().st_size
    limit = sum(map(bits_of_tensor, tensors.values())) / 8
    assert found["file_size"] == size
    assert found["entropy_limit"] == pytest.approx(limit, rel=1e-9)
    assert found["compression"] == 4 * parameters / size
    assert found["over_limit"] == pytest.approx(size / limit)
    assert 1.0 <= found["over_limit"] <= 1.10


def flipped(tensors: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    yield {**tensors, "a": torch.tensor([1.0, -0.0])}
    yield {**tensors, "a": torch.tensor([1.0, 0.0, 0.0])}
    yield {"b": tensors["a"]}


def test_another_bit_shape_or_name_is_not_the_same_model() -> None:
    tensors = {"a": torch.tensor([1.0, 0.0])}
    require_same_bits(tensors, {"a": tensors["a"].clone()})
    for other in flipped(tensors):
        with pytest.raises(ValueError, match=r"^a(:| is on one side alone)"):
            require_same_bits(tensors, other)

"""How many bytes a pruned model's file has, and that it holds the same model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from fixtures.encodings.bits import PATTERNS, bits_of
from fixtures.encodings.entropy import entropy_limit
from fixtures.encodings.table import Encoding
from fixtures.pruning.prunable import tensors_of
from fixtures.pruning.scopes import find_scope
from fixtures.specs import PruningSpec
from fixtures.variants import PrunedModel


def tensors_to_write(pruned: PrunedModel) -> dict[str, Tensor]:
    """The weights by name, each once: a file holds a tied one once too."""
    return {weight.name: tensor.detach().cpu() for weight, tensor in tensors_of(pruned.loaded.weights)}


def measure_size(
    tensors: Mapping[str, Tensor], encoding: Encoding, path: Path, pruning: PruningSpec | None
) -> dict[str, float]:
    """Writes the file, reads it back, and counts bytes by metric; the same in every run.

    Beside the entropy limit only where there is one: dense, and where weights went one by one.

    Raises:
        ValueError: what was read is not what was written, to the bit.
    """
    encoding.write(tensors, path)
    require_same_bits(tensors, encoding.read(path))
    size = path.stat().st_size
    found = {"file_size": size, "compression": sum(tensor.nbytes for tensor in tensors.values()) / size}
    if pruning is None or find_scope(pruning.scope).scattered:
        limit = entropy_limit(tensors.values())
        found |= {"entropy_limit": limit, "over_limit": size / limit}
    return found


def require_same_bits(written: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Compares bit patterns, under which NaN is itself and -0 is not 0.

    Raises:
        ValueError: names the first tensor that differs.
    """
    if strange := sorted(written.keys() ^ found.keys()):
        raise ValueError(f"{strange[0]} is on one side alone: the file does not hold the model")
    for name, tensor in written.items():
        if not _same(tensor, found[name]):
            raise ValueError(f"{name}: what was read differs from what was written")


def _same(one: Tensor, other: Tensor) -> bool:
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    if one.dtype not in PATTERNS:
        return torch.equal(one, other)
    return bool((bits_of(one) == bits_of(other)).all())

"""What a scan counted of a checkpoint, tensor by tensor: a line of a run's `.counts.jsonl`."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reports.magnitudes import Magnitudes

PROPERTY = "bench-counts"  # the name under which a test hands them over
SUFFIX = ".counts.jsonl"


@dataclass(frozen=True, kw_only=True)
class TensorCounts:
    """The counts of one tensor.

    Attributes:
        dtype: by the safetensors format's name.
        component, layer: where in the model it stands.
        matrix: whether it is a matrix of the transformer blocks.
        grid: of the bins, as `Magnitudes.from_bins` takes it.
        exact: whether all numbers of a bin are the value that names it.
        bins, counts: of the finite numbers, packed: see `pack_integers`.
        ends: how many of the counts are the value that names the bin, packed; None where all are, and in
            files that do not tell.
        patterns: groups of four, those that satisfy 2:4, blocks of 4 × 4, those that are all zeros.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    component: str
    layer: str | None
    matrix: bool
    grid: str
    exact: bool
    bins: str
    counts: str
    subnormal: int
    infinite: int
    nan: int
    patterns: tuple[int, int, int, int]
    ends: str | None = None

    @cached_property
    def magnitudes(self) -> Magnitudes:
        """How often each size occurs among the finite numbers."""
        bins = np.cumsum(unpack_integers(self.bins)).astype(np.uint16)
        counts = unpack_integers(self.counts)
        return Magnitudes.from_bins(self.grid, bins, counts, self._ends(bins, counts))

    def _ends(self, bins: NDArray[np.uint16], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.exact:
            return counts
        return np.where(bins == 0, counts, 0) if self.ends is None else unpack_integers(self.ends)

    @property
    def parameters(self) -> int:
        """How many numbers it has, finite or not."""
        return self.magnitudes.total + self.infinite + self.nan

    @property
    def zeros(self) -> int:
        """How many of them are zero."""
        found = self.magnitudes
        return int(found.counts[found.upper == 0].sum())


@dataclass(frozen=True, kw_only=True)
class CheckpointCounts:
    """The counts of a checkpoint.

    Attributes:
        left_out: what was not counted: name, type, shape and why.
    """

    model: str
    weights: str
    family: str
    tensors: tuple[TensorCounts, ...]
    left_out: tuple[Mapping[str, Any], ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As a line of the file."""
        return {**asdict(replace(self, tensors=())), "tensors": [asdict(tensor) for tensor in self.tensors]}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """From a line of the file.

        Raises:
            TypeError: a field is missing or unknown.
        """
        tensors = [
            TensorCounts(**{**told, "shape": tuple(told["shape"]), "patterns": tuple(told["patterns"])})
            for told in row["tensors"]
        ]
        return cls(**{**row, "tensors": tuple(tensors), "left_out": tuple(row["left_out"])})


def pack_integers(numbers: NDArray[np.integer[Any]]) -> str:
    """Whole numbers as text: little-endian 64 bit, through zlib, in base64."""
    return base64.b64encode(zlib.compress(numbers.astype("<i8").tobytes(), level=6)).decode("ascii")


def pack_bins(bins: NDArray[np.integer[Any]]) -> str:
    """Growing numbers as their differences, packed."""
    growing = bins.astype(np.int64)
    growing[1:] -= growing[:-1].copy()
    return pack_integers(growing)


def unpack_integers(text: str) -> NDArray[np.int64]:
    """The way back from `pack_integers`."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i8").astype(np.int64)


def read_counts(run: Path) -> Sequence[CheckpointCounts]:
    """The counts that lie beside a run's file.

    Raises:
        ValueError: there are none, or they are damaged.
    """
    path = run.with_suffix(SUFFIX)
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"{run} has no counts beside it: `pytest bench -k structure` makes them") from error
    try:
        return [CheckpointCounts.from_json(json.loads(line)) for line in lines]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error})") from error

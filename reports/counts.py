"""What a scan counted of a checkpoint, tensor by tensor: a line of a run's `.counts.jsonl`."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reports.magnitudes import Counts, Magnitudes

PROPERTY = "bench-counts"  # the name under which a test hands them over
SUFFIX = ".counts.jsonl"
INFINITY = {"bfloat16": 0x7F80, "float16": 0x7C00}  # by grid, the bin of infinity: no later one is finite


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

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """From its part of a line of the file.

        Raises:
            ValueError: what is packed is damaged, or is not about as many numbers as the shape has.
            TypeError: a field is missing or unknown.
            KeyError: a field is missing.
        """
        found = cls(**{**told, "shape": tuple(told["shape"]), "patterns": tuple(told["patterns"])})
        groups, groups_met, blocks, blocks_met = found.patterns
        if groups_met > groups or blocks_met > blocks:
            raise ValueError(f"{found.name!r}: more patterns met than there are")
        if found.parameters != math.prod(found.shape):
            raise ValueError(f"{found.name!r}: {found.parameters} numbers were counted, shape {found.shape}")
        return found

    @cached_property
    def magnitudes(self) -> Magnitudes:
        """How often each size occurs among the finite numbers.

        Raises:
            ValueError: bins and counts are damaged.
        """
        bins, counts = np.cumsum(unpack_integers(self.bins)), unpack_integers(self.counts)
        ends = self._ends(bins, counts)
        if not bins.shape == counts.shape == ends.shape:
            raise ValueError(
                f"{self.name}: {bins.size} bins, {counts.size} counts, {ends.size} at their ends"
            )
        if self.grid not in INFINITY or not _is_sound(bins, counts, ends, INFINITY[self.grid]):
            raise ValueError(f"{self.name!r}: bins or counts that cannot be")
        return Magnitudes.from_bins(self.grid, bins.astype(np.uint16), counts, ends)

    def _ends(self, bins: Counts, counts: Counts) -> Counts:
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
        """From a line of the file; all that is packed is read.

        Raises:
            ValueError: the counts of a tensor are damaged.
            TypeError: a field is missing or unknown.
            KeyError: a field is missing.
        """
        left_out = tuple({**left, "name": left["name"], "why": left["why"]} for left in row["left_out"])
        return cls(
            **{**row, "tensors": tuple(map(TensorCounts.from_json, row["tensors"])), "left_out": left_out}
        )


@dataclass(frozen=True)
class StoredCounts:
    """The counts of a run as read back.

    Attributes:
        damage: what could not be read, a sentence each, naming file and line.
    """

    path: Path
    checkpoints: tuple[CheckpointCounts, ...]
    damage: tuple[str, ...]


def pack_integers(numbers: NDArray[np.integer[Any]]) -> str:
    """Whole numbers as text: little-endian 64 bit, through zlib, in base64."""
    return base64.b64encode(zlib.compress(numbers.astype("<i8").tobytes(), level=6)).decode("ascii")


def pack_bins(bins: NDArray[np.integer[Any]]) -> str:
    """Growing numbers as their differences, packed."""
    growing = bins.astype(np.int64)
    growing[1:] -= growing[:-1].copy()
    return pack_integers(growing)


def unpack_integers(text: str) -> Counts:
    """The way back from `pack_integers`.

    Raises:
        ValueError: the text is damaged.
    """
    try:
        found = zlib.decompress(base64.b64decode(text, validate=True))
    except zlib.error as error:
        raise ValueError(f"numbers cannot be unpacked: {error}") from error
    return np.frombuffer(found, "<i8").astype(np.int64)


def read_counts(run: Path) -> StoredCounts:
    """The counts that lie beside a run's file; a damaged line costs that line alone.

    Raises:
        ValueError: there are none.
    """
    path = run.with_suffix(SUFFIX)
    try:
        lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    except OSError as error:
        raise ValueError(f"{run} has no counts beside it: `pytest bench -k structure` makes them") from error
    found, damage = [], []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(CheckpointCounts.from_json(json.loads(line)))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            damage.append(f"{path}:{number}: damaged line left out ({error})")
    return StoredCounts(path, tuple(found), tuple(damage))


def _is_sound(bins: Counts, counts: Counts, ends: Counts, infinity: int) -> bool:
    """Whether bins are of finite numbers and grow, and none holds more of its value than in all."""
    growing = bool((bins >= 0).all() and (bins <= infinity).all() and (np.diff(bins) > 0).all())
    return growing and bool((counts > 0).all() and (ends >= 0).all() and (ends <= counts).all())

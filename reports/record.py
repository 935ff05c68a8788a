"""Record and Run: one row of the results table, and where it was measured.

Schema history:
    1  the first one.
    2  `part`: a layer or a component of the model; None, as in older files, is the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, make_dataclass
from typing import Any, Literal, Self

SCHEMA = 2
LAYER = "layer:"  # how workloads of single layers begin
PROPERTY = "bench-record"  # the name under which a test hands over its records
MODEL_SECONDS = "bench-model-seconds"  # and how long the model took
NESTED = frozenset((dict, list))  # what JSON holds other values in: a record is flat

Statistics = Mapping[str, Sequence[int]]
Gate = Literal["passed", "failed", "ungated"]
Better = Literal["lower", "higher"]
Outcome = Literal["measured", "oom", "timeout"]


@dataclass(frozen=True, kw_only=True, slots=True)  # without: a dictionary each, most of what a page holds
class Record:
    """One metric of one case. What does not apply is None; units are SI.

    The fields of `KEY` say what was measured: two records compare when these agree. Neither node id nor file
    path is among them, so that moving a test keeps its past.

    Attributes:
        weights: which weights: `hub@revision`, `local@sha`, a package's `name@sha`, `random`.
        protocol: what else the number depends on, in words, with the limit on examples.
        part: of the model that the number is about, a layer or a component; None is the whole.
        workload: what was run for a cost: `masks` is finding and applying them.
        sparsity: asked for, in scope; 0 for dense.
        achieved_sparsity: counted afterwards, in scope.
        n: how many examples or rounds the value summarises.
        low, high: its interval.
        samples: where the examples' scores or the rounds are: `file#line` beside the run's file.
        limit, gate, limit_source: the threshold, what it said, and where it stands.
        stamps: what a reader should know, such as `noisy`.

    Raises:
        ValueError: a measured value that is NaN or infinite.
    """

    benchmark: str
    model: str
    weights: str
    task: str | None = None
    task_version: int | None = None
    protocol: str | None = None
    part: str | None = None
    workload: str | None = None
    method: str | None = None
    scope: str | None = None
    sparsity: float = 0.0
    layout: str | None = None
    encoding: str | None = None
    device: str
    dtype: str
    threads: int | None = None
    seed: int | None = None
    metric: str

    value: float | None
    unit: str
    better: Better | None = None
    achieved_sparsity: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    samples: str | None = None
    limit: str | None = None
    gate: Gate = "ungated"
    limit_source: str | None = None
    stamps: tuple[str, ...] = ()
    outcome: Outcome = "measured"

    def __post_init__(self) -> None:
        measured = self.value is not None and math.isfinite(self.value)
        if self.outcome == "measured" and not measured:
            raise ValueError(f"{self.metric} is {self.value}: not a number that can be recorded")

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """A record from a results line.

        Raises:
            TypeError: a field is missing, unknown or of another type.
            ValueError: its value is not a number.
        """
        flat = {**row, "stamps": tuple(row.get("stamps", ()))}
        nested = []
        if not NESTED.isdisjoint(map(type, flat.values())):  # looking at each by name takes twice as long
            nested = [name for name, value in flat.items() if type(value) in NESTED]
        if nested or not isinstance(row.get("sparsity", 0), (int, float)):
            raise TypeError(f"not a flat record: {', '.join(nested) or 'sparsity'}")
        if flat.keys() != _FIELDS:
            return cls(**flat)  # an older file's defaults; or a TypeError that names the field
        return cls.from_values([flat[name] for name in _NAMES])

    @classmethod
    def from_values(cls, values: Sequence[object]) -> Self:
        """A record from the values of all fields, in their order and of their types.

        Raises:
            ValueError: the measured value is not a number.
        """
        record: Any = _Draft(*values)
        record.__class__ = cls  # the __init__ of what is frozen takes longer than reading a line does
        record.__post_init__()
        return record  # type: ignore[no-any-return]

    def to_json(self) -> dict[str, Any]:
        """The record as a results line, fields in their order."""
        return asdict(self)

    @property
    def is_layer(self) -> bool:
        """Whether a single layer was run, and no whole model."""
        return (self.workload or "").startswith(LAYER)

    @property
    def pruning(self) -> str:
        """How the model was pruned, without the sparsity: `magnitude-global`, or `dense`."""
        return f"{self.method}-{self.scope}" if self.method else "dense"


@dataclass(frozen=True)
class Handed:
    """A record as a test hands it over, with what it is made of.

    Attributes:
        samples: the examples' scores or the rounds.
        statistics: by name, integers per example whose sums give the metric.
    """

    record: Record
    samples: Sequence[float] | None = None
    statistics: Statistics | None = None


def handed_over(properties: Iterable[tuple[str, object]]) -> Iterator[Handed]:
    """The records among what a test hands over."""
    for name, value in properties:
        if name == PROPERTY and isinstance(value, dict):
            yield Handed(Record.from_json(value["record"]), value["samples"], value.get("statistics"))


_NAMES = [item.name for item in fields(Record)]
_FIELDS = frozenset(_NAMES)
_Draft = make_dataclass("_Draft", _NAMES, slots=True)  # laid out as a record is
KEY = tuple(_NAMES[: _NAMES.index("value")])


@dataclass(frozen=True, kw_only=True)
class Run:
    """One session: the header of its results file.

    Attributes:
        commit: of the working tree, 40 hex digits, or None outside git.
        dirty: whether the tree differed from the commit.
        machine: a short name for this kind of machine; records of different ones do not compare.
        started: UTC, ISO 8601.
        command: the command line, to run it again.
    """

    commit: str | None
    dirty: bool
    machine: str
    host: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    started: str
    command: str
    schema: int = SCHEMA

"""Reads thresholds.toml and judges values by it.

A limit is one of
    value = [low, high]     the metric itself
    change = [low, high]    value - dense, in the metric's unit
    nats = [low, high]      ln(value) - ln(dense): perplexity on a log scale
    collapse = factor       value / dense is at least the factor where lower is better, at most where higher
                            is: the model is expected to be broken there, and would surprise if it were not
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.toml_lines import TomlLines
from fixtures.models import MODELS
from fixtures.pruning.methods import METHODS
from fixtures.pruning.scopes import find_scope, prunings_of
from fixtures.registry import UnknownNameError
from fixtures.settings import one_of, parse_sparsities
from fixtures.specs import DENSE, Case
from fixtures.tasks import TASKS
from reports.metrics import METRICS
from reports.record import Gate

FILE = Path(__file__).with_name("thresholds.toml")
KINDS = ("value", "change", "nats", "collapse")
WORKLOADS = ("evaluate",)  # what stands in the place of a task where a cost has a limit

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Threshold:
    """What counts as good enough for one metric of one case.

    Attributes:
        low, high: what the compared number must lie between, ends included.
        source: where it stands, `file:line`.
    """

    kind: str
    low: float
    high: float
    source: str

    def __str__(self) -> str:
        words = {"value": "", "change": "change to dense ", "nats": "ln(value / dense) "}
        if self.kind != "collapse":
            return f"{words[self.kind]}from {self.low:g} to {self.high:g}"
        factor = f"at least {self.low:g}" if self.high == math.inf else f"at most {self.high:g}"
        return f"collapse, {factor} times dense"


@dataclass(frozen=True)
class Verdict:
    """What a threshold says of a value.

    Attributes:
        complaint: a sentence for the user when the gate failed.
        note: why there is no gate, when a threshold exists for another protocol.
    """

    gate: Gate
    limit: str | None = None
    source: str | None = None
    complaint: str = ""
    note: str = ""


class Thresholds:
    """All thresholds of a file."""

    def __init__(self, rows: Mapping[Key, Threshold]) -> None:
        self._rows = rows

    def judge(
        self,
        case: Case,
        protocol: str,
        metric: str,
        value: float,
        dense: Callable[[], float],
        *,
        workload: str | None = None,
    ) -> Verdict:
        """Judges a value of a case: of its task, or of a workload that was run for its cost.

        `dense` is asked for only when the limit is relative to it.
        """
        what = workload or str(case.task)
        subject = (case.variant.model.name, what, metric, str(case.variant.pruning or DENSE))
        threshold = self._rows.get((*subject, protocol))
        if threshold is None:
            others = sorted(key[4] for key in self._rows if key[:4] == subject)
            return Verdict("ungated", note=f"threshold is for {' or '.join(others)}" if others else "")
        compared = _compared(threshold.kind, value, dense)
        passed = threshold.low <= compared <= threshold.high
        return Verdict(
            gate="passed" if passed else "failed",
            limit=str(threshold),
            source=threshold.source,
            complaint="" if passed else _complaint(case, metric, value, compared, threshold),
        )


def _compared(kind: str, value: float, dense: Callable[[], float]) -> float:
    if kind == "value":
        return value
    if kind == "change":
        return value - dense()
    if kind == "nats":
        return math.log(value / dense())
    return value / dense()


def _complaint(case: Case, metric: str, value: float, compared: float, threshold: Threshold) -> str:
    found = "" if threshold.kind == "value" else f" ({compared:.4g} against dense)"
    return f"{case}: {metric} is {value:.6g}{found}; limit: {threshold}; {threshold.source}"


def read_thresholds(path: Path = FILE) -> Thresholds:
    """Reads and checks a thresholds file.

    Raises:
        ValueError: the file is no TOML, or names what does not exist.
    """
    where = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text("utf-8")
        rows = list(_rows(tomllib.loads(text), TomlLines(text), where))
        _require_unique(rows)
        return Thresholds(dict(rows))
    except KeyError as error:
        missing = error if isinstance(error, UnknownNameError) else f"a table has no {error}"
        raise ValueError(f"{where}: {missing}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{where}: {error}") from error


def _require_unique(rows: list[tuple[Key, Threshold]]) -> None:
    """Refuses two limits for one number."""
    first: dict[Key, Threshold] = {}
    for key, threshold in rows:
        if key in first:
            raise ValueError(
                f"{threshold.source}: {' '.join(key)} has a limit at {first[key].source} already"
            )
        first[key] = threshold


def _rows(content: Mapping[str, Any], lines: TomlLines, where: str) -> Iterator[tuple[Key, Threshold]]:
    for model, tasks in content.items():
        MODELS[model]
        for task, metrics in tasks.items():
            if task not in WORKLOADS:
                TASKS[task]
            for metric, tables in metrics.items():
                one_of("metric", metric, list(METRICS))
                for index, table in enumerate(tables):
                    for pruning, limit in table["limits"].items():
                        _require_pruning(pruning)
                        source = f"{where}:{lines.find((model, task, metric), index, pruning)}"
                        key = (model, task, metric, pruning, table["protocol"])
                        yield key, _threshold(metric, limit, source)


def _threshold(metric: str, limit: Mapping[str, Any], source: str) -> Threshold:
    if len(limit) != 1:
        raise ValueError(f"{source}: expected one of {', '.join(KINDS)}, found {', '.join(limit) or 'none'}")
    kind, bounds = next(iter(limit.items()))
    one_of("kind of limit", kind, KINDS)
    if kind == "collapse":
        lower_is_better = METRICS[metric].better == "lower"
        if (bounds > 1) != lower_is_better:
            raise ValueError(
                f"{source}: collapse = {bounds} is none where {METRICS[metric].better} is better"
            )
        bounds = [bounds, math.inf] if lower_is_better else [-math.inf, bounds]
    if not isinstance(bounds, list):
        raise TypeError(f"{source}: {kind} is {bounds!r}, expected [low, high]")
    low, high = map(float, bounds)
    if not low <= high:
        raise ValueError(f"{source}: {low:g} to {high:g} is no range")
    return Threshold(kind, low, high, source)


def _require_pruning(name: str) -> None:
    """Refuses what is not the id of a pruning."""
    if name == DENSE:
        return
    method, _, rest = name.partition("-")
    scope, _, level = rest.rpartition("-")
    if not level:
        raise ValueError(f"pruning {name!r}: expected dense, or an id such as magnitude-global-0.50")
    try:
        found = prunings_of(METHODS[method].name, find_scope(scope), parse_sparsities([level]))
    except ValueError as error:
        raise ValueError(f"pruning {name!r}: {error}") from error
    if name not in map(str, found):
        raise ValueError(f"pruning {name!r}: expected {found[0]}")

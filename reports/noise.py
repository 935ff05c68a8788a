"""Whether a run was timed on a quiet machine: zeros in a dense tensor, the control, cost what dense costs."""

from __future__ import annotations

import math
from collections.abc import Iterable

from reports.escaping import printable
from reports.record import Record

CONTROL = "strided"  # the layout of controls
BAND = (0.90, 1.10)  # where their speed-up belongs
NOISY = "noisy"  # how a stamp begins that says what may have disturbed timing


def is_outside(low: float, high: float) -> bool:
    """Whether a control's interval has nothing of the band, so that chance alone does not explain it."""
    return high < BAND[0] or low > BAND[1]


def describe_control(value: float, low: float, high: float) -> str:
    """A control's speed-up with its interval, in words."""
    return f"{value:.2f} ({low:.2f} to {high:.2f}) times as fast as dense"


def explain_noise(records: Iterable[Record]) -> str:
    """What the controls of a run say against all that was timed in it, before them too; empty if nothing."""
    controls = [(record, *ends) for record in records if (ends := _ends(record))]
    bad = [control for control in controls if is_outside(*control[2:])]
    if not bad:
        return ""
    record, value, low, high = max(bad, key=lambda control: abs(math.log(max(control[1], 1e-9))))
    where = printable(f"{record.model} {record.workload} {record.pruning}-{record.sparsity:g}")
    return (
        f"this run is noisy: {len(bad)} of {len(controls)} controls (zeros in a dense tensor) outside "
        f"{BAND[0]:g} to {BAND[1]:g}; the furthest, {where}, was {describe_control(value, low, high)}"
    )


def _ends(record: Record) -> tuple[float, float, float] | None:
    """A control's speed-up and the ends of its interval."""
    if (record.benchmark, record.metric, record.layout) != ("latency", "speedup", CONTROL):
        return None
    if record.value is None or record.low is None or record.high is None:
        return None
    return record.value, record.low, record.high

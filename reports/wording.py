"""Cases and differences in words, exact enough to see what moved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from reports.cells import format_value, variant_text
from reports.escaping import printable
from reports.record import Record
from reports.tables import circumstances

WHOLE_BELOW = 1e15  # floats below it hold whole numbers exactly
NOTHING = "-"


def describe_case(record: Record) -> str:
    """What was measured, in the order of a case's id: quality: gpt2 on wikitext2, magnitude-global-0.50."""
    layout = record.layout if record.workload else None
    task = f" on {record.task}" if record.task else ""
    facts = (f"{record.model}{task}", variant_text(record), record.workload, layout, record.encoding)
    return printable(f"{record.benchmark}: {', '.join(map(str, filter(None, (*facts, record.part))))}")


def describe_cases(records: Sequence[Record]) -> list[str]:
    """The same for many, with the circumstances where it would not tell two of them apart."""
    words = [describe_case(record) for record in records]
    seen = Counter((text, record.metric) for text, record in zip(words, records, strict=True))
    return [
        f"{text}{_circumstances(record)}" if seen[text, record.metric] > 1 else text
        for text, record in zip(words, records, strict=True)
    ]


def _circumstances(record: Record) -> str:
    seed = [] if record.seed is None else [f"seed {record.seed}"]
    return printable(f" ({'; '.join([*circumstances(record), *seed])})")


def value_text(record: Record | None) -> str:
    """A value to six digits, bytes and counts to the last; without one, why."""
    if record is None:
        return NOTHING
    if record.value is None:
        return printable(record.outcome)
    value = record.value
    if record.unit == "B":
        return f"{value:,.0f} B"
    if record.unit == "fraction":
        return f"{100 * value:.6g} %"
    if record.unit:
        return printable(format_value(value, record.unit))
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < WHOLE_BELOW else f"{value:.6g}"


def ratio_of(base: Record | None, head: Record | None) -> float | None:
    """Head over base, where that is a number."""
    if base is None or head is None or base.value is None or head.value is None or not base.value:
        return None
    ratio = head.value / base.value
    return ratio if math.isfinite(ratio) else None


def difference_of(base: Record | None, head: Record | None) -> float | None:
    """Head minus base, where that is a number."""
    if base is None or head is None or base.value is None or head.value is None:
        return None
    difference = float(head.value) - float(base.value)
    return difference if math.isfinite(difference) else None


def difference_text(base: Record | None, head: Record | None) -> str:
    """Scores and counts by how much, shares in points, the rest in per cent; empty where there is none."""
    difference, ratio = difference_of(base, head), ratio_of(base, head)
    if head is None or difference is None:
        return ""
    if head.unit == "fraction":
        return f"{100 * difference:+.3g} points"
    return f"{difference:+.4g}" if not head.unit or ratio is None else f"{100 * (ratio - 1):+.3g} %"


def ratio_text(base: Record | None, head: Record | None) -> str:
    """Head over base, as a reader wants it."""
    ratio = ratio_of(base, head)
    return "" if ratio is None else format_value(ratio, "x")

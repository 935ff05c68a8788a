"""How sparse a checkpoint is, part by part: the table of a run, and what its counts tell later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.cells import cell, count_text, format_value, number_text
from reports.counts import CheckpointCounts, TensorCounts
from reports.escaping import name_some
from reports.magnitudes import Magnitudes, merge
from reports.parts import pattern_shares, taken_from
from reports.record import Record
from reports.table import Table

STRUCTURE = "structure"
WHOLE = "all weights"
SHOWN = {
    "parameters": "weights",
    "share_above_1": "|w| > 1",
    "magnitude_q01": "1 % below",
    "magnitude_q50": "median",
    "magnitude_q99": "99 % below",
}
# what a part needs only where weights are zero already
ZEROS = {"share_zero": "zeros", "share_2_4": "2:4 met", "share_4x4": "4x4 zero"}
NOTABLE = 1e-3  # a share of zeros that is no accident
TAKEN = (0.50, 0.90)
GROUPS: Mapping[str, Callable[[TensorCounts], str | None]] = {
    "parameter": lambda tensor: tensor.name,
    "layer": lambda tensor: tensor.layer,
    "component": lambda tensor: tensor.component,
}


def structure_table(records: Sequence[Record], setting: str) -> Table:
    """Parts down; weights, quantiles of |w|, and what one ranking of all matrices takes, across."""
    values = {(record.part, record.metric): record for record in records if record.method is None}
    shares = {(record.part, record.sparsity): cell(record) for record in records if record.scope == "global"}
    zeros = [record.value or 0.0 for (_, metric), record in values.items() if metric == "share_zero"]
    shown = {**SHOWN, **(ZEROS if max(zeros, default=0.0) >= NOTABLE else {})}
    rows = [
        [
            part or WHOLE,
            *(_text(values.get((part, metric))) for metric in shown),
            *(shares.get((part, level), "") for level in TAKEN),
        ]
        for part in dict.fromkeys(part for part, _ in values)
    ]
    columns = ["part", *shown.values(), *map(_take_heading, TAKEN)]
    return Table(f"{STRUCTURE}: {records[0].model}", setting, columns, rows)


@dataclass(frozen=True)
class Questions:
    """What is asked of the counts.

    Attributes:
        above, below: thresholds of |w|.
        quantiles: from 0 to 1.
        taken: sparsities at which one magnitude ranking of all matrices prunes.
    """

    above: tuple[float, ...] = ()
    below: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    taken: tuple[float, ...] = ()


USUAL = Questions(above=(1.0,), quantiles=(0.01, 0.5, 0.99), taken=TAKEN)


def counts_table(checkpoint: CheckpointCounts, group: str, questions: Questions) -> Table:
    """Any threshold and quantile of |w|, and what a ranking takes, for each parameter, layer or component.

    From the counts alone. Zeros and their patterns have columns if there is any zero.
    """
    groups: dict[str, list[TensorCounts]] = {WHOLE: list(checkpoint.tensors)}
    for tensor in checkpoint.tensors:
        if name := GROUPS[group](tensor):
            groups.setdefault(name, []).append(tensor)
    zeros = ZEROS if any(tensor.zeros for tensor in checkpoint.tensors) else {}
    takes = [_take(groups, level) for level in questions.taken]
    rows = [
        [name, *_answers(tensors, questions, zeros), *(take.get(name, "") for take in takes)]
        for name, tensors in groups.items()
    ]
    columns = [group, "weights", *_headings(questions), *zeros.values(), *map(_take_heading, questions.taken)]
    return Table(f"{STRUCTURE}: {checkpoint.model}", _describe(checkpoint), columns, rows)


def _describe(checkpoint: CheckpointCounts) -> str:
    left = name_some([f"{left['name']} ({left['why']})" for left in checkpoint.left_out])
    return "; ".join(
        filter(None, (checkpoint.weights, checkpoint.family, f"not counted: {left}" if left else ""))
    )


def _headings(questions: Questions) -> list[str]:
    return [
        *(f"|w| > {level:g}" for level in questions.above),
        *(f"|w| < {level:g}" for level in questions.below),
        *(f"{_percent(level)} below" for level in questions.quantiles),
    ]


def _take_heading(level: float) -> str:
    return f"{_percent(level)} take"


def _percent(share: float) -> str:
    return f"{100 * share:.10g} %"  # 100 * 0.07 is 7.000000000000001


def _take(groups: Mapping[str, Sequence[TensorCounts]], sparsity: float) -> dict[str, str]:
    """What one ranking of all matrices takes from each group that has any."""
    matrices = {name: [one for one in tensors if one.matrix] for name, tensors in groups.items()}
    found = taken_from(matrices, matrices[WHOLE], sparsity)
    return {name: format_value(share, "fraction") for name, (_, share) in found.items()}


def _answers(tensors: Sequence[TensorCounts], questions: Questions, zeros: Iterable[str]) -> list[str]:
    found = merge(tensor.magnitudes for tensor in tensors)
    if not found.total:
        return ["0", *[""] * len([*_headings(questions), *zeros])]
    sparse = {"share_zero": sum(tensor.zeros for tensor in tensors) / found.total, **pattern_shares(tensors)}
    return [
        count_text(found.total),
        *_shares(found, questions),
        *(format_value(sparse[metric], "fraction") if metric in sparse else "" for metric in zeros),
    ]


def _shares(found: Magnitudes, questions: Questions) -> list[str]:
    shares = [*map(found.share_above, questions.above), *map(found.share_below, questions.below)]
    return [
        *(format_value(share, "fraction") for share in shares),
        *(number_text(found.quantile(share)) for share in questions.quantiles),
    ]


def _text(record: Record | None) -> str:
    if record is None:
        return ""
    if record.metric == "parameters" and record.value is not None:
        return count_text(int(record.value))
    return cell(record)

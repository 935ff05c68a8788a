"""A history in words: as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from textwrap import fill

from reports.escaping import markdown, printable
from reports.gathered import Point
from reports.history import History
from reports.judged import VERDICTS, Verdict
from reports.record import KEY
from reports.steps import Judgement
from reports.trend_rows import (
    STEP_COLUMNS,
    Row,
    change_of,
    is_news,
    rows_of,
    step_cells,
    steps_of,
    why_hidden,
    worst_of,
)

STYLES = ("table", "md", "json")
MARKDOWN_ROWS = 100  # of a table: a comment on a pull request has 65,536 characters
KEPT = "\u00a0"  # a space at which no line ends


def render(
    history: History, found: Sequence[Judgement], style: str, *, every: bool = False, width: int = 80
) -> str:
    """The history in one of `STYLES`.

    Args:
        history: of a machine.
        found: its series, or some of them, with their steps.
        style: how it is written; JSON has all series with all their points.
        every: series without a step too, and tables of Markdown whole.
        width: columns of the terminal, for style `table`.
    """
    if style == "json":
        return _json(history, found)
    shown = [one for one in found if every or is_news(one)]
    rows = rows_of(history, shown)
    if style == "md":
        return _markdown(history, found, rows, MARKDOWN_ROWS if len(shown) < len(found) else None)
    return _text(history, found, rows, width)


def _heading(history: History, found: Sequence[Judgement], listed: int) -> Iterator[str]:
    """Which commits, and what there is as numbers; what is not listed is counted."""
    first, last = history.commits[0].label, history.commits[-1].label
    yield f"{history.machine}: {len(history.commits)} commits from {first} to {last}"
    yield from history.notes
    verdicts = Counter(step.verdict for one in found for step in one.steps)
    moved = sum(bool(one.steps) for one in found)
    steps = f": {verdicts.total()} steps, {_describe(verdicts)}" if verdicts else ""
    yield f"{moved} of {len(found)} series have a step{steps}"
    if listed < len(found):
        hidden = Counter(why_hidden(one) for one in found if not is_news(one))
        yield f"not listed (--all): {', '.join(f'{count} {why}' for why, count in hidden.items())}"


def _describe(verdicts: Counter[Verdict]) -> str:
    return ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS if verdicts[verdict])


def _commits_with_steps(history: History, found: Sequence[Judgement]) -> list[str]:
    """Each commit that has steps, and how many."""
    told = []
    for at, commit in enumerate(history.commits):
        verdicts = Counter(step.verdict for one in found for step in one.steps if step.at == at)
        if verdicts:
            told.append(f"{_describe(verdicts)} at {' '.join(filter(None, (commit.label, commit.subject)))}")
    return told


def _new_series(history: History, found: Sequence[Judgement]) -> list[str]:
    """Where subjects go on under other circumstances, those that do alike together."""
    alike = Counter((one.series.points[0].at, one.series.continues) for one in found if one.series.continues)
    return [
        f"{count} from {history.commits[at].label} on: {change}"
        for (at, change), count in sorted(alike.items())
    ]


def _text(history: History, found: Sequence[Judgement], rows: Sequence[Row], width: int) -> str:
    """A few lines a series, under what the commits did: what is measured fits no column in words."""
    lines = [_wrap(line, width, "", "  ") for line in _heading(history, found, len(rows))]
    blocks = {
        "commits with steps": _commits_with_steps(history, found),
        "new series": _new_series(history, found),
    }
    for title, told in blocks.items():
        lines += ["", title, *(_wrap(line, width, "  ", "    ") for line in told)] if told else []
    for row in sorted(rows, key=worst_of):
        lines += ["", _wrap(f"{row.case}: {row.metric}", width, "", "  ")]
        lines += [_wrap(line, width, "  ", "    ") for line in _row_lines(row)]
    return "\n".join(lines)


def _wrap(text: str, width: int, first: str, others: str) -> str:
    """A paragraph of a terminal's width; a number keeps its per cent."""
    told = fill(
        printable(text).replace(" %", f"{KEPT}%"), width, initial_indent=first, subsequent_indent=others,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return told.replace(KEPT, " ")


def _row_lines(row: Row) -> Iterator[str]:
    yield row.course
    yield from row.remarks
    for step in row.steps:
        yield f"{step.verdict} at {step.commit}: {step.before} → {step.after}, {step.change}; {step.reason}"


def _markdown(history: History, found: Sequence[Judgement], rows: Sequence[Row], limit: int | None) -> str:
    """The steps as a table, worst first; what else is listed folded away."""
    summary, *notes = _heading(history, found, len(rows))
    notes += [f"new series: {line}" for line in _new_series(history, found)]
    parts = [f"**{markdown(summary)}**", "\n".join(f"- {markdown(line)}" for line in notes)]
    if steps := steps_of(rows):
        parts.append(_grid(STEP_COLUMNS, [step_cells(*pair) for pair in steps], limit))
    if others := [row for row in rows if not row.steps]:
        cells = [(row.case, row.metric, row.course, "; ".join(row.remarks)) for row in others]
        table = _grid(("case", "metric", "course", "remarks"), cells, limit)
        parts.append(f"<details><summary>{len(others)} without a step</summary>\n\n{table}\n\n</details>")
    return "\n\n".join(parts)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]], limit: int | None) -> str:
    lines = [columns, ["---"] * len(columns), *([markdown(text) for text in row] for row in rows[:limit])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    left = len(rows) - len(rows[:limit])
    return f"{table}\n\n… and {left:,} more: `--all` has them" if left else table


def _json(history: History, found: Sequence[Judgement]) -> str:
    """Everything, numbers as they were measured."""
    told = {
        "machine": history.machine,
        "notes": list(history.notes),
        "commits": [_commit_json(history, at) for at in range(len(history.commits))],
        "series": [_series_json(one) for one in found],
    }
    return json.dumps(told, indent=2)


def _commit_json(history: History, at: int) -> dict[str, object]:
    return {**asdict(history.commits[at]), "paths": [str(path) for path in history.commits[at].paths]}


def _series_json(found: Judgement) -> dict[str, object]:
    record = found.series.record
    return {
        **{name: getattr(record, name) for name in KEY},
        "unit": record.unit,
        "better": record.better,
        "rule": found.kind,
        "continues": found.series.continues,
        "unjudged": found.unjudged,
        "points": [_point_json(point) for point in found.series.points],
        "steps": [
            {
                "at": step.at,
                "since": step.since,
                "before": step.before.value,
                "after": step.after.value,
                "change": change_of(step.before, step.after),
                "verdict": step.verdict,
                "reason": step.reason,
            }
            for step in found.steps
        ],
    }


def _point_json(point: Point) -> dict[str, object]:
    names = ("at", "value", "low", "high", "outcome")
    return {**{name: getattr(point, name) for name in names}, "stamps": list(point.stamps)}

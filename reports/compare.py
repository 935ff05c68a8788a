"""Two runs, or two things within one, side by side: as text, Markdown, HTML and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import fill

from reports.comparison import COLUMNS, Comparison, Row, rows_of
from reports.escaping import markdown, printable
from reports.judged import Verdict, count_verdicts
from reports.record import KEY
from reports.wording import difference_of, ratio_of

ENDINGS = {"table": "txt", "md": "md", "html": "html", "json": "json"}
HIDDEN: tuple[Verdict, ...] = ("unchanged",)  # is a number, unless all is asked for
FOLDED: tuple[Verdict, ...] = ("shown", *HIDDEN)
MARKDOWN_ROWS = 100  # of a table: a comment on a pull request has 65,536 characters
TEMPLATE = "compare.html"


def render(comparison: Comparison, style: str, *, every: bool = False, width: int | None = None) -> str:
    """The comparison in one of the styles of `ENDINGS`.

    Args:
        comparison: of two runs or within one.
        style: how it is written; JSON has all rows.
        every: rows that are unchanged too, and tables of Markdown whole.
        width: columns of the terminal, for style `table`.
    """
    if style == "json":
        return _json(comparison)
    rows = [row for row in rows_of(comparison) if every or row.verdict not in HIDDEN]
    writers: Mapping[str, Callable[[Comparison, list[Row]], str]] = {
        "table": partial(_text, width=width or 80),
        "md": partial(_markdown, limit=None if every else MARKDOWN_ROWS),
        "html": _html,
    }
    return writers[style](comparison, rows)


def write_comparison(comparison: Comparison, folder: Path, *, every: bool = False) -> None:
    """The files `compare.txt`, `.md`, `.html` and `.json`.

    Raises:
        ValueError: they cannot be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for style, ending in ENDINGS.items():
            text = render(comparison, style, every=every) + "\n"
            (folder / f"compare.{ending}").write_text(text, "utf-8")
    except OSError as error:
        raise ValueError(f"{folder}: cannot write there ({error.strerror})") from error


def _heading(comparison: Comparison) -> Iterator[str]:
    yield printable(f"base: {comparison.base}")
    yield printable(f"head: {comparison.head}")
    yield from map(printable, comparison.notes)


def _text(comparison: Comparison, rows: Sequence[Row], *, width: int) -> str:
    """Two lines a row, under a heading per verdict: what is compared in words fits no column."""
    wrap = partial(fill, width=width, break_long_words=False, break_on_hyphens=False)
    lines = [comparison.summary, *(wrap(line, subsequent_indent="  ") for line in _heading(comparison))]
    verdict = None
    for row in rows:
        if row.verdict != verdict:
            lines += ["", row.verdict]
            verdict = row.verdict
        found = f"{row.base} → {row.head}" + "".join(
            f"; {text}" for text in (row.difference, row.reason) if text
        )
        lines.append(wrap(f"{row.case}: {row.metric}", initial_indent="  ", subsequent_indent="    "))
        lines.append(wrap(found, initial_indent="    ", subsequent_indent="    "))
    return "\n".join(lines)


def _markdown(comparison: Comparison, rows: Sequence[Row], *, limit: int | None) -> str:
    """Regressions and other differences as a table; what is never judged, and unchanged, folded away."""
    verdicts = () if comparison.asks_ratio else FOLDED
    plain = [row for row in rows if row.verdict not in verdicts]
    folded = [row for row in rows if row.verdict in verdicts]
    parts = [f"**{comparison.summary}**", "\n".join(f"- {markdown(line)}" for line in _heading(comparison))]
    if plain:
        parts.append(_markdown_table(plain, limit))
    if folded:
        table = _markdown_table(folded, limit)
        summary = f"{len(folded)} shown or unchanged"
        parts.append(f"<details><summary>{summary}</summary>\n\n{table}\n\n</details>")
    return "\n\n".join(parts)


def _markdown_table(rows: Sequence[Row], limit: int | None) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(map(markdown, _cells(row)) for row in rows[:limit])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    left = len(rows) - len(rows[:limit])
    return f"{table}\n\n… and {left:,} more: `--all` has them" if left else table


def _cells(row: Row) -> tuple[str, ...]:
    return tuple(getattr(row, name) for name in COLUMNS)


def _html(comparison: Comparison, rows: Sequence[Row]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only this style needs it

    folder = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=folder, autoescape=True, undefined=StrictUndefined)
    template = environment.get_template(TEMPLATE)
    return template.render(
        summary=comparison.summary,
        heading=list(_heading(comparison)),
        columns=COLUMNS,
        rows=[(row.verdict.replace(" ", "-"), _cells(row)) for row in rows],
    )


def _json(comparison: Comparison) -> str:
    """Everything, numbers as they were measured."""
    rows = []
    for judged in comparison.rows:
        base, head = judged.pair.base, judged.pair.head
        rows.append(
            {
                **{name: getattr(judged.pair.either, name) for name in KEY},
                "unit": judged.pair.either.unit,
                "base": base and base.value,
                "head": head and head.value,
                "difference": difference_of(base, head),
                "ratio": ratio_of(base, head),
                "verdict": judged.verdict,
                "reason": judged.reason,
            }
        )
    told = {"counts": count_verdicts(comparison.rows), "notes": list(comparison.notes), "rows": rows}
    return json.dumps({**comparison.facts, **told}, indent=2)

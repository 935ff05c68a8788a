"""A titled grid of text, and how it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

from tabulate import tabulate

from reports.escaping import markdown, printable

STYLES = {"table": "simple", "md": "github"}
GAP = 2  # between columns
HEADER_GAP = 2  # what tabulate gives a header beyond its text


@dataclass(frozen=True)
class Table:
    """A titled grid of text; the setting is what a reader must know to compare it with another."""

    title: str
    setting: str
    columns: list[str]
    rows: list[list[str]]

    def render(self, style: str, width: int | None = None) -> str:
        """As text in one of `STYLES`; what is wider than `width` is turned or split.

        Names may come from files of anyone: what a terminal would act on is escaped.
        """
        if (shown := self._printable()) != self:
            return shown.render(style, width)
        if style == "md":
            return f"### {markdown(self.title)}\n\n{markdown(self.setting)}\n\n{self._markdown()}"
        if width is None:
            return f"{self.title}\n{self.setting}\n{_grid(self.columns, self.rows, style)}"
        heading = [fill(text, width, break_long_words=False) for text in (self.title, self.setting) if text]
        parts = [_grid(columns, rows, style) for columns, rows in self._fitted(width)]
        return "\n".join([*heading, "\n\n".join(parts)])

    def _printable(self) -> Table:
        rows = [[printable(text) for text in row] for row in self.rows]
        return Table(printable(self.title), printable(self.setting), list(map(printable, self.columns)), rows)

    def _markdown(self) -> str:
        columns, *rows = [[markdown(text) for text in row] for row in (self.columns, *self.rows)]
        return _grid(columns, rows, "md")

    def _fitted(self, width: int) -> list[tuple[list[str], list[list[str]]]]:
        """The grid itself if it fits; turned, where that fits; else some columns at a time."""
        if _width(self.columns, self.rows) <= width:
            return [(self.columns, self.rows)]
        columns, *rows = ([*line] for line in zip(self.columns, *self.rows, strict=True))
        if _width(columns, rows) <= width:
            return [(columns, rows)]
        return [
            ([self.columns[at] for at in chosen], [[row[at] for at in chosen] for row in self.rows])
            for chosen in _chunks(_widths(self.columns, self.rows), width)
        ]


def _chunks(widths: Sequence[int], width: int) -> list[list[int]]:
    """Which columns stand beside each other: the first with as many others as fit, at least one."""
    chunks: list[list[int]] = []
    room = 0
    for column, needed in enumerate(widths[1:], start=1):
        if not chunks or room < GAP + needed:
            chunks.append([0])
            room = width - widths[0]
        chunks[-1].append(column)
        room -= GAP + needed
    return chunks or [[0]]


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    cells = zip(columns, *rows, strict=True)
    return [max(len(name) + HEADER_GAP, *map(len, below), 0) for name, *below in cells]


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    widths = _widths(columns, rows)
    return sum(widths) + GAP * (len(widths) - 1)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]], style: str) -> str:
    return tabulate(
        rows,
        headers=columns,
        tablefmt=STYLES[style],
        disable_numparse=True,
        colalign=("left", *["right"] * (len(columns) - 1)),
    )

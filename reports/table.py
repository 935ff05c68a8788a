"""A titled grid of text, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass

from tabulate import tabulate

from reports.wording import printable

STYLES = {"table": "simple", "md": "github"}


@dataclass(frozen=True)
class Table:
    """A titled grid of text; the setting is what a reader must know to compare it with another."""

    title: str
    setting: str
    columns: list[str]
    rows: list[list[str]]

    def render(self, style: str) -> str:
        """As text in one of `STYLES`; names may come from files of anyone."""
        markdown = style == "md"
        title, setting = printable(self.title), printable(self.setting)
        heading = f"### {title}\n\n{setting}\n" if markdown else f"{title}\n{setting}"
        columns, *rows = [
            [printable(text).replace("|", "\\|") if markdown else printable(text) for text in row]
            for row in (self.columns, *self.rows)
        ]
        body = tabulate(
            rows,
            headers=columns,
            tablefmt=STYLES[style],
            disable_numparse=True,
            colalign=("left", *["right"] * (len(self.columns) - 1)),
        )
        return f"{heading}\n{body}"

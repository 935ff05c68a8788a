"""A titled grid of text, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass

from tabulate import tabulate

STYLES = {"table": "simple", "md": "github"}


@dataclass(frozen=True)
class Table:
    """A titled grid of text; the setting is what a reader must know to compare it with another."""

    title: str
    setting: str
    columns: list[str]
    rows: list[list[str]]

    def render(self, style: str) -> str:
        """As text in one of `STYLES`."""
        markdown = style == "md"
        heading = f"### {self.title}\n\n{self.setting}\n" if markdown else f"{self.title}\n{self.setting}"
        columns, *rows = [
            [text.replace("|", "\\|") if markdown else text for text in row]
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

"""A report's plots as files: each as SVG and PNG, on white paper, with its title and note."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from reports.drawers import Drawers
from reports.plot import Plot


@dataclass(frozen=True, eq=False)
class PlotFile:
    """A plot that is being drawn.

    Attributes:
        name: of its files, without what they end in.
        drawn: the answer to come of `reports.drawing.draw`.
    """

    name: str
    plot: Plot
    drawn: Future[dict[str, str]]


def begin_plots(plots: Iterable[Plot], drawers: Drawers) -> list[PlotFile]:
    """Has each plot drawn as soon as it is there, while the next is made."""
    return [PlotFile(name, plot, drawers.ask("draw", on_paper(plot))) for name, plot in with_names(plots)]


def with_names(plots: Iterable[Plot]) -> Iterator[tuple[str, Plot]]:
    """Plots with the names of their files, no two the same."""
    found: set[str] = set()
    for plot in plots:
        name, number = plot.name, 2
        while name in found:
            name, number = f"{plot.name}-{number}", number + 1
        found.add(name)
        yield name, plot


def on_paper(plot: Plot) -> dict[str, Any]:
    """The chart as it stands by itself."""
    title = {"text": wrap(plot.title, 70), "subtitle": wrap(plot.note, 90), "anchor": "start"}
    return {**plot.spec, "background": "white", "title": title}


def write_plots(plots: Sequence[PlotFile], folder: Path) -> list[Path]:
    """Writes the files; those of an older report make way.

    Raises:
        ValueError: a plot cannot be drawn.
    """
    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.svg"), *folder.glob("*.png")):
        old.unlink()
    return [path for plot in plots for path in _write(plot, folder)]


def _write(plot: PlotFile, folder: Path) -> tuple[Path, Path]:
    try:
        drawn = plot.drawn.result()
    except ValueError as error:
        raise ValueError(f"plot {plot.name!r} cannot be drawn: {error}") from error
    svg, png = folder / f"{plot.name}.svg", folder / f"{plot.name}.png"
    svg.write_text(drawn["svg"], "utf-8")
    png.write_bytes(b64decode(drawn["png"]))
    return svg, png

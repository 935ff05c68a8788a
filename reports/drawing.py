"""What vl-convert does: plots as SVG and PNG, and scripts; run as a module it does so for another process."""

from __future__ import annotations

import json
import re
import signal
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import IO, Any

from reports.bundled import bundle

SCALE = 1.25  # pixels of a PNG per unit of the SVG
NUMBERED = re.compile(r"\b(clip|gradient_)\d+\b")  # names of parts that others refer to


def draw(spec: Mapping[str, Any]) -> dict[str, str]:
    """Draws a chart: `svg` as text and `png` in base 64; of the same chart always the same.

    Args:
        spec: as Vega-Lite takes it.

    Raises:
        ValueError: Vega-Lite does not take it.
    """
    import vl_convert

    svg = renumber(vl_convert.vegalite_to_svg(dict(spec)))
    return {"svg": svg, "png": b64encode(vl_convert.svg_to_png(svg, scale=SCALE)).decode("ascii")}


def renumber(svg: str) -> str:
    """Parts are named from 0: Vega numbers those of all charts of a process on and on."""
    numbers, names = count(), dict[str, str]()

    def name(found: re.Match[str]) -> str:
        if found[0] not in names:
            names[found[0]] = f"{found[1]}{next(numbers)}"
        return names[found[0]]

    return NUMBERED.sub(name, svg)


ANSWERS: Mapping[str, Callable[[Any], object]] = {"draw": draw, "bundle": bundle}


def serve(questions: Iterable[str], answers: IO[str]) -> None:
    """Answers each line of JSON with another until there are no more: then whoever asked is gone."""
    for line in questions:
        ((name, argument),) = json.loads(line).items()
        try:
            answer = {"answer": ANSWERS[name](argument)}
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it was asked for
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches whoever asks too, and that ends this
    serve(sys.stdin, sys.stdout)

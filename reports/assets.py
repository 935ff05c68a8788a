"""The scripts that a page carries with it, so that it needs no network: charts and tables."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

EMBED = "window.vegaEmbed = vegaEmbed;"  # what charts of the page are drawn by


def chart_script(bundled: str) -> str:
    """What `reports.bundled.bundle` made of `EMBED`, as it may stand in the page."""
    return _harmless(bundled)


@cache
def table_script() -> str:
    """DataTables, as itables carries it; leaves `DataTable` to the page."""
    script = files("itables").joinpath("html/dt_bundle.js").read_text("utf-8")
    exported = re.search(r"export\s*\{([^}]*)\}", script)
    default = re.search(r"([\w$]+) as default", exported[1]) if exported else None
    if exported is None or default is None:
        raise ValueError("this version of itables carries DataTables in another form: see constraints.txt")
    return _harmless(script.replace(exported[0], f"window.DataTable = {default[1]};"))


@cache
def table_style() -> str:
    """Of these tables."""
    return files("itables").joinpath("html/dt_bundle.css").read_text("utf-8")


def as_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON has
    """JSON that may stand in a script element, whatever names are in it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _harmless(script: str) -> str:
    """A script that does not end the element it stands in."""
    return re.sub(r"</(script)", r"<\\/\1", script, flags=re.IGNORECASE)

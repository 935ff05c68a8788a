"""The scripts that draw charts in a browser, bundled once for each version of vl-convert."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path


@cache
def bundle(snippet: str) -> str:
    """Vega, Vega-Lite, Vega-Embed and a line of one's own as one script.

    It takes seconds, so it is kept in the user's cache, if that can be written.
    """
    kept = user_cache_path("sparse-transformer-bench") / "scripts" / _name(snippet)
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text("utf-8")
    script = _bundle(snippet)
    with suppress(OSError):
        _keep(script, kept)
    return script


def _name(snippet: str) -> str:
    digest = sha256(snippet.encode("utf-8")).hexdigest()[:12]
    return f"vl-convert-{version('vl-convert-python')}-{digest}.js"


def _bundle(snippet: str) -> str:
    import vl_convert  # starts an engine for JavaScript

    return str(vl_convert.javascript_bundle(snippet))


def _keep(script: str, path: Path) -> None:
    """Whoever reads meanwhile finds all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_text(script, "utf-8")
    half.replace(path)

"""Rows of a user's own: a tiny model and a tiny task, loaded into a session with `-p tests.acceptance.tiny`.

Environment variables reach into the session where a user has no option: `TINY_THRESHOLDS` another thresholds
file, `TINY_LOG` a file that gets a line per loading and per pruning, `TINY_ARCHITECTURES` another folder of
architectures, `TINY_PATIENCE` the seconds before a progress line appears.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import bench.plugin
import bench.progress
from bench.thresholds import read_thresholds
from fixtures.corpora import CORPORA, Corpus, TextFile
from fixtures.models import MODELS
from fixtures.specs import Hub, ModelSpec, TaskSpec
from fixtures.tasks import PERPLEXITIES, TASKS
from tests.acceptance.text import HEAVY, TEXT

CORPORA.add(Corpus("tiny", {"test": TextFile("tiny.txt", sha256(TEXT.encode()).hexdigest())}))
TASKS.add(TaskSpec("tiny-text", "causal-lm", "tiny", "test", "file", 32, PERPLEXITIES))
for name in ("tiny-gpt2", "tiny-absent"):
    MODELS.add(ModelSpec(name, "gpt2", "mini", "causal-lm", ("tiny-text",), Hub("nobody/nothing", "0" * 40)))


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Re-points what the environment names."""
    if path := os.environ.get("TINY_THRESHOLDS"):
        setattr(bench.plugin, "read_thresholds", partial(read_thresholds, Path(path)))  # noqa: B010 - for mypy
    if seconds := os.environ.get("TINY_PATIENCE"):
        bench.progress.PATIENCE = float(seconds)


def pytest_sessionstart() -> None:
    """Imports what it logs, which is heavy, only when asked to."""
    if log := os.environ.get("TINY_LOG"):
        import fixtures.loading
        import fixtures.variants

        _count(fixtures.loading, "load_origin", Path(log))
        _count(fixtures.variants, "find_masks", Path(log))
    if folder := os.environ.get("TINY_ARCHITECTURES"):
        import fixtures.loading

        fixtures.loading.ARCHITECTURES = Path(folder)


def _count(module: Any, name: str, log: Path) -> None:  # noqa: ANN401 - a module
    counted: Callable[..., object] = getattr(module, name)

    def count(*arguments: object) -> object:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        return counted(*arguments)

    setattr(module, name, count)


def pytest_unconfigure() -> None:
    """Says which heavy packages the session imported."""
    sys.stdout.write("imported: " + ", ".join(name for name in HEAVY if name in sys.modules) + "\n")

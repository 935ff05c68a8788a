"""Rows of a user's own: a tiny model and a tiny task, loaded into a session with `-p tests.acceptance.tiny`.

Environment variables reach into the session where a user has no option: `TINY_THRESHOLDS` another thresholds
file, `TINY_LOG` a file that gets a line per loading and per pruning, `TINY_ARCHITECTURES` another folder of
architectures, `TINY_PATIENCE` the seconds before a progress line appears, `TINY_ROWS` how many windows memory
has room for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bench.plugin
import bench.progress
from bench.thresholds import read_thresholds
from fixtures.corpora import CORPORA
from fixtures.models import MODELS
from fixtures.protocols import Answers, MaskedToken, NextToken, Protocol, Spans, Translation
from fixtures.published_files import Corpus, TextFile
from fixtures.specs import Embedded, Hub, ModelSpec, TaskSpec, Trained
from fixtures.tasks import TASKS
from tests.acceptance.text import FILES, HEAVY, TEXT

if TYPE_CHECKING:
    from torch import nn

    from fixtures.windows import Window

EMBEDDED = os.environ.get("TINY_EMBEDDED")


def _published(path: str, text: str) -> TextFile:
    return TextFile(path, sha256(text.encode()).hexdigest())


CORPORA.add(Corpus("tiny", {"test": (_published("tiny.txt", TEXT),)}))
TASKS.add(TaskSpec("tiny-text", "tiny", "test", (NextToken("file", window=32),)))
TASKS.add(TaskSpec("tiny-long", "tiny", "test", (NextToken("file", window=64),)))
for name in ("tiny-gpt2", "tiny-absent"):
    trained = Trained("causal-lm", ("tiny-text",), Hub("nobody/nothing", "0" * 40))
    MODELS.add(ModelSpec(name, "gpt2", "base", (trained,)))


def _add_embedded(folder: Path) -> None:
    """Rows for the models and the data of a folder, which has the checksums of the weights beside them."""
    protocols: dict[str, tuple[tuple[str, ...], tuple[Protocol, ...]]] = {
        "cloze": (("lines.txt",), (MaskedToken("lines", window=16),)),
        "quiz": (("squad.json",), (Spans(window=24, stride=4), Answers(max_tokens=5))),
        "pairs": (("pairs.en", "pairs.ro"), (Translation(tokens_per_token=0.5),)),
    }
    for task, (paths, judged) in protocols.items():
        files = tuple(_published(path, FILES[path]) for path in paths)
        CORPORA.add(Corpus(f"tiny-{task}", {"test": files}, folder=folder / "data"))
        TASKS.add(TaskSpec(f"tiny-{task}", f"tiny-{task}", "test", judged))

    def row(head: str, model: str, *tasks: str) -> Trained:
        digest = (folder / f"{model}.sha256").read_text("utf-8")
        return Trained(head, tuple(f"tiny-{task}" for task in tasks), Embedded(model, digest))

    masker, reader = row("masked-lm", "masker", "cloze"), row("question-answering", "reader", "quiz")
    MODELS.add(ModelSpec("tiny-bert", "bert", "mini", (masker, reader)))
    MODELS.add(ModelSpec("tiny-t5", "t5", "mini", (row("text-to-text", "writer", "quiz", "pairs"),)))


if EMBEDDED:
    _add_embedded(Path(EMBEDDED))


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
    if rows := os.environ.get("TINY_ROWS"):
        _cramp(int(rows))
    if folder := os.environ.get("TINY_ARCHITECTURES"):
        import fixtures.origins

        fixtures.origins.ARCHITECTURES = Path(folder)
    if EMBEDDED:
        import fixtures.origins

        fixtures.origins.EMBEDDED_MODELS = Path(EMBEDDED) / "models"


def _count(module: Any, name: str, log: Path) -> None:  # noqa: ANN401 - a module
    counted: Callable[..., object] = getattr(module, name)

    def count(*arguments: object) -> object:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        return counted(*arguments)

    setattr(module, name, count)


def _cramp(rows: int) -> None:
    import torch

    import bench.measure.perplexity as measuring

    computed = measuring.batch_nll

    def compute(model: nn.Module, windows: Sequence[Window]) -> list[float]:
        if len(windows) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return computed(model, windows)

    setattr(measuring, "batch_nll", compute)  # noqa: B010 - for mypy


def pytest_unconfigure() -> None:
    """Says which heavy packages the session imported."""
    sys.stdout.write("imported: " + ", ".join(name for name in HEAVY if name in sys.modules) + "\n")

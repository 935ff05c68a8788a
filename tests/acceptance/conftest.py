"""A tiny checkpoint, its data, and a runner of sessions; sessions that several tests look at run once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reports.store import stored_runs
from tests.acceptance.text import FILES, SENTENCES, TEXT

ROOT = Path(__file__).parents[2]
SECONDS = 300


@dataclass(frozen=True)
class Session:
    """A session that has ended."""

    status: int
    output: str
    results: Path

    @property
    def files(self) -> list[Path]:
        """The runs that it stored."""
        return stored_runs(self.results)

    @property
    def records(self) -> list[dict[str, Any]]:
        """All records of all its runs."""
        lines = [line for path in self.files for line in path.read_text("utf-8").splitlines()[1:]]
        return [json.loads(line) for line in lines]

    def values(self, benchmark: str = "quality") -> dict[tuple[object, ...], float]:
        """Values by what was measured."""
        key = ("model", "method", "scope", "sparsity", "metric")
        rows = [record for record in self.records if record["benchmark"] == benchmark]
        return {tuple(row[name] for name in key): row["value"] for row in rows}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "bench", "-p", "tests.acceptance.tiny", *arguments]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The surroundings of a session; on a CI machine pytest would write its summary at full length.

    In a worker of pytest-xdist, pytest-benchmark would take the session for one and time nothing.
    """
    others = {"CI", "BUILD_NUMBER", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"}
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return {**kept, "HF_HUB_OFFLINE": "1", "COLUMNS": "80", **extra}


def run(arguments: Sequence[str], results: Path, **extra: str) -> Session:
    done = subprocess.run(
        [*command(*arguments), "--results", str(results)],
        cwd=ROOT,
        env=environment(extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return Session(done.returncode, done.stdout, results)


@dataclass(frozen=True)
class Tiny:
    """Where the tiny model and its text are."""

    data: Path
    checkpoint: Path

    @property
    def options(self) -> list[str]:
        """Selects the tiny model with its weights and its text."""
        return ["-k", "tiny-gpt2", *self.sources]

    @property
    def sources(self) -> list[str]:
        """Weights and text alone, and the tier that the tiny model is of."""
        weights = ["--checkpoint", f"tiny-gpt2={self.checkpoint}"]
        return ["--tier", "base", "--data-dir", str(self.data), *weights]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The tiny model's folder and its data folder."""
    data = tmp_path_factory.mktemp("data")
    (data / "tiny.txt").write_text(TEXT, "utf-8")
    checkpoint = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(checkpoint)
    return Tiny(data, checkpoint)


def save_checkpoint(folder: Path) -> None:
    """A seeded random GPT-2 of two layers, with a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)  # type: ignore[no-untyped-call]
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        n_positions=32,
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=None,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models of several heads with random weights, and of their data."""
    from tests.bench.measure.tiny import make_masker, make_reader, make_writer
    from tests.fixtures.pieces import make_wordpiece
    from tests.fixtures.tiny import train_tokenizer, write_sums

    folder = tmp_path_factory.mktemp("embedded")
    (folder / "data").mkdir()
    for name, text in FILES.items():
        (folder / "data" / name).write_bytes(text.encode())
    pieces, writing = make_wordpiece(), train_tokenizer(end=True)
    models = {
        "masker": (make_masker(len(pieces)), pieces),
        "reader": (make_reader(len(pieces)), pieces),
        "writer": (make_writer(len(writing), ends=(0, 7, 19, 31), seed=2), writing),
    }
    for name, (model, tokenizer) in models.items():
        model.config.eos_token_id = tokenizer.eos_token_id
        model.save_pretrained(folder / "models" / name)
        tokenizer.save_pretrained(folder / "models" / name)
        (folder / f"{name}.sha256").write_text(write_sums(folder / "models" / name), "utf-8")
    return folder


@pytest.fixture(scope="session")
def whole(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The default grid of the tiny model, with a log of what was loaded and pruned."""
    results = tmp_path_factory.mktemp("whole")
    return run(
        [*tiny.options, "-k", "tiny-gpt2 and (quality or sparsity)"],
        results,
        TINY_LOG=str(results / "log.txt"),
    )

"""Fine-tuning as a user runs it: a process that may be killed, and the benchmark's score of what it made."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from torch import equal
from transformers import PreTrainedTokenizerFast

from tests.acceptance.conftest import ROOT, Session, environment
from tests.fixtures import tiny
from tests.fixtures.finetune import rows
from tests.fixtures.pieces import make_wordpiece

SECONDS = 120


@dataclass(frozen=True)
class Workshop:
    """A folder with data, tokenizers, configs, and an installed package that adds the tiny rows."""

    folder: Path

    def command(self, model: str, task: str, split: str, output: str, *more: str) -> list[str]:
        """The command that trains a model from scratch on local data."""
        start = ["--config", str(self.folder / f"{model}.json"), "--tokenizer", str(self.folder / model)]
        data = ["--data-dir", str(self.folder / "data"), "--results", str(self.folder / output / "results")]
        made = ["-o", str(self.folder / output / "model"), "--device", "cpu"]
        options = ["--split", split, *start, *data, *made, *more]
        return [sys.executable, "-m", "fixtures.finetune", model, task, *options]

    def begin(self, command: Sequence[str]) -> subprocess.Popen[str]:
        """Starts it."""
        paths = {"PYTHONPATH": os.pathsep.join([str(self.folder / "installed"), str(ROOT)])}
        piped = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, cwd=ROOT, env=environment(paths), text=True, **piped)  # type: ignore[call-overload,no-any-return]  # by a dict

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Its exit status and output, once it has ended."""
        process = self.begin(command)
        output, _ = process.communicate(timeout=SECONDS)
        return process.returncode, output

    def facts(self, output: str) -> dict[str, Any]:
        """What a finished checkpoint says of itself."""
        facts: dict[str, Any] = json.loads(
            (self.folder / output / "model" / "training.json").read_text("utf-8")
        )
        return facts

    def records(self, output: str) -> list[dict[str, Any]]:
        """What the benchmark measured of it."""
        return Session(0, "", self.folder / output / "results").records

    def wait_for_state(self, process: subprocess.Popen[str], output: str, step: int) -> None:
        """Until the state after a step, or a later one, is whole."""
        deadline = time.monotonic() + SECONDS
        states = self.folder / output / "model.work"
        while not any(
            int(path.parent.name.rpartition("-")[2]) >= step
            for path in states.glob("checkpoint-*/trainer_state.json")
        ):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.002)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """All that the tiny models need."""
    rows.write_data(tmp_path / "data")
    tokenizers: dict[str, PreTrainedTokenizerFast] = {
        "lobster-gpt2": tiny.train_tokenizer(),
        "lobster-bert": make_wordpiece(),
    }
    for name, tokenizer in tokenizers.items():
        tokenizer.save_pretrained(tmp_path / name)
        rows.write_config(name, len(tokenizer), tmp_path / f"{name}.json")
    package = tmp_path / "installed" / "lobster-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: lobster\nVersion: 1.0\n", "utf-8")
    entry = "[sparse_transformer_bench]\nlobster = tests.fixtures.finetune.rows:add\n"
    (package / "entry_points.txt").write_text(entry, "utf-8")
    return Workshop(tmp_path)


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    return first.keys() == second.keys() and all(equal(first[name], second[name]) for name in first)


def test_killed_training_ends_in_the_same_weights_and_the_benchmarks_score(
    workshop: Workshop,
) -> None:
    text = ("lobster-gpt2", "lobster-lm", "validation")
    length = ["--epochs", "12", "--batch-size", "4", "--save-every", "0"]
    command = workshop.command(*text, "broken", *length)
    killed = workshop.begin(command)
    workshop.wait_for_state(killed, "broken", 3)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not (workshop.folder / "broken" / "model").exists()
    status, output = workshop.run(command)
    assert status == 0, output
    assert "resumed: " in output
    assert not (workshop.folder / "broken" / "model.work").exists()
    assert workshop.run(workshop.command(*text, "whole", *length[:4], "--no-score"))[0] == 0
    assert same_weights(workshop.folder / "whole" / "model", workshop.folder / "broken" / "model")
    score = {record["metric"]: record["value"] for record in workshop.records("broken")}
    assert workshop.facts("broken")["score"] == score
    assert 1 < score["perplexity"] < 320  # of 320 tokens, so something was learnt
    assert {record["protocol"] for record in workshop.records("broken")} == {"lines test window=16 stride=16"}
    assert {record["weights"].partition("@")[0] for record in workshop.records("broken")} == {"local"}


def test_model_that_learnt_from_some_questions_is_judged_on_the_others(workshop: Workshop) -> None:
    length = ["--steps", "4", "--batch-size", "2"]
    status, output = workshop.run(workshop.command("lobster-bert", "lobster-qa", "held-in", "qa", *length))
    assert status == 0, output
    (f1,) = [record for record in workshop.records("qa") if record["metric"] == "f1"]
    assert f1["n"] == len(rows.ASKED) - rows.HELD_OUT
    assert workshop.facts("qa")["score"]["f1"] == f1["value"]
    assert workshop.facts("qa")["plan"]["data"].startswith("held-in of dev.json@")

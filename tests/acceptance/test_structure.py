"""Sessions that look at checkpoints: embedded ones, broken ones, and folders of any architecture."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.acceptance.conftest import Session, Tiny, run

STRUCTURE = ("-k", "test_structure and tiny-gpt2 and dense")


@pytest.fixture(scope="module")
def looked(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The tiny model, looked at."""
    return run([*tiny.sources, *STRUCTURE], tmp_path_factory.mktemp("looked"))


def structure(session: Session) -> dict[tuple[Any, ...], float]:
    key = ("part", "metric", "scope", "sparsity")
    return {tuple(record[name] for name in key): record["value"] for record in session.records}


def test_what_is_recorded_is_what_the_weights_are(tiny: Tiny, looked: Session) -> None:
    weights = load_file(tiny.checkpoint / "model.safetensors")
    sizes = torch.cat([tensor.flatten() for tensor in weights.values()]).abs()
    found = structure(looked)
    assert looked.status == pytest.ExitCode.OK
    assert found[None, "parameters", None, 0.0] == sizes.numel()
    assert found[None, "share_above_1", None, 0.0] == pytest.approx(float((sizes > 1).double().mean()))
    assert found[None, "share_zero", None, 0.0] == pytest.approx(float((sizes == 0).double().mean()))
    layer = torch.cat([tensor.flatten() for name, tensor in weights.items() if ".h.1." in name]).abs()
    assert found["h.1", "magnitude_q50", None, 0.0] == pytest.approx(float(layer.median()), rel=0.01)


def test_what_a_pruning_takes_from_a_layer_is_what_it_prunes(tiny: Tiny, looked: Session) -> None:
    weights = load_file(tiny.checkpoint / "model.safetensors")
    matrices = {name: tensor.abs() for name, tensor in weights.items() if tensor.dim() == 2 and ".h." in name}
    everything = torch.cat([tensor.flatten() for tensor in matrices.values()])
    threshold = everything.sort().values[round(0.9 * everything.numel()) - 1]
    layer = torch.cat([tensor.flatten() for name, tensor in matrices.items() if ".h.0." in name])
    exact = float((layer <= threshold).double().mean())
    found = structure(looked)["h.0", "pruned_share", "global", 0.9]
    assert found == pytest.approx(exact, abs=0.005)


def test_counts_lie_beside_the_records_and_no_run_is_made_of_them(looked: Session) -> None:
    (records,) = [path for path in looked.files if ".counts." not in path.name]
    (line,) = records.with_suffix(".counts.jsonl").read_text("utf-8").splitlines()
    counted = json.loads(line)
    assert counted["model"] == "tiny-gpt2"
    assert {tensor["layer"] for tensor in counted["tensors"]} == {None, "h.0", "h.1"}


def test_the_table_has_a_line_per_layer(looked: Session) -> None:
    assert "structure: tiny-gpt2" in looked.output
    for part in ("all weights", "embeddings", "attention", "feed-forward", "norms", "h.0", "h.1"):
        assert f"\n{part} " in looked.output


def broken(tiny: Tiny, folder: Path, change: Mapping[str, float]) -> Tiny:
    """The tiny checkpoint with the first number of some tensors changed; without a tokenizer."""
    folder.mkdir()
    (folder / "config.json").write_bytes((tiny.checkpoint / "config.json").read_bytes())
    weights: dict[str, Tensor] = load_file(tiny.checkpoint / "model.safetensors")
    for name, value in change.items():
        weights[name].view(-1)[0] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return Tiny(tiny.data, folder)


def test_nan_and_infinite_weights_fail_by_name_and_are_recorded(tiny: Tiny, tmp_path: Path) -> None:
    changed = {"transformer.wte.weight": float("nan"), "transformer.h.1.mlp.c_fc.weight": float("inf")}
    bad = broken(tiny, tmp_path / "bad", changed)
    session = run([*bad.sources, *STRUCTURE], tmp_path / "results")
    assert session.status == pytest.ExitCode.TESTS_FAILED
    assert "NaN weights in transformer.wte.weight; infinite weights in transformer.h.1.mlp.c_fc.weight" in (
        session.output
    )
    gates = {
        record["metric"]: (record["value"], record["gate"])
        for record in session.records
        if not record["part"]
    }
    assert gates["nan_weights"] == (1, "failed")
    assert gates["infinite_weights"] == (1, "failed")
    assert "Traceback" not in session.output


def test_a_folder_of_an_unknown_architecture_is_looked_at_under_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "mystery"
    folder.mkdir()
    weights = {
        "backbone.embed.weight": torch.full((4, 8), 2.0),
        "backbone.blocks.0.mix.weight": torch.eye(8),
        "backbone.blocks.1.mix.weight": torch.zeros(8, 8),
        "steps": torch.arange(3),
    }
    save_file(weights, folder / "model.safetensors")
    session = run(["--inspect", str(folder), "-k", "test_structure and mystery"], tmp_path / "results")
    found = structure(session)
    assert session.status == pytest.ExitCode.OK
    assert found["backbone.blocks.0", "share_2_4", None, 0.0] == 1.0
    assert found[None, "share_above_1", None, 0.0] == 32 / 160
    assert found["embeddings", "parameters", None, 0.0] == 32
    assert "all zeros: backbone.blocks.1.mix.weight" in session.output
    assert "not counted: steps (I64: integers)" in session.output


def test_a_damaged_file_ends_the_session_with_file_and_tensor(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    folder.mkdir()
    save_file({"a.0.weight": torch.ones(64, 64)}, folder / "model.safetensors")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    session = run(["--inspect", str(folder), "-k", "test_structure and cut"], tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"{path} is cut off" in session.output
    assert "a.0.weight goes on behind that" in session.output


def test_what_looking_costs_is_measured_beside_reading(tmp_path: Path) -> None:
    folder = tmp_path / "mystery"
    folder.mkdir()
    weights = {"a.0.weight": torch.randn(512, 512), "nothing": torch.empty(0), "steps": torch.arange(3)}
    save_file(weights, folder / "adapter_model.safetensors")
    session = run(["--inspect", str(folder), "-k", "mystery"], tmp_path / "results")
    records = [record for record in session.records if record["workload"] == "scan"]
    values = {record["metric"]: record["value"] for record in records}
    assert session.status == pytest.ExitCode.OK
    assert {record["dtype"] for record in records} == {"float32"}
    # counted and read by the same session, under the same name
    assert len({record["weights"] for record in session.records}) == 1
    assert ("scan_memory" in values) == (sys.platform == "linux")
    for name in ("read_time", "scan_time", "histogram_time_pytorch", "share_of_read_speed", "scan_speedup"):
        assert values[name] > 0


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"w": torch.zeros(3, dtype=torch.float64)}, "w is of type F64; counted are F32, BF16, F16"),
        ({"steps": torch.arange(3)}, "its files hold no weights"),
        ({"w": torch.empty(0)}, "its files hold no weights"),
        ({}, "its files hold no weights"),
    ],
)
def test_what_cannot_be_counted_fails_with_a_sentence(
    tensors: dict[str, Tensor], told: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mystery"
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    session = run(["--inspect", str(folder), "-k", "mystery"], tmp_path / "results")
    assert session.status == pytest.ExitCode.TESTS_FAILED
    assert session.output.count(told) >= 2  # in counting, and in timing
    assert "Traceback" not in session.output
    assert "INTERNALERROR" not in session.output


def test_looking_wants_no_head_and_what_runs_the_model_does(tiny: Tiny, tmp_path: Path) -> None:
    other = broken(tiny, tmp_path / "classifier", {})
    config = json.loads((other.checkpoint / "config.json").read_text("utf-8"))
    config["architectures"] = ["GPT2ForSequenceClassification"]
    (other.checkpoint / "config.json").write_text(json.dumps(config), "utf-8")
    looked = run([*other.sources, *STRUCTURE], tmp_path / "results")
    assert looked.status == pytest.ExitCode.OK
    assert structure(looked)[None, "parameters", None, 0.0] > 0
    ran = run([*other.sources, "-k", "tiny-gpt2 and dense"], tmp_path / "others")
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert "no task of tiny-gpt2 is for that" in ran.output


@pytest.mark.parametrize("entry", [2, [True]])
def test_a_header_of_nonsense_is_told_by_file_and_tensor(tiny: Tiny, entry: object, tmp_path: Path) -> None:
    other = broken(tiny, tmp_path / "odd", {})
    text = json.dumps({"w": {"dtype": "F32", "shape": entry, "data_offsets": [0, 4]}}).encode()
    path = other.checkpoint / "model.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"xxxx")
    session = run([*other.sources, *STRUCTURE], tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"{path}: w has no usable shape and offsets" in session.output
    assert "INTERNALERROR" not in session.output


def test_wrong_folders_are_refused_before_any_work(tmp_path: Path) -> None:
    session = run(["--inspect", str(tmp_path / "nowhere")], tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert "no such folder" in session.output


def test_random_weights_are_said_to_have_no_structure(tmp_path: Path) -> None:
    session = run(["--weights", "random", "-k", "test_structure"], tmp_path / "results")
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "test_structure is measured with --weights published" in session.output

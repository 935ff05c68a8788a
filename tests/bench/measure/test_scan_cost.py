"""What looking costs: that all ways go through the same weights, in what memory, and what is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from bench.measure import scan_cost
from bench.measure.scan_cost import make_worker, measure_scan_cost
from bench.measure.scan_worker import Reader
from fixtures import scanning
from fixtures.scanning import Scan
from fixtures.settings import Settings
from fixtures.specs import Checkpoint, Local
from fixtures.stored import Stored, find_stored, own_model

MB = 1_000_000
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="anonymous memory is told by Linux alone")
WAYS = ("read", "scan", "scan_plainly", "histogram")


def random(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return (torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 0.1).to(dtype)


def saved(folder: Path, tensors: dict[str, Tensor]) -> Stored:
    save_file(tensors, folder / "model.safetensors")
    model = own_model(Local(folder))
    return find_stored(Checkpoint(model, model.trained[0]), Settings())


# weights of 3 types, and of each kind of what is none
MIXED = {
    "h.0.fc.weight": random(600, 700),
    "h.1.fc.weight": random(8, 90_000, dtype=torch.bfloat16),
    "embed.weight": random(300, 70, dtype=torch.float16),
    "norm.bias": random(70),
    "conv.weight": random(2, 3, 4, 5),
    "nothing": torch.empty(0, 4),
    "position_ids": torch.arange(100_000),
    "qweight": torch.ones(300, 300, dtype=torch.int32),
    "rotary.inv_freq": torch.ones(50_000),
}
WEIGHTS = 4 * 600 * 700 + 2 * 8 * 90_000 + 2 * 300 * 70 + 4 * 70 + 4 * 120


@pytest.mark.parametrize("way", ["read", "scan", "scan_plainly"])
def test_every_way_reads_all_weights_and_nothing_else(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = saved(tmp_path, MIXED)
    filled, fill = [], scanning._fill

    def counting(file: object, part: np.ndarray[tuple[int], np.dtype[np.uint8]], path: Path) -> None:
        fill(file, part, path)  # type: ignore[arg-type]
        filled.append(part.size)

    monkeypatch.setattr(scanning, "_fill", counting)
    getattr(Reader(stored.files, stored.family), way)()
    assert sum(filled) == WEIGHTS


def test_the_histogram_is_of_all_weights_and_of_nothing_else(tmp_path: Path) -> None:
    stored = saved(tmp_path, MIXED)
    found = Reader(stored.files, stored.family).histogram()
    assert sum(int(one.sum()) for one in found) == 600 * 700 + 8 * 90_000 + 300 * 70 + 70 + 120


@pytest.mark.parametrize("way", ["scan", "scan_plainly"])
def test_what_is_timed_counts(way: str, tmp_path: Path) -> None:
    stored = saved(tmp_path, MIXED)
    found: Scan = getattr(Reader(stored.files, stored.family), way)()
    counted = {one.stored.name: int(one.tally.counts.sum()) for one in found.counted}
    assert counted == {name: MIXED[name].numel() for name in list(MIXED)[:5]}


def test_the_measurement_is_of_the_rounds_and_names_the_types_of_the_weights(tmp_path: Path) -> None:
    cost = measure_scan_cost(saved(tmp_path, MIXED), 1)
    times = {"read_time", "scan_time", "histogram_time_pytorch"} | (
        {"scan_time_plain"} if find_spec("numba") else set()
    )
    assert cost.dtype == "bfloat16+float16+float32"
    assert cost.samples.keys() == times
    assert all(len(found) == scan_cost.ROUNDS and min(found) > 0 for found in cost.samples.values())
    assert all(cost.values[name] == sorted(found)[1] for name, found in cost.samples.items())


def test_memory_that_the_system_does_not_tell_is_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.measure.workers.anonymous_memory", lambda _: 0)
    assert "scan_memory" not in measure_scan_cost(saved(tmp_path, {"w": random(4, 4)}), 1).values


# each of at least 64 MB, and of a shape that a whole row, or four, of is most of
LARGE: dict[str, Callable[[], dict[str, Tensor]]] = {
    "a wide matrix": lambda: {"h.0.fc.weight": random(4, 1 << 23, dtype=torch.bfloat16).relu()},
    "a wide matrix of float32": lambda: {"h.0.fc.weight": random(2, 1 << 23).relu()},
    "three dimensions": lambda: {"h.0.experts": random(4, 1024, 4096)},
    "an embedding": lambda: {"embed.weight": random(4, 1 << 22)},
    "a vector": lambda: {"norm.bias": random(1 << 24)},
}


@LINUX
@pytest.mark.parametrize("large", LARGE)
def test_memory_grows_with_no_tensor(large: str, tmp_path: Path) -> None:
    stored = saved(tmp_path, LARGE[large]())
    assert stored.tensors[0].end - stored.tensors[0].begin >= 64 * MB
    for way in ("scan", "scan_plainly"):
        with make_worker(stored, 1) as worker:
            found = worker.measure(way, after="prepare")
        assert found.start > 0
        assert found.extra < 16 * MB
    stored.files[0].unlink()  # pytest would keep it


@LINUX
def test_the_memory_of_the_first_scan_is_recorded_however_small(tmp_path: Path) -> None:
    stored = saved(tmp_path, LARGE["an embedding"]())  # long enough to be sampled
    assert 0.3 * MB < measure_scan_cost(stored, 1).values["scan_memory"] < 16 * MB
    stored.files[0].unlink()


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"w": torch.zeros(3, dtype=torch.float64)}, "w is of type F64; counted are F32, BF16, F16"),
        ({"qweight": torch.ones(3, dtype=torch.int32)}, "hold no weights"),
        ({"w": torch.empty(0)}, "hold no weights"),
        ({}, "hold no weights"),
    ],
)
def test_files_without_weights_are_told_to_be_so(
    tensors: dict[str, Tensor], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=told):
        measure_scan_cost(saved(tmp_path, tensors), 1)


def test_a_file_that_changes_before_the_process_looks_is_told_without_a_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stored = saved(tmp_path, {"w": random(64, 64)})
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged or cut off"):
        measure_scan_cost(stored, 1)
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_shrinks_meanwhile_is_told_without_a_traceback(
    way: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stored = saved(tmp_path, {"w": random(64, 64)})
    with make_worker(stored, 1) as worker:
        worker.ask("read")
        os.truncate(tmp_path / "model.safetensors", 5000)
        with pytest.raises(ValueError, match=r"ends before its tensors do|incomplete|not fully covered"):
            worker.ask(way)
    assert "".join(capfd.readouterr()) == ""


def test_a_folder_without_weights_is_the_workers_answer_too(tmp_path: Path) -> None:
    stored = saved(tmp_path, {"w": torch.empty(0)})
    with make_worker(stored, 1) as worker, pytest.raises(ValueError, match=r"model\.safetensors: no weights"):
        worker.ask("scan")

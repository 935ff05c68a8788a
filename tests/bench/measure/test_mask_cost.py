"""Time and memory of another process, with a stand-in for the worker that needs no PyTorch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.measure import mask_cost, workers
from bench.measure.mask_cost import make_worker as start_worker
from bench.measure.mask_cost import measure_mask_cost
from bench.measure.workers import Worker, anonymous_memory, watch_memory
from fixtures.origins import Origin
from fixtures.settings import Settings
from fixtures.specs import PruningSpec

MB = 1_000_000
NEVER_A_PROCESS = 1 << 30
PRUNING = PruningSpec("magnitude", "global", 0.5)
SETTINGS = Settings(dtype="bfloat16", threads=3, seed=7)

GROWS = """\
import sys, time
for line in sys.stdin:
    if line.strip() == "grow":
        held = bytearray().ljust(100_000_000, b"x")
    else:
        held = None
    time.sleep(0.1)
    print("done", flush=True)
"""
PREAMBLE = """\
import json, os, sys, time
job = json.loads(sys.argv[1])
def answer(value):
    print(json.dumps(value), flush=True)
"""
# ours finds in 1, 2 and 4 seconds, as it says, and applies in 0.5, 0.25 and 0.125; PyTorch finds in 2 always
TIMES = """\
ours = job["side"] == "ours"
found = [1.0, 2.0, 4.0, 0.0, 0.0, 0.0] if ours else [2.0, 2.0, 2.0]
times = {"find": iter(found), "apply": iter([0.5, 0.25, 0.125])}
for line in sys.stdin:
    command = line.strip()
    answer(next(times[command]) if command in times else DESCRIPTION if command == "describe" else None)
"""

Put = Callable[[str], Path]


@pytest.fixture
def put_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Puts another program in the place of the worker."""
    monkeypatch.setattr(workers, "ROOT", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)

    def put(program: str) -> Path:
        path = tmp_path / "bench" / "measure" / "mask_worker.py"
        path.parent.mkdir(parents=True)
        path.write_text(PREAMBLE + program, "utf-8")
        return path

    return put


def make_worker(side: str = "ours", path: str = "tiny.json") -> Worker:
    return start_worker(side, Origin("causal-lm", Path(path), "random"), PRUNING, SETTINGS)


def make_cost() -> mask_cost.MaskCost:
    return measure_mask_cost(Origin("causal-lm", Path("tiny.json"), "random"), PRUNING, SETTINGS)


def test_memory_of_a_process_grows_and_shrinks_by_what_it_holds() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sizes = []
        for command in ("start", "grow", "shrink"):
            process.stdin.write(f"{command}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
            sizes.append(anonymous_memory(process.pid))
        process.stdin.close()
    start, grown, shrunk = sizes
    assert 98 * MB < grown - start < 105 * MB
    assert abs(shrunk - start) < 5 * MB


def test_watching_tells_the_peak_beyond_the_start() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("start\n")
        process.stdin.flush()
        process.stdout.readline()
        with watch_memory(process.pid) as memory:
            process.stdin.write("grow\nshrink\n")
            process.stdin.flush()
            assert [process.stdout.readline() for _ in range(2)] == ["done\n", "done\n"]
        process.stdin.close()
    assert 98 * MB < memory.peak - memory.start < 105 * MB


def test_own_memory_is_told() -> None:
    assert anonymous_memory(os.getpid()) > MB


def test_unknown_process_has_no_memory() -> None:
    assert anonymous_memory(NEVER_A_PROCESS) == 0
    with watch_memory(NEVER_A_PROCESS) as memory:
        pass
    assert (memory.start, memory.peak) == (0, 0)


def test_values_are_medians_of_rounds_and_ratios_round_by_round(
    put_worker: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_worker(TIMES.replace("DESCRIPTION", "[5, 0.5, 'abc']"))
    monkeypatch.setattr(workers, "anonymous_memory", lambda _: 0)
    cost = make_cost()
    assert cost.samples == {
        "find_time": [1.0, 2.0, 4.0],
        "find_time_pytorch": [2.0, 2.0, 2.0],
        "find_speedup": [2.0, 1.0, 0.5],
        "apply_time": [0.5, 0.25, 0.125],
    }
    assert cost.values == {
        "find_time": 2.0,
        "find_time_pytorch": 2.0,
        "find_speedup": 1.0,
        "apply_time": 0.25,
    }


@pytest.mark.parametrize(
    ("description", "expected"), [("[5, 'abc']", "same"), ("[5, job['side']]", "others")]
)
def test_masks_are_the_same_when_both_sides_describe_them_alike(
    put_worker: Put, description: str, expected: str
) -> None:
    put_worker(TIMES.replace("DESCRIPTION", description))
    assert make_cost().same_masks is (expected == "same")


def test_memory_is_the_peak_of_each_side_and_the_saving_their_ratio(put_worker: Put) -> None:
    put_worker(
        "size = 20_000_000 if job['side'] == 'ours' else 60_000_000\n"
        "for line in sys.stdin:\n"
        "    if line.strip() == 'find':\n"
        "        held = bytearray().ljust(size, b'x')\n"
        "        time.sleep(0.03)\n"
        "        del held\n"
        "    answer(1.0)\n"
    )
    values = make_cost().values
    assert 18 * MB < values["find_memory"] < 24 * MB
    assert 57 * MB < values["find_memory_pytorch"] < 66 * MB
    assert values["find_memory_saving"] == values["find_memory_pytorch"] / values["find_memory"]
    assert values.get("apply_memory", 0) < 2 * MB


def test_worker_is_told_the_whole_job(
    put_worker: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_worker("for line in sys.stdin:\n    answer([job, os.environ['OMP_NUM_THREADS']])\n")
    monkeypatch.chdir(tmp_path)
    with make_worker("pytorch") as worker:
        told, threads = worker.ask("describe")
    assert threads == "3"
    assert told == {
        "side": "pytorch",
        "origin": {
            "head": "causal-lm",
            "path": str((tmp_path / "tiny.json").resolve()),
            "identity": "random",
        },
        "pruning": {"method": "magnitude", "scope": "global", "sparsity": 0.5},
        "dtype": "bfloat16",
        "threads": 3,
        "seed": 7,
    }


def test_worker_forgets_before_it_is_measured(put_worker: Put) -> None:
    put_worker(
        "heard = []\n"
        "for line in sys.stdin:\n"
        "    heard.append(line.strip())\n"
        "    answer(heard if heard[-1] == 'describe' else 1.5)\n"
    )
    with make_worker() as worker:
        assert worker.measure("find").seconds == 1.5
        worker.measure("apply", after="find")
        assert worker.ask("describe") == ["forget", "find", "find", "apply", "describe"]


def test_worker_is_stopped_afterwards_whatever_it_does(put_worker: Put, tmp_path: Path) -> None:
    put_worker("for line in sys.stdin:\n    answer(os.getpid())\nopen('went-on', 'w')\n")
    with make_worker() as worker:
        pid = worker.ask("describe")
        assert anonymous_memory(pid) > 0
    assert anonymous_memory(pid) == 0
    assert not (tmp_path / "went-on").exists()


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("sys.exit(1)\n", id="at once"),
        pytest.param("sys.stdin.readline()\nsys.exit(1)\n", id="at the command"),
        pytest.param("sys.stdin.readline()\nos.kill(os.getpid(), 9)\n", id="killed"),
        pytest.param(
            "sys.stdin.readline()\nprint('no JSON', flush=True)\ntime.sleep(60)\n", id="talking nonsense"
        ),
    ],
)
def test_worker_that_dies_is_a_runtime_error_that_names_the_command(put_worker: Put, program: str) -> None:
    put_worker(program)
    with make_worker() as worker, pytest.raises(RuntimeError, match="the worker died at 'find'"):
        worker.ask("find")


def test_worker_that_dies_later_is_a_runtime_error_too(put_worker: Put) -> None:
    put_worker("answer(sys.stdin.readline())\n")
    with make_worker() as worker:
        assert worker.ask("forget") == "forget\n"
        worker._process.wait()
        with pytest.raises(RuntimeError, match="the worker died at 'find'"):
            worker.measure("find", after="find")


def test_worker_that_cannot_load_the_model_says_so_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    origin = Origin("causal-lm", tmp_path, "local@0")
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "n_layer": "two"}', "utf-8")
    with pytest.raises(ValueError, match=f"cannot load {tmp_path}: "):
        measure_mask_cost(origin, PRUNING, SETTINGS)
    assert "".join(capfd.readouterr()) == ""

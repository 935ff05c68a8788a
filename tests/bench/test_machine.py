"""What is complained of on machines that are made up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import machine
from bench.machine import Quietness
from bench.timing import is_out_of_memory


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two idle cores, of which nothing else can be read."""
    monkeypatch.setattr("bench.machine.CPUS", tmp_path)
    monkeypatch.setattr("bench.machine.psutil.cpu_percent", lambda interval: interval and 0.0)
    monkeypatch.setattr("bench.machine.os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    return tmp_path


@pytest.mark.usefixtures("quiet")
def test_a_quiet_machine_is_not_complained_of_nor_what_cannot_be_read() -> None:
    assert list(machine.complaints(1, gpu=False)) == []


@pytest.mark.usefixtures("quiet")
def test_busy_cores_and_too_many_threads_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.machine.psutil.cpu_percent", lambda interval: interval and 60.0)
    assert list(machine.complaints(2, gpu=False)) == [
        "other processes take 60% of the processor",
        "--threads 2 leaves none of 2 cores to others",
    ]


@pytest.mark.parametrize(("governor", "said"), [("performance", []), ("powersave", ["powersave"])])
def test_a_governor_that_saves_power_is(quiet: Path, governor: str, said: list[str]) -> None:
    (quiet / "cpu0" / "cpufreq").mkdir(parents=True)
    (quiet / "cpu0" / "cpufreq" / "scaling_governor").write_text(f"{governor}\n", "utf-8")
    found = list(machine.complaints(1, gpu=False))
    assert [f"the frequency governor is {name}, not performance" for name in said] == found


def test_throttling_is(quiet: Path) -> None:
    for core, count in (("cpu0", 2), ("cpu1", 3)):
        (quiet / core / "thermal_throttle").mkdir(parents=True)
        (quiet / core / "thermal_throttle" / "core_throttle_count").write_text(f"{count}\n", "utf-8")
    assert list(machine.complaints(1, gpu=False)) == ["cores were throttled 5 times since the start"]


@pytest.mark.usefixtures("quiet")
def test_other_processes_on_the_gpu_are_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def query(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout="17\n18\n")

    monkeypatch.setattr("bench.machine.shutil.which", lambda _: "nvidia-smi")
    monkeypatch.setattr("bench.machine.subprocess.run", query)
    assert list(machine.complaints(1, gpu=True)) == ["2 other processes use the GPU"]
    assert list(machine.complaints(1, gpu=False)) == []


def test_controls_outside_their_band_are_stamps_beside_what_was_seen_before() -> None:
    quietness = Quietness(["noisy: busy"])
    quietness.note_control(0.85, (0.75, 0.93))  # its interval touches the band
    assert quietness.stamps == ["noisy: busy"]
    quietness.note_control(0.8, (0.75, 0.85))
    assert quietness.stamps[1:] == [
        "noisy: zeros in a dense tensor came out 0.80 (0.75 to 0.85) times as fast as dense"
    ]


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("size mismatch"), False),
    ],
)
def test_only_an_error_of_memory_is_one(error: Exception, memory: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_out_of_memory(error) == memory

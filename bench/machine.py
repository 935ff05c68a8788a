"""Whether this machine is quiet enough to time anything on it: warnings, never a refusal."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from reports.noise import NOISY, describe_control, is_outside

BUSY = 0.25  # of one core, taken by others, per core that there is
LOOKING = 0.2  # seconds to watch how busy the cores are
CPUS = Path("/sys/devices/system/cpu")


@dataclass(eq=False)
class Quietness:
    """What is known of how quiet this machine is, while the session lasts."""

    stamps: list[str] = field(default_factory=list)

    def note_control(self, speedup: float, interval: tuple[float, float]) -> None:
        """Looks at a control: one outside its band stamps what comes after it; of the run, reports tell."""
        if is_outside(*interval):
            found = describe_control(speedup, *interval)
            self.stamps.append(f"{NOISY}: zeros in a dense tensor came out {found}")


def complaints(threads: int, gpu: bool) -> Iterator[str]:  # noqa: FBT001 - a plain fact
    """What may disturb timing here, a clause each; what cannot be read here is left out."""
    usual = (_load, _governor, _throttling, lambda: _threads(threads))
    for look in (*usual, *([_gpu_processes] if gpu else [])):
        if complaint := _told(look):
            yield complaint


def _told(look: Callable[[], str | None]) -> str | None:
    try:
        return look()
    except (OSError, ValueError, subprocess.SubprocessError, psutil.Error):
        return None


def _load() -> str | None:
    """How busy the cores are while this process waits: that is other processes."""
    busy = psutil.cpu_percent(interval=LOOKING) / 100
    return f"other processes take {busy:.0%} of the processor" if busy > BUSY else None


def _governor() -> str | None:
    path = CPUS / "cpu0" / "cpufreq" / "scaling_governor"
    governor = path.read_text("utf-8").strip()
    return None if governor == "performance" else f"the frequency governor is {governor}, not performance"


def _throttling() -> str | None:
    counts = [int(path.read_text("utf-8")) for path in CPUS.glob("cpu*/thermal_throttle/core_throttle_count")]
    return f"cores were throttled {sum(counts)} times since the start" if sum(counts) else None


def _threads(threads: int) -> str | None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads >= cores > 1:
        return f"--threads {threads} leaves none of {cores} cores to others"
    return None


def _gpu_processes() -> str | None:
    if shutil.which("nvidia-smi") is None:
        return None
    query = ["nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader"]
    listed = subprocess.run(query, capture_output=True, text=True, check=True, timeout=10).stdout
    others = {line.strip() for line in listed.splitlines()} - {str(os.getpid()), ""}
    return f"{len(others)} other processes use the GPU" if others else None

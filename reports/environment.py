"""Where a run happens: commit, machine, versions; imports nothing heavy."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from reports.record import Run

PACKAGES = (
    "torch",
    "transformers",
    "datasets",
    "evaluate",
    "numpy",
    "safetensors",
    "tokenizers",
    "pytest",
    "pytest-benchmark",
)


def describe_run(root: Path, command: str) -> Run:
    """The header of a run that starts now in the checkout `root`."""
    cpu, gpus = cpu_name(), gpu_names()
    cores = os.cpu_count() or 1
    return Run(
        commit=_git(root, "rev-parse", "HEAD"),
        dirty=bool(_git(root, "status", "--porcelain")),
        machine=machine_name(cpu, cores, gpus),
        host={
            "name": platform.node(),
            "system": platform.platform(),
            "cpu": cpu,
            "cores": cores,
            "gpus": gpus,
        },
        versions={"python": platform.python_version(), **_versions()},
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
    )


def machine_name(cpu: str, cores: int, gpus: list[str]) -> str:
    """A folder name for a kind of machine: `amd-epyc-7b13-2c`, `…-16c-nvidia-h100`."""
    words = [cpu, f"{cores}c", *gpus[:1]]
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def this_machine() -> str:
    """The name of the machine that this runs on."""
    return machine_name(cpu_name(), os.cpu_count() or 1, gpu_names())


def cpu_name() -> str:
    """The processor as it calls itself."""
    info = Path("/proc/cpuinfo")
    text = info.read_text("utf-8") if info.is_file() else ""
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1].strip() if found else platform.processor() or platform.machine()


def gpu_names() -> list[str]:
    """NVIDIA GPUs as the driver lists them, without importing torch."""
    if shutil.which("nvidia-smi") is None:
        return []
    listing = _output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    return [name.strip() for name in (listing or "").splitlines() if name.strip()]


def _versions() -> Mapping[str, str]:
    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def _git(root: Path, *arguments: str) -> str | None:
    return _output(["git", "-C", str(root), *arguments])


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()

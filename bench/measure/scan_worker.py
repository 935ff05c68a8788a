"""The scan-cost benchmark's process: `python -m bench.measure.scan_worker JOB`.

Reads a command per line and answers each with the seconds it took: `read`, `scan`, `scan_plainly`,
`histogram`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open

from bench.measure.workers import serve
from fixtures.checkpoint_files import weight_files
from fixtures.scanning import DTYPES, read, rows_at_once, scan
from fixtures.tensor_files import stored_tensors

BINS, LOW, HIGH = 512, -12.0, 4.0  # of log10|w|


class Reader:
    """A checkpoint, and the ways to go through it."""

    def __init__(self, folder: Path, family: str) -> None:
        self._files = weight_files(folder)
        self._family = family
        self._tensors = stored_tensors(self._files)

    def read(self) -> None:
        """Only reads, through a buffer of the size that a scan has."""
        for stored in self._tensors:
            for _ in read(stored, rows_at_once(stored)):
                pass

    def scan(self) -> None:
        """Counts by a compiled loop, where numba is installed."""
        scan(self._tensors, self._family)

    def scan_plainly(self) -> None:
        """Counts by NumPy."""
        scan(self._tensors, self._family, plain=True)

    def histogram(self) -> None:
        """What comes naturally: PyTorch's logarithm and histogram, tensor by tensor, mapped from the file."""
        weights = [stored for stored in self._tensors if stored.dtype in DTYPES]
        for path in self._files:
            with safe_open(path, framework="pt") as file:
                for stored in weights:
                    if stored.path == path:
                        _histogram(file.get_tensor(stored.name))


def _histogram(tensor: torch.Tensor) -> torch.Tensor:
    return torch.histc(torch.log10(tensor.abs().float()), BINS, LOW, HIGH)


def timed(work: Callable[[], None]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Serves commands until the input ends."""
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    reader = Reader(Path(job["folder"]), job["family"])
    ways = {
        "forget": lambda: None,
        "read": reader.read,
        "scan": reader.scan,
        "scan_plainly": reader.scan_plainly,
        "histogram": reader.histogram,
    }
    serve(lambda command: timed(ways[command]))


if __name__ == "__main__":
    main()

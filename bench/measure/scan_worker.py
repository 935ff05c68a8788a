"""The scan-cost benchmark's process: `python -m bench.measure.scan_worker JOB`.

Reads a command per line and answers each with the seconds it took: `prepare`, `read`, `scan`, `scan_plainly`,
`histogram`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from bench.measure.workers import REFUSED, serve
from fixtures.bit_counts import FLOATS, Counter
from fixtures.scanning import Scan, read, scan, sort_out
from fixtures.tensor_files import stored_tensors
from fixtures.zero_patterns import GROUP, count_patterns

BINS, LOW, HIGH = 512, -12.0, 4.0  # of log10|w|


class Reader:
    """A checkpoint's weights, and the ways to go through all of them.

    Raises:
        ValueError: a file is damaged, a type is none that is counted, or there are no weights.
    """

    def __init__(self, files: Sequence[Path], family: str) -> None:
        self._family = family
        self._weights, _ = sort_out(stored_tensors(files), family)
        if not self._weights:
            raise ValueError(f"{', '.join(map(str, files))}: no weights")

    def prepare(self) -> None:
        """Compiles, on a few numbers of each type."""
        for dtype in {stored.dtype for stored in self._weights}:
            bits = np.zeros(GROUP * GROUP, FLOATS[dtype].pattern)
            Counter(FLOATS[dtype]).add(bits)
            for transposed in (False, True):
                count_patterns(bits, GROUP, transposed=transposed)

    def read(self) -> None:
        """Only reads, through a buffer of the size that a scan has."""
        for stored in self._weights:
            for _ in read(stored):
                pass

    def scan(self) -> Scan:
        """Counts by a compiled loop, where numba is installed."""
        return scan(self._weights, self._family)

    def scan_plainly(self) -> Scan:
        """Counts by NumPy."""
        return scan(self._weights, self._family, plain=True)

    def histogram(self) -> list[torch.Tensor]:
        """What comes naturally: PyTorch's logarithm and histogram, tensor by tensor, mapped from the file."""
        found = []
        for path, tensors in groupby(self._weights, key=lambda stored: stored.path):
            with safe_open(path, framework="pt") as file:
                found += [_histogram(file.get_tensor(stored.name)) for stored in tensors]
        return found


def _histogram(tensor: torch.Tensor) -> torch.Tensor:
    return torch.histc(torch.log10(tensor.abs().float()), BINS, LOW, HIGH)


def timed(work: Callable[[], object]) -> float | dict[str, str]:
    """Seconds that it takes, or why it cannot be done."""
    start = time.perf_counter()
    try:
        work()
    except (ValueError, OSError, SafetensorError) as error:
        return {REFUSED: str(error)}
    return time.perf_counter() - start


def main() -> None:
    """Serves commands until the input ends; files that cannot be counted are the answer to each."""
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    try:
        reader = Reader(list(map(Path, job["files"])), job["family"])
    except (ValueError, OSError) as error:
        refusal = {REFUSED: str(error)}
        serve(lambda _: refusal)
        return
    ways: dict[str, Callable[[], object]] = {
        "forget": lambda: None,
        "prepare": reader.prepare,
        "read": reader.read,
        "scan": reader.scan,
        "scan_plainly": reader.scan_plainly,
        "histogram": reader.histogram,
    }
    serve(lambda command: timed(ways[command]))


if __name__ == "__main__":
    main()

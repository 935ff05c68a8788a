"""A process that computes for some seconds and rests for some, as others on a shared machine do."""

from __future__ import annotations

import os
import sys
import time
from threading import Thread

import numpy as np

LONGEST = 6.0  # seconds of work, and of rest
SIZE = 700  # of the matrices: larger than the caches of a core


def work_and_rest(random: np.random.Generator) -> None:
    """One stretch of each."""
    matrix = random.standard_normal((SIZE, SIZE), dtype=np.float32)
    end = time.monotonic() + random.uniform(0, LONGEST)
    while time.monotonic() < end:
        matrix = np.tanh(matrix @ matrix)
    time.sleep(random.uniform(0, LONGEST))


def main() -> None:
    """Goes on until its input ends: whoever started it closes that, or was killed."""
    Thread(target=_end_with_input, daemon=True).start()
    random = np.random.default_rng()
    while True:
        work_and_rest(random)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)  # at once, in the middle of its work


if __name__ == "__main__":
    main()

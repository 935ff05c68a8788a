#!/usr/bin/env python3
"""How fast each way of the packed encoding is, and how near the limit: a matrix in a shape of GPT-2 base."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from fixtures.encodings.entropy import entropy_limit
from fixtures.encodings.packed import pack, unpack

T = TypeVar("T")
SHAPE, ROUNDS = (3072, 768), 15
SPARSITIES = (0.0, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99)


def main() -> None:
    """A line per sparsity: bytes per weight, over the limit, MB of dense bytes per second each way."""
    columns = ("sparsity", "bytes per weight", "limit", "over", "write MB/s", "read MB/s")
    sys.stdout.write(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n")
    for sparsity in SPARSITIES:
        sys.stdout.write(f"| {sparsity:.2f} | {_measure(_pruned(sparsity))} |\n")


def _measure(tensor: Tensor) -> str:
    found, write = _timed(lambda: pack(tensor))
    _, read = _timed(lambda: unpack(found.parts, found.description))
    size, limit = sum(len(part) for part in found.parts.values()), entropy_limit([tensor])
    rates = " | ".join(f"{tensor.nbytes / seconds / 1e6:,.0f}" for seconds in (write, read))
    return f"{size / tensor.numel():.3f} | {limit / tensor.numel():.3f} | {size / limit - 1:.1%} | {rates}"


def _pruned(sparsity: float) -> Tensor:
    matrix = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0)) * 0.02
    if sparsity:
        matrix[matrix.abs() <= matrix.abs().flatten().kthvalue(round(sparsity * matrix.numel())).values] = 0
    return matrix


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - began)
    return found, float(np.median(times))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

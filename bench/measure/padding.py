"""Examples of unlike length as one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def pad_right(rows: Sequence[NDArray[np.int64]], fill: int, device: torch.device) -> Tensor:
    """The rows one below the other, filled up on the right; shape (rows, longest), int64."""
    padded = np.full((len(rows), max(len(row) for row in rows)), fill, np.int64)
    for line, row in zip(padded, rows, strict=True):
        line[: len(row)] = row
    return torch.from_numpy(padded).to(device)


def attention_mask(rows: Sequence[NDArray[np.int64]], device: torch.device) -> Tensor:
    """1 where `pad_right` put a token, 0 where it filled up; shape (rows, longest), int64."""
    return pad_right([np.ones(len(row), np.int64) for row in rows], 0, device)

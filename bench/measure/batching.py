"""Batches one after the other, cut up where memory does not suffice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch

from bench.measure.progress import Progress
from fixtures.errors import UnavailableError

# what PyTorch says of memory besides `OutOfMemoryError`, in lower case: of the CPU, of cuBLAS and its like
_FULL = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")

# tokens computed at once: a CPU gains nothing from more, a GPU wants to be filled
_CPU_TOKENS, _GPU_TOKENS = 2048, 32768

Batch = Sequence[int]


def batch_tokens_on(device: torch.device) -> int:
    """How many tokens a device computes at once, for models of some hundred million weights."""
    return _CPU_TOKENS if device.type == "cpu" else _GPU_TOKENS


class Batching:
    """Computes batches of examples; when one does not fit into memory, it and all later ones are halved.

    Args:
        progress: passes the batches through, showing how far it is.

    Attributes:
        parts: in how many parts a batch is computed at last; 1 as long as memory suffices.
        seconds: spent computing, in the model and with what it gave until that is read.
    """

    def __init__(self, progress: Progress[list[int]] = iter) -> None:
        self._progress = progress
        self.parts = 1
        self.seconds = 0.0

    @property
    def stamps(self) -> tuple[str, ...]:
        """What a record should say of it."""
        return () if self.parts == 1 else (f"out of memory: batches computed in {self.parts} parts",)

    def run(self, batches: Sequence[list[int]], compute: Callable[[Batch], None]) -> None:
        """Calls `compute` with every example once, in the order of the batches.

        Args:
            batches: the indices of the examples that are computed together.
            compute: computes and keeps what it found; a call that runs out of memory is repeated with less.

        Raises:
            UnavailableError: a single example does not fit.
        """
        for batch in self._progress(batches):
            done = 0
            while done < len(batch):
                part = batch[done : done + -(-len(batch) // self.parts)]
                start = time.perf_counter()
                fits = _fits(compute, part)
                self.seconds += time.perf_counter() - start
                if fits:
                    done += len(part)
                elif len(part) > 1:
                    self.parts *= 2
                else:
                    raise UnavailableError(f"example {part[0]} alone does not fit into memory")


def _fits(compute: Callable[[Batch], None], batch: Batch) -> bool:
    try:
        compute(batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    else:
        return True
    # only here: an exception that is being handled holds on to the tensors of its frames
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # by torch
        torch.cuda.empty_cache()
    return False


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is full, whoever found that."""
    typed = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return typed or any(words in str(error).lower() for words in _FULL)

"""Batches that do not fit into memory: everything is computed once, in smaller parts, or not at all."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.measure.batching import Batch, Batching, batch_tokens_on, is_out_of_memory
from fixtures.errors import UnavailableError

BATCHES = [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15], [16]]


class Machine:
    """Computes at most so many examples at once; remembers what it tried and what it did."""

    def __init__(self, most: int, error: Callable[[], BaseException] = torch.OutOfMemoryError) -> None:
        self.most, self.error = most, error
        self.tried: list[int] = []
        self.done: list[int] = []

    def compute(self, batch: Batch) -> None:
        """Runs out of memory if there are too many."""
        self.tried.append(len(batch))
        if len(batch) > self.most:
            raise self.error()
        self.done.extend(batch)


def test_batches_that_fit_are_computed_whole_and_leave_no_stamp() -> None:
    machine, batching = Machine(most=8), Batching()
    batching.run(BATCHES, machine.compute)
    assert machine.tried == [8, 8, 1]
    assert machine.done == list(range(17))
    assert batching.stamps == ()


def test_a_batch_that_does_not_fit_is_halved_and_so_are_those_after_it() -> None:
    machine, batching = Machine(most=4), Batching()
    batching.run(BATCHES, machine.compute)
    assert machine.tried == [8, 4, 4, 4, 4, 1]
    assert machine.done == list(range(17))
    assert batching.stamps == ("out of memory: batches computed in 2 parts",)


def test_batches_are_halved_down_to_single_examples() -> None:
    machine, batching = Machine(most=1), Batching()
    batching.run(BATCHES, machine.compute)
    assert machine.tried == [8, 4, 2, *[1] * 17]
    assert batching.stamps == ("out of memory: batches computed in 8 parts",)


def test_a_single_example_that_does_not_fit_is_named() -> None:
    machine = Machine(most=0)
    with pytest.raises(UnavailableError, match="example 3 alone does not fit into memory"):
        Batching().run([[3, 4], [5]], machine.compute)
    assert machine.tried == [2, 1]
    assert machine.done == []


@given(
    sizes=st.lists(st.integers(1, 20), max_size=6),
    most=st.integers(1, 20),
)
def test_every_example_is_computed_once_in_order_whatever_the_memory(sizes: list[int], most: int) -> None:
    places = iter(range(sum(sizes)))
    batches = [[next(places) for _ in range(size)] for size in sizes]
    machine, batching = Machine(most), Batching()
    batching.run(batches, machine.compute)
    assert machine.done == list(range(sum(sizes)))
    assert (batching.parts > 1) == (max(sizes, default=0) > most) == bool(batching.stamps)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 B"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory"),
        MemoryError(),
    ],
    ids=lambda error: str(error)[:20],
)
def test_full_memory_is_recognised_whoever_says_it(error: BaseException) -> None:
    assert is_out_of_memory(error)
    machine = Machine(1, lambda: error)
    Batching().run([[0, 1]], machine.compute)
    assert machine.done == [0, 1]


def test_cpu_memory_that_is_full_in_earnest_is_recognised() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**55)
    assert is_out_of_memory(refused.value)


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("x")]
)
def test_another_error_is_passed_on(error: Exception) -> None:
    machine = Machine(0, lambda: error)
    with pytest.raises(type(error), match=str(error)):
        Batching().run([[0, 1]], machine.compute)
    assert machine.tried == [2]


def test_memory_of_the_failed_try_is_free_for_the_next() -> None:
    kept: list[weakref.ref[torch.Tensor]] = []

    def compute(batch: Batch) -> None:
        gc.collect()
        assert [reference() for reference in kept] == [None] * len(kept)
        large = torch.zeros(len(batch))
        kept.append(weakref.ref(large))
        if len(batch) > 1:
            raise torch.OutOfMemoryError

    Batching().run([[0, 1, 2, 3]], compute)
    assert len(kept) == 6


def test_progress_passes_the_batches_through() -> None:
    seen: list[Sequence[list[int]]] = []

    def progress(batches: Sequence[list[int]]) -> Iterable[list[int]]:
        seen.append(batches)
        return iter(batches)

    machine = Machine(8)
    Batching(progress).run(BATCHES, machine.compute)
    assert seen == [BATCHES]


def test_a_gpu_computes_more_at_once() -> None:
    assert batch_tokens_on(torch.device("cuda", 0)) > batch_tokens_on(torch.device("cpu")) >= 1024

"""How much memory a model in a layout takes: its weights, what a round begins with, what comes and goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

import psutil
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from bench.measure.phases import Runner

ALLOCATION = "[memory]"  # how the profiler names what the allocator did


def measure_memory(model: nn.Module, runner: Runner, device: torch.device) -> dict[str, float]:
    """Bytes by metric, of the second of two rounds; the same in every run.

    Args:
        model: in its layout.
        runner: a round of a workload on it.
        device: where it is.
    """
    weights = sum(part.nbytes() for part in storages(model))
    activations = _peak_on_gpu(runner) if device.type == "cuda" else _peak_of_allocator(runner)
    runner.reset()
    state = sum(tensor.nbytes for tensor in runner.state())
    return {
        "weight_memory": weights,
        "state_memory": state,
        "activation_peak": activations,
        "peak_memory": weights + state + activations,
    }


def resident() -> int:
    """Bytes of this process in memory: whatever else it loaded is among them."""
    return int(psutil.Process().memory_info().rss)


def storages(model: nn.Module) -> list[torch.UntypedStorage]:
    """The memory behind a model's parameters and buffers, each once: tied and shared ones too."""
    found = {
        (storage.device, storage.data_ptr()): storage
        for tensor in _tensors(model)
        for part in parts_of(tensor)
        if (storage := part.untyped_storage()).nbytes()
    }
    return list(found.values())


def parts_of(tensor: Tensor) -> Iterable[Tensor]:
    """What a tensor consists of: values and indices of a sparse one."""
    if tensor.layout == torch.sparse_csr:
        return (tensor.crow_indices(), tensor.col_indices(), tensor.values())
    if tensor.layout == torch.sparse_bsr:
        return (tensor.crow_indices(), tensor.col_indices(), tensor.values())
    if hasattr(tensor, "__tensor_flatten__"):  # semi-structured: a tensor of tensors
        names, _ = tensor.__tensor_flatten__()
        return tuple(getattr(tensor, name) for name in names)
    return (tensor,)


def _tensors(model: nn.Module) -> Iterator[Tensor]:
    for module in model.modules():
        held = getattr(module, "held", None)  # matrices that are no tensors
        yield from held() if held else ()
        yield from module.parameters(recurse=False)
        yield from module.buffers(recurse=False)


def _peak_of_allocator(runner: Runner) -> int:
    """The highest sum of what PyTorch's allocator gave out in a round and had not got back."""
    # what was given out while nobody looked has no size when it comes back: a cache, most of all
    _changes(lambda: _discard_round(runner))
    return max(accumulate(_changes(runner.run)), default=0)


def _changes(act: Callable[[], object]) -> list[int]:
    """Bytes that the allocator gave out, and with a minus got back, one after the other."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        act()
    events = seen.profiler.kineto_results.events()
    changes = [(event.start_ns(), event.nbytes()) for event in events if event.name() == ALLOCATION]
    return [change for _, change in sorted(changes, key=lambda change: change[0])]


def _discard_round(runner: Runner) -> None:
    """A complete round, after which all is ready for the next: what is made once, is made."""
    runner.reset()
    runner.run()
    runner.reset()
    for tensor in runner.state():
        tensor.data = tensor.clone()  # a cache that was cut to its length is part of something longer


def _peak_on_gpu(runner: Runner) -> int:
    _discard_round(runner)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    runner.run()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before

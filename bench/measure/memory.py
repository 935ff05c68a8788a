"""How much memory a model in a layout takes: its weights, and the peak of what comes and goes in a round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

import psutil
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from bench.measure.phases import Runner

ALLOCATION = "[memory]"  # how the profiler names what the allocator did


def measure_memory(model: nn.Module, runner: Runner, device: torch.device) -> dict[str, float]:
    """Bytes by metric; all but `resident_memory` are the same in every run.

    Args:
        model: in its layout.
        runner: a round of a workload on it.
        device: where it is.
    """
    weights = sum(part.nbytes() for part in storages(model))
    activations = _peak_on_gpu(runner) if device.type == "cuda" else _peak_of_allocator(runner)
    return {"weight_memory": weights, "activation_peak": activations, "peak_memory": weights + activations}


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
    runner.reset()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        runner.run()
    events = seen.profiler.kineto_results.events()
    changes = [(event.start_ns(), event.nbytes()) for event in events if event.name() == ALLOCATION]
    return max(accumulate(change for _, change in sorted(changes, key=lambda change: change[0])), default=0)


def _peak_on_gpu(runner: Runner) -> int:
    runner.reset()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    runner.run()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before

"""What multiplied in a round: the operator or kernel by the profiler, and how the matrices were held."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from bench.measure.phases import Runner
from fixtures.sparse_modules import layout_of

# how operators and kernels that multiply matrices are called
PRODUCT = re.compile(r"mm|gemm|gemv|linear|cutlass|cusparse|dot", re.IGNORECASE)
# and those of them that multiply what was computed, and no weights
ATTENTION = re.compile(r"attention|attn|fmha|flash|bmm", re.IGNORECASE)
KERNEL_NAME = 80  # characters: those of templates have hundreds
ELSEWHERE = "not PyTorch's"


def describe_products(runner: Runner, device: torch.device) -> str:
    """Kernel and matrices of a round: `aten::addmm on 24 sparse_csr, 1 strided`."""
    counts = matrices_of(runner).most_common()
    unseen = bool(counts) and counts[0][0].startswith("scipy")  # by the profiler
    kernel = ELSEWHERE if unseen else kernel_of(runner, device)
    return f"{kernel} on {', '.join(f'{count} {layout}' for layout, count in counts) or 'no matrices'}"


def matrices_of(runner: Runner) -> Counter[str]:
    """How the matrices of a round are held, by the modules that are called in it; each counts once."""
    held: dict[nn.Module, str] = {}

    def look(module: nn.Module, *_: object) -> None:
        if layout := layout_of(module):
            held[module] = layout

    hook = register_module_forward_hook(look)
    try:
        runner.reset()
        with torch.compiler.set_stance("force_eager"):  # what is compiled calls no modules
            runner.run()
    finally:
        hook.remove()
    return Counter(held.values())


def kernel_of(runner: Runner, device: torch.device) -> str:
    """The product with a weight, on a GPU its kernel, that takes most of a round by itself.

    An operator is named with the one that it was called by: `aten::addmm in aten::linear`.
    """
    from torch.autograd import DeviceType  # type: ignore[attr-defined]  # it is there, not exported
    from torch.profiler import ProfilerActivity, profile

    cuda = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    runner.reset()
    with profile(activities=activities) as seen:
        runner.run()
    place = DeviceType.CUDA if cuda else DeviceType.CPU  # operators are the CPU's, kernels the GPU's
    times: Counter[str] = Counter()
    for event in seen.events():
        if event.device_type == place and is_product(event.name) and not _hands_on(event):
            times[_called(event)] += event.self_device_time_total if cuda else event.self_cpu_time_total
    return max(times, key=times.__getitem__)[:KERNEL_NAME] if any(times.values()) else ELSEWHERE


def is_product(name: str) -> bool:
    """Whether an operator or kernel of that name multiplies a weight."""
    return bool(PRODUCT.search(name)) and not ATTENTION.search(name)


def _hands_on(event: Any) -> bool:  # noqa: ANN401 - the profiler's events have no types
    """Whether another product does the work."""
    return any(is_product(child.name) or _hands_on(child) for child in event.cpu_children)


def _called(event: Any) -> str:  # noqa: ANN401 - the profiler's events have no types
    """An operator's name, with that of the outermost product that came to it."""
    outer, place = event.name, event.cpu_parent
    while place is not None:
        outer, place = place.name if is_product(place.name) else outer, place.cpu_parent
    return str(event.name if outer == event.name else f"{event.name} in {outer}")

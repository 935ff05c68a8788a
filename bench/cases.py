"""All cases there are, and the options that bring those which the default options leave out."""

from __future__ import annotations

from bench.costs import latency_cases, layer_cases, memory_cases, size_cases
from bench.grid import Grid, mask_cost_cases, pruned_cases, quality_cases, throughput_cases
from bench.scans import scan_cost_cases, structure_cases
from fixtures.specs import Case

# benchmarks that the default options have no case of, and the options that have
WANTED = {
    "throughput": (throughput_cases, "--tier base --weights random"),
    "mask_cost": (mask_cost_cases, "--tier base --device cpu"),
    "structure": (structure_cases, "--weights published"),
    "scan_cost": (scan_cost_cases, "--tier xl, or --inspect DIR"),
    "layer": (layer_cases, "--device cpu, --dtype float32, and no --workload or layer:c_fc-b1x8"),
}
MAKERS = (
    quality_cases,
    pruned_cases,
    mask_cost_cases,
    throughput_cases,
    latency_cases,
    layer_cases,
    memory_cases,
    size_cases,
    structure_cases,
    scan_cost_cases,
)


def every_case(grid: Grid) -> list[Case]:
    """All that can be measured, whichever test measures it."""
    return [case for make in MAKERS for case in make(grid)]


def explain_options(grid: Grid, keyword: str) -> str:
    """What else to give when -k asks for a benchmark that these options have no case of; empty if nothing."""
    lacking = [
        (name, wanted) for name, (make, wanted) in WANTED.items() if name in keyword and not make(grid)
    ]
    return "; ".join(f"test_{name} is measured with {wanted}" for name, wanted in lacking)

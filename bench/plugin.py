"""The options of the grid; the hooks and fixtures that make and measure its cases stand beside it."""

from __future__ import annotations

import pytest

from bench.grid import Grid
from bench.thresholds import Thresholds, read_thresholds
from fixtures.plugin import SETTINGS
from fixtures.settings import parse_list, parse_sparsities, parse_whole
from fixtures.workloads import parse_workload

pytest_plugins = [
    "bench.collection",
    "bench.measuring",
    "bench.given",
    "bench.timing",
    "bench.reading",
    "bench.published",
    "bench.against.plugin",
]

GRID = pytest.StashKey[Grid]()
TIME_LIMIT = pytest.StashKey[float]()
THRESHOLDS = pytest.StashKey[Thresholds]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options that put another grid in place of the default one."""
    group = parser.getgroup("bench", "benchmarks of sparse transformers")
    several = {"action": "append", "default": []}
    group.addoption("--task", **several, help="tasks in place of each model's own; several with commas")
    group.addoption("--method", **several, help="pruning methods, such as magnitude,random")
    group.addoption("--scope", **several, help="pruning scopes, such as global,layer,2:4,4x4")
    group.addoption("--sparsity", **several, help="fractions of zeros, such as 0.1,0.5")
    group.addoption("--layout", **several, help="how weights are held for costs, such as csr,bsr")
    group.addoption("--encoding", **several, help="how files are written, such as safetensors,packed")
    group.addoption("--workload", **several, help="what is run for costs, such as decode-b1x128")
    group.addoption(
        "--time-limit",
        metavar="SECONDS",
        default="300",
        help="that the rounds of one case may take (default: 300)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Parses the grid and the thresholds, before any work."""
    option = config.option
    try:
        config.stash[GRID] = Grid(
            settings=config.stash[SETTINGS],
            tasks=parse_list("--task", option.task),
            methods=parse_list("--method", option.method),
            scopes=parse_list("--scope", option.scope),
            sparsities=parse_sparsities(option.sparsity),
            layouts=parse_list("--layout", option.layout),
            encodings=parse_list("--encoding", option.encoding),
            workloads=tuple(map(parse_workload, parse_list("--workload", option.workload))),
        )
        config.stash[TIME_LIMIT] = float(parse_whole("--time-limit", option.time_limit, least=1))
        config.stash[THRESHOLDS] = read_thresholds()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error

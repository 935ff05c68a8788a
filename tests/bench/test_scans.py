"""Which checkpoints are looked at."""

from __future__ import annotations

from pathlib import Path

from bench.grid import Grid
from bench.scans import scan_cost_cases, structure_cases
from fixtures.settings import Settings

OWN = (Path("/somewhere/mine"),)


def ids(
    tiers: tuple[str, ...] = ("mini",), *, inspected: tuple[Path, ...] = (), drawn: bool = False
) -> list[str]:
    grid = Grid(settings=Settings(tiers=tiers, inspected=inspected, random_weights=drawn))
    return [str(case) for case in structure_cases(grid)]


def test_every_model_is_looked_at_once() -> None:
    assert ids() == ["gpt2-mini-dense", "bert-mini-dense", "t5-mini-dense"]
    assert ids(("xl",)) == ["gpt2-xl-dense", "t5-3b-dense", "deberta-v2-xxlarge-dense"]


def test_folders_of_the_users_come_after_the_models() -> None:
    assert ids(inspected=OWN)[-1] == "mine-dense"


def test_random_weights_have_no_structure_but_folders_have() -> None:
    assert ids(drawn=True) == []
    assert ids(drawn=True, inspected=OWN) == ["mine-dense"]


def test_costs_are_measured_of_what_is_large() -> None:
    assert scan_cost_cases(Grid()) == []
    grid = Grid(settings=Settings(tiers=("mini", "xl"), inspected=OWN))
    found = [str(case) for case in scan_cost_cases(grid)]
    assert found == ["gpt2-xl-dense", "t5-3b-dense", "deberta-v2-xxlarge-dense", "mine-dense"]


def test_a_folder_is_the_same_model_each_time() -> None:
    grid = Grid(settings=Settings(inspected=OWN))
    first, second = (structure_cases(grid)[-1].variant for _ in range(2))
    assert first is second

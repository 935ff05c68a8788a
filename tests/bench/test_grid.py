"""Which cases the options make."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench import grid as module
from bench.grid import MASK_COSTS, Grid, mask_cost_cases, pruned_cases, quality_cases
from fixtures.settings import Settings
from fixtures.specs import TIERS, Case
from tests.bench.cases import make_model, make_task, models, tasks

DEFAULT_IDS = """\
small-novel-dense
small-novel-magnitude-model-0.10
small-novel-magnitude-model-0.50
small-novel-magnitude-model-0.90
small-novel-magnitude-model-0.95
small-novel-magnitude-model-0.99
small-novel-magnitude-global-0.10
small-novel-magnitude-global-0.50
small-novel-magnitude-global-0.90
small-novel-magnitude-global-0.95
small-novel-magnitude-global-0.99
small-novel-magnitude-layer-0.10
small-novel-magnitude-layer-0.50
small-novel-magnitude-layer-0.90
small-novel-magnitude-layer-0.95
small-novel-magnitude-layer-0.99
small-novel-random-global-0.10
small-novel-random-global-0.50
small-novel-random-global-0.90
small-novel-random-global-0.95
small-novel-random-global-0.99"""
MAKERS = (quality_cases, pruned_cases, mask_cost_cases)


@pytest.fixture(autouse=True)
def _tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """One model of the mini tier, and tasks of two kinds."""
    monkeypatch.setattr(module, "MODELS", models(make_model()))
    monkeypatch.setattr(
        module, "TASKS", tasks(make_task(), make_task("cloze", "masked-lm"), make_task("poem"))
    )


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of two tiers and two kinds, some with several tasks."""
    rows = (
        make_model("first", tasks=("novel", "poem")),
        make_model("second", kind="masked-lm", tasks=("cloze",)),
        make_model("large", tier="base"),
    )
    monkeypatch.setattr(module, "MODELS", models(*rows))


def ids(cases: list[Case]) -> list[str]:
    return [str(case) for case in cases]


def prunings(grid: Grid) -> list[str]:
    return [str(pruning) for pruning in grid.prunings()]


def test_default_is_dense_and_four_prunings_at_five_sparsities() -> None:
    assert "\n".join(ids(quality_cases(Grid()))) == DEFAULT_IDS


@pytest.mark.usefixtures("several")
def test_default_is_21_cases_per_model_and_task() -> None:
    cases = quality_cases(Grid(Settings(tiers=("mini", "base"))))
    counts: dict[tuple[str, str], int] = {}
    for case in cases:
        pair = (case.variant.model.name, str(case.task))
        counts[pair] = counts.get(pair, 0) + 1
    pairs = [("first", "novel"), ("first", "poem"), ("second", "cloze"), ("large", "novel")]
    assert counts == dict.fromkeys(pairs, 21)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (Grid(methods=("random",), sparsities=(0.5,)), ["random-global-0.50"]),
        (
            Grid(methods=("random", "magnitude"), sparsities=(0.5,)),
            ["random-global-0.50", "magnitude-global-0.50"],
        ),
        (Grid(scopes=("row",), sparsities=(0.5,)), ["magnitude-row-0.50"]),
        (
            Grid(scopes=("layer", "4x4"), sparsities=(0.25, 0.5)),
            ["magnitude-layer-0.25", "magnitude-layer-0.50", "magnitude-4x4-0.25", "magnitude-4x4-0.50"],
        ),
        (
            Grid(methods=("magnitude", "random"), scopes=("model", "layer"), sparsities=(0.975,)),
            [
                "magnitude-model-0.975",
                "magnitude-layer-0.975",
                "random-model-0.975",
                "random-layer-0.975",
            ],
        ),
        (
            Grid(sparsities=(0.3,)),
            ["magnitude-model-0.30", "magnitude-global-0.30", "magnitude-layer-0.30", "random-global-0.30"],
        ),
        (Grid(scopes=("2:4",)), ["magnitude-2:4-0.50"]),
        (Grid(scopes=("4:8", "1:4")), ["magnitude-4:8-0.50", "magnitude-1:4-0.75"]),
        (
            Grid(scopes=("2:4", "global"), sparsities=(0.9, 0.5)),
            ["magnitude-2:4-0.50", "magnitude-global-0.90", "magnitude-global-0.50"],
        ),
    ],
)
def test_options_put_other_prunings_in_place_of_the_default_ones(grid: Grid, expected: list[str]) -> None:
    assert prunings(grid) == expected


@pytest.mark.parametrize("grid", [Grid(methods=("random",)), Grid(scopes=("row",))])
def test_method_or_scope_alone_runs_at_the_default_sparsities(grid: Grid) -> None:
    assert [pruning.sparsity for pruning in grid.prunings()] == [0.10, 0.50, 0.90, 0.95, 0.99]


@pytest.mark.parametrize(
    "grid",
    [
        Grid(methods=("random", "random"), scopes=("row", "row"), sparsities=(0.5, 0.5)),
        Grid(scopes=("2:4", "2:4", "global")),
    ],
)
def test_what_is_asked_for_twice_runs_once(grid: Grid) -> None:
    for make in MAKERS:
        found = ids(make(grid))
        assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("scopes", "sparsities", "level"),
    [
        (("2:4",), (0.9,), "0.5"),
        (("2:4", "global"), (0.1, 0.9), "0.5"),
        (("1:4",), (0.5,), "0.75"),
        (("2:4", "1:4"), (0.5,), "0.75"),
    ],
)
def test_scope_that_fixes_the_sparsity_does_not_run_at_others(
    scopes: tuple[str, ...], sparsities: tuple[float, ...], level: str
) -> None:
    with pytest.raises(ValueError, match=f"fixes the sparsity at {level}: leave --sparsity out"):
        Grid(scopes=scopes, sparsities=sparsities)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": ("novle",)}, "unknown task 'novle': did you mean novel"),
        ({"methods": ("magnitud",)}, "unknown method 'magnitud': did you mean magnitude"),
        ({"scopes": ("globl",)}, "unknown scope 'globl': did you mean global"),
        ({"scopes": ("4:2",)}, "unknown scope '4:2': .*any n:m with n < m"),
        ({"scopes": ("2:2",)}, "unknown scope '2:2'"),
        ({"scopes": ("0x4",)}, "unknown scope '0x4'"),
        ({"methods": ("magnitude", "xyz")}, "unknown method 'xyz': known: magnitude, random"),
    ],
)
def test_unknown_name_is_refused_with_the_nearest(options: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Grid(**options)  # type: ignore[arg-type]


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("tiers", "names"),
    [
        (("mini",), ["first", "second"]),
        (("base",), ["large"]),
        (("base", "mini"), ["first", "second", "large"]),
        (("xl",), []),
    ],
)
def test_models_are_those_of_the_tiers(tiers: tuple[str, ...], names: list[str]) -> None:
    assert [model.name for model in Grid(Settings(tiers=tiers)).models()] == names


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("make", MAKERS)
def test_tier_without_models_has_no_cases_and_names_the_others(make: Callable[[Grid], list[Case]]) -> None:
    grid = Grid(Settings(tiers=("xl",)))
    assert make(grid) == []
    sentence = grid.explain_emptiness()
    assert "xl" in sentence
    assert all(tier in sentence for tier in ("mini", "base"))


def test_options_that_leave_no_case_are_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", models(make_model(tasks=())))
    grid = Grid()
    assert quality_cases(grid) == []
    assert grid.explain_emptiness() == "no case: no test measures what these options ask for"


def test_random_weights_are_named_as_the_reason_for_no_case() -> None:
    assert "random weights" in Grid(Settings(random_weights=True)).explain_emptiness()


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("poem",), ["first-poem-dense"]),
        (("cloze",), ["second-cloze-dense"]),
        (("cloze", "novel", "poem"), ["first-novel-dense", "first-poem-dense", "second-cloze-dense"]),
    ],
)
def test_task_runs_on_the_models_of_its_kind_alone(names: tuple[str, ...], expected: list[str]) -> None:
    cases = quality_cases(Grid(tasks=names, sparsities=(0.5,)))
    assert [case for case in ids(cases) if case.endswith("dense")] == expected


def test_models_own_task_of_another_kind_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", models(make_model(tasks=("cloze", "poem"))))
    assert {str(case.task) for case in quality_cases(Grid())} == {"poem"}


def test_random_weights_have_costs_but_no_quality() -> None:
    grid = Grid(Settings(random_weights=True))
    assert quality_cases(grid) == []
    assert len(pruned_cases(grid)) == 20
    assert len(mask_cost_cases(grid)) == 2


@pytest.mark.usefixtures("several")
def test_pruned_cases_have_no_task_and_no_dense() -> None:
    cases = pruned_cases(Grid())
    assert len(cases) == 2 * 20
    assert all(case.task is None and case.variant.pruning for case in cases)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (Grid(), ["small-magnitude-model-0.50", "small-magnitude-global-0.50"]),
        (Grid(sparsities=(0.9,)), ["small-magnitude-model-0.90", "small-magnitude-global-0.90"]),
        (Grid(methods=("random",)), []),
        (Grid(scopes=("layer", "row", "2:4", "4x4")), []),
        (
            Grid(methods=("random", "magnitude"), scopes=("layer", "model"), sparsities=(0.1,)),
            ["small-magnitude-model-0.10"],
        ),
    ],
)
def test_mask_costs_are_of_what_pytorch_can_do_too(grid: Grid, expected: list[str]) -> None:
    assert ids(mask_cost_cases(grid)) == expected


@pytest.mark.parametrize(("device", "count"), [("cpu", 2), ("auto", 2), ("cuda", 0), ("cuda:1", 0)])
def test_mask_costs_are_not_measured_on_a_gpu(device: str, count: int) -> None:
    assert len(mask_cost_cases(Grid(Settings(device=device)))) == count


def test_default_mask_costs_are_at_one_sparsity() -> None:
    assert {pruning.sparsity for pruning in MASK_COSTS} == {0.5}


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("make", MAKERS)
def test_ids_are_unique(make: Callable[[Grid], list[Case]]) -> None:
    found = ids(make(Grid(Settings(tiers=TIERS), sparsities=(0.1, 0.5, 0.55, 0.975, 0.9751))))
    assert len(found) == len(set(found)) > 0


@pytest.mark.parametrize("make", MAKERS)
def test_ids_of_the_projects_own_tables_are_unique(
    make: Callable[[Grid], list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    found = ids(make(Grid(Settings(tiers=TIERS))))
    assert len(found) == len(set(found)) > 0


def test_variant_is_the_same_object_in_every_list_and_at_every_call() -> None:
    cases = [case for make in (*MAKERS, *MAKERS) for case in make(Grid())]
    assert len({id(case.variant) for case in cases}) == len({str(case.variant) for case in cases}) == 21

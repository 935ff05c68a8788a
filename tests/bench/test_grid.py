"""Which cases the options make."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench import cases as cases_module
from bench import grid as module
from bench.cases import MAKERS as ALL_MAKERS
from bench.cases import every_case, explain_options
from bench.grid import (
    KNEE,
    MASK_COSTS,
    Grid,
    mask_cost_cases,
    pruned_cases,
    quality_cases,
    throughput_cases,
)
from fixtures.models import MODELS
from fixtures.protocols import Answers, MaskedToken, NextToken, Spans
from fixtures.settings import Settings
from fixtures.specs import TIERS, Case, ModelSpec, Trained
from tests.bench.cases import make_model, make_task, make_trained, models, tasks

BASE = Settings(tiers=("base",))

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
MARK = re.compile(r"pytest\.mark\.cases\(make=(\w+)")
MAKERS = (quality_cases, pruned_cases, mask_cost_cases, throughput_cases)


@pytest.fixture(autouse=True)
def _tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """One model of the base tier, and tasks for several heads."""
    monkeypatch.setattr(module, "MODELS", models(make_model()))
    rows = (
        make_task(),
        make_task("cloze", "masked-lm"),
        make_task("poem"),
        make_task("quiz", "question-answering", "text-to-text"),
        make_task("riddle", "question-answering"),
    )
    monkeypatch.setattr(module, "TASKS", tasks(*rows))


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of two tiers and two heads, some with several tasks."""
    rows = (
        make_model("first", tasks=("novel", "poem"), tier="mini"),
        make_model("second", head="masked-lm", tasks=("cloze",), tier="mini"),
        make_model("large"),
    )
    monkeypatch.setattr(module, "MODELS", models(*rows))


MASKER = make_trained("masked-lm", "cloze", repo="nobody/masker")
READER = make_trained("question-answering", "quiz", repo="nobody/reader")


def make_reader(*trained: Trained, tier: str = "base") -> ModelSpec:
    """A model of several checkpoints: one that guesses tokens and one that marks answers, unless told."""
    return ModelSpec("reader", "bert", tier, trained or (MASKER, READER))


def judged(model: ModelSpec, *names: str) -> list[tuple[str, Trained, type]]:
    """(task, checkpoint, kind of protocol) of a model, on tasks asked for by name if any are."""
    return [
        (task.name, found.trained, type(protocol))
        for found, task, protocol in Grid(BASE, tasks=names).judgements(model)
    ]


def ids(cases: list[Case]) -> list[str]:
    return [str(case) for case in cases]


def prunings(grid: Grid) -> list[str]:
    return [str(pruning) for pruning in grid.prunings(make_model())]


def test_default_is_dense_and_four_prunings_at_five_sparsities() -> None:
    assert "\n".join(ids(quality_cases(Grid(BASE)))) == DEFAULT_IDS


@pytest.mark.usefixtures("several")
def test_default_is_21_cases_per_model_and_task_and_ten_more_of_embedded_models() -> None:
    cases = quality_cases(Grid(Settings(tiers=("mini", "base"))))
    counts: dict[tuple[str, str], int] = {}
    for case in cases:
        pair = (case.variant.model.name, str(case.task))
        counts[pair] = counts.get(pair, 0) + 1
    embedded = [("first", "novel"), ("first", "poem"), ("second", "cloze")]
    assert counts == {**dict.fromkeys(embedded, 31), ("large", "novel"): 21}


def test_embedded_models_have_more_levels_where_the_curve_bends_and_lose_whole_parts() -> None:
    grid = Grid(Settings(tiers=TIERS))
    common, all_of_them = grid.prunings(make_model()), grid.prunings(make_model(tier="mini"))
    assert all_of_them[: len(common)] == common
    assert [str(pruning) for pruning in all_of_them[len(common) :]] == [
        "magnitude-global-0.30",
        "magnitude-global-0.60",
        "magnitude-global-0.70",
        "magnitude-global-0.80",
        "magnitude-heads-0.25",
        "magnitude-heads-0.50",
        "magnitude-neurons-0.25",
        "magnitude-neurons-0.50",
        "magnitude-depth-0.25",
        "magnitude-depth-0.50",
    ]
    assert grid.prunings(make_model(tier="xl")) == common


def structured(model: ModelSpec, grid: Grid) -> list[str]:
    found = [str(pruning) for pruning in grid.prunings(model)]
    return [name for name in found if any(scope in name for scope in ("heads", "neurons", "depth"))]


@pytest.mark.parametrize(
    ("name", "scopes", "expected"),
    [
        ("gpt2", ("heads",), ["0.25", "0.50", "0.75"]),
        ("gpt2-xl", ("heads",), ["0.20", "0.40", "0.60", "0.80"]),
        ("t5-small", ("depth",), ["0.50"]),
        ("bert-large-uncased", ("neurons",), ["0.25", "0.50", "0.75"]),
    ],
)
def test_structured_scopes_run_at_the_levels_that_fit_the_model(
    name: str, scopes: tuple[str, ...], expected: list[str]
) -> None:
    found = structured(MODELS[name], Grid(BASE, scopes=scopes))
    assert [pruning.rpartition("-")[2] for pruning in found] == expected


def test_levels_of_a_model_that_is_not_known_are_left_to_be_found_out() -> None:
    found = structured(make_model(), Grid(BASE, scopes=("depth",)))
    assert found == ["magnitude-depth-0.25", "magnitude-depth-0.50", "magnitude-depth-0.75"]


def test_a_level_that_is_asked_for_is_tried_though_it_does_not_fit() -> None:
    grid = Grid(BASE, scopes=("heads",), sparsities=(0.1,))
    assert structured(MODELS["gpt2"], grid) == ["magnitude-heads-0.10"]


def test_levels_are_those_of_the_weights_that_are_given(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "n_layer": 2}', "utf-8")
    given = replace(BASE, checkpoints={"gpt2": tmp_path})
    assert structured(MODELS["gpt2"], Grid(given, scopes=("depth",))) == ["magnitude-depth-0.50"]


@pytest.mark.parametrize(
    "options",
    [
        {"methods": ("magnitude",)},
        {"scopes": ("global",)},
        {"sparsities": (0.5,)},
        {"methods": ("magnitude",), "scopes": ("global",), "sparsities": (0.1, 0.5)},
    ],
)
def test_prunings_that_are_asked_for_are_those_of_embedded_models_too(
    options: dict[str, tuple[str, ...]],
) -> None:
    grid = Grid(Settings(tiers=TIERS), **options)  # type: ignore[arg-type]
    assert grid.prunings(make_model(tier="mini")) == grid.prunings(make_model())
    assert set(KNEE) & set(grid.prunings(make_model(tier="mini"))) == set()


def test_task_that_is_asked_for_leaves_the_prunings_of_an_embedded_model() -> None:
    assert set(KNEE) <= set(Grid(tasks=("poem",)).prunings(make_model(tier="mini")))


def test_prunings_of_an_embedded_model_are_the_same_at_every_call() -> None:
    grid = Grid()
    first, again = (grid.prunings(make_model(tier="mini")) for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first) == 30


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
    assert [pruning.sparsity for pruning in grid.prunings(make_model())] == [0.10, 0.50, 0.90, 0.95, 0.99]


@pytest.mark.parametrize(
    "grid",
    [
        Grid(BASE, methods=("random", "random"), scopes=("row", "row"), sparsities=(0.5, 0.5)),
        Grid(BASE, scopes=("2:4", "2:4", "global")),
    ],
)
def test_what_is_asked_for_twice_runs_once(grid: Grid) -> None:
    assert quality_cases(grid)
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
    grid = Grid(BASE)
    assert quality_cases(grid) == []
    assert grid.explain_emptiness() == "no case: no test measures what these options ask for"


def test_random_weights_are_named_as_the_reason_for_no_case() -> None:
    assert "random weights" in Grid(replace(BASE, random_weights=True)).explain_emptiness()


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("poem",), ["first-poem-dense"]),
        (("cloze",), ["second-cloze-dense"]),
        (("cloze", "novel", "poem"), ["first-novel-dense", "first-poem-dense", "second-cloze-dense"]),
    ],
)
def test_task_runs_on_the_models_with_its_head_alone(names: tuple[str, ...], expected: list[str]) -> None:
    cases = quality_cases(Grid(tasks=names, sparsities=(0.5,)))
    assert [case for case in ids(cases) if case.endswith("dense")] == expected


def test_models_own_task_of_another_kind_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", models(make_model(tasks=("cloze", "poem"))))
    assert {str(case.task) for case in quality_cases(Grid(BASE))} == {"poem"}


def test_each_checkpoint_of_a_model_is_judged_on_its_own_tasks() -> None:
    assert judged(make_reader()) == [("cloze", MASKER, MaskedToken), ("quiz", READER, Spans)]


def test_task_asked_for_by_name_goes_to_the_one_checkpoint_with_its_head() -> None:
    assert judged(make_reader(), "riddle") == [("riddle", READER, Spans)]
    assert judged(make_reader(), "riddle", "cloze") == [
        ("riddle", READER, Spans),
        ("cloze", MASKER, MaskedToken),
    ]


def test_task_that_no_checkpoint_of_a_model_can_do_is_left_out() -> None:
    assert judged(make_reader(), "novel") == []
    assert judged(make_reader(), "novel", "quiz") == [("quiz", READER, Spans)]


def test_head_decides_how_a_task_of_several_protocols_is_judged() -> None:
    writer = make_trained("text-to-text", "quiz")
    assert judged(make_reader(writer)) == [("quiz", writer, Answers)]
    assert judged(make_reader(READER)) == [("quiz", READER, Spans)]


@pytest.mark.parametrize("turn", [1, -1])
def test_checkpoint_that_was_trained_for_a_task_goes_before_others_that_can_do_it(turn: int) -> None:
    other = make_trained("question-answering", "riddle", repo="nobody/riddler")
    model = make_reader(*[READER, other][::turn])
    assert {(task, trained) for task, trained, _ in judged(model)} == {("quiz", READER), ("riddle", other)}
    writer = make_trained("text-to-text", repo="nobody/writer")
    assert judged(make_reader(*[READER, writer][::turn]), "quiz") == [("quiz", READER, Spans)]


def test_task_that_no_checkpoint_was_trained_for_goes_to_the_first_that_can_do_it() -> None:
    first, second = (make_trained("causal-lm", repo=f"nobody/{name}") for name in ("first", "second"))
    assert judged(make_reader(first, second), "poem") == [("poem", first, NextToken)]


def test_task_of_two_checkpoints_is_judged_once() -> None:
    again = replace(READER, tasks=("riddle", "quiz"))
    assert judged(make_reader(READER, again)) == [("quiz", READER, Spans), ("riddle", again, Spans)]


def test_cases_have_the_checkpoint_and_the_protocol_they_are_judged_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MODELS", models(make_reader()))
    cases = quality_cases(Grid(BASE, sparsities=(0.5,)))
    assert len(cases) == 2 * 5
    for case in cases:
        trained = MASKER if str(case.task) == "cloze" else READER
        assert case.variant.checkpoint.trained == trained
        assert case.protocol is not None
        assert case.protocol.head == trained.head


def test_costs_are_those_of_a_models_first_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", models(make_reader()))
    cases = [*pruned_cases(Grid(BASE)), *mask_cost_cases(Grid(BASE))]
    assert len(cases) == 20 + 2
    assert {case.variant.checkpoint.trained for case in cases} == {MASKER}
    assert not any(case.task or case.protocol for case in cases)


def test_random_weights_have_costs_but_no_quality() -> None:
    grid = Grid(replace(BASE, random_weights=True))
    assert quality_cases(grid) == []
    assert len(pruned_cases(grid)) == 20
    assert len(mask_cost_cases(grid)) == 2


@pytest.mark.usefixtures("several")
def test_pruned_cases_have_no_task_and_no_dense() -> None:
    cases = pruned_cases(Grid(Settings(tiers=("mini", "base"))))
    assert len(cases) == 2 * 30 + 20
    assert all(case.task is None and case.variant.pruning for case in cases)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (Grid(BASE), ["small-magnitude-model-0.50", "small-magnitude-global-0.50"]),
        (Grid(BASE, sparsities=(0.9,)), ["small-magnitude-model-0.90", "small-magnitude-global-0.90"]),
        (Grid(BASE, methods=("random",)), []),
        (Grid(BASE, scopes=("layer", "row", "2:4", "4x4")), []),
        (
            Grid(BASE, methods=("random", "magnitude"), scopes=("layer", "model"), sparsities=(0.1,)),
            ["small-magnitude-model-0.10"],
        ),
    ],
)
def test_mask_costs_are_of_what_pytorch_can_do_too(grid: Grid, expected: list[str]) -> None:
    assert ids(mask_cost_cases(grid)) == expected


@pytest.mark.parametrize(("device", "count"), [("cpu", 2), ("auto", 2), ("cuda", 0), ("cuda:1", 0)])
def test_mask_costs_are_not_measured_on_a_gpu(device: str, count: int) -> None:
    assert len(mask_cost_cases(Grid(replace(BASE, device=device)))) == count


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("sparsities", [(), (0.5, 0.9)])
def test_mask_costs_of_embedded_models_are_not_measured(sparsities: tuple[float, ...]) -> None:
    assert mask_cost_cases(Grid(Settings(tiers=("mini",)), sparsities=sparsities)) == []
    cases = mask_cost_cases(Grid(Settings(tiers=TIERS), sparsities=sparsities))
    assert {case.variant.model.name for case in cases} == {"large"}


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(tiers=("base",)), []),
        (Settings(tiers=("mini",), random_weights=True), []),
        (Settings(tiers=("mini", "base"), random_weights=True), ["large-dense"]),
    ],
)
def test_throughput_is_of_causal_models_with_random_weights(settings: Settings, expected: list[str]) -> None:
    assert ids(throughput_cases(Grid(settings))) == expected


@pytest.mark.parametrize(
    ("settings", "keyword", "hint"),
    [
        (BASE, "small and throughput", "test_throughput is measured with --tier base --weights random"),
        (BASE, "mask_cost", ""),
        (BASE, "quality", ""),
        (replace(BASE, random_weights=True), "throughput", ""),
        (
            replace(BASE, device="cuda"),
            "mask_cost",
            "test_mask_cost is measured with --tier base --device cpu",
        ),
    ],
)
def test_options_that_a_benchmark_wants_are_named(settings: Settings, keyword: str, hint: str) -> None:
    assert explain_options(Grid(settings), keyword) == hint


def test_default_mask_costs_are_at_one_sparsity() -> None:
    assert {pruning.sparsity for pruning in MASK_COSTS} == {0.5}


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("make", MAKERS)
def test_ids_are_unique(make: Callable[[Grid], list[Case]]) -> None:
    settings = Settings(tiers=TIERS, random_weights=make is throughput_cases)
    found = ids(make(Grid(settings, sparsities=(0.1, 0.5, 0.55, 0.975, 0.9751))))
    assert len(found) == len(set(found)) > 0


@pytest.mark.parametrize("make", MAKERS)
def test_ids_of_the_projects_own_tables_are_unique(
    make: Callable[[Grid], list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    found = ids(make(Grid(Settings(tiers=TIERS, random_weights=make is throughput_cases))))
    assert len(found) == len(set(found)) > 0


def test_variant_is_the_same_object_in_every_list_and_at_every_call() -> None:
    cases = [case for make in (*MAKERS, *MAKERS) for case in make(Grid(BASE))]
    assert len({id(case.variant) for case in cases}) == len({str(case.variant) for case in cases}) == 21
    assert len({id(case.variant.checkpoint) for case in cases}) == 1


def test_checkpoints_of_a_model_have_variants_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", models(make_reader()))
    cases = [case for make in (*MAKERS, *MAKERS) for case in make(Grid(BASE))]
    assert len({id(case.variant) for case in cases}) == 2 * 21
    assert len({id(case.variant.checkpoint) for case in cases}) == 2


@pytest.mark.parametrize("weights", [True, False])
def test_every_case_is_one_of_some_test(*, weights: bool) -> None:
    grid = Grid(replace(BASE, random_weights=weights))
    assert every_case(grid) == [case for make in ALL_MAKERS for case in make(grid)]
    folder = Path(cases_module.__file__).parent
    marked = [found for path in folder.glob("test_*.py") for found in MARK.findall(path.read_text("utf-8"))]
    assert sorted(marked) == sorted(make.__name__ for make in ALL_MAKERS)


def test_model_without_tasks_has_costs_but_no_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", models(make_model(head="encoder", tasks=())))
    assert quality_cases(Grid(BASE)) == []
    assert len(pruned_cases(Grid(BASE))) == 20

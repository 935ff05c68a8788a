"""Which costs the options measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cases import MAKERS, explain_options
from bench.costs import (
    LAYER_CELLS,
    fits,
    latency_cases,
    layer_cases,
    memory_cases,
    size_cases,
)
from bench.grid import Grid
from fixtures.layouts import LAYOUTS
from fixtures.pruning.methods import METHODS
from fixtures.settings import Settings
from fixtures.specs import Case
from fixtures.workloads import SHAPES, Workload, parse_workload

MINI = Settings(tiers=("mini",))
# 2:4 is refused without its own level among them
SPARSITIES = ((), (0.5,), (0.9, 0.5), (0.25, 0.5, 0.975))
SCOPES = ("model", "global", "layer", "row", "2:4", "4x4", "16x16", "heads", "neurons", "depth")
WORKLOADS = tuple(
    map(
        parse_workload,
        ("forward-b1x8", "decode-b4x16", "encode-b1x8", "layer:c_fc-b1x8", "layer:c_attn-b1x1"),
    )
)


def ids(cases: list[Case]) -> list[str]:
    return list(map(str, cases))


def test_the_default_grid_of_latency_is_small_and_as_written_down() -> None:
    found = ids(latency_cases(Grid(MINI)))
    assert [name for name in found if name.startswith("bert")] == [
        "bert-mini-forward-b1x32-magnitude-depth-0.50-sliced",
        *(
            f"bert-mini-forward-b1x32-magnitude-global-{sparsity}-{layout}"
            for sparsity in ("0.50", "0.90", "0.99")
            for layout in ("strided", "csr")
        ),
        *(f"bert-mini-forward-b1x32-magnitude-{scope}-0.50-sliced" for scope in ("heads", "neurons")),
    ]
    phases = {"gpt2": ("forward", "prefill", "decode"), "bert": ("forward",), "t5": ("encode", "decode")}
    assert len(found) == (6 + 3) * sum(map(len, phases.values()))
    for family, names in phases.items():
        assert all(any(name.startswith(f"{family}-mini-{phase}-b1x32") for name in found) for phase in names)


def test_memory_is_measured_of_one_workload_and_of_the_dense_model_too() -> None:
    found = ids(memory_cases(Grid(MINI)))
    assert "gpt2-mini-forward-b1x32-dense-strided" in found
    assert "t5-mini-encode-b1x32-magnitude-global-0.99-csr" in found
    assert len(found) == 3 * (1 + 6 + 3)


def test_single_layers_have_gpt2s_shapes() -> None:
    found = ids(layer_cases(Grid(MINI)))
    assert len(found) == len(LAYER_CELLS)
    assert "gpt2-layer:c_fc-b1x8-magnitude-global-0.90-csr-linear" in found
    assert SHAPES["c_attn"] == (3 * 768, 768)


def test_options_widen_the_grid_of_layers_to_every_shape() -> None:
    grid = Grid(MINI, layouts=("csr", "scipy"), sparsities=(0.5, 0.9))
    found = ids(layer_cases(grid))
    assert len(found) == 4 * 2 * (3 + 1)  # scipy is for one row
    assert "gpt2-layer:mlp.c_proj-b1x128-magnitude-global-0.50-csr" in found


@pytest.mark.parametrize("methods", [("random",), ("magnitude", "random")])
@pytest.mark.parametrize("layouts", [(), ("csr",)])
def test_single_layers_are_pruned_by_the_methods_that_are_asked_for(
    methods: tuple[str, ...], layouts: tuple[str, ...]
) -> None:
    cases = layer_cases(Grid(MINI, methods=methods, layouts=layouts))
    counts = Counter(case.variant.pruning.method for case in cases if case.variant.pruning)
    # ten cells, or four matrices with three counts of rows at three levels
    assert counts == dict.fromkeys(methods, 4 * 3 * 3 if layouts else 10)
    assert all(f"-{case.variant.pruning}-" in str(case) for case in cases)


@pytest.mark.parametrize(
    ("workloads", "layers", "models"),
    [
        ("forward-b1x8", [], ["bert-mini-forward-b1x8", "gpt2-mini-forward-b1x8", "t5-mini-forward-b1x8"]),
        ("layer:c_attn-b1x3", ["gpt2-layer:c_attn-b1x3"], []),
        ("encode-b1x8,layer:c_fc-b1x1", ["gpt2-layer:c_fc-b1x1"], ["t5-mini-encode-b1x8"]),
    ],
)
def test_a_workload_of_models_has_no_single_layers_and_the_other_way_round(
    workloads: str, layers: list[str], models: list[str]
) -> None:
    grid = Grid(MINI, workloads=tuple(map(parse_workload, workloads.split(","))))
    for make, expected in ((layer_cases, layers), (latency_cases, models), (memory_cases, models)):
        found = {f"{case.variant.model}-{case.workload}" for case in make(grid)}
        assert sorted(found) == expected


def test_a_single_layer_that_is_asked_for_has_the_usual_layouts_and_levels_of_models() -> None:
    assert ids(layer_cases(Grid(MINI, workloads=(parse_workload("layer:c_fc-b1x8"),)))) == [
        f"gpt2-layer:c_fc-b1x8-magnitude-global-{sparsity}-{layout}"
        for sparsity in ("0.50", "0.90", "0.99")
        for layout in ("strided", "csr")
    ]


def test_why_there_are_no_single_layers_is_told() -> None:
    grid = Grid(MINI, workloads=(parse_workload("forward-b1x8"),))
    assert "no --workload or layer:c_fc-b1x8" in explain_options(grid, "test_layer")


def test_single_layers_have_no_parts_to_take_out() -> None:
    assert layer_cases(Grid(MINI, layouts=("strided", "sliced"), scopes=("heads", "depth"))) == []


@pytest.mark.parametrize("make", MAKERS)
@given(
    methods=st.lists(st.sampled_from(list(METHODS)), unique=True),
    scopes=st.lists(st.sampled_from(SCOPES), unique=True, max_size=3),
    sparsities=st.sampled_from(SPARSITIES),
    layouts=st.lists(st.sampled_from(list(LAYOUTS)), unique=True, max_size=3),
    workloads=st.lists(st.sampled_from(WORKLOADS), unique=True, max_size=3),
    settings=st.builds(
        Settings,
        tiers=st.sampled_from([("mini",), ("base",)]),
        random_weights=st.booleans(),
        device=st.sampled_from(["cpu", "cuda"]),
        dtype=st.sampled_from(["float32", "float16"]),
    ),
)
def test_no_case_is_there_twice_and_each_is_one_that_was_asked_for(
    make: Callable[[Grid], list[Case]],
    methods: list[str],
    scopes: list[str],
    sparsities: tuple[float, ...],
    layouts: list[str],
    workloads: list[Workload],
    settings: Settings,
) -> None:
    cases = make(
        Grid(
            settings,
            methods=tuple(methods),
            scopes=tuple(scopes),
            sparsities=sparsities,
            layouts=tuple(layouts),
            workloads=tuple(workloads),
        )
    )
    assert len(ids(cases)) == len(set(ids(cases)))
    prunings = [case.variant.pruning for case in cases if case.variant.pruning]
    assert {pruning.method for pruning in prunings} <= set(methods or METHODS)
    assert {pruning.scope for pruning in prunings} <= set(scopes or SCOPES)
    assert {case.workload for case in cases if case.workload and workloads} <= set(workloads)


def test_layouts_for_blocks_are_measured_on_blocks() -> None:
    found = ids(latency_cases(Grid(MINI, layouts=("bsr",), sparsities=(0.9,))))
    assert {name.rsplit("-", 3)[1] for name in found} == {"4x4", "16x16"}
    assert latency_cases(Grid(MINI, layouts=("bsr",), scopes=("global",))) == []


def test_a_layout_for_one_row_has_decoding_alone() -> None:
    found = ids(latency_cases(Grid(MINI, layouts=("scipy",))))
    assert found
    assert all("-decode-b1x32-" in name for name in found)


def test_a_workload_that_is_asked_for_is_for_models_that_have_the_phase() -> None:
    grid = Grid(MINI, workloads=(Workload("decode", 4, 16),), layouts=("csr",), sparsities=(0.9,))
    assert ids(latency_cases(grid)) == [
        "gpt2-mini-decode-b4x16-magnitude-global-0.90-csr",
        "t5-mini-decode-b4x16-magnitude-global-0.90-csr",
    ]


@pytest.mark.parametrize(
    ("device", "gpu", "dtype", "expected"),
    [
        ("cpu", True, "float32", {"strided", "csr", "sliced"}),
        ("cpu", True, "bfloat16", {"strided", "sliced"}),
        ("cuda", True, "float32", {"strided", "csr", "sliced"}),
        ("cuda:1", True, "float16", {"strided", "sliced", "2:4", "2:4-compiled"}),
        ("auto", True, "bfloat16", {"strided", "sliced", "2:4", "2:4-compiled"}),
        ("auto", False, "float16", {"strided", "sliced"}),
    ],
)
def test_a_layout_is_there_where_its_device_and_type_are(
    device: str, dtype: str, expected: set[str], *, gpu: bool
) -> None:
    grid = Grid(Settings(tiers=("mini",), device=device, gpu=gpu, dtype=dtype))
    assert {str(case.layout) for case in latency_cases(grid)} == expected


@pytest.mark.parametrize(
    ("device", "gpu", "count"),
    [("auto", False, 10), ("auto", True, 0), ("cpu", True, 10), ("cuda", False, 0)],
)
def test_single_layers_are_not_measured_beside_models_on_a_gpu(device: str, count: int, *, gpu: bool) -> None:
    assert len(layer_cases(Grid(Settings(device=device, gpu=gpu)))) == count


def test_two_of_four_has_one_level_and_is_for_its_own_layout_alone() -> None:
    grid = Grid(Settings(tiers=("mini",), device="cuda", dtype="float16"), layouts=("2:4",))
    assert {case.variant.pruning.sparsity for case in latency_cases(grid) if case.variant.pruning} == {0.5}
    assert not fits(LAYOUTS["2:4"], "global")
    assert fits(LAYOUTS["strided"], "2:4")


def test_unknown_layouts_are_explained() -> None:
    with pytest.raises(ValueError, match="unknown layout 'crs': did you mean csr"):
        Grid(MINI, layouts=("crs",))


@pytest.mark.parametrize(
    "text",
    [
        "forward",
        "forward-1x8",
        "sleep-b1x8",
        "forward-b0x8",
        "decode-b1x",
        "",
        "layer:-b1x8",
        "layer:c_fcc-b1x8",
        "layer:c_fc-b2x8",
    ],
)
def test_a_workload_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as forward-b1x128"):
        parse_workload(text)


@pytest.mark.parametrize(
    "workload", [Workload("forward", 1, 128), Workload("decode", 16, 7), Workload("layer:mlp.c_proj", 1, 8)]
)
def test_a_workload_is_read_as_it_is_written(workload: Workload) -> None:
    assert parse_workload(str(workload)) == workload


def test_whole_parts_are_sliced_or_masked_and_nothing_else() -> None:
    assert fits(LAYOUTS["sliced"], "depth")
    assert fits(LAYOUTS["strided"], "heads")
    assert not fits(LAYOUTS["csr"], "neurons")
    assert not fits(LAYOUTS["sliced"], "global")


def test_files_are_measured_in_every_encoding_and_dense_in_those_that_make_sense() -> None:
    found = ids(size_cases(Grid(MINI)))
    assert len(found) == 3 * (2 + 5 * 5)
    assert [name for name in found if "dense" in name] == [
        f"{model}-dense-{encoding}"
        for model in ("gpt2-mini", "bert-mini", "t5-mini")
        for encoding in ("safetensors", "packed")
    ]
    chosen = size_cases(Grid(MINI, encodings=("packed",), sparsities=(0.975,)))
    assert "gpt2-mini-magnitude-global-0.975-packed" in ids(chosen)
    with pytest.raises(ValueError, match="unknown encoding 'zip'"):
        Grid(MINI, encodings=("zip",))


def test_files_of_whole_parts_are_at_levels_that_remove_whole_ones() -> None:
    grid = Grid(MINI, scopes=("heads", "neurons", "depth"), encodings=("safetensors",))
    found = [name for name in ids(size_cases(grid)) if "dense" not in name]
    # of 4 heads, 512 neurons and 4 layers (T5's decoder has 3, of which 1, 2 and 2 go)
    assert found == [
        f"{model}-magnitude-{scope}-{sparsity}-safetensors"
        for model in ("gpt2-mini", "bert-mini", "t5-mini")
        for scope in ("heads", "neurons", "depth")
        for sparsity in ("0.25", "0.50", "0.75")
    ]

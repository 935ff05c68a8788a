"""The command that measures a value again, from its record and from that of its run."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.again import again, kept_options
from reports.case_ids import case_id
from tests.reports.rows import make_record

HALF = {"method": "magnitude", "scope": "global", "sparsity": 0.5}
TIMED = {"benchmark": "latency", "layout": "csr"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"task": "atlas-lm"}, "test_quality and gpt2 and atlas-lm and dense"),
        (
            {**TIMED, **HALF, "workload": "decode-b1x32"},
            "test_latency and gpt2 and decode-b1x32 and magnitude-global-0.50 and csr",
        ),
        ({**HALF, "benchmark": "structure", "part": "h.0"}, "test_structure and gpt2 and dense"),
        ({**HALF, "benchmark": "pruning"}, "test_sparsity and gpt2 and magnitude-global-0.50"),
        (
            {**TIMED, "workload": "layer:c_fc-b1x8"},
            "test_layer and gpt2 and layer:c_fc-b1x8 and dense and csr",
        ),
        (
            {**HALF, "benchmark": "pruning", "workload": "masks"},
            "test_mask_cost and gpt2 and magnitude-global-0.50",
        ),
        ({"benchmark": "structure", "workload": "scan"}, "test_scan_cost and gpt2 and dense"),
        ({"benchmark": "throughput", "workload": "evaluate"}, "test_throughput and gpt2 and dense"),
        (
            {"benchmark": "resident", "workload": "w", "layout": "csr"},
            "test_memory and gpt2 and w and dense and csr",
        ),
    ],
)
def test_a_cell_is_measured_again_by_its_ids_words(changes: dict[str, object], expected: str) -> None:
    assert again(make_record(**changes), "pytest bench") == f"pytest bench -k '{expected}'"


def test_the_id_of_a_case_is_as_pytest_prints_it() -> None:
    record = make_record(**{**TIMED, **HALF, "workload": "decode-b1x32"})
    assert case_id(record) == "test_latency[gpt2-decode-b1x32-magnitude-global-0.50-csr]"
    size = make_record(benchmark="size", encoding="packed", layout=None)
    assert case_id(size) == "test_size[gpt2-dense-packed]"


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("pytest bench --tier base --limit 8 --results r -k 'a and b'", "--tier base --limit 8"),
        ("pytest bench -k 'a and b' --tier=base --results=r --report=p", "--tier=base"),
        ("pytest -q bench/test_size.py -x --seed 3", "-q -x --seed 3"),
        ("pytest 'bench/test_size.py::test_size[a-b]' --device cuda:0", "--device cuda:0"),
        ("pytest bench -m slow -ka -qk b -mslow --lf --dtype bfloat16", "--dtype bfloat16"),
        ("pytest --report out bench --checkpoint 'm=my dir'", "--checkpoint 'm=my dir'"),
        ("pytest bench -n 2 --weights random tests/x.py", "-n 2 --weights random"),
        ("pytest bench", ""),
        ("pytest 'bench", ""),
        ("", ""),
    ],
)
def test_options_of_the_run_are_kept_and_what_it_selected_is_not(command: str, kept: str) -> None:
    assert kept_options(command) == kept
    told = again(make_record(task="t"), command)
    assert told == " ".join(
        filter(None, ("pytest bench", kept, "-k 'test_quality and gpt2 and t and dense'"))
    )


@given(st.text(max_size=30))
def test_any_command_gives_one_that_a_shell_can_read(command: str) -> None:
    assert shlex.split(again(make_record(task="t"), command))[:2] == ["pytest", "bench"]

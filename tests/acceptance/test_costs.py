"""Whole sessions that measure costs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.acceptance.conftest import Session, Tiny, run

CHOSEN = ["--sparsity", "0.5,0.9", "--workload", "decode-b1x16"]


@pytest.fixture(scope="module")
def costs(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Latency and memory of the tiny model, with pytest-benchmark's JSON beside the results."""
    results = tmp_path_factory.mktemp("costs")
    options = [*tiny.options, "-k", "tiny-gpt2 and (latency or memory)", *CHOSEN]
    return run([*options, "--benchmark-json", str(results / "benchmark.json")], results)


def of(session: Session, **fields: object) -> list[dict[str, Any]]:
    return [record for record in session.records if fields.items() <= record.items()]


def test_latency_has_both_medians_their_ratio_with_its_interval_and_theory(costs: Session) -> None:
    assert costs.status == 0, costs.output
    (speedup,) = of(costs, benchmark="latency", layout="csr", sparsity=0.9, metric="speedup")
    assert speedup["low"] <= speedup["value"] <= speedup["high"]
    named = {
        record["metric"]: record for record in of(costs, benchmark="latency", layout="csr", sparsity=0.9)
    }
    assert speedup["value"] == named["latency_dense"]["value"] / named["latency"]["value"]
    assert named["theoretical_speedup"]["value"] == pytest.approx(10, rel=0.01)
    assert named["amdahl_bound"]["value"] < 10
    assert named["latency"]["n"] >= 30
    assert all(record["gate"] == "ungated" for record in named.values())
    (kernel,) = [stamp for stamp in speedup["stamps"] if stamp.startswith("kernel ")]
    assert kernel.startswith("kernel PyTorch, sparse CSR by W @ xᵀ (aten::")
    assert kernel.endswith(" on 8 sparse_csr, 1 strided; 8 converted)")


def test_memory_of_csr_is_that_of_its_values_and_indices(costs: Session) -> None:
    held = {
        (record["sparsity"], record["layout"]): record["value"]
        for record in of(costs, benchmark="memory", metric="weight_memory")
    }
    matrices = 2 * 12 * 32 * 32  # of two layers of 32, in GPT-2's shapes
    rows = 2 * (96 + 32 + 128 + 32 + 4)  # row pointers
    assert held[0.0, "strided"] == held[0.9, "strided"]
    kept = matrices - round(0.9 * matrices)
    assert held[0.9, "csr"] == held[0.0, "strided"] - 4 * matrices + 8 * kept + 4 * rows


def test_the_json_of_pytest_benchmark_carries_ratio_layout_and_kernel(costs: Session) -> None:
    found = json.loads((costs.results / "benchmark.json").read_text("utf-8"))["benchmarks"]
    assert len(found) == 8 + 4 + 3  # of memory and of latency, which has no dense case
    timed = {entry["name"]: entry["extra_info"] for entry in found}
    entry = timed["test_latency[tiny-gpt2-decode-b1x16-magnitude-global-0.90-csr]"]
    assert {"speedup", "speedup_low", "speedup_high", "layout", "kernel"} <= entry.keys()
    assert "UNSERIALIZABLE" not in json.dumps(found)


def test_two_runs_give_the_same_memory(costs: Session, tiny: Tiny, tmp_path: Path) -> None:
    again = run([*tiny.options, "-k", "tiny-gpt2 and memory", *CHOSEN], tmp_path / "results")
    assert again.status == 0, again.output
    first, second = of(costs, benchmark="memory"), of(again, benchmark="memory")
    assert first == second
    assert len(first) == (1 + 2 * 2 + 3) * 5  # dense, two layouts of two levels, three kinds of parts


def test_with_processes_beside_each_other_memory_is_measured_and_nothing_is_timed(
    tiny: Tiny, tmp_path: Path
) -> None:
    options = [*tiny.options, "-k", "tiny-gpt2 and (latency or memory) and 0.90", *CHOSEN, "-n", "2", "-rs"]
    session = run(options, tmp_path / "results")
    assert session.status == 0, session.output
    assert "pytest-benchmark is off (-n, --benchmark-disable): nothing can be timed" in session.output
    assert {record["benchmark"] for record in session.records} == {"memory", "resident"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--layout", "crs"], "unknown layout 'crs'"),
        (["--workload", "decode"], "expected PHASE-bBATCHxLENGTH"),
        (["--time-limit", "0"], "--time-limit '0': expected a whole number from 1"),
    ],
)
def test_a_wrong_option_is_explained_before_any_work(
    tiny: Tiny, tmp_path: Path, options: list[str], said: str
) -> None:
    session = run([*tiny.options, "-k", "latency", *options], tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert said in session.output
    assert "Traceback" not in session.output


def test_no_time_is_a_result_and_the_run_goes_on(tiny: Tiny, tmp_path: Path) -> None:
    slow = [
        "--workload",
        "forward-b512x32",
        "--time-limit",
        "1",
        "--layout",
        "strided,csr",
        "--sparsity",
        "0.5",
    ]
    session = run([*tiny.options, "-k", "tiny-gpt2 and latency", *slow], tmp_path / "results")
    assert session.status == 0, session.output
    found = [(record["layout"], record["outcome"], record["value"]) for record in session.records]
    assert found == [("strided", "timeout", None), ("csr", "timeout", None)]
    assert "are more than --time-limit 1" in session.records[0]["stamps"][0]


@pytest.fixture
def smi(tmp_path: Path) -> dict[str, str]:
    """The surroundings of a machine that seems to have a GPU, which two other processes use."""
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nprintf '1\\n2\\n'\n", "utf-8")
    (tmp_path / "nvidia-smi").chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "0"}


@pytest.mark.parametrize(("hidden", "count"), [(False, 3 * 2), (True, 0)])
def test_cases_of_a_gpu_are_listed_where_there_seems_to_be_one_without_torch(
    tiny: Tiny, tmp_path: Path, smi: dict[str, str], count: int, *, hidden: bool
) -> None:
    options = [
        *tiny.options,
        "--dtype",
        "float16",
        "-k",
        "tiny-gpt2 and 2:4 and latency",
        "--collect-only",
        "-q",
    ]
    session = run(options, tmp_path / "results", **{**smi, "CUDA_VISIBLE_DEVICES": "" if hidden else "0"})
    assert session.output.count("::test_latency[tiny-gpt2-") == count, session.output
    assert session.output.splitlines()[-1].strip() == "imported:"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, so this cannot be tried")
def test_cases_of_a_gpu_are_skipped_where_pytorch_finds_none(
    tiny: Tiny, tmp_path: Path, smi: dict[str, str]
) -> None:
    options = [*tiny.options, "--dtype", "float16", "-k", "tiny-gpt2 and 2:4 and forward", "-rs"]
    session = run(options, tmp_path / "results", **smi)
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED, session.output
    assert "layout 2:4 has a kernel on cuda alone" in session.output
    assert "2 other processes use the GPU" in session.output
    assert session.records == []


def test_a_workload_longer_than_the_model_is_skipped_with_both_numbers(tiny: Tiny, tmp_path: Path) -> None:
    long = ["--workload", "decode-b1x32,forward-b1x33", "-rs"]
    session = run([*tiny.options, "-k", "tiny-gpt2 and (latency or memory)", *long], tmp_path / "results")
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    for workload in ("decode-b1x32", "forward-b1x33"):
        assert f"{workload} takes 33 positions, the model has 32" in session.output
    assert "Traceback" not in session.output


def test_random_weights_have_as_many_positions_as_their_configuration_says(tmp_path: Path) -> None:
    options = ["--weights", "random", "-k", "memory and gpt2-mini and dense", "--workload", "decode-b1x256"]
    session = run([*options, "-rs"], tmp_path / "results")
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "decode-b1x256 takes 257 positions, the model has 256" in session.output


def test_without_a_gpu_a_layout_for_one_is_skipped_with_the_reason(tiny: Tiny, tmp_path: Path) -> None:
    session = run(
        [*tiny.options, "-k", "tiny-gpt2 and latency", "--layout", "2:4", "--dtype", "float16", "-rs"],
        tmp_path / "results",
    )
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "layout 2:4 has a kernel on cuda alone: --device cuda" in session.output

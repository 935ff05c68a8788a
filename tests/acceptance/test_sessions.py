"""Sessions that go well: what is measured, stored and shown."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, Session, Tiny, command, environment, run

PRUNINGS = [("magnitude", "model"), ("magnitude", "global"), ("magnitude", "layer"), ("random", "global")]
LEVELS = [0.1, 0.5, 0.9, 0.95, 0.99]


def show(results: Path, *arguments: str) -> str:
    """What the report prints, from a process that must not import torch."""
    program = (
        "import sys; from reports.__main__ import main; status = main(sys.argv[1:]); "
        "assert not {'torch', 'transformers'} & set(sys.modules); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "show", "--results", str(results), *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "1000"},  # no table is split
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_default_grid_is_dense_and_twenty_prunings(whole: Session) -> None:
    assert whole.status == 0, whole.output
    measured = {key[1:4] for key in whole.values()}
    asked = {(method, scope, level) for method, scope in PRUNINGS for level in LEVELS}
    assert measured == {(None, None, 0.0), *asked}


def test_every_metric_of_every_case_is_a_line(whole: Session) -> None:
    quality = Counter(row["metric"] for row in whole.records if row["benchmark"] == "quality")
    assert quality == {"perplexity": 21, "word_perplexity": 21, "byte_perplexity": 21}
    sparsity = Counter(row["metric"] for row in whole.records if row["benchmark"] == "pruning")
    names = ("in_scope", "overall", "embeddings", "attention", "feed_forward", "norms")
    parts = [f"sparsity_{name}" for name in names]
    assert sparsity == dict.fromkeys(parts, 20)


def test_record_says_what_was_measured(whole: Session) -> None:
    row = next(row for row in whole.records if row["method"] == "random" and row["metric"] == "perplexity")
    assert row["weights"].startswith("local@")
    assert row["protocol"] == "file test window=32 stride=32"
    assert row["achieved_sparsity"] == pytest.approx(row["sparsity"], abs=1e-3)
    assert (row["device"], row["dtype"], row["threads"]) == ("cpu", "float32", 1)


def test_scores_of_every_window_are_kept(whole: Session) -> None:
    row = next(row for row in whole.records if row["samples"])
    name, _, line = row["samples"].partition("#")
    lines = (whole.files[0].parent / name).read_text("utf-8").splitlines()
    assert len(json.loads(lines[int(line) - 1])["samples"]) == row["n"] > 1


def test_table_has_dense_on_top_sparsities_down_and_prunings_across(whole: Session) -> None:
    lines = whole.output[whole.output.index("quality: tiny-gpt2 on tiny-text") :].splitlines()
    assert lines[2].split() == ["sparsity", *("-".join(pruning) for pruning in PRUNINGS)]
    assert [line.split()[0] for line in lines[4:10]] == ["dense", "0.10", "0.50", "0.90", "0.95", "0.99"]


def test_report_shows_what_the_session_showed_without_torch(whole: Session) -> None:
    table = whole.output[whole.output.index("quality: tiny-gpt2 on tiny-text") :].split("\n\n")[0]
    assert table in show(whole.results)


@pytest.mark.parametrize("style", ["json", "csv", "md"])
def test_report_has_other_formats(whole: Session, style: str) -> None:
    text = show(whole.results, "--format", style)
    if style == "json":
        assert json.loads(text) == whole.records
    elif style == "csv":
        assert len(text.splitlines()) == 1 + len(whole.records)
    else:
        assert text.count("| dense") == 1


def test_model_is_loaded_once_and_each_pruning_found_once(whole: Session) -> None:
    log = (whole.results / "log.txt").read_text("utf-8").split()
    assert Counter(log) == {"load_origin": 1, "find_masks": 20}


def test_workers_of_xdist_measure_the_same_to_the_bit_into_one_file(
    whole: Session, tiny: Tiny, tmp_path: Path
) -> None:
    spread = run([*tiny.options, "-k", "tiny-gpt2 and (quality or sparsity)", "-n", "2"], tmp_path)
    assert spread.status == 0, spread.output
    assert len(spread.files) == 1
    assert spread.values() == whole.values()
    assert spread.values("pruning") == whole.values("pruning")


def test_no_sparsity_is_dense_to_the_bit_and_a_session_repeats_another(
    whole: Session, tiny: Tiny, tmp_path: Path
) -> None:
    again = run([*tiny.options, "-k", "quality and tiny-gpt2", "--sparsity", "0,0.5"], tmp_path)
    assert again.status == 0, again.output
    values, before = again.values(), whole.values()
    for key, value in values.items():
        model, _, _, sparsity, metric = key
        same = before[model, None, None, 0.0, metric] if sparsity == 0 else before[key]
        assert value == same


THRESHOLDS = """\
[[tiny-gpt2.tiny-text.perplexity]]
protocol = "file test window=32 stride=32"
[tiny-gpt2.tiny-text.perplexity.limits]
"magnitude-global-0.50" = { nats = [-20, 20] }
"magnitude-layer-0.50" = { nats = [-20, -19] }
"magnitude-model-0.50" = { collapse = 1.01 }
"random-global-0.50" = { collapse = 1e30 }
"""


@pytest.fixture(scope="session")
def gated(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One sparsity alone, under limits relative to dense, two of which it breaks; an older run is there."""
    results = tmp_path_factory.mktemp("gated")
    (results / "limits.toml").write_text(THRESHOLDS, "utf-8")
    (results / "old").mkdir()
    (results / "old" / "20200101T000000Z-0.jsonl").write_text('{"run": cut off', "utf-8")
    limits = str(results / "limits.toml")
    return run([*tiny.options, "-k", "quality and tiny-gpt2 and 0.50"], results, TINY_THRESHOLDS=limits)


def test_one_sparsity_alone_is_gated_against_dense(gated: Session) -> None:
    rows = [
        json.loads(line)
        for path in gated.files
        if path.parent.name != "old"
        for line in path.read_text("utf-8").splitlines()[1:]
    ]
    gates = {(row["method"], row["scope"]): row for row in rows if row["metric"] == "perplexity"}
    assert [gates[pruning]["gate"] for pruning in PRUNINGS] == ["passed", "passed", "failed", "failed"]
    assert gates["magnitude", "global"]["limit"] == "ln(value / dense) from -20 to 20"
    assert gates["magnitude", "global"]["limit_source"].endswith("limits.toml:4")
    assert not any(row["method"] is None for row in rows)


def test_failure_says_metric_value_limit_and_place(gated: Session) -> None:
    assert gated.status == pytest.ExitCode.TESTS_FAILED
    (line,) = [
        line for line in gated.output.splitlines() if line.startswith("tiny-gpt2-tiny-text-magnitude-l")
    ]
    for words in (
        "perplexity is ",
        "against dense",
        "limit: ln(value / dense) from -20 to -19",
        "limits.toml:5",
    ):
        assert words in line
    assert "Traceback" not in gated.output


def test_missing_collapse_fails(gated: Session) -> None:
    assert "limit: collapse, at least 1e+30 times dense" in gated.output


def test_failed_gates_are_marked_in_the_table(gated: Session) -> None:
    row = next(line for line in gated.output.splitlines() if line.startswith("0.50"))
    assert row.count(" !") == 2
    assert "gates: 2 passed, 2 failed" in gated.output


def test_older_damaged_run_is_left_alone(gated: Session) -> None:
    assert (gated.results / "old" / "20200101T000000Z-0.jsonl").read_text("utf-8") == '{"run": cut off'
    assert len(gated.files) == 2


def test_another_limit_is_not_gated_and_says_so(gated: Session, tiny: Tiny, tmp_path: Path) -> None:
    limits = str(gated.results / "limits.toml")
    chosen = ["-k", "quality and tiny-gpt2 and magnitude-layer-0.50", "--limit", "2"]
    session = run([*tiny.options, *chosen], tmp_path, TINY_THRESHOLDS=limits)
    assert session.status == 0, session.output
    row = next(row for row in session.records if row["metric"] == "perplexity")
    assert (row["gate"], row["n"], row["protocol"]) == ("ungated", 2, "file test window=32 stride=32 limit=2")
    assert "1 of them: threshold is for file test window=32 stride=32" in session.output


def test_killed_session_keeps_its_records(tiny: Tiny, tmp_path: Path) -> None:
    arguments = command(
        *tiny.options, "-k", "tiny-gpt2 and (quality or sparsity)", "--results", str(tmp_path)
    )
    process = subprocess.Popen(arguments, cwd=ROOT, env=environment({}), stdout=subprocess.DEVNULL)
    session = Session(0, "", tmp_path)
    deadline = time.monotonic() + 100
    while len(session.files) == 0 or len(session.files[0].read_bytes().splitlines()) < 5:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(session.records) >= 4
    assert "tiny-gpt2" in show(tmp_path)


def test_collecting_imports_nothing_heavy_and_lists_ids(tmp_path: Path) -> None:
    session = run(["--tier", "base,mini", "--collect-only", "-q"], tmp_path)
    assert session.status == 0
    assert "bench/test_quality.py::test_quality[gpt2-wikitext2-magnitude-global-0.50]" in session.output
    assert "bench/test_quality.py::test_quality[tiny-gpt2-tiny-text-dense]" in session.output
    assert session.output.splitlines()[-1].strip() == "imported:"
    assert not (tmp_path / ".gitignore").exists()


@pytest.fixture(scope="session")
def costs(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The cost of masks for random weights in the tiny architecture."""
    results = tmp_path_factory.mktemp("costs")
    architectures = tmp_path_factory.mktemp("architectures")
    config = (tiny.checkpoint / "config.json").read_text("utf-8")
    (architectures / "tiny-gpt2.json").write_text(config, "utf-8")
    return run(
        [
            "--tier",
            "base",
            "-k",
            "tiny-gpt2 and 0.50 and not (latency or memory or size)",
            "--weights",
            "random",
        ],
        results,
        TINY_ARCHITECTURES=str(architectures),
    )


def test_mask_costs_are_measured_with_random_weights(costs: Session) -> None:
    assert costs.status == 0, costs.output
    rows = [row for row in costs.records if row["workload"] == "masks"]
    assert {(row["scope"], row["weights"]) for row in rows} == {("model", "random"), ("global", "random")}
    metrics = {row["metric"] for row in rows}
    assert metrics >= {"find_time", "find_time_pytorch", "find_speedup", "apply_time"}
    assert all(row["value"] > 0 for row in rows if row["unit"] in {"s", "x"})


def test_throughput_is_measured_with_random_weights(tiny: Tiny, tmp_path: Path) -> None:
    architectures = tmp_path / "architectures"
    architectures.mkdir()
    config = (tiny.checkpoint / "config.json").read_text("utf-8")
    (architectures / "tiny-gpt2.json").write_text(config, "utf-8")
    session = run(
        ["--tier", "base", "-k", "tiny-gpt2 and throughput", "--weights", "random", "--limit", "2"],
        tmp_path / "results",
        TINY_ARCHITECTURES=str(architectures),
    )
    assert session.status == 0, session.output
    values = {row["metric"]: row["value"] for row in session.records}
    assert values.keys() >= {"evaluation_rate", "bare_rate", "evaluation_efficiency"}
    assert all(value > 0 for value in values.values())
    assert {row["workload"] for row in session.records} == {"evaluate"}


def test_summary_tells_the_time_outside_the_models(whole: Session) -> None:
    (share,) = re.findall(r"s in all cases, ([\d.]+)% of it outside the models", whole.output)
    assert 0 < float(share) < 100


def test_random_weights_have_no_quality(costs: Session) -> None:
    assert {row["benchmark"] for row in costs.records} == {"pruning"}


def test_progress_is_shown_on_a_terminal(tiny: Tiny, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    chosen = ["-k", "quality and tiny-gpt2 and dense", "--results", str(tmp_path)]
    process = subprocess.Popen(
        command(*tiny.options, *chosen),
        cwd=ROOT,
        env=environment({"TINY_PATIENCE": "0"}),
        stdout=follower,
        stderr=subprocess.STDOUT,
    )
    os.close(follower)
    output = read_all(leader)
    assert process.wait() == 0, output
    assert re.search(r"tiny-gpt2-tiny-text-dense: .*\d+/\d+ \[", output)


def read_all(leader: int) -> str:
    parts = []
    try:
        while part := os.read(leader, 1 << 16):
            parts.append(part)
    except OSError:  # Linux tells the end of a pseudo terminal this way
        pass
    os.close(leader)
    return b"".join(parts).decode("utf-8", "replace")

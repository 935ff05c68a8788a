"""Models that lie in the repository: several checkpoints of a model, each judged by its own protocol."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from fixtures.protocols import SIGNATURES
from tests.acceptance.conftest import Session, run
from tests.acceptance.sharing import run_once
from tests.acceptance.text import ROMANIAN, SENTENCES

LEVELS = [0.0, 0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]  # of magnitude-global, with dense
PROTOCOLS = {
    ("tiny-bert", "tiny-cloze"): "lines test window=16 masked=0.15 mask_seed=0",
    ("tiny-bert", "tiny-quiz"): "spans test window=24 stride=4 n_best=20 max_answer=30",
    ("tiny-t5", "tiny-quiz"): "generated test beams=1 max_tokens=5",
    ("tiny-t5", "tiny-pairs"): f"generated test beams=1 max_tokens=0.5x {SIGNATURES}",
}
METRICS = {
    "tiny-cloze": {"masked_accuracy", "masked_loss", "masked_perplexity"},
    "tiny-quiz": {"f1", "exact_match"},
    "tiny-pairs": {"bleu", "chrf"},
}
GLOBAL = [
    "--tier",
    "mini",
    "-k",
    "(tiny-bert or tiny-t5) and (magnitude-global or dense) and (quality or sparsity)",
]


def run_embedded(arguments: list[str], results: Path, embedded: Path, **extra: str) -> Session:
    return run(arguments, results, TINY_EMBEDDED=str(embedded), **extra)


@pytest.fixture(scope="session")
def session(embedded: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Both models on their own tasks, dense and at every level of one pruning."""

    def run_session(results: Path) -> Session:
        return run_embedded(GLOBAL, results, embedded, TINY_LOG=str(results / "log.txt"))

    return run_once(tmp_path_factory, "embedded", run_session)


def quality(session: Session) -> list[dict[str, Any]]:
    return [row for row in session.records if row["benchmark"] == "quality"]


def identity(embedded: Path, model: str) -> str:
    content = (embedded / "models" / model / "SHA256SUMS").read_bytes()
    return f"embedded@{sha256(content).hexdigest()[:12]}"


def test_every_model_is_judged_on_its_tasks_by_their_protocols(session: Session) -> None:
    assert session.status == 0, session.output
    assert {(row["model"], row["task"]): row["protocol"] for row in quality(session)} == PROTOCOLS
    metrics = {(row["task"], row["metric"]) for row in quality(session)}
    assert metrics == {(task, name) for task, names in METRICS.items() for name in names}


def test_levels_are_those_of_embedded_models(session: Session) -> None:
    for model, task in PROTOCOLS:
        rows = [row for row in quality(session) if (row["model"], row["task"]) == (model, task)]
        levels = Counter(row["sparsity"] for row in rows)
        assert levels == dict.fromkeys(LEVELS, len(METRICS[task]))


def test_cost_of_masks_is_not_measured(session: Session) -> None:
    assert {row["benchmark"] for row in session.records} == {"quality", "pruning"}
    assert not any(row["workload"] for row in session.records)
    pruned = Counter(
        (row["model"], row["sparsity"]) for row in session.records if row["metric"] == "sparsity_in_scope"
    )
    assert pruned == {(model, level): 1 for model in ("tiny-bert", "tiny-t5") for level in LEVELS[1:]}


def test_each_checkpoint_has_an_identity_of_its_own(session: Session, embedded: Path) -> None:
    masker, reader, writer = (identity(embedded, name) for name in ("masker", "reader", "writer"))
    weights = {(row["model"], row["task"], row["weights"]) for row in session.records}
    assert weights == {
        ("tiny-bert", None, masker),  # what no task is measured of is the first checkpoint
        ("tiny-bert", "tiny-cloze", masker),
        ("tiny-bert", "tiny-quiz", reader),
        ("tiny-t5", None, writer),
        ("tiny-t5", "tiny-quiz", writer),
        ("tiny-t5", "tiny-pairs", writer),
    }


def test_each_checkpoint_is_loaded_once_and_each_pruning_found_once(session: Session) -> None:
    log = (session.results / "log.txt").read_text("utf-8").split()
    assert Counter(log) == {"load_origin": 3, "find_masks": 3 * 9}


def test_scores_of_every_example_are_kept_and_average_to_the_metric(session: Session) -> None:
    rows = [row for row in quality(session) if row["samples"] and row["metric"] == "f1"]
    assert len(rows) == 2 * len(LEVELS)
    for row in rows:
        name, _, line = row["samples"].partition("#")
        text = (session.files[0].parent / name).read_text("utf-8").splitlines()[int(line) - 1]
        samples = json.loads(text)["samples"]
        assert len(samples) == row["n"] == len(SENTENCES)
        assert row["value"] == pytest.approx(sum(samples) / len(samples))


def test_one_metric_of_each_task_stands_in_the_tables(session: Session) -> None:
    titles = [line for line in session.output.splitlines() if line.startswith("quality: tiny-")]
    assert sorted(titles) == [
        "quality: tiny-bert on tiny-cloze, masked_accuracy (higher is better)",
        "quality: tiny-bert on tiny-quiz, f1 (higher is better)",
        "quality: tiny-t5 on tiny-pairs, bleu (higher is better)",
        "quality: tiny-t5 on tiny-quiz, f1 (higher is better)",
    ]


def test_dense_translations_are_those_of_transformers_judged_by_sacrebleu(
    session: Session, embedded: Path
) -> None:
    folder = embedded / "models" / "writer"
    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    said: list[str] = []
    for sentence in SENTENCES:
        tokens = torch.tensor([tokenizer(f"translate English to Romanian: {sentence}")["input_ids"]])
        limit = round(0.5 * tokens.shape[1])
        written = model.generate(tokens, max_new_tokens=limit, do_sample=False)[0, 1:].tolist()
        ends = [place for place, token in enumerate(written) if token in model.generation_config.eos_token_id]
        said.append(str(tokenizer.decode(written[: ends[0]] if ends else written, skip_special_tokens=True)))
    (chrf,) = [row["value"] for row in quality(session) if row["metric"] == "chrf" and row["method"] is None]
    assert chrf == pytest.approx(sacrebleu.corpus_chrf(said, [list(ROMANIAN)]).score)
    assert chrf > 0


def test_task_by_name_goes_to_the_checkpoint_that_can_do_it(embedded: Path, tmp_path: Path) -> None:
    chosen = [
        "--tier",
        "mini",
        "--task",
        "tiny-quiz",
        "-k",
        "quality and (tiny-bert or tiny-t5) and dense",
        "--limit",
        "2",
    ]
    session = run_embedded(chosen, tmp_path, embedded)
    assert session.status == 0, session.output
    found = {(row["model"], row["weights"], row["protocol"], row["n"]) for row in session.records if row["n"]}
    assert found == {
        ("tiny-bert", identity(embedded, "reader"), f"{PROTOCOLS['tiny-bert', 'tiny-quiz']} limit=2", 2),
        ("tiny-t5", identity(embedded, "writer"), f"{PROTOCOLS['tiny-t5', 'tiny-quiz']} limit=2", 2),
    }


def test_weights_can_be_given_for_one_task(embedded: Path, tmp_path: Path) -> None:
    given = ["--checkpoint", f"tiny-bert:tiny-quiz={embedded / 'models' / 'reader'}"]
    chosen = ["--tier", "mini", "-k", "quality and tiny-bert and dense"]
    session = run_embedded([*chosen, *given], tmp_path, embedded)
    assert session.status == 0, session.output
    weights = {row["task"]: row["weights"].partition("@")[0] for row in session.records}
    assert weights == {"tiny-cloze": "embedded", "tiny-quiz": "local"}


@pytest.mark.parametrize("option", ["tiny-bert", "tiny-bert:tiny-cloze"])
def test_weights_of_another_head_are_refused_before_any_work_with_their_place(
    embedded: Path, tmp_path: Path, option: str
) -> None:
    folder = embedded / "models" / "reader"
    chosen = ["--tier", "mini", "-k", "tiny-bert and dense and quality", "--checkpoint", f"{option}={folder}"]
    session = run_embedded(chosen, tmp_path / "results", embedded)
    assert session.status == pytest.ExitCode.USAGE_ERROR
    (message,) = [line for line in session.output.splitlines() if line.startswith("ERROR: ")]
    assert f"{folder} holds a BertForQuestionAnswering (architectures in " in message
    assert "; tiny-bert:tiny-cloze is masked-lm, expected …ForMaskedLM" in message
    assert message.endswith(f": give it as --checkpoint tiny-bert:tiny-quiz={folder}")
    assert "torch" not in session.output.splitlines()[-1]  # what was imported
    assert session.files == []


def test_weights_of_another_head_fail_every_case_of_a_worker(embedded: Path, tmp_path: Path) -> None:
    folder = embedded / "models" / "reader"
    given = ["-n", "1", "--tier", "mini", "--checkpoint", f"tiny-bert={folder}"]
    session = run_embedded([*given, "-k", "tiny-cloze and dense and quality"], tmp_path / "results", embedded)
    assert session.status == pytest.ExitCode.TESTS_FAILED
    assert f"{folder} holds a BertForQuestionAnswering" in session.output
    assert "Traceback" not in session.output
    assert session.files == []


def test_weights_of_a_whole_model_do_for_the_tasks_of_their_head(embedded: Path, tmp_path: Path) -> None:
    given = ["--checkpoint", f"tiny-bert={embedded / 'models' / 'reader'}"]
    chosen = ["--tier", "mini", "-k", "tiny-bert and tiny-quiz and dense and quality"]
    session = run_embedded([*chosen, *given], tmp_path, embedded)
    assert session.status == 0, session.output
    assert {(row["task"], row["weights"].partition("@")[0]) for row in session.records} == {
        ("tiny-quiz", "local")
    }


def test_random_weights_have_sparsity_alone(embedded: Path, tmp_path: Path) -> None:
    chosen = [
        "--tier",
        "mini",
        "-k",
        "(tiny-bert or tiny-t5) and sparsity",
        "--weights",
        "random",
        "--sparsity",
        "0.5",
    ]
    session = run_embedded(chosen, tmp_path, embedded)
    assert session.status == 0, session.output
    assert {(row["benchmark"], row["weights"]) for row in session.records} == {("pruning", "random")}
    assert not any(row["workload"] for row in session.records)


@pytest.fixture
def damaged(embedded: Path, tmp_path: Path) -> Path:
    """A copy of the folder, to be damaged."""
    return Path(shutil.copytree(embedded, tmp_path / "damaged"))


@pytest.mark.parametrize("missing", [False, True])
def test_damaged_weights_fail_by_name_and_spoil_no_others(
    damaged: Path, tmp_path: Path, *, missing: bool
) -> None:
    path = damaged / "models" / "reader" / "model.safetensors"
    if missing:
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    chosen = ["--tier", "mini", "-k", "quality and tiny-bert and dense"]
    session = run_embedded(chosen, tmp_path / "results", damaged)
    assert session.status == pytest.ExitCode.TESTS_FAILED
    words = "is missing" if missing else "is damaged or changed"
    assert f"tiny-bert: {path} {words}" in session.output
    assert "restore it with git" in session.output
    assert "Traceback" not in session.output
    assert "find_origin" not in session.output
    assert {row["task"] for row in session.records} == {"tiny-cloze"}


def test_damaged_data_ends_the_session_at_once(damaged: Path, tmp_path: Path) -> None:
    path = damaged / "data" / "pairs.ro"
    path.write_bytes(path.read_bytes()[:-1])
    chosen = ["--tier", "mini", "-k", "quality and tiny-t5 and dense"]
    session = run_embedded(chosen, tmp_path / "results", damaged)
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"tiny-pairs: {path} " in session.output
    assert "truncated or changed" in session.output
    assert session.files == []


def test_ids_name_model_task_and_pruning_alone(embedded: Path, tmp_path: Path) -> None:
    chosen = ["--tier", "mini", "-k", "(tiny-bert or tiny-t5) and 0.30", "--collect-only", "-q"]
    session = run_embedded(chosen, tmp_path, embedded)
    ids = [line for line in session.output.splitlines() if "::" in line]
    assert sorted(ids) == [
        "bench/test_pruning.py::test_sparsity[tiny-bert-magnitude-global-0.30]",
        "bench/test_pruning.py::test_sparsity[tiny-t5-magnitude-global-0.30]",
        "bench/test_quality.py::test_quality[tiny-bert-tiny-cloze-magnitude-global-0.30]",
        "bench/test_quality.py::test_quality[tiny-bert-tiny-quiz-magnitude-global-0.30]",
        "bench/test_quality.py::test_quality[tiny-t5-tiny-pairs-magnitude-global-0.30]",
        "bench/test_quality.py::test_quality[tiny-t5-tiny-quiz-magnitude-global-0.30]",
    ]

"""Sessions that cannot go well: a short message, no traceback, nothing lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.acceptance.conftest import Session, Tiny, run
from tests.acceptance.text import TEXT

USAGE = [
    (["--tier", "minni"], ["unknown tier 'minni'", "did you mean mini", "base, xl"]),
    (["--task", "tiny-txt"], ["unknown task 'tiny-txt'", "did you mean tiny-text"]),
    (["--method", "magnitud"], ["unknown method 'magnitud'", "did you mean magnitude", "random"]),
    (["--scope", "globl"], ["unknown scope 'globl'", "did you mean global", "any n:m"]),
    (["--scope", "4:2"], ["unknown scope '4:2'", "2:4"]),
    (["--scope", "2:4", "--sparsity", "0.9"], ["scope 2:4 fixes the sparsity at 0.5"]),
    (["--device", "gpu"], ["unknown device 'gpu'", "cuda"]),
    (["--dtype", "float8"], ["float8", "bfloat16"]),
    (["--sparsity", "1.0"], ["sparsity '1.0'", "from 0 to below 1"]),
    (["--sparsity=-0.1"], ["sparsity '-0.1'", "from 0 to below 1"]),
    (["--sparsity", "nan"], ["sparsity 'nan'", "from 0 to below 1"]),
    (["--sparsity", "half"], ["sparsity 'half'", "from 0 to below 1"]),
    (["--limit=-1"], ["--limit '-1'", "a whole number from 1"]),
    (["--limit", "0"], ["--limit '0'", "a whole number from 1"]),
    (["--checkpoint", "tiny-gtp2=."], ["unknown model 'tiny-gtp2'", "did you mean tiny-gpt2"]),
    (["--checkpoint", "tiny-gpt2"], ["'tiny-gpt2'", "expected MODEL=DIR"]),
    (["--checkpoint", "tiny-gpt2=nowhere"], ["nowhere", "is no folder"]),
    (
        ["--checkpoint", "tiny-gpt2:tiny-txt=."],
        ["unknown task of tiny-gpt2 'tiny-txt'", "did you mean tiny-text"],
    ),
    (["--checkpoint", "tiny-gpt2:tiny-text=nowhere"], ["nowhere", "is no folder"]),
    (["--data-dir", "nowhere"], ["--data-dir 'nowhere'", "no such folder"]),
    (["--checkpoint", "tiny-gpt2=.", "--checkpoint", "gpt2"], ["no config.json"]),
    (["--weights", "rndom"], ["rndom", "did you mean random"]),
]


def assert_short(session: Session) -> None:
    assert "Traceback" not in session.output
    assert "INTERNALERROR" not in session.output
    assert session.files == []


@pytest.mark.parametrize(("arguments", "words"), USAGE, ids=[" ".join(arguments) for arguments, _ in USAGE])
def test_wrong_option_is_refused_with_what_was_expected(
    tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    session = run(arguments, tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert [word for word in words if word not in session.output] == []
    assert_short(session)


def test_missing_data_file_is_named(tiny: Tiny, tmp_path: Path) -> None:
    session = run(
        [*tiny.options, "-k", "quality and tiny-gpt2", "--data-dir", str(tmp_path)], tmp_path / "results"
    )
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"no file {tmp_path / 'tiny.txt'}" in session.output
    assert_short(session)


def test_truncated_data_file_is_named(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "tiny.txt").write_text(TEXT[:-1], "utf-8")
    session = run(
        [*tiny.options, "-k", "quality and tiny-gpt2", "--data-dir", str(tmp_path)], tmp_path / "results"
    )
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"{tmp_path / 'tiny.txt'} ({len(TEXT.encode()) - 1:,} bytes) is truncated" in session.output
    assert_short(session)


def test_results_folder_that_cannot_be_written_is_named(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", "utf-8")
    session = run(tiny.options, tmp_path / "taken")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"--results {tmp_path / 'taken'}: cannot write there" in session.output
    assert (tmp_path / "taken").read_text("utf-8") == "mine"
    assert_short(session)


def test_results_folder_is_tried_before_workers_of_xdist_start(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", "utf-8")
    session = run([*tiny.options, "-n", "2"], tmp_path / "taken")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"--results {tmp_path / 'taken'}: cannot write there" in session.output
    assert_short(session)


def test_disk_that_fills_up_ends_the_session_and_keeps_what_was_stored(tiny: Tiny, tmp_path: Path) -> None:
    options = [*tiny.options, "-k", "tiny-gpt2 and (quality or sparsity)", "-p", "tests.acceptance.full_disk"]
    session = run(options, tmp_path / "results")
    assert session.status == pytest.ExitCode.TESTS_FAILED
    assert "cannot write there any more (No space left on device)" in session.output
    assert "INTERNALERROR" not in session.output
    assert "Traceback" not in session.output
    assert "1 passed" in session.output  # the rest would be measured in vain
    assert "perplexity" in session.output  # what was measured is shown all the same
    (file,) = session.files
    assert len(file.read_text("utf-8").splitlines()) == 2  # header and record; the third line is a sample


def test_checkpoint_of_another_architecture_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "llama"
    shutil.copytree(tiny.checkpoint, folder)
    config = (folder / "config.json").read_text("utf-8")
    (folder / "config.json").write_text(
        config.replace('"model_type": "gpt2"', '"model_type": "llama"'), "utf-8"
    )
    session = run(Tiny(tiny.data, folder).options, tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert "holds a llama, tiny-gpt2 is a gpt2" in session.output
    assert_short(session)


def lose(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink()


def pickle(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    lose(folder, "model.safetensors")


def cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def divide_in_vain(folder: Path) -> None:
    lose(folder, "model.safetensors")
    index = {"weight_map": {"transformer.wte.weight": "model-00001-of-00001.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")


DEFECTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda folder: lose(folder, "*.safetensors"), "has no model.safetensors and no other"),
    "no tokenizer": (lambda folder: lose(folder, "tokenizer*"), "has no tokenizer: expected one of"),
    "pickle": (pickle, "pytorch_model.bin is a pickle, and no pickle is loaded; convert it"),
    "cut off": (cut_off, "model.safetensors is cut off: it has "),
    "broken config": (
        lambda folder: (folder / "config.json").write_text('{\n"model_type":\n}', "utf-8"),
        "config.json, line 3: not JSON",
    ),
    "lost part": (divide_in_vain, "names files that are not there: model-00001-of-00001.safetensors"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_checkpoint_with_a_defect_is_refused_at_once_in_one_sentence(
    tiny: Tiny, tmp_path: Path, defect: str
) -> None:
    damage, words = DEFECTS[defect]
    folder = Path(shutil.copytree(tiny.checkpoint, tmp_path / "damaged"))
    damage(folder)
    session = run(Tiny(tiny.data, folder).options, tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    (message,) = [line for line in session.output.splitlines() if line.startswith("ERROR: ")]
    assert message.startswith(f"ERROR: --checkpoint 'tiny-gpt2={folder}': {folder}")
    assert words in message
    assert_short(session)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "with workers"])
def test_window_longer_than_the_positions_is_refused_with_both_numbers(
    tiny: Tiny, tmp_path: Path, workers: list[str]
) -> None:
    chosen = ["--task", "tiny-long", "-k", "tiny-gpt2 and quality and random-global-0.50", *workers]
    session = run([*tiny.options, *chosen], tmp_path / "results")
    assert session.status not in {pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR}
    told = f"tiny-long has windows of 64 tokens, the model in {tiny.checkpoint} has 32 positions"
    assert told in session.output
    assert_short(session)


def test_tokenizer_of_another_model_fails_with_both_numbers(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny.checkpoint, tmp_path / "mixed"))
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text("utf-8"))
    content["model"]["vocab"]["lobster"] = 4999
    path.write_text(json.dumps(content), "utf-8")
    chosen = ["-k", "quality and tiny-gpt2 and random-global-0.50"]
    session = run([*Tiny(tiny.data, folder).options, *chosen], tmp_path / "results")
    assert session.status == pytest.ExitCode.TESTS_FAILED
    assert "the tokenizer has 5,000 tokens, the embedding 300 rows" in session.output
    assert_short(session)


def test_gap_in_the_weights_is_named_once_by_every_case(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny.checkpoint, tmp_path / "gap"))
    weights = load_file(folder / "model.safetensors")
    del weights["transformer.h.1.mlp.c_fc.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    chosen = ["-k", "tiny-gpt2 and magnitude-global-0.50 and not (latency or memory or size)"]
    session = run([*Tiny(tiny.data, folder).options, *chosen], tmp_path / "results")
    assert session.status == pytest.ExitCode.TESTS_FAILED
    cases = 3  # its quality, its zeros, the cost of its masks
    assert session.output.count("lacks 1 weights of the model: transformer.h.1.mlp.c_fc.weight") == cases
    assert session.output.count("transformer.h.1.mlp.c_fc.weight") == cases
    assert "LOAD REPORT" not in session.output
    assert "cause of the following" not in session.output
    assert_short(session)


def test_selection_of_nothing_names_the_nearest(tmp_path: Path) -> None:
    session = run(["--tier", "base", "-k", "tiny-gtp2"], tmp_path)
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "unknown word in -k 'tiny-gtp2': did you mean tiny-gpt2" in session.output
    assert_short(session)


def test_nan_in_the_weights_fails_and_stores_nothing(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "nan"
    shutil.copytree(tiny.checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    weights["transformer.h.1.mlp.c_fc.weight"][3, 4] = torch.nan
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    session = run(
        [*Tiny(tiny.data, folder).options, "-k", "quality and tiny-gpt2 and 0.50"], tmp_path / "results"
    )
    assert session.status == pytest.ExitCode.TESTS_FAILED
    assert "transformer.h.1.mlp.c_fc.weight has NaN or infinite weights" in session.output
    assert_short(session)


def test_weights_out_of_reach_are_skipped_and_no_success(tiny: Tiny, tmp_path: Path) -> None:
    chosen = ["--tier", "base", "-k", "tiny-absent and quality"]
    session = run([*chosen, "--data-dir", str(tiny.data)], tmp_path)
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "nothing was measured" in session.output
    assert "21 skipped: tiny-absent: nobody/nothing is not in the hub's cache" in session.output
    assert "nobody/nothing is not in the hub's cache" in session.output
    assert "--checkpoint tiny-absent=DIR" in session.output
    assert_short(session)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, so this cannot be tried")
def test_gpu_that_is_not_there_is_skipped(tiny: Tiny, tmp_path: Path) -> None:
    session = run(
        [*tiny.options, "-k", "tiny-gpt2 and 0.50 and (quality or sparsity)", "--device", "cuda", "-rs"],
        tmp_path,
    )
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "no device cuda: PyTorch sees 0 GPUs" in session.output
    assert_short(session)


def test_scope_that_does_not_fit_is_skipped_with_the_weight(tiny: Tiny, tmp_path: Path) -> None:
    chosen = ["-k", "quality and tiny-gpt2 and magnitude", "--scope", "3:5", "-rs"]
    session = run([*tiny.options, *chosen], tmp_path)
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "scope 3:5 does not fit transformer.h.0.attn.c_attn.weight" in session.output
    assert_short(session)


def test_help_lists_every_option(tmp_path: Path) -> None:
    output = run(["--help"], tmp_path).output
    options = ("tier", "task", "method", "scope", "sparsity", "limit", "data-dir", "checkpoint", "weights")
    for option in (*options, "device", "dtype", "threads", "seed", "results"):
        assert f"--{option}" in output

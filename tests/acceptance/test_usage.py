"""More options that cannot be meant, with and without workers of pytest-xdist."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.acceptance.conftest import Session, Tiny, run

REFUSED = [
    (["--limit", "x"], ["--limit 'x'", "a whole number from 1"]),
    (["--limit", "2.5"], ["--limit '2.5'", "a whole number from 1"]),
    (["--threads", "0"], ["--threads '0'", "a whole number from 1"]),
    (["--seed=-1"], ["--seed '-1'", "a whole number from 0"]),
    (["--sparsity", "0.5,inf"], ["sparsity 'inf'", "from 0 to below 1"]),
    (["--sparsity", "50%"], ["sparsity '50%'", "from 0 to below 1", "0.5"]),
    (["--sparsity=,"], ["--sparsity ','", "expected names or numbers"]),
    (["--method="], ["--method ''", "expected names or numbers"]),
    (["--tier="], ["--tier ''", "expected names or numbers"]),
    (["--device", "cuda:x"], ["unknown device 'cuda:x'", "did you mean cuda"]),
    (["--tier", "mini,bse"], ["unknown tier 'bse'", "did you mean base"]),
    (["--checkpoint", "tiny-gpt2="], ["'tiny-gpt2='", "expected MODEL=DIR"]),
    (["--checkpoint", "tiny-gpt2=bench"], ["bench", "no config.json"]),
    (["--data-dir", "README.md"], ["--data-dir 'README.md'", "no such folder"]),
]
EMPTY = [
    (["-k", "quality", "--weights", "random"], "random weights know nothing"),
    (["-m", "not cases"], "no case matches: -m 'not cases' selects none of"),
    (["-k", "dense", "-m", "not cases"], "-k 'dense' and -m 'not cases' selects none of"),
    (["--tier", "base", "-k", "tiny-gpt2 and 0.51"], "unknown word in -k '0.51': did you mean 0.95 or 0.50"),
    (["--tier", "base", "-k", "dense and sparsity and tiny-gpt2"], "selects none of"),
]


def assert_short(session: Session) -> None:
    assert "Traceback" not in session.output
    assert "INTERNALERROR" not in session.output
    assert session.files == []


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_option_is_refused_in_one_sentence(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    session = run(arguments, tmp_path / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    (message,) = [line for line in session.output.splitlines() if line.startswith("ERROR: ")]
    assert [word for word in words if word not in message] == []
    assert not (tmp_path / "results").exists()
    assert_short(session)


def test_checkpoint_given_twice_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    session = run([*tiny.sources, "--checkpoint", f"tiny-gpt2={tiny.checkpoint}"], tmp_path)
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert "--checkpoint: tiny-gpt2 is given two folders" in session.output
    assert_short(session)


def test_results_below_a_file_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", "utf-8")
    session = run(tiny.options, tmp_path / "taken" / "results")
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert f"--results {tmp_path / 'taken' / 'results'}: cannot write there" in session.output
    assert_short(session)


@pytest.mark.parametrize(("arguments", "sentence"), EMPTY, ids=[" ".join(words) for words, _ in EMPTY])
def test_nothing_to_measure_is_explained(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    session = run(arguments, tmp_path)
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert sentence in session.output
    assert_short(session)


def test_gpu_of_a_number_that_no_machine_has_is_skipped(tiny: Tiny, tmp_path: Path) -> None:
    chosen = ["-k", "quality and tiny-gpt2 and magnitude-global-0.50", "--device", "cuda:99", "-rs"]
    session = run([*tiny.options, *chosen], tmp_path)
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "no device cuda:99: PyTorch sees" in session.output
    assert "all 1 cases were skipped" in session.output
    assert_short(session)


def test_option_is_refused_with_workers_too(tmp_path: Path) -> None:
    session = run(["-n", "2", "--scope", "globl"], tmp_path)
    assert session.status == pytest.ExitCode.USAGE_ERROR
    assert "unknown scope 'globl': did you mean global" in session.output
    assert_short(session)


def test_missing_data_file_is_named_with_workers_too(tiny: Tiny, tmp_path: Path) -> None:
    chosen = ["-n", "2", "-k", "quality and tiny-gpt2 and magnitude-global-0.50", "--data-dir", str(tmp_path)]
    session = run([*tiny.options, *chosen], tmp_path / "results")
    assert session.status not in {pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR}
    assert f"no file {tmp_path / 'tiny.txt'}" in session.output
    assert_short(session)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--tier", "base", "-k", "tiny-gtp2"], "did you mean tiny-gpt2"),
        (["-m", "not cases"], "-m 'not cases' selects none of"),
    ],
    ids=["-k", "-m"],
)
def test_nothing_to_measure_is_explained_with_workers_too(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    session = run(["-n", "2", *arguments], tmp_path)
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert sentence in session.output


def test_last_failures_do_not_shrink_the_words_that_are_known(tiny: Tiny, tmp_path: Path) -> None:
    nan = tmp_path / "nan"
    shutil.copytree(tiny.checkpoint, nan)
    path = nan / "model.safetensors"
    weights = {name: tensor * float("nan") for name, tensor in load_file(path).items()}
    save_file(weights, path, {"format": "pt"})
    cache = ["-o", f"cache_dir={tmp_path / 'cache'}"]
    broken = Tiny(tiny.data, nan).options
    first = run(
        [*broken, *cache, "-k", "tiny-gpt2 and sparsity and random-global-0.50"], tmp_path / "results"
    )
    assert first.status == pytest.ExitCode.TESTS_FAILED
    session = run([*broken, *cache, "--lf", "-k", "tiny-gpt2 and qualty"], tmp_path / "results")
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    known = session.output[session.output.index("unknown word in -k 'qualty'") :].replace(",", " ").split()
    assert {"dense", "tiny-text", "magnitude", "0.99", "wikitext2"} <= set(known)
    session = run([*broken, *cache, "--lf", "-k", "tiny-text and quality and xyz"], tmp_path / "results")
    assert "unknown word in -k 'xyz'" in session.output
    assert session.output.count("unknown word") == 1

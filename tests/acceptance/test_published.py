"""A session of a model whose dense score others have published."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from tests.acceptance.conftest import run
from tests.fixtures import tiny
from tests.fixtures.data import DATA, needs_data


@pytest.fixture
def impostor(tmp_path: Path) -> Path:
    """A checkpoint that is called GPT-2, but knows nothing."""
    tokenizer = tiny.train_tokenizer()
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_embd=8, n_layer=1, n_head=2, bos_token_id=None, eos_token_id=None
    )
    model = GPT2LMHeadModel(config)
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "impostor")
    return tmp_path / "impostor"


@needs_data
def test_dense_score_stands_beside_the_published_one_with_what_differs(
    impostor: Path, tmp_path: Path
) -> None:
    chosen = [
        "--tier",
        "base",
        "--task",
        "wikitext2",
        "-k",
        "test_quality[gpt2-wikitext2-dense]",
        "--limit",
        "1",
    ]
    sources = ["--data-dir", str(DATA), "--checkpoint", f"gpt2={impostor}"]
    session = run([*chosen, *sources], tmp_path / "results")
    assert session.status == pytest.ExitCode.OK, session.output
    (record,) = [record for record in session.records if record["metric"] == "perplexity"]
    lines = session.output[session.output.index("dense beside published") :].splitlines()
    assert lines[1] == f"gpt2 on wikitext2, perplexity: {record['value']:.4g}, published 29.94: differ"
    assert lines[3].startswith("    --limit 1: only the first examples were judged")
    assert lines[4] == f"    other weights: {record['weights']} here, published ones there"

#!/usr/bin/env python3
"""What counting alone gets on the study's texts: `PYTHONPATH=. python docs/study/baselines.py DATA`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from transformers import AutoConfig, AutoTokenizer

from fixtures.atlas.kneser_ney import KneserNey
from fixtures.corpora import CORPORA
from fixtures.finetune.examples import tokenise
from fixtures.locally import LOCALLY
from fixtures.masking import make_masked_windows
from fixtures.rows import read_rows
from fixtures.texts import TEXTS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

ORDERS = (1, 2, 3, 5)


def main(data: Path) -> None:
    """Counts WikiText-2's validation split, as the small models learn it, and judges on its test split."""
    causal = _tokenizer(data, "gpt2", "gpt2")
    train, test = (tokenise(_text(data, split, "file"), causal) for split in ("validation", "test"))
    for order, perplexity in foretell(train, test, len(causal)).items():
        sys.stdout.write(f"gpt2, Kneser-Ney of order {order}: perplexity {perplexity:.1f}\n")
    masked = _tokenizer(data, "bert-base-uncased", "bert")
    accuracy, perplexity = fill_in(_text(data, "validation", "lines"), _text(data, "test", "lines"), masked)
    sys.stdout.write(
        f"bert, the most frequent token for a mask, else what is visible: {100 * accuracy:.2f} %\n"
        f"bert, add-one frequencies, half of it on what is visible: perplexity {perplexity:.1f}\n"
    )


def foretell(
    train: NDArray[np.int32], test: NDArray[np.int32], vocabulary: int, window: int = 1024
) -> dict[int, float]:
    """The perplexity of n-gram models in windows, by their order; a window's first token is not scored."""
    windows = [test[start : start + window].astype(np.int64) for start in range(0, len(test), window)]
    found = {}
    for order in ORDERS:
        likelihood = KneserNey.fit(train.astype(np.int64), vocabulary, order).nll(windows)
        found[order] = float(np.exp(likelihood.nats / likelihood.tokens))
    return found


def fill_in(train: str, test: str, tokenizer: PreTrainedTokenizerBase) -> tuple[float, float]:
    """Accuracy and perplexity of guessing without context: of what is judged, a fifth is not masked."""
    counts = np.bincount(tokenise(train, tokenizer), minlength=len(tokenizer))
    windows = make_masked_windows(test, tokenizer, 512, seed=0)
    labels = np.concatenate([window.labels[window.positions] for window in windows])
    seen = np.concatenate([window.tokens[window.positions] for window in windows])
    hidden = seen == tokenizer.mask_token_id
    right = np.where(hidden, counts.argmax(), seen) == labels
    frequency = ((counts + 1) / (counts.sum() + len(counts)))[labels]
    chance = np.where(hidden, frequency, (frequency + (seen == labels)) / 2)
    return float(right.mean()), float(np.exp(-np.log(chance).mean()))


def _text(data: Path, split: str, form: str) -> str:
    return TEXTS[form](read_rows(CORPORA["wikitext2"], split, data))


def _tokenizer(data: Path, name: str, kind: str) -> PreTrainedTokenizerBase:
    config = AutoConfig.for_model(kind)
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        data / "tokenizers" / name, config=config, **LOCALLY
    )
    return tokenizer


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Language models small enough to check by hand or by loop."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from fixtures.windows import Window

VOCABULARY = 13


class Bigram(nn.Module):
    """Predicts the next token from the last one by a table of logits."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits, requires_grad=False)

    def forward(self, input_ids: Tensor, *, use_cache: bool) -> SimpleNamespace:
        """Logits as a language model of transformers gives them."""
        assert not use_cache
        return SimpleNamespace(logits=self.logits[input_ids])


def make_gpt2(seed: int = 0) -> GPT2LMHeadModel:
    """A random GPT-2 of two layers, with weights on a coarse grid so that many are tied for a rank."""
    config = GPT2Config(
        n_layer=2,
        n_head=2,
        n_embd=8,
        n_positions=16,
        vocab_size=VOCABULARY,
        bos_token_id=0,
        eos_token_id=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(config)
    for parameter in model.parameters():
        parameter.data = (parameter.data * 64).round() / 64
    model.train(mode=False)
    return model


def make_window(tokens: Sequence[int], *, words: int = 1, size: int = 1) -> Window:
    """A window of these tokens."""
    return Window(np.array(tokens, np.int64), words, size)


def random_windows(lengths: Sequence[int]) -> list[Window]:
    """Windows of random tokens."""
    random = np.random.default_rng(0)
    return [make_window(random.integers(0, VOCABULARY, length).tolist()) for length in lengths]

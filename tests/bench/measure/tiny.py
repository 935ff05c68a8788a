"""Language models small enough to check by hand or by loop."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForQuestionAnswering,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

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


class Cramped(nn.Module):
    """A model on a machine without memory for more than some rows at once."""

    def __init__(self, model: nn.Module, most: int) -> None:
        super().__init__()
        self.model, self.most = model, most
        self.tried: list[int] = []

    def forward(self, input_ids: Tensor, **inputs: Any) -> Any:  # noqa: ANN401 - as the model has it
        """What the model gives, if there are few rows."""
        self.tried.append(len(input_ids))
        if len(input_ids) > self.most:
            raise torch.OutOfMemoryError(f"Tried to allocate {len(input_ids)} rows.")
        return self.model(input_ids=input_ids, **inputs)


def make_gpt2(seed: int = 0, vocabulary: int = VOCABULARY) -> GPT2LMHeadModel:
    """A random GPT-2 of two layers, with weights on a coarse grid so that many are tied for a rank."""
    config = GPT2Config(
        n_layer=2,
        n_head=2,
        n_embd=8,
        n_positions=16,
        vocab_size=vocabulary,
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


def _bert(vocabulary: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
    )


def make_masker(vocabulary: int) -> PreTrainedModel:
    """A random BERT that guesses hidden tokens, in windows of 32 tokens at most."""
    return drawn(BertForMaskedLM(_bert(vocabulary)))


def make_reader(vocabulary: int) -> PreTrainedModel:
    """A random BERT that marks answers, in windows of 32 tokens at most."""
    return drawn(BertForQuestionAnswering(_bert(vocabulary)))


def make_writer(vocabulary: int, ends: Sequence[int], seed: int = 0) -> PreTrainedModel:
    """A random T5 that ends what it writes at any of some tokens."""
    config = T5Config(vocab_size=vocabulary, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2)
    model = drawn(T5ForConditionalGeneration(config), seed)
    model.generation_config.decoder_start_token_id = 0
    model.generation_config.eos_token_id = list(ends)
    return model


def drawn(model: PreTrainedModel, seed: int = 0) -> PreTrainedModel:
    """The model with every parameter drawn anew, so that its answers differ."""
    stream = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.5, generator=stream)
    model.train(mode=False)
    return model


def make_window(tokens: Sequence[int], *, words: int = 1, size: int = 1) -> Window:
    """A window of these tokens, all but the first of which are scored."""
    return Window(np.array(tokens, np.int64), words, size)


def random_windows(lengths: Sequence[int]) -> list[Window]:
    """Windows of random tokens."""
    random = np.random.default_rng(0)
    return [make_window(random.integers(0, VOCABULARY, length).tolist()) for length in lengths]

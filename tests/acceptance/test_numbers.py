"""The recorded numbers against transformers and PyTorch's own pruning, without this project's code."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.pytorch_utils import Conv1D

from tests.acceptance.conftest import Session, Tiny
from tests.acceptance.text import TEXT

WINDOW = 32


def blocks(model: nn.Module) -> list[nn.Module]:
    """What holds a matrix of the transformer blocks."""
    return [module for module in model.modules() if isinstance(module, Conv1D)]


def pruned(model: nn.Module, scope: str, amount: float) -> None:
    """Prunes the smallest weights, in one ranking or a matrix at a time."""
    if scope == "global":
        places = [(module, "weight") for module in blocks(model)]
        prune.global_unstructured(places, prune.L1Unstructured, amount=amount)
    else:
        for module in blocks(model):
            prune.l1_unstructured(module, "weight", amount)  # type: ignore[no-untyped-call]


def perplexity(model: nn.Module, tokens: torch.Tensor) -> float:
    """Per token, every window by itself, its first token not scored."""
    nll, scored = 0.0, 0
    for start in range(0, len(tokens) - 1, WINDOW):
        window = tokens[start : start + WINDOW]
        with torch.no_grad():
            mean = model(input_ids=window[None], labels=window[None]).loss
        nll += float(mean) * (len(window) - 1)
        scored += len(window) - 1
    return math.exp(nll / scored)


@pytest.mark.parametrize("scope", ["dense", "global", "layer"])
def test_perplexity_is_what_transformers_and_pytorch_find(whole: Session, tiny: Tiny, scope: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny.checkpoint)
    tokens = torch.tensor(tokenizer(TEXT, add_special_tokens=False, verbose=False)["input_ids"])
    model: nn.Module = AutoModelForCausalLM.from_pretrained(tiny.checkpoint)
    key: tuple[object, ...] = ("tiny-gpt2", None, None, 0.0, "perplexity")
    if scope != "dense":
        pruned(model, scope, 0.5)
        key = ("tiny-gpt2", "magnitude", scope, 0.5, "perplexity")
    assert whole.values()[key] == pytest.approx(perplexity(model, tokens), rel=1e-5)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 0.95, 0.99])
def test_zeros_are_as_many_as_asked_for_and_where_the_scope_says(
    whole: Session, tiny: Tiny, level: float
) -> None:
    model: nn.Module = AutoModelForCausalLM.from_pretrained(tiny.checkpoint)
    found = whole.values("pruning")
    sizes = [parameter.numel() for module in blocks(model) for parameter in module.parameters()]
    matrices = sum(sizes[::2])  # of a weight and a bias each
    everything = sum(parameter.numel() for parameter in model.parameters())
    for method in ("magnitude", "random"):
        assert (
            found["tiny-gpt2", method, "global", level, "sparsity_in_scope"]
            == round(level * matrices) / matrices
        )
    assert found["tiny-gpt2", "magnitude", "global", level, "sparsity_embeddings"] == 0
    in_model = found["tiny-gpt2", "magnitude", "model", level, "sparsity_in_scope"]
    assert in_model == found["tiny-gpt2", "magnitude", "model", level, "sparsity_overall"]
    assert in_model == round(level * everything) / everything

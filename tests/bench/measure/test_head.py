"""Logits in parts against those that the model gives at once."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from transformers import Gemma2Config, Gemma2ForCausalLM, OPTConfig, OPTForCausalLM, PreTrainedModel

from bench.measure.head import logits_at
from tests.bench.measure.tiny import Bigram
from tests.fixtures import tiny

NAMES = ("gpt2", "llama", "gemma2", "opt", "bert", "deberta-v2")
TOKENS = torch.arange(30).reshape(3, 10) % tiny.VOCABULARY


def make_model(name: str) -> PreTrainedModel:
    if name in tiny.BUILDERS:
        return tiny.build(name)
    torch.manual_seed(0)
    model = gemma2() if name == "gemma2" else opt()
    model.train(mode=False)
    return model


def gemma2() -> PreTrainedModel:
    """Bounds what its head gives."""
    config = Gemma2Config(
        vocab_size=tiny.VOCABULARY,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        final_logit_softcapping=0.05,
    )
    return Gemma2ForCausalLM(config)


def opt() -> PreTrainedModel:
    """Calls a part of its base."""
    return OPTForCausalLM(
        OPTConfig(
            vocab_size=tiny.VOCABULARY,
            hidden_size=16,
            ffn_dim=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            word_embed_proj_dim=16,
        )
    )


def gather(model: nn.Module, chosen: Tensor, **inputs: Any) -> Tensor:  # noqa: ANN401 - as the model wants
    """All parts together, each in its place."""
    found = torch.full((int(chosen.sum()), tiny.VOCABULARY), math.nan)
    with torch.inference_mode():
        for part, logits in logits_at(model, chosen, input_ids=TOKENS, **inputs):
            found[part] = logits
    return found


@pytest.mark.parametrize("size", [1, 3 * tiny.VOCABULARY, 2**25])
@pytest.mark.parametrize("name", NAMES)
def test_logits_of_chosen_tokens_are_the_models(
    name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, chosen = make_model(name), torch.rand(3, 10, generator=torch.Generator().manual_seed(1)) < 0.4
    monkeypatch.setattr("bench.measure.head.LOGITS", size)
    with torch.no_grad():
        expected = model(input_ids=TOKENS).logits
    torch.testing.assert_close(gather(model, chosen), expected[chosen], rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=TOKENS).logits, expected)


def test_a_model_without_a_base_gives_its_logits_at_once() -> None:
    model = Bigram(torch.randn(tiny.VOCABULARY, tiny.VOCABULARY))
    chosen = torch.ones(3, 10, dtype=torch.bool)
    assert torch.equal(gather(model, chosen, use_cache=False), model.logits[TOKENS].flatten(0, 1))


def test_the_base_is_run_once_and_the_head_on_no_more_than_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model("gpt2")
    monkeypatch.setattr("bench.measure.head.LOGITS", 4 * tiny.VOCABULARY)
    runs: list[str] = []
    rows: list[int] = []
    first = cast("nn.ModuleList", model.base_model.h)[0]
    handles = [
        first.register_forward_hook(lambda *_: runs.append("base")),
        cast("nn.Module", model.lm_head).register_forward_hook(
            lambda _head, _inputs, output: rows.append(output.shape[:-1].numel())
        ),
    ]
    gather(model, torch.ones(3, 10, dtype=torch.bool))
    for handle in handles:
        handle.remove()
    assert runs == ["base"]
    assert rows == [1, *[4] * 7, 2]  # one for the run of the base


def test_half_precision_comes_out_whole() -> None:
    model = make_model("gpt2")
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    parts = list(logits_at(model, torch.ones(3, 10, dtype=torch.bool), input_ids=TOKENS))
    assert {logits.dtype for _, logits in parts} == {torch.float32}


def test_a_model_that_fails_is_left_as_it_was() -> None:
    model = make_model("gpt2")
    wrong = torch.full((1, 4), 10**6)
    with pytest.raises(IndexError):
        list(logits_at(model, torch.ones(1, 4, dtype=torch.bool), input_ids=wrong))
    base = model.base_model
    assert not base._forward_hooks
    assert "forward" not in vars(base)
    head = cast("nn.Module", model.lm_head)
    broken = head.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("full")))
    with pytest.raises(RuntimeError, match="full"):
        list(logits_at(model, torch.ones(3, 10, dtype=torch.bool), input_ids=TOKENS))
    broken.remove()
    assert not base._forward_hooks
    assert "forward" not in vars(base)

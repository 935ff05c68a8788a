"""Rounds of a workload against plain calls of the model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from bench.measure.phases import draw_tokens, prepare
from fixtures.errors import MisfitError
from fixtures.workloads import Workload
from tests.fixtures import tiny

POSITIONS = 16  # of the tiny models


@pytest.mark.parametrize(
    ("family", "phase", "most"),
    [
        ("gpt2", "forward", POSITIONS),
        ("gpt2", "prefill", POSITIONS),
        ("gpt2", "decode", POSITIONS - 1),  # the one that follows has a position too
        ("bert", "forward", POSITIONS),
        ("llama", "decode", POSITIONS - 1),
    ],
)
def test_a_workload_may_fill_the_models_positions_and_no_more(family: str, phase: str, most: int) -> None:
    model = tiny.build(family)
    with torch.inference_mode():
        assert prepare(model, Workload(phase, 2, most)).run().isfinite().all()
        with pytest.raises(MisfitError, match=f"takes {POSITIONS + 1} positions, the model has {POSITIONS}"):
            prepare(model, Workload(phase, 2, most + 1))


def test_relative_positions_have_no_end() -> None:
    with torch.inference_mode():
        assert prepare(tiny.build("t5"), Workload("encode", 1, 600)).run().shape == (1, 600, 16)


def length_of(state: Sequence[Tensor]) -> set[int]:
    """Tokens in the keys and values of a cache."""
    return {tensor.shape[2] for tensor in state if tensor.dim() == 4}


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_every_round_of_decoding_begins_with_the_same_cache_and_ends_with_the_same_logits(
    family: str,
) -> None:
    model, workload = tiny.build(family), Workload("decode", 2, 6)
    with torch.inference_mode():
        runner = prepare(model, workload, seed=1)
        rounds = []
        for _ in range(3):
            runner.reset()
            assert length_of(runner.state()) == {6}
            rounds.append(runner.run())
            assert length_of(runner.state()) == {7}
        tokens = draw_tokens(model, workload, 1)
        whole = model(torch.cat([tokens, tokens[:, :1]], dim=1), use_cache=False).logits[:, -1:]
    assert torch.equal(rounds[0], rounds[2])
    torch.testing.assert_close(rounds[2], whole)
    assert runner.tokens == 2


def test_every_round_of_t5s_decoder_is_its_second_token() -> None:
    model, workload = tiny.build("t5"), Workload("decode", 2, 6)
    with torch.inference_mode():
        runner = prepare(model, workload, seed=1)
        rounds = []
        for _ in range(3):
            runner.reset()
            assert length_of(runner.state()) == {1, 6}  # its own token, and the text that it sees
            rounds.append(runner.run())
            assert length_of(runner.state()) == {2, 6}
        tokens = draw_tokens(model, workload, 1)
        twice = tokens[:, :1].repeat(1, 2)
        whole = model(tokens, decoder_input_ids=twice, use_cache=False).logits[:, -1:]
    assert torch.equal(rounds[0], rounds[2])
    torch.testing.assert_close(rounds[2], whole)


@pytest.mark.parametrize("family", ["gpt2", "bert", "llama", "t5"])
def test_a_forward_pass_has_the_logits_of_every_token(family: str) -> None:
    model, workload = tiny.build(family), Workload("forward", 2, 6)
    with torch.inference_mode():
        runner = prepare(model, workload, seed=1)
        tokens = draw_tokens(model, workload, 1)
        asked = {"decoder_input_ids": tokens} if family == "t5" else {}
        assert torch.equal(runner.run(), model(input_ids=tokens, **asked).logits)
    assert runner.tokens == tokens.numel() == 12


def test_a_prefill_has_the_logits_of_the_last_token() -> None:
    model, workload = tiny.build("gpt2"), Workload("prefill", 2, 6)
    with torch.inference_mode():
        found = prepare(model, workload, seed=1).run()
        torch.testing.assert_close(found, model(draw_tokens(model, workload, 1)).logits[:, -1:])


def test_tokens_are_drawn_by_the_seed() -> None:
    model, workload = tiny.build("gpt2"), Workload("forward", 4, 16)
    first, again, other = (draw_tokens(model, workload, seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert 0 <= int(first.min()) < int(first.max()) < tiny.VOCABULARY


@pytest.mark.parametrize(("family", "phase"), [("gpt2", "encode"), ("t5", "prefill")])
def test_a_phase_that_a_model_does_not_have_is_refused(family: str, phase: str) -> None:
    with pytest.raises(ValueError, match=f"{phase}-b1x4: a {family} has no such phase"):
        prepare(tiny.build(family), Workload(phase, 1, 4))

"""Greedy search: what has ended is computed no longer, and nothing else changes by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

from bench.measure.generation import generate
from tests.bench.measure.test_generation import make_model, make_prompts
from tests.fixtures import tiny


@contextmanager
def counting_rows(model: PreTrainedModel) -> Iterator[list[int]]:
    """How many texts each step of the decoder computes."""
    rows: list[int] = []
    written: Any = model  # whose methods have no types
    hook = written.get_decoder().register_forward_pre_hook(
        lambda _, __, options: rows.append(len(options["input_ids"])), with_kwargs=True
    )
    try:
        yield rows
    finally:
        hook.remove()


def test_texts_that_have_ended_are_left_out() -> None:
    model, (prompts, _) = make_model(2), make_prompts(24)
    limits = [1 + number % 12 for number in range(24)]
    with counting_rows(model) as rows:
        generate(model, prompts, max_new_tokens=limits, batch_tokens=10_000)
    assert rows == sorted(rows, reverse=True)
    assert rows[0] == 24
    assert len(rows) <= 12
    # each step computes what has not ended, and of the others fewer than an eighth
    going_on = [sum(limit > step for limit in limits) for step in range(len(rows))]
    assert all(count < 8 / 7 * left + 1 for count, left in zip(rows, going_on, strict=True))


def test_texts_that_all_end_at_once_take_one_step() -> None:
    model, (prompts, _) = make_model(9, list(range(tiny.VOCABULARY))), make_prompts(9)
    with counting_rows(model) as rows:
        assert generate(model, prompts, max_new_tokens=[12] * 9, batch_tokens=10_000) == [[]] * 9
    assert rows == [9]


def test_texts_that_never_end_are_those_of_transformers() -> None:
    model, (prompts, _) = make_model(9, [tiny.VOCABULARY]), make_prompts(9)  # which no logit is of
    search: Any = model.generate
    with counting_rows(model) as rows:
        found = generate(model, prompts, max_new_tokens=[12] * 9, batch_tokens=10_000)
    assert rows == [9] * 12
    for prompt, tokens in zip(prompts, found, strict=True):
        expected = search(torch.from_numpy(prompt)[None], max_new_tokens=12, do_sample=False, num_beams=1)
        assert tokens == expected[0, 1:].tolist()

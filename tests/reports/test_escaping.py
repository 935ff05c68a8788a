"""What reaches a terminal, and how names are put."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import registry
from reports.escaping import name_some, printable
from reports.names import explain_miss
from reports.table import Table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("h.0.attn", "h.0.attn"),
        ("4 × 4 Gewichte, größer", "4 × 4 Gewichte, größer"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\ud800", "\\ud800"),
        ("\u202ereversed", "\\u202ereversed"),
    ],
)
def test_what_a_terminal_would_act_on_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=20), st.sampled_from(["table", "md"]))
def test_a_table_of_any_names_can_be_written(name: str, style: str) -> None:
    shown = Table(name, name, ["part", name], [[name, "1"]]).render(style)
    assert shown.encode("utf-8").decode("utf-8").replace("\n", "").isprintable()


def test_three_are_named() -> None:
    assert name_some(["a", "b", "c"]) == "a, b, c"
    assert name_some([*"abcde"]) == "a, b, c and 2 more"
    assert name_some(["\x1b"]) == "\\x1b"
    assert name_some([]) == ""


@given(st.sampled_from(["gpt3", "bort", "nothing like it", ""]), st.sampled_from([[], ["gpt2", "bert"]]))
def test_a_miss_is_put_as_the_registries_put_it(name: str, known: list[str]) -> None:
    assert explain_miss("model", name, known) == registry.explain_miss("model", name, known)

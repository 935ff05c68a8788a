"""What reaches a terminal, and how names are put."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import registry
from reports.escaping import code, markdown, name_some, printable
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


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (
            "up to 10 %; 0.5 to 1.2 (p = 0.01), hub@607a30d7",
            "up to 10 %; 0.5 to 1.2 (p = 0.01), hub@607a30d7",
        ),
        ("-0.3 %", "-0.3 %"),
        ("file_size|*", "file\\_size\\|\\*"),
        ("![p](http://evil/x.png)", "!\\[p\\](http:<!-- -->//evil/x.png)"),
        ("www.evil", "www<!-- -->.evil"),
        ("@all, (@you)", "@<!-- -->all, (@<!-- -->you)"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("# h", "\\# h"),
        ("- one", "\\- one"),
        ("a\n\nb\x1b", "a\\\\n\\\\nb\\\\x1b"),
    ],
)
def test_markdown_takes_text_for_nothing_else(text: str, escaped: str) -> None:
    assert markdown(text) == escaped


@given(st.text(st.sampled_from("a`\\ \n|\x1b"), max_size=12))
def test_nothing_ends_a_code_span(text: str) -> None:
    span = code(text)
    assert (span[0], span[-1]) == ("`", "`")
    assert len(span) > 2
    assert not set("`\n\x1b") & set(span[1:-1])


def test_a_table_in_markdown_has_no_links_in_it() -> None:
    name = "![p](http://evil/x.png) @all"
    shown = Table(name, name, ["part", name], [[name, "1"]]).render("md")
    assert shown.count("!\\[p\\](http:<!-- -->//evil/x.png) @<!-- -->all") == 4
    assert "http://" not in shown


def test_three_are_named() -> None:
    assert name_some(["a", "b", "c"]) == "a, b, c"
    assert name_some([*"abcde"]) == "a, b, c and 2 more"
    assert name_some(["\x1b"]) == "\\x1b"
    assert name_some([]) == ""


@given(st.sampled_from(["gpt3", "bort", "nothing like it", ""]), st.sampled_from([[], ["gpt2", "bert"]]))
def test_a_miss_is_put_as_the_registries_put_it(name: str, known: list[str]) -> None:
    assert explain_miss("model", name, known) == registry.explain_miss("model", name, known)

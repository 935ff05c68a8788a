"""What a user is told whose -k matches nothing."""

from __future__ import annotations

import pytest

from bench.selection import explain_empty_selection
from tests.bench.cases import make_case

CASES = [make_case(), make_case(0.5), make_case(0.975, scope="2:4"), make_case(0.1, method="random")]


@pytest.mark.parametrize(
    ("keyword", "nearest"),
    [
        ("gtp2", "unknown word in -k 'gtp2': did you mean gpt2"),
        ("gpt2 and magnitud3", "unknown word in -k 'magnitud3': did you mean magnitude"),
        ("not (wikitxt or dense)", "unknown word in -k 'wikitxt': did you mean wikitext2"),
    ],
)
def test_word_that_no_case_contains_is_named_with_the_nearest(keyword: str, nearest: str) -> None:
    sentence = explain_empty_selection(keyword, CASES)
    assert sentence.startswith("no case matches: ")
    assert nearest in sentence


def test_every_strange_word_is_named_once_and_no_other() -> None:
    sentence = explain_empty_selection("bert and (0.51 or gpt2)", CASES)
    assert sentence.count("unknown word") == 2
    assert "'bert'" in sentence
    assert "'0.51'" in sentence
    assert "'gpt2'" not in sentence


@pytest.mark.parametrize(
    "keyword", ["dense and 0.50", "GPT2 and not gpt2", "wikitext2-dense and random", "base and xyz"]
)
def test_operators_and_words_of_some_case_are_no_misses(keyword: str) -> None:
    sentence = explain_empty_selection(keyword, CASES)
    assert sentence.count("unknown word") == ("xyz" in keyword)
    assert "'and'" not in sentence
    assert "'not'" not in sentence


def test_words_that_never_meet_are_said_to_select_nothing() -> None:
    assert explain_empty_selection("dense and 0.50", CASES) == (
        "no case matches: -k 'dense and 0.50' selects none of 4 cases"
    )


def test_known_words_are_listed() -> None:
    sentence = explain_empty_selection("xyz", CASES)
    known = "0.10, 0.50, 0.975, 2:4, base, dense, global, gpt2, magnitude, random, wikitext2"
    assert sentence.endswith(f"known: {known}")


@pytest.mark.parametrize("keyword", ["BASE and xyz", "bas and xyz"])
def test_part_of_a_family_or_tier_is_no_miss_in_either_case(keyword: str) -> None:
    assert explain_empty_selection(keyword, CASES).count("unknown word") == 1


def test_without_cases_there_is_nothing_to_select_from() -> None:
    assert explain_empty_selection("", []) == "no case matches: -k '' selects none of 0 cases"

"""What a user is told whose -k or -m matches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.selection import explain_empty_selection, names_of_tests
from tests.bench.cases import make_case

CASES = [make_case(), make_case(0.5), make_case(0.975, scope="2:4"), make_case(0.1, method="random")]


def explain(keyword: str, marks: str = "", tests: tuple[str, ...] = ()) -> str:
    """What is said of an expression that selects none of the cases."""
    return explain_empty_selection(keyword, marks, len(CASES), CASES, tests)


@pytest.mark.parametrize(
    ("keyword", "nearest"),
    [
        ("gtp2", "unknown word in -k 'gtp2': did you mean gpt2"),
        ("gpt2 and magnitud3", "unknown word in -k 'magnitud3': did you mean magnitude"),
        ("not (wikitxt or dense)", "unknown word in -k 'wikitxt': did you mean wikitext2"),
    ],
)
def test_word_that_no_case_contains_is_named_with_the_nearest(keyword: str, nearest: str) -> None:
    sentence = explain(keyword)
    assert sentence.startswith("no case matches: ")
    assert nearest in sentence


def test_every_strange_word_is_named_once_and_no_other() -> None:
    sentence = explain("bert and (0.51 or gpt2)")
    assert sentence.count("unknown word") == 2
    assert "'bert'" in sentence
    assert "'0.51'" in sentence
    assert "'gpt2'" not in sentence


@pytest.mark.parametrize(
    "keyword", ["dense and 0.50", "GPT2 and not gpt2", "wikitext2-dense and random", "base and xyz"]
)
def test_operators_and_words_of_some_case_are_no_misses(keyword: str) -> None:
    sentence = explain(keyword)
    assert sentence.count("unknown word") == ("xyz" in keyword)
    assert "'and'" not in sentence
    assert "'not'" not in sentence


def test_words_that_never_meet_are_said_to_select_nothing() -> None:
    assert explain("dense and 0.50") == ("no case matches: -k 'dense and 0.50' selects none of 4 cases")


def test_known_words_are_listed() -> None:
    sentence = explain("xyz")
    known = "0.10, 0.50, 0.975, 2:4, base, dense, global, gpt2, magnitude, random, wikitext2"
    assert sentence.endswith(f"known: {known}")


@pytest.mark.parametrize("keyword", ["BASE and xyz", "bas and xyz"])
def test_part_of_a_family_or_tier_is_no_miss_in_either_case(keyword: str) -> None:
    assert explain(keyword).count("unknown word") == 1


def test_marks_that_select_nothing_are_named_in_place_of_a_keyword() -> None:
    assert explain("", "not cases") == "no case matches: -m 'not cases' selects none of 4 cases"


def test_marks_and_keyword_that_never_meet_are_both_named() -> None:
    told = "no case matches: -k 'dense' and -m 'not cases' selects none of 4 cases"
    assert explain("dense", "not cases") == told


def test_strange_word_goes_before_the_marks() -> None:
    assert explain("xyz", "not cases").startswith("no case matches: unknown word in -k 'xyz'")


def test_what_neither_keyword_nor_marks_left_out_is_left_to_pytest() -> None:
    assert explain("") == ""


def test_names_of_tests_are_words_too() -> None:
    tests = ("test_memory.py::test_peak",)
    assert "unknown word" not in explain("memory and peak", tests=tests)
    assert "unknown word in -k 'memory'" in explain("memory")


def test_names_of_tests_are_those_in_the_modules_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "test_b.py").write_text("def test_two(x):\n    def test_inner(): ...\n", "utf-8")
    (tmp_path / "test_a.py").write_text("def helper(): ...\n\ndef test_one(): ...\n", "utf-8")
    (tmp_path / "other.py").write_text("def test_three(): ...\n", "utf-8")
    assert names_of_tests(tmp_path) == ["test_a.py::test_one", "test_b.py::test_two"]


def test_every_benchmark_is_among_the_names_of_tests() -> None:
    names = names_of_tests(Path(__file__).parents[2] / "bench")
    assert "test_quality.py::test_quality" in names
    assert "test_pruning.py::test_mask_cost" in names

"""What to tell a user whose -k or -m matches no case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fixtures.registry import explain_miss
from fixtures.specs import Case, format_sparsity


def explain_empty_selection(
    keyword: str, marks: str, count: int, cases: Sequence[Case], tests: Sequence[str] = ()
) -> str:
    """Names the words of a -k expression that no case contains, with the nearest ones.

    Args:
        keyword: the expression; empty without one.
        marks: that of -m.
        count: how many tests there were to select from.
        cases: what could be measured, whether or not --lf or a path left it out.
        tests: names of modules and functions, which -k looks at too.
    """
    known = sorted({word for case in cases for word in _words(case)})
    asked = [word for word in re.findall(r"[^\s()]+", keyword) if word not in {"and", "or", "not"}]
    there = [text.lower() for text in (*map(str, cases), *known, *tests)]
    strange = [word for word in asked if not any(word.lower() in text for text in there)]
    misses = [explain_miss("word in -k", word, known) for word in strange]
    given = " and ".join(f"{name} {text!r}" for name, text in (("-k", keyword), ("-m", marks)) if text)
    if not given:  # --lf, --deselect: pytest itself says what they did
        return ""
    return "no case matches: " + ("; ".join(misses) or f"{given} selects none of {count} cases")


def names_of_tests(folder: Path) -> list[str]:
    """The modules of a folder with their test functions, collected or not."""
    return [
        f"{path.name}::{name}"
        for path in sorted(folder.glob("test_*.py"))
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    ]


def _words(case: Case) -> set[str]:
    model, pruning = case.variant.model, case.variant.pruning
    words = {model.name, model.family, model.tier, case.task.name if case.task else "", "dense"}
    if pruning:
        words |= {pruning.method, pruning.scope, format_sparsity(pruning.sparsity)}
    return words - {""}

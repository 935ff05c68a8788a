"""What to tell a user whose -k matches no case."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixtures.registry import explain_miss
from fixtures.specs import Case, format_sparsity


def explain_empty_selection(keyword: str, cases: Sequence[Case], tests: Sequence[str] = ()) -> str:
    """Names the words of a -k expression that no case contains, with the nearest ones.

    Args:
        keyword: the expression.
        cases: what there was to select from.
        tests: their node ids: -k looks at the names of modules and functions too.
    """
    known = sorted({word for case in cases for word in _words(case)})
    asked = [word for word in re.findall(r"[^\s()]+", keyword) if word not in {"and", "or", "not"}]
    there = [text.lower() for text in (*map(str, cases), *known, *tests)]
    strange = [word for word in asked if not any(word.lower() in text for text in there)]
    misses = [explain_miss("word in -k", word, known) for word in strange]
    return "no case matches: " + ("; ".join(misses) or f"-k {keyword!r} selects none of {len(cases)} cases")


def _words(case: Case) -> set[str]:
    model, pruning = case.variant.model, case.variant.pruning
    words = {model.name, model.family, model.tier, case.task.name if case.task else "", "dense"}
    if pruning:
        words |= {pruning.method, pruning.scope, format_sparsity(pruning.sparsity)}
    return words - {""}

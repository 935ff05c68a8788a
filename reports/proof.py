"""The table of a self-test: how often each verdict was given, beside pytest-benchmark's rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reports.selftest import Compared, SelfTest
from reports.table import Table

OTHERS = ("improved", "inconclusive", "contaminated", "not comparable", "unchanged")
RULES = ("regressed", "sessions with one", *OTHERS, "min:5%")


def render_selftests(tests: Sequence[SelfTest], style: str, width: int | None = None) -> str:
    """A table per rule and machine, a column per kind of trial; the same kinds from several files together.

    Args:
        tests: as stored.
        style: table or md.
        width: columns of the terminal.
    """
    groups: dict[tuple[str, str], list[SelfTest]] = {}
    for test in tests:
        groups.setdefault((test.trial.rule, test.trial.run.machine), []).append(test)
    return "\n\n".join(_table(group).render(style, width) for group in groups.values())


def _table(tests: Sequence[SelfTest]) -> Table:
    kinds: dict[str, list[Sequence[Compared]]] = {}
    for test in tests:
        kinds.setdefault(test.trial.name, []).extend(test.sessions)
    columns = [_column(sessions) for sessions in kinds.values()]
    names = ("sessions", "comparisons", *RULES)
    rows = [[name, *(column[name] for column in columns)] for name in names]
    trial = tests[0].trial
    commits = sorted({str(test.trial.run.commit)[:12] for test in tests})
    setting = f"{trial.run.machine}; commit {', '.join(commits)}; shares with 95 % intervals"
    return Table(f"self-test: {trial.rule}", setting, ["", *kinds], rows)


def _column(sessions: Sequence[Sequence[Compared]]) -> dict[str, str]:
    every = [compared for session in sessions for compared in session]
    verdicts = Counter(compared.verdict for compared in every)
    with_one = sum(any(compared.verdict == "regressed" for compared in session) for session in sessions)
    return {
        "sessions": str(len(sessions)),
        "comparisons": str(len(every)),
        "regressed": share_text(verdicts["regressed"], len(every)),
        "sessions with one": share_text(with_one, len(sessions)),
        **{name: str(verdicts[name]) for name in OTHERS},
        "min:5%": share_text(_count(compared.by_minimum for compared in every), len(every)),
    }


def _count(found: Iterable[bool]) -> int:
    return sum(found)


def share_text(count: int, of: int) -> str:
    """A share with its exact 95 % interval.

    Source: Clopper and Pearson 1934.
    """
    from scipy.stats import binomtest  # takes longer to import than all else

    if not of:
        return "none"
    low, high = binomtest(count, of).proportion_ci(0.95)
    return f"{count} of {of} ({low:.1%} to {high:.1%})"

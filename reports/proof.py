"""The tables of a self-test: how often each verdict was given, beside pytest-benchmark's rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from textwrap import fill

from reports.ratios import UNUSABLE
from reports.selftest import Compared, SelfTest
from reports.shares import Share
from reports.table import Table

OTHERS = ("improved", "inconclusive", "contaminated", "unchanged")
COMPARED = ("regressed", *OTHERS)  # verdicts of the rule: without one, nothing was compared
PARTS = {"models": False, "single layers": True}
WIDTH = 80  # where nobody knows how many columns there are
LEGEND = (
    "exact: the 95 % interval as if every comparison stood by itself (Clopper and Pearson)",
    (
        "by session: the one of sessions drawn anew, for those of a session may err together; where none or "
        "all were found, the exact one of sessions with a hit, or without a miss"
    ),
    "no verdict: inconclusive or contaminated",
)

Sessions = Sequence[Sequence[Compared]]
Column = Callable[[Sessions], dict[str, str]]


def render_selftests(tests: Sequence[SelfTest], style: str, width: int | None = None) -> str:
    """Two tables per rule and machine, a column per kind of trial; a kind from several files is one.

    Shares are of what was compared. Beside each stand two 95 % intervals: the exact one, which takes all
    comparisons as independent, and one clustered by session; `reports.shares` says how.

    Args:
        tests: as stored.
        style: table or md.
        width: columns of the terminal.
    """
    groups: dict[tuple[str, str], list[SelfTest]] = {}
    for test in tests:
        groups.setdefault((test.trial.rule, test.trial.run.machine), []).append(test)
    tables = [table.render(style, width) for group in groups.values() for table in _tables(group)]
    notes = LEGEND if style == "md" else [fill(line, width or WIDTH) for line in LEGEND]
    return "\n\n".join([*tables, ("\n\n" if style == "md" else "\n").join(notes)])


def _tables(tests: Sequence[SelfTest]) -> tuple[Table, Table]:
    """All together; then what behaves differently apart."""
    kinds: dict[str, list[Sequence[Compared]]] = {}
    for test in tests:
        kinds.setdefault(test.trial.name, []).extend(test.sessions)
    trial = tests[0].trial
    commits = sorted({str(test.trial.run.commit)[:12] for test in tests})
    setting = f"{trial.run.machine}; commit {', '.join(commits)}"
    return (
        _table(f"self-test: {trial.rule}", setting, kinds, _total),
        _table("models and single layers apart", "single layers are the cases of test_layer", kinds, _apart),
    )


def _table(title: str, setting: str, kinds: Mapping[str, Sessions], column: Column) -> Table:
    columns = [column(sessions) for sessions in kinds.values()]
    rows = [[name, *(one[name] for one in columns)] for name in columns[0]]
    return Table(title, setting, ["", *kinds], rows)


def _total(sessions: Sessions) -> dict[str, str]:
    verdicts = Counter(compared.verdict for session in sessions for compared in session)
    return {
        "sessions": str(len(sessions)),
        "comparisons": str(verdicts.total()),
        "not comparable": str(verdicts.total() - _sum(verdicts, COMPARED)),
        **_share("regressed", "regressed, ", sessions, lambda one: one.verdict == "regressed"),
        **{name: str(verdicts[name]) for name in OTHERS},
        **_share("min:5%", "min:5%, ", sessions, lambda one: one.by_minimum),
    }


def _apart(sessions: Sessions) -> dict[str, str]:
    found: dict[str, str] = {}
    for part, is_layer in PARTS.items():
        of_part = [[one for one in session if one.is_layer == is_layer] for session in sessions]
        verdicts = Counter(one.verdict for session in of_part for one in session)
        found |= _share(f"{part}: regressed", f"{part}: ", of_part, lambda one: one.verdict == "regressed")
        found[f"{part}: no verdict"] = str(_sum(verdicts, UNUSABLE))
    return found


def _share(name: str, prefix: str, sessions: Sessions, is_hit: Callable[[Compared], bool]) -> dict[str, str]:
    """Of what was compared how much is a hit, with both intervals."""
    share = Share.count([is_hit(one) for one in session if one.verdict in COMPARED] for session in sessions)
    return {
        name: str(share),
        f"{prefix}exact": interval_text(share.exact()),
        f"{prefix}by session": interval_text(share.by_session()),
    }


def _sum(verdicts: Counter[str], names: Sequence[str]) -> int:
    return sum(verdicts[name] for name in names)


def interval_text(ends: tuple[float, float] | None) -> str:
    """An interval of a share; one that nothing is known of says so."""
    return "unknown" if ends is None else f"{ends[0]:.1%} to {ends[1]:.1%}"

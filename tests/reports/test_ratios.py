"""Protocols of ratios: made, asked what they are, told to readers; stamps that speak against a ratio."""

from __future__ import annotations

import pytest

from reports.evidence import describe_setting
from reports.latency_rule import VERSION, Rule
from reports.ratios import (
    AGAINST,
    ANCHOR,
    describe_protocol,
    is_against,
    is_anchored,
    protocol_of,
    says_nothing,
)
from reports.tables import render
from reports.verdicts import field_text
from reports.wording import describe_cases
from tests.reports.rows import make_record

COMMIT = "0123456789ab"
RULED = f"anchor {COMMIT}, rule 3, 5 x 60"
TOLD = f"anchor {COMMIT} by rule 3: 5 pairs x 60 rounds"


def test_a_protocol_names_the_commit_the_version_of_the_rule_and_how_much_is_measured() -> None:
    assert protocol_of(ANCHOR, COMMIT, Rule()) == f"anchor {COMMIT}, rule {VERSION}, 5 x 60"
    assert protocol_of(AGAINST, COMMIT, Rule(pairs=2, rounds=9)) == f"against {COMMIT}, rule {VERSION}, 2 x 9"
    with pytest.raises(ValueError, match="'selftest': expected anchor or against"):
        protocol_of("selftest", COMMIT, Rule())


@pytest.mark.parametrize("rule", ["", ", rule 3, 5 x 60"])
def test_a_protocol_says_what_a_ratio_is_to_with_and_without_a_rule(rule: str) -> None:
    anchored, against = (
        make_record(metric="latency_ratio", protocol=f"{mode} {COMMIT}{rule}") for mode in (ANCHOR, AGAINST)
    )
    assert (is_anchored(anchored), is_against(anchored)) == (True, False)
    assert (is_anchored(against), is_against(against)) == (False, True)


@pytest.mark.parametrize(
    ("metric", "protocol"),
    [("latency_ratio", None), ("latency_ratio", "anchored"), ("f1", f"anchor {COMMIT}"), ("f1", "against x")],
)
def test_other_records_are_no_such_ratios(metric: str, protocol: str | None) -> None:
    record = make_record(metric=metric, protocol=protocol)
    assert not is_anchored(record)
    assert not is_against(record)


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        (RULED, TOLD),
        (f"against {COMMIT}, rule 4, 2 x 9", f"against {COMMIT} by rule 4: 2 pairs x 9 rounds"),
        (f"anchor {COMMIT}", f"anchor {COMMIT}"),
        ("joined test window=1024", "joined test window=1024"),
        (None, ""),
    ],
)
def test_readers_are_told_the_rule_in_words(protocol: str | None, told: str) -> None:
    assert describe_protocol(protocol) == told


def test_it_is_told_so_wherever_a_protocol_is_shown() -> None:
    record = make_record(
        benchmark="latency", workload="w", metric="latency_ratio", value=1.0, unit="x", protocol=RULED
    )
    other = make_record(benchmark="latency", workload="w", metric="latency_ratio", value=1.0, unit="x")
    for text in (
        render([record], "table"),
        describe_setting(record),
        describe_cases([record, other])[0],
        field_text(record, "protocol"),
    ):
        assert TOLD in text
    assert field_text(other, "protocol") == "none"


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ((), False),
        (("noisy",), False),
        (("noisy", "contaminated: the base is off from itself by +3.0%"), True),
        (("inconclusive",), True),
        ((1,), False),
    ],
)
def test_stamps_may_speak_against_a_ratio(stamps: tuple[object, ...], expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert says_nothing(stamps) == expected

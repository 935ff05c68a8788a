"""The rule by hand, by symmetry, and by simulated histories of its targets."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.latency_rule import (
    Decision,
    PairRatio,
    Rule,
    decide,
    estimate,
    interval_of,
    pair_ratio,
    show,
)

RULE = Rule()
RATIOS = st.floats(-0.2, 0.2)
PAIRS = st.lists(st.builds(PairRatio, RATIOS, RATIOS), min_size=5, max_size=25)


def pairs(head: float, count: int, control: float = 0.0) -> list[PairRatio]:
    return [PairRatio(math.log1p(head), math.log1p(control))] * count


def verdict(found: list[PairRatio]) -> str | None:
    return decide(found, RULE).verdict


def test_a_pair_says_the_median_of_the_ratios_of_rounds_not_the_ratio_of_medians() -> None:
    found = pair_ratio(base=(1, 10, 2), head=(2, 10, 8), control=(1, 20, 2))
    assert found.head == pytest.approx(math.log(2))
    assert found.control == pytest.approx(0)


def test_rounds_without_a_partner_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        pair_ratio(base=(1, 1), head=(1,), control=(1, 1))


def test_before_five_pairs_there_is_no_verdict() -> None:
    assert [decide(pairs(0.5, count), RULE) for count in (1, 4)] == [
        Decision(None, wanted=4),
        Decision(None, wanted=1),
    ]


def test_five_pairs_that_show_nothing_are_enough() -> None:
    assert verdict(pairs(0.014, 5)) == "unchanged"
    assert verdict(pairs(-0.014, 5)) == "unchanged"


def test_from_one_and_a_half_per_cent_on_ten_pairs_decide() -> None:
    assert decide(pairs(0.016, 5), RULE) == Decision(None, wanted=5)
    assert verdict(pairs(0.016, 10)) == "unchanged"
    assert verdict(pairs(0.024, 10)) == "unchanged"


def test_over_the_gate_ten_fresh_pairs_must_say_so_again() -> None:
    assert decide(pairs(0.05, 10), RULE) == Decision(None, wanted=10)
    assert decide(pairs(0.05, 17), RULE) == Decision(None, wanted=3)
    assert verdict(pairs(0.05, 20)) == "regressed"
    assert verdict(pairs(-0.05, 20)) == "improved"


@pytest.mark.parametrize(
    ("fresh", "expected"),
    [(0.0, "unchanged"), (0.02, "inconclusive"), (-0.05, "inconclusive"), (0.03, "regressed")],
)
def test_fresh_pairs_alone_confirm(fresh: float, expected: str) -> None:
    assert verdict([*pairs(0.05, 10), *pairs(fresh, 10)]) == expected


def test_pairs_that_differ_too_much_to_exclude_twice_the_gate_are_not_unchanged() -> None:
    wide = [*pairs(0.0, 3), *pairs(0.06, 1), *pairs(-0.06, 1)]
    assert decide(wide, RULE).wanted == 5
    # of ten, the 95 % interval is from the second to the ninth
    assert verdict([*wide, *pairs(0.0, 5)]) == "unchanged"
    assert decide([*wide, *wide], RULE) == Decision(None, wanted=10)
    # of twenty, from the sixth to the fifteenth
    assert verdict([*wide, *wide, *pairs(0.0, 10)]) == "unchanged"
    spread = [*pairs(0.06, 4), *pairs(-0.06, 4), *pairs(0.0, 2)]
    assert verdict([*spread, *spread]) == "inconclusive"


def test_a_suspicion_that_fresh_pairs_cannot_exclude_is_inconclusive() -> None:
    spread = [*pairs(0.06, 4), *pairs(-0.06, 4), *pairs(0.0, 2)]
    assert verdict([*pairs(0.05, 10), *spread]) == "inconclusive"


def test_fewer_than_four_fifths_on_a_side_are_inconclusive() -> None:
    assert verdict([*pairs(0.05, 7), *pairs(-0.01, 3)]) == "inconclusive"
    assert verdict([*pairs(0.05, 8), *pairs(-0.01, 2)]) is None
    assert verdict([*pairs(0.05, 10), *pairs(0.05, 7), *pairs(-0.01, 3)]) == "inconclusive"


def test_a_base_that_differs_from_itself_gives_no_verdict() -> None:
    assert decide(pairs(0.0, 5, control=0.03), RULE).wanted == 5
    assert verdict(pairs(0.0, 10, control=0.03)) == "contaminated"
    assert verdict(pairs(0.5, 10, control=-0.03)) == "contaminated"
    assert verdict([*pairs(0.05, 10), *pairs(0.05, 10, control=0.03)]) == "contaminated"


@given(PAIRS)
def test_a_faster_candidate_is_judged_as_a_slower_one_is(found: list[PairRatio]) -> None:
    mirrored = {"regressed": "improved", "improved": "regressed"}
    turned = [PairRatio(-pair.head, -pair.control) for pair in found]
    one, other = decide(found, RULE), decide(turned, RULE)
    assert (one.verdict and mirrored.get(one.verdict, one.verdict), one.wanted) == (
        other.verdict,
        other.wanted,
    )


@given(PAIRS)
def test_it_ends_and_never_asks_for_less_than_one_pair(found: list[PairRatio]) -> None:
    decision = decide(found, RULE)
    assert (decision.verdict is None) == (decision.wanted > 0)
    assert len(found) + decision.wanted <= 20 or decision.verdict


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=9), st.floats(0.5, 2), st.floats(1e-3, 1e3))
def test_the_unit_of_time_does_not_matter(base: list[float], factor: float, unit: float) -> None:
    head = [factor * seconds for seconds in base]
    scaled = [[unit * seconds for seconds in side] for side in (base, head, base)]
    assert pair_ratio(base, head, base).head == pytest.approx(math.log(factor), abs=1e-9)
    assert pair_ratio(*scaled).head == pytest.approx(math.log(factor), abs=1e-9)


def history(random: np.random.Generator, slower: float, noise: float) -> list[PairRatio]:
    head, control = random.normal(0, noise, (2, 20))
    return [PairRatio(math.log1p(slower) + one, other) for one, other in zip(head, control, strict=True)]


def outcome(found: list[PairRatio]) -> str:
    """What is decided as pairs come in, one by one, as they do."""
    for count in range(1, len(found) + 1):
        if one := decide(found[:count], RULE).verdict:
            return one
    raise AssertionError


@pytest.mark.parametrize("noise", [0.005, 0.015])
def test_simulated_pairs_of_the_same_code_never_regress_and_five_per_cent_are_found(noise: float) -> None:
    random = np.random.default_rng(0)
    same = [outcome(history(random, 0.0, noise)) for _ in range(2000)]
    slower = [outcome(history(random, 0.05, noise)) for _ in range(500)]
    assert same.count("regressed") + same.count("improved") == 0
    assert slower.count("regressed") >= 0.95 * len(slower)


def test_an_anchor_asks_for_the_first_pairs_alone() -> None:
    assert show(pairs(0.5, 4), RULE).wanted == 1
    assert show(pairs(0.5, 5), RULE).verdict == "shown"
    assert show(pairs(0.5, 5, control=0.03), RULE).verdict == "contaminated"


def test_the_estimate_is_the_median_pair() -> None:
    found = estimate([PairRatio(math.log(ratio), math.log(2)) for ratio in (1.1, 0.5, 4.0)])
    assert (found.head, found.control, found.agreeing) == pytest.approx((0.1, 1.0, 2 / 3))


def test_an_interval_of_few_is_their_range_and_of_more_by_the_binomial() -> None:
    assert interval_of([3, 1, 2]) == (1, 3)
    # of ten, the second and the ninth: at most one in ten heads has probability 0.0107 on a side
    assert interval_of(list(range(10))) == (1, 8)


@given(st.lists(RATIOS, min_size=6, max_size=40))
def test_an_interval_holds_the_median(values: list[float]) -> None:
    low, high = interval_of(values)
    assert low <= float(np.median(values)) <= high


def test_the_gate_is_an_option() -> None:
    strict = Rule(pairs=1, gate=0.001, look=0.0006)
    found = [decide(pairs(0.002, count), strict).verdict for count in range(1, 5)]
    assert found == [None, None, None, "regressed"]
    assert all(one != other for one, other in pairwise([str(RULE), str(strict)]))

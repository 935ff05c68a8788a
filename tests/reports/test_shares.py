"""Shares and their intervals, by hand and by enumerating what may be drawn."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from reports.shares import Share


def test_sessions_that_compared_nothing_are_no_sessions() -> None:
    share = Share.count([[True, False, True], [], [False]])
    assert share == Share((2, 0), (3, 1))
    assert str(share) == "2 of 4"
    assert Share.count([[], []]).exact() is None
    assert Share.count([[], []]).by_session() is None


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [
        # by hand: the upper end for no event is 1 - 0.025^(1/n)
        (0, 299, 0, 1 - 0.025 ** (1 / 299)),
        (59, 59, 0.025 ** (1 / 59), 1),
    ],
)
def test_the_exact_interval_takes_every_comparison_by_itself(
    found: int, of: int, low: float, high: float
) -> None:
    assert Share((found,), (of,)).exact() == pytest.approx((low, high))


@pytest.mark.parametrize("sessions", [1, 4, 18])
def test_of_none_or_all_sessions_are_the_units(sessions: int) -> None:
    end = 0.025 ** (1 / sessions)
    assert Share((0,) * sessions, (17,) * sessions).by_session() == pytest.approx((0, 1 - end))
    assert Share((17,) * sessions, (17,) * sessions).by_session() == pytest.approx((end, 1))


def test_of_a_single_session_that_found_some_nothing_is_known() -> None:
    assert Share((1,), (17,)).by_session() is None


def test_sessions_are_drawn_whole_and_weigh_what_they_compared() -> None:
    found, of = (0, 1, 6, 2), (2, 17, 17, 9)
    every = [
        sum(found[at] for at in drawn) / sum(of[at] for at in drawn) for drawn in product(range(4), repeat=4)
    ]
    expected = np.percentile(every, [2.5, 97.5])
    assert Share(found, of).by_session() == pytest.approx(expected, abs=0.005)
    assert Share(found, of).by_session() == Share(found, of).by_session()


def test_where_sessions_err_together_the_interval_is_wider_than_the_exact_one() -> None:
    share = Share((17, 0, 0, 0, 17, 0, 0, 0), (17,) * 8)
    (low, high), clustered = share.exact() or (0, 0), share.by_session() or (0, 0)
    assert clustered[0] < low
    assert clustered[1] > high

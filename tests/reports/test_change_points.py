"""Where noisy levels change: seeded histories, of which it is known whether they do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reports.change_points import FEWEST, PENALTY, _cut, distances, find_shifts, noise_of

POINTS, HISTORIES = 40, 60
NOISE = 0.007  # of a ratio: the median over ten process pairs


def histories(step: float = 1.0) -> list[tuple[int, list[float]]]:
    """Seeded histories with a step at a commit that is drawn too."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(HISTORIES):
        at = int(generator.integers(8, POINTS - 8))
        logs = generator.normal(0, NOISE, POINTS) + math.log(step) * (np.arange(POINTS) >= at)
        found.append((at, np.exp(logs).tolist()))
    return found


def test_flat_histories_have_no_step() -> None:
    assert [shifts for _, ratios in histories() if (shifts := find_shifts(ratios))] == []


@pytest.mark.parametrize("step", [1.05, 1 / 1.05])
def test_a_step_of_five_per_cent_is_found_within_three_commits(step: float) -> None:
    for at, ratios in histories(step):
        (shift,) = find_shifts(ratios)
        assert abs(shift.at - at) <= 3
        assert shift.after / shift.before == pytest.approx(step, abs=0.015)


def test_a_step_below_two_and_a_half_per_cent_is_not_told() -> None:
    assert not any(find_shifts(ratios) for _, ratios in histories(1.015))


def test_outliers_are_no_level() -> None:
    generator = np.random.default_rng(1)
    for _ in range(10):
        ratios = np.exp(generator.normal(0, NOISE, POINTS))
        ratios[generator.integers(0, POINTS, 2)] *= 1.3
        assert find_shifts(ratios.tolist()) == []


def test_values_without_noise_have_their_step_exactly() -> None:
    (shift,) = find_shifts([1.0] * 9 + [1.03] * 4)
    assert (shift.at, shift.before) == (9, 1.0)
    assert shift.after == pytest.approx(1.03)
    assert find_shifts([1.0] * 9 + [1.02] * 4) == []
    assert find_shifts([0.7] * 20) == []


def test_two_small_steps_in_one_direction_are_one_that_is_told() -> None:
    (shift,) = find_shifts([1.0] * 8 + [1.015] * 8 + [1.05] * 8)
    assert shift.after == pytest.approx(1.05)


def test_few_points_tell_nothing() -> None:
    assert find_shifts([1.0] * FEWEST + [2.0] * (FEWEST - 1)) == []
    assert find_shifts([]) == []


def test_noise_is_that_about_the_level_whatever_the_steps() -> None:
    generator = np.random.default_rng(2)
    logs: NDArray[np.float64] = generator.normal(0, 0.01, 2000)
    assert noise_of(logs) == pytest.approx(0.01, rel=0.1)
    logs[1000:] += 0.5
    assert noise_of(logs) == pytest.approx(0.01, rel=0.1)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12))
def test_costs_are_the_distances_from_the_median(values: list[float]) -> None:
    table = distances(values)
    for start in range(len(values)):
        for end in range(start + 1, len(values) + 1):
            segment = np.array(values[start:end])
            expected = np.abs(segment - np.median(segment)).sum()
            assert table[start][end - start] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_levels_are_those_of_ruptures_own_l1_cost(seed: int) -> None:
    from ruptures import Pelt

    generator = np.random.default_rng(seed)
    scaled = generator.normal(0, 1, 60) + 5 * (np.arange(60) >= 20) - 9 * (np.arange(60) >= 45)
    search = Pelt(model="l1", min_size=FEWEST, jump=1).fit(scaled)
    assert _cut(scaled) == search.predict(pen=PENALTY * math.log(60))


@settings(max_examples=25)
@given(scale=st.floats(0.1, 10), seed=st.integers(0, 100))
def test_another_anchor_moves_no_step(scale: float, seed: int) -> None:
    logs = np.random.default_rng(seed).normal(0, NOISE, 16) + 0.08 * (np.arange(16) >= 8)
    ratios = np.exp(logs)
    one, other = ([shift.at for shift in find_shifts((ratios * by).tolist())] for by in (1.0, scale))
    assert one == other == [8]

"""Shares, quantiles, histograms and rankings from counts, against NumPy on the numbers themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from reports.magnitudes import Magnitudes, merge, taken, values_of

GRIDS = ("bfloat16", "float16")
FINITE = {"bfloat16": 0x7F80, "float16": 0x7C00}
LOGS = np.linspace(-12, 4, 65)


def _front(value: float) -> NDArray[np.uint16]:
    """The bin of bfloat16 that a number is in, rounded towards zero."""
    return (np.array([abs(value)], np.float32).view(np.uint32) >> np.uint32(16)).astype(np.uint16)


def bins_of(grid: str) -> st.SearchStrategy[NDArray[np.uint16]]:
    usual = st.integers(0x3A00, 0x4080) if grid == "bfloat16" else st.integers(0x1000, 0x4800)
    anything = st.one_of(usual, st.just(0), st.integers(0, FINITE[grid] - 1))
    return arrays.arrays(np.uint16, st.integers(1, 80), elements=anything)


def exactly(grid: str, drawn: NDArray[np.uint16]) -> Magnitudes:
    bins, counts = np.unique(drawn, return_counts=True)
    return Magnitudes.from_bins(grid, bins, counts, counts)


def singles(values: NDArray[np.float32]) -> Magnitudes:
    """Sorted into bfloat16's bins by comparing with the values that end them."""
    grid = values_of("bfloat16", np.arange(0x7F81, dtype=np.uint16))
    sizes = np.abs(values).astype(np.float64)
    places = np.searchsorted(grid, sizes, side="left").astype(np.uint16)
    bins, counts = np.unique(places, return_counts=True)
    ends = np.array([np.count_nonzero(sizes == grid[place]) for place in bins])
    return Magnitudes.from_bins("bfloat16", bins, counts, ends)


# half of them on bfloat16's grid, as norms at 1 are, and weights that were bfloat16 once
ON_GRID = st.floats(-4, 4, width=16).map(lambda value: float(values_of("bfloat16", _front(value))[0]))
VALUES = arrays.arrays(
    np.float32, st.integers(1, 80), elements=st.one_of(st.floats(-4, 4, width=32), ON_GRID, st.just(1.0))
)
NORMALS = st.integers(0, 1000).map(
    lambda seed: (np.random.default_rng(seed).standard_normal(3000) * 0.05).astype(np.float32)
)


@pytest.mark.parametrize("grid", GRIDS)
@given(st.data())
def test_half_precision_is_told_exactly(grid: str, data: st.DataObject) -> None:
    drawn = data.draw(bins_of(grid))
    values, found = values_of(grid, drawn), exactly(grid, drawn)
    threshold = float(data.draw(st.sampled_from([*values.tolist(), 1.0, 1e-3])))
    assert found.total == values.size
    assert found.share_above(threshold) == pytest.approx(np.mean(values > threshold))
    assert found.share_below(threshold) == pytest.approx(np.mean(values < threshold))
    for share in (0.0, 0.01, 0.5, 0.99, 1.0):
        assert found.quantile(share) == np.quantile(values, share, method="inverted_cdf")


@pytest.mark.parametrize("grid", GRIDS)
@given(st.data())
def test_histogram_is_numpys(grid: str, data: st.DataObject) -> None:
    drawn = data.draw(bins_of(grid))
    values = values_of(grid, drawn)
    logs = np.log10(values[values > 0])
    assume(not np.isin(np.round(logs * 4, 6) % 1, [0]).any())  # NumPy's intervals hold the other end
    assert np.array_equal(exactly(grid, drawn).histogram(LOGS), np.histogram(logs, LOGS)[0])


@given(VALUES, st.data())
def test_float32_is_exact_at_every_value_that_bfloat16_has(
    values: NDArray[np.float32], data: st.DataObject
) -> None:
    sizes, found = np.abs(values.astype(np.float64)), singles(values)
    threshold = abs(data.draw(st.one_of(ON_GRID, st.sampled_from([0.0, 2.0**-20, 0.5, 1.0, 2.0]))))
    assert found.share_above(threshold) == pytest.approx(np.mean(sizes > threshold), abs=1e-12)
    assert found.share_below(threshold) == pytest.approx(np.mean(sizes < threshold), abs=1e-12)


@given(arrays.arrays(np.float32, st.integers(1, 80), elements=ON_GRID), st.floats(0, 5))
def test_float32_on_the_grid_is_exact_throughout(values: NDArray[np.float32], threshold: float) -> None:
    sizes, found = np.abs(values.astype(np.float64)), singles(values)
    assert found.share_above(threshold) == pytest.approx(np.mean(sizes > threshold))
    assert found.share_below(threshold) == pytest.approx(np.mean(sizes < threshold))
    for share in (0.0, 0.01, 0.5, 0.99, 1.0):
        assert found.quantile(share) == np.quantile(sizes, share, method="inverted_cdf")
    cuts = 2.0 ** np.arange(-4, 3) * (1 + 1 / 256)  # between two values of the grid
    assert found.histogram(np.log10(cuts)).tolist() == np.histogram(sizes, cuts)[0].tolist()


def test_ones_are_neither_above_nor_below_one() -> None:
    found = singles(np.ones(64, np.float32))
    assert (found.share_above(1), found.share_below(1), found.share_below(0.999)) == (0, 0, 0)
    assert found.quantile(0.5) == 1
    assert taken({"ones": [found], "less": [singles(np.full(64, 0.999, np.float32))]}, 0.5) == {
        "ones": 0, "less": 1,
    }  # fmt: skip


@given(st.integers(0x0080, 0x7F7F), st.integers(0, 0xFFFF))
def test_a_quantile_is_never_farther_off_than_a_bin_is_wide(place: int, low: int) -> None:
    value = np.array([place << 16 | low], np.uint32).view(np.float32)
    found = singles(value).quantile(0.5)
    assert abs(found - float(value[0])) <= float(value[0]) / 128


@given(NORMALS)
def test_float32_is_near_anywhere_else(values: NDArray[np.float32]) -> None:
    sizes, found = np.abs(values.astype(np.float64)), singles(values)
    for threshold in (1e-3, 0.0123, 0.0777):
        near = np.mean((sizes > threshold / 1.008) & (sizes <= threshold * 1.008))
        assert abs(found.share_above(threshold) - np.mean(sizes > threshold)) <= near
    for share in (0.01, 0.5, 0.99):
        assert found.quantile(share) == pytest.approx(
            np.quantile(sizes, share, method="inverted_cdf"), rel=0.008
        )
    logs = np.log10(sizes)
    ours, numpys = found.histogram(LOGS), np.histogram(logs, LOGS)[0]
    edges = np.abs(logs[:, None] - LOGS[None, :]).min(axis=1) < np.log10(1.008)  # in a bin that an edge cuts
    assert np.abs(ours - numpys).sum() <= 2 * edges.sum()
    assert ours.sum() == pytest.approx(np.count_nonzero(sizes > 1e-12))


@given(NORMALS, NORMALS, st.sampled_from([0.1, 0.5, 0.9, 0.99]))
def test_a_ranking_takes_what_sorting_takes(
    first: NDArray[np.float32], second: NDArray[np.float32], sparsity: float
) -> None:
    parts = {"a": first, "b": second * np.float32(3)}
    found = taken({name: [singles(values)] for name, values in parts.items()}, sparsity)
    everything = np.sort(np.abs(np.concatenate(list(parts.values()))))
    count = round(sparsity * everything.size)
    threshold = everything[count - 1]
    for name, values in parts.items():
        sizes = np.abs(values)
        near = np.mean((sizes > threshold / 1.008) & (sizes < threshold * 1.008))  # the bin where it ends
        assert abs(found[name] - np.mean(sizes <= threshold)) <= near
    total = sum(found[name] * values.size for name, values in parts.items())
    assert total == pytest.approx(count)


def test_ties_are_shared_out() -> None:
    ones = exactly("bfloat16", np.array([0x3F80] * 4, np.uint16))
    twos = exactly("bfloat16", np.array([0x4000] * 4, np.uint16))
    assert taken({"a": [ones, twos], "b": [ones]}, 0.5) == {"a": 0.375, "b": 0.75}  # 6 of 12: 6 of the 8 ones


def test_merging_adds_counts_bin_by_bin() -> None:
    one, other = np.array([0, 0x3F80], np.uint16), np.array([0x3F80, 0x4000], np.uint16)
    found = merge([exactly("bfloat16", one), exactly("bfloat16", other)])
    assert found.upper.tolist() == [0.0, 1.0, 2.0]
    assert found.counts.tolist() == [1, 2, 1]


def test_what_lies_before_a_value_and_the_value_stay_apart() -> None:
    bins, three, five = np.array([0x3F80], np.uint16), np.array([3]), np.array([5])
    exact = Magnitudes.from_bins("bfloat16", bins, five, five)
    within = Magnitudes.from_bins("bfloat16", bins, five, three)
    found = merge([exact, within])
    assert found.counts.tolist() == [2, 8]
    assert found.share_below(1.0) == pytest.approx(0.2)
    assert found.total == 10


def test_the_largest_numbers_of_float32_have_a_finite_size() -> None:
    found = Magnitudes.from_bins("bfloat16", np.array([0x7F80], np.uint16), np.array([1]), np.array([0]))
    assert found.quantile(1.0) == pytest.approx(float(np.finfo(np.float32).max))


def test_nothing_merged_is_nothing() -> None:
    assert merge([]).total == 0

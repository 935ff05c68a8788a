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


def bins_of(grid: str) -> st.SearchStrategy[NDArray[np.uint16]]:
    usual = st.integers(0x3A00, 0x4080) if grid == "bfloat16" else st.integers(0x1000, 0x4800)
    anything = st.one_of(usual, st.just(0), st.integers(0, FINITE[grid] - 1))
    return arrays.arrays(np.uint16, st.integers(1, 80), elements=anything)


def exactly(grid: str, drawn: NDArray[np.uint16]) -> Magnitudes:
    bins, counts = np.unique(drawn, return_counts=True)
    return Magnitudes.from_bins(grid, bins, counts, exact=True)


def singles(values: NDArray[np.float32]) -> Magnitudes:
    """Sorted into bfloat16's bins by comparing with the values that end them."""
    ends = values_of("bfloat16", np.arange(0x7F81, dtype=np.uint16))
    places = np.searchsorted(ends, np.abs(values).astype(np.float64), side="left")
    bins, counts = np.unique(places.astype(np.uint16), return_counts=True)
    return Magnitudes.from_bins("bfloat16", bins, counts, exact=False)


VALUES = arrays.arrays(np.float32, st.integers(1, 80), elements=st.floats(-4, 4, width=32))
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


@given(VALUES)
def test_float32_is_exact_at_the_ends_of_bins(values: NDArray[np.float32]) -> None:
    sizes, found = np.abs(values.astype(np.float64)), singles(values)
    for threshold in (0.0, 2.0**-20, 0.5, 1.0, 2.0):
        assert found.share_above(threshold) == pytest.approx(np.mean(sizes > threshold))
    zeros = float(np.mean(sizes == 0))
    assert found.share_above(0) == pytest.approx(1 - zeros)


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


def test_bins_of_one_grid_in_two_types_stay_apart() -> None:
    exact = Magnitudes.from_bins("bfloat16", np.array([0x3F80], np.uint16), np.array([5]), exact=True)
    within = Magnitudes.from_bins("bfloat16", np.array([0x3F80], np.uint16), np.array([5]), exact=False)
    found = merge([exact, within])
    assert found.share_below(1.0) == pytest.approx(0.5)
    assert found.total == 10


def test_the_largest_numbers_of_float32_have_a_finite_size() -> None:
    found = Magnitudes.from_bins("bfloat16", np.array([0x7F80], np.uint16), np.array([1]), exact=False)
    assert found.quantile(1.0) == pytest.approx(float(np.finfo(np.float32).max))

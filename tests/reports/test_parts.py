"""What a ranking takes, against sorting the numbers themselves; patterns by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reports.counts import TensorCounts
from reports.parts import pattern_shares, taken_from
from tests.reports.rows import make_tensor_counts

DRAWN = st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 6), min_size=1), min_size=1)


def tensors(drawn: dict[str, list[int]]) -> list[TensorCounts]:
    """Of numbers that are bins, which grow as the sizes do."""
    counted = {name: np.unique(np.array(bins), return_counts=True) for name, bins in drawn.items()}
    return [
        make_tensor_counts(dict(zip(bins.tolist(), counts.tolist(), strict=True)), name=name)
        for name, (bins, counts) in counted.items()
    ]


@given(DRAWN, st.floats(0, 1))
def test_a_ranking_takes_the_smallest_and_shares_ties_out(
    drawn: dict[str, list[int]], sparsity: float
) -> None:
    everything: NDArray[np.int64] = np.sort(np.concatenate([np.array(bins) for bins in drawn.values()]))
    count = round(sparsity * everything.size)
    last = everything[max(count - 1, 0)]
    ties = np.count_nonzero(everything == last)
    of_ties = (count - np.count_nonzero(everything < last)) / ties if count else 0.0
    counted = tensors(drawn)
    found = taken_from({one.name: [one] for one in counted}, counted, sparsity)
    for name, bins in drawn.items():
        smaller = np.count_nonzero(np.array(bins) < last)
        expected = smaller + of_ties * bins.count(int(last))
        size, share = found[name]
        assert size == len(bins)
        assert share == pytest.approx(expected / len(bins))


def test_parts_may_overlap_and_be_empty() -> None:
    one, other = tensors({"a": [0, 1], "b": [1, 2, 3, 4]})
    nan = make_tensor_counts({}, name="c", nan=3)
    parts = {"all": [one, other, nan], "none": [], "nan": [nan], "a": [one]}
    assert taken_from(parts, parts["all"], 0.5) == {"all": (6, 0.5), "a": (2, 1.0)}
    assert taken_from({"nan": [nan]}, [nan], 0.5) == {}


def test_patterns_are_shares_of_what_there_is_to_meet() -> None:
    first, second = (
        make_tensor_counts({}, patterns=(4, 1, 1, 0)),
        make_tensor_counts({}, patterns=(4, 3, 0, 0)),
    )
    assert pattern_shares([first, second]) == {"share_2_4": 0.5, "share_4x4": 0.0}
    assert pattern_shares([second]) == {"share_2_4": 0.75}
    assert pattern_shares([]) == {}

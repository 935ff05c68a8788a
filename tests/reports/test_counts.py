"""Counts survive the way into a file and back; a damaged file is told."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from reports.counts import CheckpointCounts, pack_bins, pack_integers, read_counts, unpack_integers
from tests.reports.rows import make_tensor_counts


@given(arrays.arrays(np.int64, st.integers(0, 50), elements=st.integers(0, 2**62)))
def test_numbers_are_unpacked_as_they_were(numbers: NDArray[Any]) -> None:
    assert np.array_equal(unpack_integers(pack_integers(numbers)), numbers)


@given(st.sets(st.integers(0, 0x7F80), max_size=60))
def test_bins_come_back_from_their_differences(drawn: set[int]) -> None:
    bins = np.array(sorted(drawn), np.uint16)
    assert np.array_equal(np.cumsum(unpack_integers(pack_bins(bins))), bins)


def checkpoint() -> CheckpointCounts:
    left = ({"name": "position_ids", "dtype": "I64", "shape": [4], "why": "I64 holds no weights"},)
    tensors = (make_tensor_counts({0: 2, 0x3F80: 3}, nan=1, infinite=4), make_tensor_counts({0x4000: 7}))
    return CheckpointCounts(model="tiny", weights="local@0", family="gpt2", tensors=tensors, left_out=left)


def test_a_line_of_the_file_is_read_back_whole() -> None:
    line = json.dumps(checkpoint().to_json())
    assert CheckpointCounts.from_json(json.loads(line)) == checkpoint()


def test_what_a_tensor_holds() -> None:
    first = checkpoint().tensors[0]
    assert (first.parameters, first.zeros, first.magnitudes.total) == (10, 2, 5)
    assert first.magnitudes.upper.tolist() == [0.0, 1.0]


def test_float32_tells_values_from_what_lies_before_them_unless_the_file_is_older() -> None:
    row = checkpoint().to_json()
    tensor = {**row["tensors"][0], "exact": False, "ends": pack_integers(np.array([2, 1]))}
    older = {name: value for name, value in tensor.items() if name != "ends"}
    found = CheckpointCounts.from_json({**row, "tensors": [tensor, older]})
    new, old = (one.magnitudes for one in found.tensors)
    assert new.counts.tolist() == [2, 2, 1]
    assert (new.share_below(1), new.share_above(1)) == (4 / 5, 0)
    assert old.counts.tolist() == [2, 3]
    assert (old.share_below(1), old.share_above(1)) == (1, 0)
    assert found.tensors[1].zeros == 2


def test_counts_lie_beside_the_run(tmp_path: Path) -> None:
    run = tmp_path / "run.jsonl"
    run.with_suffix(".counts.jsonl").write_text(json.dumps(checkpoint().to_json()) + "\n", "utf-8")
    found = read_counts(run)
    assert (found.checkpoints, found.damage) == ((checkpoint(),), ())


def stored(folder: Path, *lines: str) -> Path:
    """A run's file that is not there, with lines of counts beside it."""
    (folder / "run.counts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder / "run.jsonl"


@pytest.mark.parametrize("line", ["nonsense", "[]", "{}", "", '{"tensors": [{}], "left_out": []}', "\0"])
def test_a_damaged_line_is_told_and_costs_no_other(line: str, tmp_path: Path) -> None:
    whole = json.dumps(checkpoint().to_json())
    found = read_counts(stored(tmp_path, whole, line, whole, whole[:-30]))
    assert found.checkpoints == (checkpoint(), checkpoint())
    assert [sentence.partition(": damaged line left out (")[0] for sentence in found.damage] == [
        f"{tmp_path / 'run.counts.jsonl'}:{number}" for number in (2, 4)
    ]


def without_a_count(tensor: dict[str, Any]) -> dict[str, Any]:
    return {"counts": pack_integers(unpack_integers(tensor["counts"])[1:])}


DAMAGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "no zlib": lambda tensor: {"counts": tensor["bins"][:-12] + "AAAAAAAA" + tensor["bins"][-4:]},
    "cut off": lambda tensor: {"bins": tensor["bins"][:-8]},
    "no base64": lambda _: {"counts": "Ä"},
    "no text": lambda _: {"counts": None},
    "odd bytes": lambda _: {"bins": base64.b64encode(zlib.compress(b"12345")).decode()},
    "other lengths": without_a_count,
    "other ends": lambda _: {"exact": False, "ends": pack_integers(np.array([1]))},
    "more ends than counts": lambda _: {"exact": False, "ends": pack_integers(np.array([2, 4]))},
    "shrinking bins": lambda _: {"bins": pack_integers(np.array([5, -2]))},
    "bins of NaN": lambda _: {"bins": pack_integers(np.array([0, 0x7F81]))},
    "negative counts": lambda _: {"counts": pack_integers(np.array([6, -1]))},
    "another shape": lambda _: {"shape": [11]},
    "another grid": lambda _: {"grid": "float8"},
    "no patterns": lambda _: {"patterns": [1]},
    "impossible patterns": lambda _: {"patterns": [1, 2, 0, 0]},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_within_a_line_is_found_on_reading(damage: str, tmp_path: Path) -> None:
    row = checkpoint().to_json()
    first, second = row["tensors"]
    row["tensors"] = [{**first, **DAMAGES[damage](first)}, second]
    found = read_counts(stored(tmp_path, json.dumps(row), json.dumps(checkpoint().to_json())))
    assert found.checkpoints == (checkpoint(),)
    assert len(found.damage) == 1


@given(st.data())
def test_an_altered_sign_is_harmless_or_told(data: st.DataObject) -> None:
    row = checkpoint().to_json()
    packed = row["tensors"][0]["counts"]
    place = data.draw(st.integers(0, len(packed) - 1))
    altered = packed[:place] + data.draw(st.sampled_from("AZaz09+/=")) + packed[place + 1 :]
    row["tensors"][0]["counts"] = altered
    try:
        found = CheckpointCounts.from_json(row).tensors[0]
    except ValueError:
        return
    assert found.magnitudes.counts.tolist() == [2, 3]


def test_a_run_without_counts_says_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no counts beside it: `pytest bench -k structure` makes them"):
        read_counts(tmp_path / "run.jsonl")

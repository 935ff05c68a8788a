"""The scores and statistics per example that lie beside a run, read many at a time."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

from reports.store import SAMPLES

LARGEST = 1e300  # sums of scores stay finite
MOST = 2**32  # of a count, so that sums of them are exact


class SamplesOf:
    """The samples of the run at `path`; where the lines are is looked up once."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_suffix(SAMPLES)

    def read(self, reference: str) -> list[float]:
        """The samples that a record refers to.

        Raises:
            ValueError: they are not there or no numbers, in words.
        """
        found = self._row(reference).get("samples")
        if not isinstance(found, list) or not all(map(_is_number, found)):
            raise ValueError(f"{self._where(reference)} holds no samples")
        return found

    def read_statistics(self, reference: str) -> dict[str, list[int]]:
        """The statistics that a record refers to: by name, an integer per example.

        Raises:
            ValueError: they are not there, no counts, or not of the same examples, in words.
        """
        found = self._row(reference).get("statistics")
        if not isinstance(found, dict) or not all(map(_is_column, found.values())):
            raise ValueError(f"{self._where(reference)} holds no statistics")
        if len(set(map(len, found.values()))) != 1:
            raise ValueError(f"{self._where(reference)} holds statistics of unequal length")
        return found

    def _row(self, reference: str) -> dict[str, object]:
        name, _, line = str(reference).partition("#")
        if name != self._path.name:
            raise ValueError(f"samples are said to be in {name}, expected {self._path.name}")
        try:
            start = self._starts[int(line)]
            with self._path.open("rb") as file:
                file.seek(start)
                found = json.loads(file.readline())
        except OSError as error:
            raise ValueError(f"{self._path.name} cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, RecursionError) as error:
            raise ValueError(f"{self._where(reference)} holds no samples") from error
        return found if isinstance(found, dict) else {}

    def _where(self, reference: str) -> str:
        return f"line {str(reference).partition('#')[2]} of {self._path.name}"

    @cached_property
    def _starts(self) -> dict[int, int]:
        """By the number of the line."""
        starts, at = {}, 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                starts[number] = at
                at += len(line)
        return starts


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) <= LARGEST


def _is_column(values: object) -> bool:
    return isinstance(values, list) and all(type(one) is int and 0 <= one <= MOST for one in values)

"""The scores per example that lie beside a run, read many at a time."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

from reports.store import SAMPLES

LARGEST = 1e300  # sums of scores stay finite


class SamplesOf:
    """The samples of the run at `path`; where the lines are is looked up once."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_suffix(SAMPLES)

    def read(self, reference: str) -> list[float]:
        """The samples that a record refers to.

        Raises:
            ValueError: they are not there or no numbers, in words.
        """
        name, _, line = str(reference).partition("#")
        if name != self._path.name:
            raise ValueError(f"samples are said to be in {name}, expected {self._path.name}")
        try:
            start = self._starts[int(line)]
            with self._path.open("rb") as file:
                file.seek(start)
                found = json.loads(file.readline())["samples"]
        except OSError as error:
            raise ValueError(f"{self._path.name} cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"line {line} of {self._path.name} holds no samples") from error
        if not isinstance(found, list) or not all(map(_is_number, found)):
            raise ValueError(f"line {line} of {self._path.name} holds no samples")
        return found

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

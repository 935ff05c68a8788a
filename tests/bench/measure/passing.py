"""A progress that remembers what it passed through."""

from __future__ import annotations

from collections.abc import Iterable


class Passing:
    """Takes the place of a progress line."""

    def __init__(self) -> None:
        self.passed: list[int] = []

    def __call__(self, batches: Iterable[list[int]]) -> Iterable[list[int]]:
        """The batches, one after the other."""
        for batch in batches:
            self.passed.extend(batch)
            yield batch

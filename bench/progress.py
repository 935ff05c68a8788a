"""A progress line on the terminal, past pytest's capturing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from tqdm import tqdm

from fixtures.terminal import is_watched, uncaptured

if TYPE_CHECKING:
    from bench.measure.progress import Progress

T = TypeVar("T")

PATIENCE = 5.0  # seconds before a line appears


class TerminalStream:
    """What tqdm writes to: the terminal as pytest holds it, a new line first so that no dots are lost."""

    def __init__(self, config: pytest.Config) -> None:
        self._writer = config.get_terminal_writer()
        self._config = config
        self._begun = False

    def write(self, text: str) -> None:
        """Writes at once; while a test runs, the terminal itself is captured."""
        with uncaptured(self._config):
            self._writer.write(text if self._begun else f"\n{text}", flush=True)
        self._begun = True

    def flush(self) -> None:
        """Nothing is held back."""


def show_progress(label: str, config: pytest.Config) -> Progress[Any]:
    """A function that passes examples through, showing how many are done; silent where no one looks."""
    if not is_watched(config):
        return iter

    def shown(examples: Sequence[T]) -> Iterable[T]:
        stream = TerminalStream(config)
        return tqdm(examples, label, file=stream, unit="", leave=False, delay=PATIENCE)

    return shown


@contextmanager
def show_bytes(label: str, total: int, config: pytest.Config) -> Iterator[Callable[[int], object]]:
    """A function that is told how many bytes more are done, and shows that; silent where no one looks."""
    if not is_watched(config):
        yield int
        return
    stream = TerminalStream(config)
    with tqdm(
        total=total, desc=label, file=stream, unit="B", unit_scale=True, leave=False, delay=PATIENCE
    ) as shown:
        yield shown.update

"""How measuring shows how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

# passes on what is worked through, one by one; `iter` shows nothing
Progress = Callable[[Sequence[T]], Iterable[T]]

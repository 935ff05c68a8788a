"""Folders that are a session's own for as long as it lives; what a killed one left can be told from them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

PREFIX = "side-by-side-"  # of their names
LOCK = "lock"  # held by the owner: two containers have processes of the same id, a lock is the kernel's


@contextmanager
def owned(place: Path) -> Iterator[Path]:
    """A new folder in a place, until the end of the block.

    Raises:
        ValueError: it cannot be made.
    """
    with ExitStack() as stack:
        try:
            made = TemporaryDirectory(prefix=PREFIX, dir=place, ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(made))
            stack.enter_context(FileLock(folder / LOCK))
        except OSError as error:
            raise ValueError(f"no folder can be made in {place}: {error}") from error
        yield folder


def sweep_folders(place: Path) -> None:
    """Removes the folders in a place that nobody owns any more."""
    for lock in place.glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError), FileLock(lock, blocking=False):  # that somebody has it is an OSError too
            shutil.rmtree(lock.parent, ignore_errors=True)

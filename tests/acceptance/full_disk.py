"""A disk that is full after three lines of results."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import IO, Any

from reports import store

ROOM = 3

_write = store._write
_written: list[object] = []


def write(file: IO[str], row: Mapping[str, Any]) -> None:
    if len(_written) == ROOM:
        raise OSError(errno.ENOSPC, "No space left on device")
    _written.append(row)
    _write(file, row)


store._write = write

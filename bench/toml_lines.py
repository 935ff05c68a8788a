"""On which line a key of a TOML file stands: tomllib does not say."""

from __future__ import annotations

import re

_WORD = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*(?:\.|$)""")


class TomlLines:
    """The lines of a file made of `[[…]]` tables."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def find(self, table: tuple[str, ...], index: int, key: str) -> int:
        """The line, from 1, of a key in the index-th table of that name, or below it.

        A file that writes its keys in a way not foreseen here gives the line of the table, or 1.
        """
        headings = [number for number, line in enumerate(self._lines) if _heading(line) == table]
        start = headings[index] if index < len(headings) else 0
        rows = range(start, len(self._lines))
        found = (row for row in rows if _key(self._lines[row]) == key)
        return next(found, start) + 1


def _heading(line: str) -> tuple[str, ...]:
    found = re.match(r"\s*\[\[(.+?)\]\]", line)
    return _words(found[1]) if found else ()


def _key(line: str) -> str:
    words = "" if line.lstrip().startswith("#") else line.partition("=")[0]
    return next(reversed(_words(words)), "")


def _words(text: str) -> tuple[str, ...]:
    """The parts of a dotted key, without quotes."""
    return tuple("".join(parts) for parts in _WORD.findall(text.strip()))

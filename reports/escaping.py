"""How names of models and tensors are put into sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence

NAMED = 3  # that a sentence names; of the rest it says how many


def printable(text: object) -> str:
    """Text that a terminal shows as it is: control characters and lone surrogates are escaped."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(text)
    )


def name_some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return printable(", ".join(names[:NAMED])) + more

"""How names of models and tensors, and other text of anyone, are put into sentences, tables and Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

NAMED = 3  # that a sentence names; of the rest it says how many


def printable(text: object) -> str:
    """Text that a terminal shows as it is: control characters and lone surrogates are escaped."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(text)
    )


MARKS = re.compile(r"([\\|`*_\[\]~])")
STARTS = re.compile(r"^(?=#|[-+]\s)")  # of a heading or a list
CALLS = re.compile(r"(?<!\w)@|\b(?:https?|ftp):(?=//)|\bwww(?=\.)", re.IGNORECASE)  # people, and pages


def markdown(text: object) -> str:
    """Text that Markdown takes for nothing else: no mark-up, no link, nobody mentioned, no end of a cell."""
    marked = MARKS.sub(r"\\\1", escape(printable(text), quote=False))
    return CALLS.sub(r"\g<0><!-- -->", STARTS.sub(r"\\", marked))


def code(text: object) -> str:
    """Text as a code span of Markdown, which nothing in it can end."""
    return f"`{printable(' '.join(str(text).split())).replace('`', chr(39)) or ' '}`"


def name_some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return printable(", ".join(names[:NAMED])) + more

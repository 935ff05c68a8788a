"""The command that measures a value again: its run's options, and the words of its case."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache

from reports.case_ids import test_of, words_of
from reports.record import Record

SELECTS = re.compile(r"-[lqsvx]*[km](?P<value>.*)", re.DOTALL)  # -k and -m, behind flags too
# what chooses other cases than the one that is asked for, and where this run's files went
LEFT_OUT = {"--results", "--report", "--deselect", "--ignore", "--ignore-glob"}
LEFT_OUT_FLAGS = {"--lf", "--last-failed", "--ff", "--failed-first", "--sw", "--stepwise"}
LEFT_OUT_FLAGS |= {"--co", "--collect-only"}
PATH = re.compile(r"bench(/.*)?|.*\.py|.*::.*", re.DOTALL)


def again(record: Record, command: str) -> str:
    """The command, from the record and from that of its run."""
    keyword = " and ".join((test_of(record), *words_of(record)))
    return " ".join(filter(None, ("pytest bench", kept_options(command), f"-k {shlex.quote(keyword)}")))


@cache
def kept_options(command: str) -> str:
    """Of a run's command what says how and on what it measures; nothing of one that no shell can read."""
    try:
        return shlex.join(_kept(shlex.split(command)[1:]))
    except ValueError:
        return ""


def _kept(words: list[str]) -> Iterator[str]:
    """Options with their values: a word after an option is its value, unless it is a path of benchmarks."""
    keeps = False  # whether the next word, if no option, is a value that is kept
    for word in words:
        if not word.startswith("-"):
            if keeps and not PATH.fullmatch(word):
                yield word
            keeps = False
            continue
        name, _, value = word.partition("=")
        left_out = SELECTS.fullmatch(word) or name in LEFT_OUT or word in LEFT_OUT_FLAGS
        keeps = not left_out and not value
        if not left_out:
            yield word

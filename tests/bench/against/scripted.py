"""Workers that do as a script says: they speak the protocol, and measure nothing.

Run as a program, its argument is what becomes of each case, as JSON: seconds of a round, or a word.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.against.worker import Side

ROOT = Path(__file__).parents[3]
HANGS, DIES, SKIPS, FAILS, NO_MEMORY = "hangs", "dies", "skips", "fails", "no memory"


@dataclass(frozen=True)
class Scripted(Side):
    """A side whose processes are this module."""

    script: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """This module, with the script."""
        return [sys.executable, "-m", __name__, json.dumps(self.script)]


def scripted(name: str, **script: float | str) -> Scripted:
    return Scripted(name, Path(sys.executable), ROOT, (), script=script)


def tell(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def report(outcome: str, longrepr: object, **properties: object) -> None:
    tell(report={"outcome": outcome, "longrepr": longrepr, "user_properties": list(properties.items())})


def play(case: str, does: float | str) -> None:
    if does == DIES:
        sys.stderr.write("out of luck\n")
        sys.stderr.flush()
        os.abort()
    elif does == HANGS:
        time.sleep(600)
    elif does == SKIPS:
        report("skipped", ["file", 1, "Skipped: no such kernel"])
    elif does == FAILS:
        report("failed", "outputs differ")
    else:
        tell(ready=does)
        while json.loads(sys.stdin.readline()):
            tell(seconds=does)
        report("passed", None)
    tell(ended=case)


def main() -> None:
    script = json.loads(sys.argv[1])
    tell(collected=list(script))
    for case in json.loads(sys.stdin.readline()):
        play(case, script[case])


if __name__ == "__main__":
    main()

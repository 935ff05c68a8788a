"""Workers that do as a script says: they speak the protocol, and measure nothing.

Run as a program, its argument is what becomes of each case, as JSON: seconds of a round, or a word.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.against.worker import Side

ROOT = Path(__file__).parents[3]
HANGS, DIES, KILLED, SKIPS, FAILS, PASSES = "hangs", "dies", "killed", "skips", "fails", "passes"
BROKEN = "broken"  # in place of a case: a module that cannot be imported


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


def report(case: str, outcome: str, longrepr: object) -> None:
    tell(report={"nodeid": case, "outcome": outcome, "longrepr": longrepr, "user_properties": []})


def play(case: str, does: float | str) -> None:
    if does == DIES:
        sys.stderr.write("out of luck\n")
        sys.stderr.flush()
        os.abort()
    elif does == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    elif does == HANGS:
        time.sleep(600)
    elif does == SKIPS:
        report(case, "skipped", ["file", 1, "Skipped: no such kernel"])
    elif does == FAILS:
        report(case, "failed", "outputs differ")
    elif does == PASSES:
        report(case, "passed", None)
    else:
        tell(ready=does)
        while json.loads(sys.stdin.readline()):
            tell(seconds=does)
        report(case, "passed", None)
    tell(ended=case)


def main() -> None:
    script = json.loads(sys.argv[1])
    if reason := script.pop(BROKEN, ""):
        tell(broken="bench/test_it.py", reason=f"in it:\nE   {reason}")
    tell(collected=list(script))
    for case in json.loads(sys.stdin.readline()):
        play(case, script[case])


if __name__ == "__main__":
    main()

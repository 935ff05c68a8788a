"""The process beside which a self-test may be run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.against.options import SelfTest
from bench.against.selftest import NEIGHBOUR, _neighbour
from tests.bench.against.elsewhere import elsewhere
from tests.bench.against.scripted import ROOT

BESIDE = """
import sys
import psutil
from bench.against.options import SelfTest
from bench.against.selftest import _neighbour
with _neighbour(SelfTest("aa", 1, 1, loaded=True)):
    print(*[child.pid for child in psutil.Process().children()], flush=True)
    sys.stdin.read()
"""


def test_a_neighbour_ends_with_its_input() -> None:
    with subprocess.Popen([sys.executable, "-m", NEIGHBOUR], cwd=ROOT, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_neighbour_does_not_outlive_a_session_that_is_killed(tmp_path: Path) -> None:
    with elsewhere(BESIDE, tmp_path) as (session, said):
        neighbour = psutil.Process(int(said))
        session.kill()
        session.wait()
        _, alive = psutil.wait_procs([neighbour], timeout=60)
        for process in alive:
            process.kill()
        assert not alive


@pytest.mark.skipif(os.name != "posix", reason="sessions as POSIX has them")
def test_a_neighbour_is_there_when_asked_for_and_hears_no_ctrl_c() -> None:
    before = psutil.Process().children()
    with _neighbour(SelfTest("aa", 1, 1, loaded=True)):
        (neighbour,) = (child for child in psutil.Process().children() if child not in before)
        assert os.getsid(neighbour.pid) == neighbour.pid
    assert not neighbour.is_running()
    with _neighbour(SelfTest("aa", 1, 1, loaded=False)):
        assert psutil.Process().children() == before

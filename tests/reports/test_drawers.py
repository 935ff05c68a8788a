"""Drawing in other processes: the same as here, its errors, its ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from base64 import b64decode
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from reports.drawers import Drawer, Drawers, LostError
from reports.drawing import draw, renumber, serve
from reports.plot import CONFIG
from tests.signals import interruptible

ROOT = Path(__file__).parents[2]
SPEC: dict[str, Any] = {
    "data": {"values": [{"a": 1, "b": "é<"}, {"a": 2, "b": "ü"}]},
    "mark": {"type": "line", "clip": True},
    "encoding": {"x": {"field": "a", "type": "quantitative"}, "y": {"field": "b", "type": "nominal"}},
    "config": CONFIG,
}


def test_processes_draw_the_same_as_this_one_in_the_order_of_asking() -> None:
    specs = [{**SPEC, "title": f"chart {number}"} for number in range(6)]
    expected = [draw(spec) for spec in specs]
    for count in (0, 2):
        with Drawers(count) as drawers:
            assert [one.result() for one in [drawers.ask("draw", spec) for spec in specs]] == expected
    assert "chart 3" in expected[3]["svg"]
    assert b64decode(expected[3]["png"]).startswith(b"\x89PNG")


def test_a_chart_is_drawn_to_the_same_bytes_however_many_were_before() -> None:
    first = draw(SPEC)
    draw({**SPEC, "title": "another"})
    assert draw(SPEC) == first
    assert "clip0" in first["svg"]


def test_parts_keep_what_refers_to_them() -> None:
    svg = (
        '<clipPath id="clip17"/><g clip-path="url(#clip17)"/><g id="gradient_3"/><g clip-path="url(#clip9)"/>'
    )
    assert renumber(svg) == (
        '<clipPath id="clip0"/><g clip-path="url(#clip0)"/><g id="gradient_1"/><g clip-path="url(#clip2)"/>'
    )


@pytest.mark.parametrize("count", [0, 1])
def test_an_error_is_raised_where_the_drawing_was_asked_for(count: int) -> None:
    with Drawers(count) as drawers:
        wrong, right = drawers.ask("draw", {"mark": "nonsense"}), drawers.ask("draw", SPEC)
        with pytest.raises(ValueError, match=r"(?i)error|invalid"):
            wrong.result()
        assert right.result()["svg"].startswith("<svg")  # the process went on


def test_a_process_that_is_lost_is_done_without() -> None:
    with Drawers(2) as drawers:
        for drawer in drawers._drawers:
            drawer._process.kill()
        assert all(drawers.ask("draw", SPEC).result()["svg"] for _ in range(4))


def test_where_no_process_can_be_started_this_one_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with Drawers(2) as drawers:
        assert drawers.ask("draw", SPEC).result() == draw(SPEC)


def test_leaving_ends_what_is_not_drawn_yet() -> None:
    with Drawers(1) as drawers:
        asked = [drawers.ask("draw", SPEC) for _ in range(200)]
    assert sum(one.cancelled() for one in asked) > 100
    (drawer,) = drawers._drawers
    assert drawer._process.poll() is not None
    with pytest.raises(LostError):
        drawer.ask("draw", SPEC)


def test_an_answer_is_a_line() -> None:
    answers = StringIO()
    serve(['{"draw": {"mark": 1}}'], answers)
    (answer,) = answers.getvalue().splitlines()
    assert answer.startswith('{"error": "')


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to send")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_draws_ends_with_the_one_that_asks(how: signal.Signals) -> None:
    program = (
        "import time; from reports.drawers import Drawers\n"
        "with Drawers(1) as drawers:\n"
        "    print(drawers._drawers[0]._process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with interruptible():
        asking = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    assert asking.stdout is not None
    drawing = int(asking.stdout.readline())
    asking.send_signal(how)
    assert asking.wait(30) != 0
    asking.stdout.close()
    deadline = time.monotonic() + 30
    while _is_running(drawing):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False


def test_one_drawer_answers_again_and_again() -> None:
    drawer = Drawer()
    try:
        assert drawer.ask("draw", SPEC) == drawer.ask("draw", SPEC)
    finally:
        drawer.kill()

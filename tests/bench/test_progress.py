"""The progress line: on a terminal that waits, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from bench import progress
from bench.progress import show_progress
from fixtures.windows import Window


class Screen:
    """Collects what is written to it, as pytest's terminal writer would show it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str, *, flush: bool = False) -> None:
        """Takes text that is to be seen at once."""
        assert flush
        self.text += text


def make_config(screen: Screen, *, reporter: object) -> pytest.Config:
    """A config that has this terminal and this reporter."""
    plugins = SimpleNamespace(get_plugin={"terminalreporter": reporter}.get)
    return cast("pytest.Config", SimpleNamespace(pluginmanager=plugins, get_terminal_writer=lambda: screen))


def make_windows(count: int) -> list[Window]:
    return [Window(np.arange(index + 2), words=1, bytes=1) for index in range(count)]


@pytest.mark.parametrize("reporter", [None, SimpleNamespace(isatty=False)])
def test_nothing_is_written_where_no_one_looks(
    reporter: object, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    screen, windows = Screen(), make_windows(3)
    assert list(show_progress("gpt2-dense", make_config(screen, reporter=reporter))(windows)) == windows
    assert screen.text == ""
    assert capfd.readouterr() == ("", "")


def test_line_goes_to_the_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    screen, windows = Screen(), make_windows(3)
    config = make_config(screen, reporter=SimpleNamespace(isatty=True))
    assert list(show_progress("gpt2-dense", config)(windows)) == windows
    assert "gpt2-dense" in screen.text
    assert "/3 [" in screen.text
    assert capfd.readouterr() == ("", "")


def test_line_begins_below_what_stands_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    screen = Screen()
    config = make_config(screen, reporter=SimpleNamespace(isatty=True))
    list(show_progress("gpt2-dense", config)(make_windows(3)))
    assert screen.text.startswith("\n")
    assert screen.text.count("\n") == 1


def test_what_is_quickly_done_shows_no_line() -> None:
    screen, windows = Screen(), make_windows(3)
    config = make_config(screen, reporter=SimpleNamespace(isatty=True))
    assert list(show_progress("gpt2-dense", config)(windows)) == windows
    assert screen.text == ""

"""How a side's processes are started."""

from __future__ import annotations

import pytest

from tests.bench.against.scripted import scripted


def test_a_side_is_told_nothing_of_the_repository_that_a_hook_works_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "settings")
    environment = scripted("base").environment
    assert "GIT_DIR" not in environment
    assert environment["GIT_CONFIG_GLOBAL"] == "settings"

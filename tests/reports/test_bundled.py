"""Scripts of charts are bundled once, and a cache that fails costs time alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports import bundled
from reports.bundled import bundle

SNIPPET = "window.vegaEmbed = vegaEmbed;"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache, empty, and nothing bundled in this process yet."""
    monkeypatch.setattr(bundled, "user_cache_path", lambda name: tmp_path / name)
    bundle.cache_clear()
    return tmp_path


@pytest.fixture
def bundling(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was bundled anew, in place of vl-convert."""
    seen: list[str] = []

    def make(snippet: str) -> str:
        seen.append(snippet)
        return f"script of {snippet}"

    monkeypatch.setattr(bundled, "_bundle", make)
    return seen


def test_another_process_finds_the_script(cache: Path, bundling: list[str]) -> None:
    first = bundle(SNIPPET)
    bundle.cache_clear()  # as in another process
    assert bundle(SNIPPET) == first == f"script of {SNIPPET}"
    assert bundling == [SNIPPET]
    (kept,) = cache.rglob("*.js*")  # no half file is left
    assert kept.read_text("utf-8") == first


@pytest.mark.usefixtures("cache")
def test_another_snippet_or_version_is_another_script(
    bundling: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(SNIPPET)
    bundle("other")
    bundle.cache_clear()
    monkeypatch.setattr(bundled, "version", lambda _: "0.0.0")
    bundle(SNIPPET)
    assert bundling == [SNIPPET, "other", SNIPPET]


@pytest.mark.parametrize("spoil", ["a file in the way", "no text"])
def test_a_cache_that_fails_is_done_without(cache: Path, bundling: list[str], spoil: str) -> None:
    if spoil == "no text":
        bundle(SNIPPET)
        (kept,) = cache.rglob("*.js")
        kept.write_bytes(b"\xff\xfe\xfa")
        bundle.cache_clear()
        bundling.clear()
    else:
        (cache / "sparse-transformer-bench").write_text("", "utf-8")
    assert bundle(SNIPPET) == f"script of {SNIPPET}"
    assert bundling == [SNIPPET]


def test_the_script_is_the_library_s(cache: Path) -> None:
    assert cache.is_dir()
    assert "vegaEmbed" in bundle(SNIPPET)

"""Options and hooks of measuring side by side: `--against`, `--anchor`, `--selftest`."""

from __future__ import annotations

import pytest

from bench.against.options import add_options, parse_asked


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    add_options(parser)


@pytest.hookimpl(trylast=True)  # the settings first
def pytest_configure(config: pytest.Config) -> None:
    """Parses the options, and finds the revision before any work."""
    try:
        asked = parse_asked(config.option)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    if asked is None or config.option.collectonly or hasattr(config, "workerinput"):
        return
    if config.getoption("numprocesses", None):
        raise pytest.UsageError(f"--{asked.mode} with -n: the sides are measured by processes of their own")
    from bench.against.session import SideBySide  # for those who ask for it

    try:
        config.pluginmanager.register(SideBySide(config, asked), "bench-side-by-side")
    except ValueError as error:
        raise pytest.UsageError(f"--{asked.mode} {asked.revision}: {error}") from error

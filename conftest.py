"""Three plugins, one per folder; nothing else belongs here."""

pytest_plugins = ["fixtures.plugin", "bench.plugin", "reports.plugin"]

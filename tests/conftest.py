"""What holds for all of the suite's own tests."""

from __future__ import annotations

from hypothesis import settings

# a deadline is a timed assertion: it fails by chance beside other work, or where a first example compiles
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

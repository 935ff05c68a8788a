"""One more row, for sessions of two models: loaded with `-p tests.acceptance.second`."""

from __future__ import annotations

from fixtures.models import MODELS
from fixtures.specs import Hub, ModelSpec

MODELS.add(ModelSpec("tiny-two", "gpt2", "mini", "causal-lm", ("tiny-text",), Hub("nobody/second", "0" * 40)))

"""One more row, for sessions of two models: loaded with `-p tests.acceptance.second`."""

from __future__ import annotations

from fixtures.models import MODELS
from fixtures.specs import Hub, ModelSpec, Trained

TRAINED = Trained("causal-lm", ("tiny-text",), Hub("nobody/second", "0" * 40))
MODELS.add(ModelSpec("tiny-two", "gpt2", "base", (TRAINED,)))

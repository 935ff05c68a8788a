"""A row for weights at a branch of the hub: loaded with `-p tests.acceptance.branch`."""

from __future__ import annotations

from fixtures.models import MODELS
from fixtures.specs import Hub, ModelSpec, Trained

TRAINED = Trained("causal-lm", ("tiny-text",), Hub("nobody/branch", "main"))
MODELS.add(ModelSpec("tiny-branch", "gpt2", "base", (TRAINED,)))

"""A text of a few windows, and the packages that a light session does without."""

from __future__ import annotations

SENTENCES = (
    "The lobster is caught in traps, and the lobster is eaten.",
    "Pruning removes weights; the café counts what remains.",
    "A window of tokens is scored, all but the first.",
)
TEXT = "\n".join(f"{number} {sentence}" for number in range(12) for sentence in SENTENCES) + "\n"
HEAVY = ("torch", "transformers", "datasets", "evaluate", "pandas")

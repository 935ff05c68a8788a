"""A text of a few windows, questions and translations, and the packages that a light session does without."""

from __future__ import annotations

from tests.squad import make_squad

SENTENCES = (
    "The lobster is caught in traps, and the lobster is eaten.",
    "Pruning removes weights; the café counts what remains.",
    "A window of tokens is scored, all but the first.",
)
TEXT = "\n".join(f"{number} {sentence}" for number in range(12) for sentence in SENTENCES) + "\n"
ROMANIAN = (
    "Homarul este prins în capcane, iar homarul este mâncat.",
    "Retezarea înlătură ponderi; cafeneaua numără ce rămâne.",
    "O fereastră de elemente este punctată, fără primul.",
)
ASKED = (
    (0, "What is caught?", ("lobster", "The lobster")),
    (1, "What removes weights?", ("Pruning",)),
    (2, "What is scored?", ("A window", "A window of tokens")),
)
HEAVY = ("torch", "transformers", "datasets", "evaluate", "pandas")
# what lies in the folder of embedded data
FILES = {
    "lines.txt": TEXT,
    "squad.json": make_squad(SENTENCES, ASKED),
    "pairs.en": "\n".join(SENTENCES) + "\n",
    "pairs.ro": "\n".join(ROMANIAN) + "\n",
}

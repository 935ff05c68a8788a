"""One colour for one method everywhere: colours that colour-blind readers tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# Okabe and Ito 2008, Color Universal Design, without black, which vanishes on dark paper, and without yellow,
# which vanishes on white; then four that are told from them, by their dashes too
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#9E77C7",
    "#999933",
    "#44AA99",
    "#A6761D",
)
NEUTRAL = "#888888"  # what is no method: dense, the line at 1
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))

# what most runs have keeps its colour whatever else is there
PRUNINGS = (
    "magnitude-global",
    "magnitude-model",
    "magnitude-layer",
    "random-global",
    "magnitude-heads",
    "magnitude-neurons",
    "magnitude-depth",
)
LAYOUTS = (
    "csr",
    "strided",
    "sliced depth",
    "sliced heads",
    "sliced neurons",
    "bsr 4x4",
    "bsr 16x16",
    "scipy",
    "csr-linear",
    "2:4",
)
ENCODINGS = ("packed", "safetensors", "bitmask", "csr", "torch-masked")
COMPONENTS = ("attention", "feed-forward", "embeddings", "norms", "head")


def scale_of(known: Sequence[str], found: Iterable[str]) -> tuple[list[str], list[str]]:
    """The names that were found, in a fixed order, and their colours: a known name has one wherever it is."""
    there = set(found)
    others = sorted(there.difference(known))
    names = [name for name in (*known, *others) if name in there]
    places = {name: place for place, name in enumerate((*known, *others))}
    return names, [COLOURS[places[name] % len(COLOURS)] for name in names]

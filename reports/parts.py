"""What counts tell of parts of a checkpoint beyond sizes: patterns of zeros, and what a ranking takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from reports.counts import TensorCounts
from reports.magnitudes import taken

Part = TypeVar("Part", bound=str | None)


def pattern_shares(tensors: Iterable[TensorCounts]) -> dict[str, float]:
    """Shares of groups that satisfy 2:4 and of 4 × 4 blocks that are all zeros; none where there are none."""
    patterns = [one.patterns for one in tensors]
    groups, groups_met, blocks, blocks_met = (sum(one[place] for one in patterns) for place in range(4))
    return {
        **({"share_2_4": groups_met / groups} if groups else {}),
        **({"share_4x4": blocks_met / blocks} if blocks else {}),
    }


def taken_from(
    parts: Mapping[Part, Sequence[TensorCounts]], ranked: Iterable[TensorCounts], sparsity: float
) -> dict[Part, tuple[int, float]]:
    """What one magnitude ranking prunes: by part, how many weights of it are ranked, and the share taken.

    Args:
        parts: of what is ranked; those without a weight are left out.
        ranked: all that the ranking is about.
        sparsity: of all that together.
    """
    several = {one.name: [one.magnitudes] for one in ranked if one.magnitudes.total}
    shares = taken(several, sparsity) if several else {}
    found = {}
    for part, tensors in parts.items():
        sizes = {one.name: one.magnitudes.total for one in tensors if one.magnitudes.total}
        if total := sum(sizes.values()):
            found[part] = total, sum(shares[name] * size for name, size in sizes.items()) / total
    return found

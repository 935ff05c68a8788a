"""How sparse a checkpoint is before anyone prunes it: part by part, from its counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from fixtures.anatomy import component_order
from fixtures.scanning import Counted, Scan
from fixtures.specs import PruningSpec
from fixtures.tensor_files import StoredTensor
from reports.counts import CheckpointCounts, TensorCounts, pack_bins, pack_integers
from reports.escaping import name_some
from reports.magnitudes import Magnitudes, merge
from reports.parts import pattern_shares, taken_from

QUANTILES = {"magnitude_q01": 0.01, "magnitude_q50": 0.50, "magnitude_q99": 0.99}
LARGE = 1.0  # the study counted the weights above it

Tensors = Sequence[TensorCounts]
Parts = Mapping[str | None, Tensors]


@dataclass(frozen=True, eq=False)
class Finding:
    """Numbers of one part of a checkpoint.

    Attributes:
        part: a layer or a component; None is the whole.
        parameters: how many the numbers are about.
        pruning: what the part's share is asked of, for `pruned_share`.
    """

    part: str | None
    parameters: int
    values: Mapping[str, float]
    pruning: PruningSpec | None = None


def count_checkpoint(scan: Scan, model: str, weights: str, family: str) -> CheckpointCounts:
    """A scan as it is stored."""
    left_out = [{**_describe(left.stored), "why": left.why} for left in scan.left_out]
    return CheckpointCounts(
        model=model,
        weights=weights,
        family=family,
        tensors=tuple(map(_count_tensor, scan.counted)),
        left_out=tuple(left_out),
    )


def find_structure(checkpoint: CheckpointCounts, prunings: Iterable[PruningSpec]) -> Iterator[Finding]:
    """What there is to say of the whole, of each component and of each layer."""
    parts = parts_of(checkpoint.tensors)
    for part, tensors in parts.items():
        yield Finding(part, _parameters(tensors), describe(tensors, whole=part is None))
    for pruning in prunings:
        yield from _take(parts, pruning)


def parts_of(tensors: Tensors) -> Parts:
    """By part: None is the whole, then components, then layers."""
    ordered = sorted(tensors, key=lambda tensor: component_order(tensor.component))
    components = _grouped(ordered, lambda tensor: tensor.component)
    layers = _grouped([tensor for tensor in tensors if tensor.layer], lambda tensor: str(tensor.layer))
    found: dict[str | None, Tensors] = {None: tensors}
    found.update(components)
    found.update(layers)
    return found


def describe(tensors: Tensors, *, whole: bool) -> dict[str, float]:
    """Shares and quantiles of a part; of the whole also how many numbers are none."""
    found = merge(tensor.magnitudes for tensor in tensors)
    values = {"parameters": float(_parameters(tensors)), **(_shares(found) if found.total else {})}
    values.update(pattern_shares(tensors))
    return {**values, **_oddities(tensors)} if whole else values


def complaints(tensors: Tensors) -> list[str]:
    """A sentence per kind of number that no weight may be, naming tensors."""
    kinds = {
        "NaN": [tensor.name for tensor in tensors if tensor.nan],
        "infinite": [tensor.name for tensor in tensors if tensor.infinite],
    }
    return [f"{kind} weights in {name_some(names)}" for kind, names in kinds.items() if names]


def remarks(checkpoint: CheckpointCounts) -> tuple[str, ...]:
    """What a reader of the records should know: what is all zeros, what was left out."""
    zeros = [tensor.name for tensor in checkpoint.tensors if tensor.zeros == tensor.parameters]
    left = [f"{left['name']} ({left['why']})" for left in checkpoint.left_out]
    sentences = (("all zeros", zeros), ("not counted", left))
    return tuple(f"{what}: {name_some(names)}" for what, names in sentences if names)


def _take(parts: Parts, pruning: PruningSpec) -> Iterator[Finding]:
    everything = pruning.scope == "model"
    chosen = {
        part: [tensor for tensor in tensors if everything or tensor.matrix] for part, tensors in parts.items()
    }
    for part, (total, share) in taken_from(chosen, chosen[None], pruning.sparsity).items():
        yield Finding(part, total, {"pruned_share": share}, pruning)


def _shares(found: Magnitudes) -> dict[str, float]:
    zeros = int(found.counts[found.upper == 0].sum())
    return {
        "share_above_1": found.share_above(LARGE),
        "share_zero": zeros / found.total,
        **{metric: found.quantile(share) for metric, share in QUANTILES.items()},
        "magnitude_max": found.quantile(1.0),
    }


def _oddities(tensors: Tensors) -> dict[str, float]:
    return {
        "nan_weights": float(sum(tensor.nan for tensor in tensors)),
        "infinite_weights": float(sum(tensor.infinite for tensor in tensors)),
        "subnormal_weights": float(sum(tensor.subnormal for tensor in tensors)),
        "zero_tensors": float(sum(tensor.zeros == tensor.parameters for tensor in tensors)),
    }


def _parameters(tensors: Tensors) -> int:
    return sum(tensor.parameters for tensor in tensors)


def _grouped(tensors: Tensors, key: Callable[[TensorCounts], str]) -> dict[str, list[TensorCounts]]:
    found: dict[str, list[TensorCounts]] = {}
    for tensor in tensors:
        found.setdefault(key(tensor), []).append(tensor)
    return found


def _count_tensor(one: Counted) -> TensorCounts:
    tally, standing = one.tally, one.standing
    groups = asdict(one.patterns)
    return TensorCounts(
        name=one.stored.name,
        dtype=one.stored.dtype,
        shape=one.stored.shape,
        component=standing.component,
        layer=standing.layer,
        matrix=standing.matrix,
        grid=tally.kind.grid,
        exact=tally.kind.exact,
        bins=pack_bins(tally.bins),
        counts=pack_integers(tally.counts),
        ends=None if tally.kind.exact else pack_integers(tally.ends),
        subnormal=tally.subnormal,
        infinite=tally.infinite,
        nan=tally.nan,
        patterns=(groups["groups"], groups["groups_met"], groups["blocks"], groups["blocks_met"]),
    )


def _describe(stored: StoredTensor) -> dict[str, object]:
    return {"name": stored.name, "dtype": stored.dtype, "shape": list(stored.shape)}

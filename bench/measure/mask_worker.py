"""One side of the mask-cost benchmark, as a process: `python -m bench.measure.mask_worker JOB`.

Reads a command per line and answers each with a line of JSON: `forget`, `find`, `describe`, `apply`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from bench.measure.workers import REFUSED, serve
from fixtures.loading import build_model
from fixtures.origins import Origin
from fixtures.pruning.apply import AppliedMasks
from fixtures.pruning.masks import Masks, find_masks, in_scope
from fixtures.pruning.prunable import Weight, weights_of
from fixtures.pruning.scopes import find_scope
from fixtures.specs import PruningSpec


class Side:
    """A model, and the masks that were found for it."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        torch.set_num_threads(job["threads"])
        origin = Origin(**{**job["origin"], "path": Path(job["origin"]["path"])})
        self._pruning = PruningSpec(**job["pruning"])
        self._weights = weights_of(build_model(origin, job["dtype"], job["seed"]))
        self._find = {"ours": find_masks, "pytorch": find_masks_by_pytorch}[job["side"]]
        self._masks = Masks({}, asked=0)

    def forget(self) -> None:
        """Frees the masks."""
        self._masks = Masks({}, asked=0)

    def find(self) -> float:
        """Seconds to find the masks."""
        start = time.perf_counter()
        self._masks = self._find(self._weights, self._pruning)
        return time.perf_counter() - start

    def describe(self) -> list[object]:
        """The count, the threshold, and a digest of the masks with the ties at the threshold left out."""
        return describe_masks(self._masks.kept)

    def apply(self) -> float:
        """Seconds to apply the masks that were found and to make them permanent."""
        start = time.perf_counter()
        applied = AppliedMasks(self._masks)
        applied.make_permanent()
        seconds = time.perf_counter() - start
        applied.undo()
        return seconds


def find_masks_by_pytorch(weights: Sequence[Weight], pruning: PruningSpec) -> Masks:
    """The masks that global_unstructured finds, without the cost of applying them."""
    chosen = in_scope(weights, find_scope(pruning.scope))
    places = {weight.places[0]: weight for weight in chosen}
    kept: dict[Weight, Tensor] = {}

    def collect(module: nn.Module, name: str, mask: Tensor) -> None:
        kept[places[module, name]] = mask

    with mock.patch.object(prune, "custom_from_mask", collect):
        prune.global_unstructured(list(places), prune.L1Unstructured, amount=pruning.sparsity)
    return Masks(kept, asked=round(pruning.sparsity * sum(mask.numel() for mask in kept.values())))


def describe_masks(kept: Mapping[Weight, Tensor]) -> list[object]:
    """What two findings of the same masks agree on: [pruned, threshold, digest]."""
    pruned = sum(int((mask == 0).sum()) for mask in kept.values())
    highest = [
        weight.parameter.data.abs()[mask == 0].max() for weight, mask in kept.items() if (mask == 0).any()
    ]
    threshold = max((float(value) for value in highest), default=0.0)
    digest = hashlib.sha256()
    for weight, mask in kept.items():
        above = (mask != 0) | (weight.parameter.data.abs() == threshold)
        digest.update(np.packbits(above.numpy()).tobytes())
    return [pruned, threshold, digest.hexdigest()]


def main() -> None:
    """Serves commands until the input ends; a model that cannot be loaded is the answer to each."""
    try:
        side = Side(json.loads(sys.argv[1]))
    except ValueError as error:
        refusal = {REFUSED: str(error)}
        serve(lambda _: refusal)
        return
    commands = {"forget": side.forget, "find": side.find, "describe": side.describe, "apply": side.apply}
    serve(lambda command: commands[command]())


if __name__ == "__main__":
    main()

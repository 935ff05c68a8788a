"""What sparsity could save: multiply-adds, bytes, and the bound that what stays dense puts on both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedModel

from bench.measure.phases import prepare
from fixtures.laying_out import lay_out, pruned_modules, pruned_weights
from fixtures.layouts import LAYOUTS
from fixtures.pruning.prunable import tensors_of
from fixtures.slicing import judged
from fixtures.variants import PrunedModel
from fixtures.workloads import Workload


@dataclass(frozen=True)
class Theory:
    """Counts of a pruned model on a workload.

    Attributes:
        parameters, nonzeros: of the dense model, and what is left of them; tied weights once.
        multiply_adds: of the dense model, attention and head among them.
        sparse_multiply_adds: without those by a zero; where whole parts go, those of the smaller model.
        pruned_multiply_adds: of the dense model, in the pruned matrices.
        left_multiply_adds: of those, what is left.
        sparse_byte_share: of all bytes of weights, those in the scope of the pruning.
    """

    parameters: int
    nonzeros: int
    multiply_adds: int
    sparse_multiply_adds: int
    pruned_multiply_adds: int
    left_multiply_adds: int
    sparse_byte_share: float

    @property
    def theoretical_speedup(self) -> float:
        """Of the pruned matrices alone, if a zero cost nothing: their multiply-adds, dense over sparse."""
        if not self.pruned_multiply_adds:
            return 1.0
        return self.pruned_multiply_adds / max(self.left_multiply_adds, 1)

    @property
    def amdahl_bound(self) -> float:
        """Of the whole workload, if the pruned matrices reached that: dense multiply-adds over sparse ones.

        Attention counts as what stays, unless its heads or layers go.

        Source: Amdahl 1967, with a pruned share p and its speed-up s: 1 / ((1 - p) + p / s).
        """
        return self.multiply_adds / max(self.sparse_multiply_adds, 1)

    @property
    def compression(self) -> float:
        """Parameters over those that are not zero."""
        return self.parameters / max(self.nonzeros, 1)

    def by_name(self) -> dict[str, float]:
        """As metrics."""
        return {
            "parameters": self.parameters,
            "nonzeros": self.nonzeros,
            "theoretical_speedup": self.theoretical_speedup,
            "amdahl_bound": self.amdahl_bound,
            "multiply_adds": self.multiply_adds,
            "sparse_multiply_adds": self.sparse_multiply_adds,
            "compression_ratio": self.compression,
            "sparse_byte_share": self.sparse_byte_share,
        }


def count(pruned: PrunedModel, workload: Workload) -> Theory:
    """Counts what the pruned model does on a workload.

    Raises:
        MisfitError: the model has fewer positions than the workload takes.
        ValueError: the model has no such phase.
    """
    tensors = [tensor for _, tensor in tensors_of(pruned.loaded.weights)]
    sparse = [weight.parameter.nbytes for weight in pruned_weights(pruned)]
    total, dense = _count_multiply_adds(pruned, lay_out(pruned, LAYOUTS["strided"]).model, workload)
    smaller = judged(pruned)
    if smaller is pruned.loaded:  # the shapes are as before, and zeros are among the numbers
        left = sum(round(count * (1 - _sparsity(pruned, name))) for name, count in dense.items())
        whole = total - sum(dense.values()) + left
    else:
        whole, staying = _count_multiply_adds(pruned, smaller.model, workload)
        left = sum(staying.values())
    return Theory(
        parameters=sum(tensor.numel() for tensor in tensors),
        nonzeros=sum(int(tensor.count_nonzero()) for _, tensor in tensors_of(smaller.weights)),
        multiply_adds=total,
        sparse_multiply_adds=whole,
        pruned_multiply_adds=sum(dense.values()),
        left_multiply_adds=left,
        sparse_byte_share=sum(sparse) / sum(tensor.nbytes for tensor in tensors),
    )


def _count_multiply_adds(
    pruned: PrunedModel, model: PreTrainedModel, workload: Workload
) -> tuple[int, Mapping[str, int]]:
    """Of the whole, and by module that multiplies by a pruned matrix, if the workload comes by it.

    Of fewer layers, those that are left have the first of the names.
    """
    model.set_attn_implementation("eager")  # whose products the counter knows on every device
    runner = prepare(model, workload)
    runner.reset()
    with FlopCounterMode(display=False) as counter:
        runner.run()
    counts = {name: sum(found.values()) // 2 for name, found in counter.get_flop_counts().items()}
    # the counter names what is below the module that was called
    root = "encoder." if workload.phase == "encode" else ""
    below = {f"{root}{name.partition('.')[2]}": count for name, count in counts.items()}
    return counts["Global"], {name: below[name] for name in pruned_modules(pruned) if name in below}


def _sparsity(pruned: PrunedModel, name: str) -> float:
    weight = pruned.loaded.model.get_submodule(name).get_parameter("weight")
    return 1 - int(weight.count_nonzero()) / weight.numel()

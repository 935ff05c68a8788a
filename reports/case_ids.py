"""From a record to the id of the case that measured it: `test_quality[gpt2-mini-atlas-lm-dense]`."""

from __future__ import annotations

from reports.cells import variant_text
from reports.record import Record

# by benchmark and workload, where a test is not called after its benchmark or its id has no workload in it
NAMES = {
    ("pruning", "masks"): "mask_cost",
    ("structure", "scan"): "scan_cost",
    ("throughput", "evaluate"): "throughput",
}
RENAMED = {"pruning": "sparsity", "resident": "memory"}
DENSE = "dense"


def test_of(record: Record) -> str:
    """The name of the test."""
    if record.is_layer:
        return "test_layer"
    named = NAMES.get((record.benchmark, record.workload or ""))
    return f"test_{named or RENAMED.get(record.benchmark, record.benchmark)}"


def words_of(record: Record) -> list[str]:
    """The words of the id, in their order."""
    dense = record.part or record.benchmark == "structure"  # what would be pruned is told of the dense model
    workload = None if (record.benchmark, record.workload) in NAMES else record.workload
    words = (
        record.model,
        record.task or workload,
        DENSE if dense else variant_text(record),
        record.layout if workload else None,
        record.encoding,
    )
    return [word for word in words if word]


def case_id(record: Record) -> str:
    """The id as pytest prints it, without the file."""
    return f"{test_of(record)}[{'-'.join(words_of(record))}]"

"""The fixtures that look at a checkpoint's weights as they lie on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest

from bench.thresholds import Verdict
from fixtures.specs import Case
from reports.counts import PROPERTY

if TYPE_CHECKING:
    from bench.measure.structure import Finding
    from bench.measuring import Record
    from fixtures.stored import Stored
    from reports.counts import CheckpointCounts

RecordFindings = Callable[["CheckpointCounts", "Iterable[Finding]"], None]

FINITE = "every weight is a number"  # where the limit comes from: no table can say otherwise
NO_NUMBERS = ("nan_weights", "infinite_weights")


@pytest.fixture
def counted(case: Case, stored: Stored, pytestconfig: pytest.Config) -> CheckpointCounts:
    """The checkpoint's weights, counted by size; a long reading shows how far it is."""
    from bench.measure.structure import count_checkpoint
    from bench.progress import show_bytes
    from fixtures.scanning import scan

    try:
        with show_bytes(str(case), bytes_to_read(stored), pytestconfig) as advance:
            identity = stored.identify(advance)
            found = scan(stored.tensors, stored.family, advance)
    except (ValueError, OSError) as error:
        raise pytest.fail.Exception(f"{case}: {error}", pytrace=False) from None
    if not found.counted:
        pytest.fail(f"{case}: its files hold no weights", pytrace=False)
    return count_checkpoint(found, case.variant.model.name, identity, stored.family)


def bytes_to_read(stored: Stored) -> int:
    """What a reading will say in all that it has read.

    Raises:
        ValueError: a tensor's type holds weights that are not counted here.
    """
    from fixtures.scanning import sort_out

    weights, _ = sort_out(stored.tensors, stored.family)
    return stored.unread + sum(tensor.end - tensor.begin for tensor in weights)


@pytest.fixture
def record_findings(record: Record, record_property: Callable[[str, object], None]) -> RecordFindings:
    """Records what was found part by part, and the counts it comes from."""
    from bench.measure.structure import remarks
    from bench.recording import Measurement
    from fixtures.scanning import DTYPES

    def recorded(checkpoint: CheckpointCounts, findings: Iterable[Finding]) -> None:
        dtype = "+".join(sorted({DTYPES[tensor.dtype] for tensor in checkpoint.tensors}))
        for finding in findings:
            whole = finding.part is None and finding.pruning is None
            record(
                Measurement(
                    benchmark="structure",
                    weights=checkpoint.weights,
                    device="cpu",
                    dtype=dtype,
                    part=finding.part,
                    pruning=finding.pruning,
                    n=finding.parameters,
                    values=finding.values,
                    verdicts={name: _judge(finding.values[name]) for name in NO_NUMBERS if whole},
                    stamps=remarks(checkpoint) if whole else (),
                )
            )
        record_property(PROPERTY, checkpoint.to_json())

    return recorded


def _judge(value: float) -> Verdict:
    return Verdict("failed" if value else "passed", limit="from 0 to 0", source=FINITE)

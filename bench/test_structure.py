"""How sparse is a model before anyone prunes it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.scans import TAKEN, scan_cost_cases, structure_cases

if TYPE_CHECKING:
    from bench.measuring import Record
    from bench.reading import RecordFindings
    from fixtures.settings import Settings
    from fixtures.specs import Case
    from fixtures.stored import Stored
    from reports.counts import CheckpointCounts


@pytest.mark.cases(make=structure_cases)
def test_structure(case: Case, counted: CheckpointCounts, record_findings: RecordFindings) -> None:
    """Sorts the weights by size, part by part; fails where one is NaN or infinite."""
    from bench.measure.structure import complaints, find_structure

    record_findings(counted, find_structure(counted, TAKEN))
    if found := complaints(counted.tensors):
        pytest.fail(f"{case}: {'; '.join(found)}", pytrace=False)


@pytest.mark.cases(make=scan_cost_cases)
def test_scan_cost(
    case: Case, stored: Stored, settings: Settings, record: Record, pytestconfig: pytest.Config
) -> None:
    """Times the scan beside plain reading and beside PyTorch's histogram, in turns in one process."""
    from bench.measure.scan_cost import measure_scan_cost
    from bench.progress import show_bytes
    from bench.recording import Measurement

    try:
        with show_bytes(str(case), stored.unread, pytestconfig) as advance:
            identity = stored.identify(advance)
        cost = measure_scan_cost(stored, settings.threads)
    except (RuntimeError, ValueError, OSError) as error:
        raise pytest.fail.Exception(f"{case}: {error}", pytrace=False) from None
    record(
        Measurement(
            benchmark="structure",
            workload="scan",
            weights=identity,
            device="cpu",
            dtype=cost.dtype,
            values=cost.values,
            samples=cost.samples,
        )
    )

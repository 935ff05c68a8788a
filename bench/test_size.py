"""How small is a pruned model on disk?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.costs import size_cases

if TYPE_CHECKING:
    from pathlib import Path

    from bench.timing import Timing
    from fixtures.specs import Case
    from fixtures.variants import PrunedModel


@pytest.mark.cases(make=size_cases)
def test_size(case: Case, variant: PrunedModel, timing: Timing, tmp_path: Path) -> None:
    """Writes the weights in an encoding, reads them back to the bit, and counts bytes."""
    from bench.measure.size import measure_size, tensors_to_write
    from fixtures.encodings.table import ENCODINGS

    encoding = ENCODINGS[str(case.encoding)]
    with timing.guarded("size", "file_size"):
        tensors = tensors_to_write(variant)
        path, pruning = tmp_path / "weights", case.variant.pruning
        values = timing.once(lambda: measure_size(tensors, encoding, path, pruning))
        timing.record_size(values, variant.achieved.in_scope)
    (tmp_path / "weights").unlink(missing_ok=True)  # pytest keeps the folders of three sessions

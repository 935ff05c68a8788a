"""Every value of a report as CSV, with the run that it is of: one table for another program."""

from __future__ import annotations

from collections.abc import Iterable

from reports.evidence import Measured
from reports.tables import csv_row, csv_text


def tidy_csv(measured: Iterable[Measured]) -> str:
    """A line per value: the record's fields, then the commit, the machine and the start of its run."""
    return csv_text({**csv_row(one.record), **_run(one)} for one in measured)


def _run(one: Measured) -> dict[str, object]:
    run = one.run.run
    return {"commit": run.commit, "machine": run.machine, "started": run.started}

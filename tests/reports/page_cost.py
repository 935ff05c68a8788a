"""What a page of many runs costs: `python -m tests.reports.page_cost` tells time and memory.

A process of its own reads them and writes the report as `python -m reports page RUN…` does. Runs are
synthetic: each measured the same with other values, about 120 plots' worth and numbers that no plot shows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from reports.page import write_report
from reports.record import Record
from reports.store import read_run
from tests.reports.rows import make_record
from tests.reports.runs import everything, store

MODELS = 12  # of about 70 records and 10 plots each
UNIT = 1024 if sys.platform == "darwin" else 1  # the system tells bytes there, else KiB


def write_runs(folder: Path, runs: int, records: int) -> list[Path]:
    """So many runs of so many records, a day apart, and where they are."""
    started = (f"2026-{1 + run // 28:02}-{1 + run % 28:02}T09:00:00+00:00" for run in range(runs))
    return [
        store(folder, list(islice(_records(1 + run / 1e4), records)), started=when).path
        for run, when in enumerate(started)
    ]


def _records(factor: float) -> Iterator[Record]:
    drawn = chain.from_iterable(everything(f"model-{model}") for model in range(MODELS))
    plain = (make_record(benchmark="structure", part=f"h.{part}", metric="parameters") for part in count())
    return (replace(record, value=(record.value or 0.0) * factor) for record in chain(drawn, plain))


def measure(paths: list[Path], output: Path) -> None:
    """Reads the runs, writes the report and prints what that took."""
    start = perf_counter()
    stored = [read_run(path) for path in paths]
    read = perf_counter()
    written = write_report(stored, output)
    end = perf_counter()
    own, helpers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = sum(one.ru_utime + one.ru_stime for one in (own, helpers))
    largest = [f"{one.ru_maxrss / UNIT / 1e6:.2f} GB" for one in (own, helpers)]
    sys.stdout.write(
        f"{len(paths)} runs read in {read - start:.1f} s; report of {len(written.plots) // 2} plots written "
        f"in {end - read:.1f} s: {end - start:.1f} s in all, {seconds:.1f} s of CPU; "
        f"{largest[0]}, and {largest[1]} in the largest process beside it\n"
    )


def main() -> None:
    """Measures in a fresh process, so that making the runs is not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--records", type=int, default=1000, help="of each run")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        paths = write_runs(Path(folder) / "results", options.runs, options.records)
        arguments = (paths, Path(folder) / "report")
        process = multiprocessing.get_context("spawn").Process(target=measure, args=arguments)
        process.start()
        process.join()
    sys.exit(process.exitcode)


if __name__ == "__main__":
    main()

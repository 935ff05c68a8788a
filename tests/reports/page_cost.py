"""What a page of many runs costs: `python -m tests.reports.page_cost` prints seconds, plots and memory.

It stores synthetic runs, a session's layout of records over several models, reads them back in a process of
their own and writes the report, as `python -m reports page RUN…` does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.reports.rows import make_record
from tests.reports.runs import everything, store

MODELS = 12  # of about 70 records and 10 plots each


def write_runs(folder: Path, runs: int, records: int) -> list[Path]:
    """So many runs of so many records, a day apart, and where they are."""
    drawn = [record for model in range(MODELS) for record in everything(f"model-{model}")]
    plain = (make_record(benchmark="structure", part=f"h.{part}", metric="parameters") for part in count())
    many = list(islice(chain(drawn, plain), records))
    started = (f"2026-{1 + run // 28:02}-{1 + run % 28:02}T09:00:00+00:00" for run in range(runs))
    return [store(folder, many, started=when).path for when in started]


def measure(paths: list[Path], output: Path) -> None:
    """Reads the runs, writes the report and prints what each took."""
    from reports.page import write_report
    from reports.store import read_run

    start = perf_counter()
    stored = [read_run(path) for path in paths]
    read = perf_counter()
    written = write_report(stored, output)
    end = perf_counter()
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    sys.stdout.write(
        f"{len(paths)} runs read in {read - start:.1f} s, report of {len(written.plots) // 2} plots written in "
        f"{end - read:.1f} s, {end - start:.1f} s in all, {largest:.2f} GB at most\n"
    )


def main() -> None:
    """Measures in a fresh process, so that making the runs is not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--records", type=int, default=1000, help="of each run")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        paths = write_runs(Path(folder) / "results", options.runs, options.records)
        process = multiprocessing.get_context("spawn").Process(
            target=measure, args=(paths, Path(folder) / "report")
        )
        process.start()
        process.join()
        sys.exit(process.exitcode)


if __name__ == "__main__":
    main()

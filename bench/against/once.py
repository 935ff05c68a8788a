"""What is the same in every run, measured once by each side: quality, memory, size and the like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.against.pairs import collected, words_of
from bench.against.worker import HEAD, Message, Side, Worker, WorkerError, started
from reports.cases import CaseOutcome, StoredCases, case_of
from reports.store import StoredRun, read_run, stored_runs

ANSWERING = 3600.0  # seconds that a case may take

Choose = Callable[[Mapping[str, Sequence[str]]], Mapping[str, Sequence[str]]]
Hear = Callable[[Message], None]


@dataclass(frozen=True)
class Once:
    """What a side has, and what it measured.

    Attributes:
        collected: the ids of all cases that it has.
        broken: modules of which it could collect none, each with the reason.
        run: its records, if it stored any.
        cases: those that failed or were skipped.
        left: ids of those that it did not come to.
        trouble: why it broke off, if it did.
    """

    collected: Sequence[str] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    run: StoredRun | None = None
    cases: StoredCases = field(default_factory=StoredCases)
    left: Sequence[str] = ()
    trouble: str = ""


def measure_once(sides: Sequence[Side], choose: Choose, hear: Hear, folder: Path) -> dict[str, Once]:
    """Runs ordinary sessions of all sides at the same time, by the side's name.

    Args:
        sides: whose sessions.
        choose: from the ids that each side has, those that it is to measure.
        hear: takes what the candidate tells, as it comes.
        folder: where they store and print.
    """
    storing = [
        replace(side, arguments=(*side.arguments, "--results", str(folder / side.name))) for side in sides
    ]
    with started(storing, folder) as workers:
        found = {worker.side.name: _collect(worker) for worker in workers}
        wanted = choose({name: once.collected for name, once in found.items()})
        working = [worker for worker in workers if not found[worker.side.name].trouble]
        found |= _measure_all(working, found, wanted, hear)
    return {name: replace(once, run=_run(folder / name)) for name, once in found.items()}


def _collect(worker: Worker) -> Once:
    broken: dict[str, str] = {}

    def note(message: Message) -> None:
        if "broken" in message:
            broken[message["broken"]] = message["reason"].strip().rpartition("\n")[2]

    try:
        return Once(collected(worker, note), broken)
    except WorkerError as error:
        return Once(broken=broken, trouble=error.reason)


def _measure_all(
    workers: Sequence[Worker], found: Mapping[str, Once], wanted: Mapping[str, Sequence[str]], hear: Hear
) -> dict[str, Once]:
    """What each measured. The candidate is heard here, others by threads of their own: pytest takes one."""

    def measure(worker: Worker, listen: Hear) -> Once:
        return _measure(worker, found[worker.side.name], wanted[worker.side.name], listen)

    ours = [worker for worker in workers if worker.side.name == HEAD]
    with ThreadPoolExecutor(max(1, len(workers))) as pool, _ending(workers):
        others = {
            worker.side.name: pool.submit(measure, worker, _ignore)
            for worker in workers
            if worker not in ours
        }
        measured = {worker.side.name: measure(worker, hear) for worker in ours}
        return {**{name: future.result() for name, future in others.items()}, **measured}


@contextmanager
def _ending(workers: Sequence[Worker]) -> Iterator[None]:
    """An interruption ends the workers, so that no thread waits for them."""
    try:
        yield
    except BaseException:
        for worker in workers:
            worker.end()
        raise


def _ignore(message: Message) -> None:
    """The other sides' results are read from where they store them."""


def _measure(worker: Worker, once: Once, wanted: Sequence[str], hear: Hear) -> Once:
    left, cases, trouble = dict.fromkeys(wanted), list[CaseOutcome](), ""
    try:
        worker.tell(list(wanted))
        while left:
            message = worker.hear(ANSWERING)
            hear(message)
            cases += _not_passed(message)
            left.pop(message.get("ended", ""), None)
        worker.wait()
    except WorkerError as error:
        trouble = error.reason
    return replace(once, cases=StoredCases(tuple(cases)), left=tuple(left), trouble=trouble)


def _not_passed(message: Message) -> Iterator[CaseOutcome]:
    report = message.get("report")
    if report and report["outcome"] != "passed":
        yield CaseOutcome(case_of(report["nodeid"]), report["outcome"], words_of(report.get("longrepr")))


def _run(folder: Path) -> StoredRun | None:
    paths = stored_runs(folder)
    return read_run(paths[-1]) if paths else None

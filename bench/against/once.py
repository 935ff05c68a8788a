"""What is the same in every run, measured once by each side: quality, memory, size and the like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.against.pairs import collected
from bench.against.worker import Message, Side, Worker, WorkerError, started
from reports.store import StoredRun, read_run, stored_runs

ANSWERING = 3600.0  # seconds that a case may take

Choose = Callable[[Mapping[str, Sequence[str]]], Mapping[str, Sequence[str]]]
Hear = Callable[[Message], None]


@dataclass(frozen=True)
class Once:
    """What a side has, and what it measured.

    Attributes:
        collected: the ids of all cases that it has.
        run: its records, if it stored any.
        trouble: why it broke off, if it did.
    """

    collected: Sequence[str] = ()
    run: StoredRun | None = None
    trouble: str = ""


def measure_once(sides: Sequence[Side], choose: Choose, hear: Hear, folder: Path) -> dict[str, Once]:
    """Runs ordinary sessions of all sides at the same time, by the side's name.

    Args:
        sides: whose sessions; the last is the candidate.
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
        for name, trouble in _measure_all(working, wanted, hear).items():
            found[name] = replace(found[name], trouble=trouble)
    return {name: replace(once, run=_run(folder / name)) for name, once in found.items()}


def _collect(worker: Worker) -> Once:
    try:
        return Once(collected(worker))
    except WorkerError as error:
        return Once(trouble=error.reason)


def _measure_all(
    workers: Sequence[Worker], wanted: Mapping[str, Sequence[str]], hear: Hear
) -> dict[str, str]:
    """What each broke off for. Only the candidate is heard here, the others by threads: pytest takes one."""
    with ThreadPoolExecutor(max(1, len(workers))) as pool, _ending(workers):
        others = {
            worker.side.name: pool.submit(_measure, worker, wanted[worker.side.name], _ignore)
            for worker in workers[:-1]
        }
        ours = {worker.side.name: _measure(worker, wanted[worker.side.name], hear) for worker in workers[-1:]}
        return {**{name: future.result() for name, future in others.items()}, **ours}


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


def _measure(worker: Worker, wanted: Sequence[str], hear: Hear) -> str:
    left = set(wanted)
    try:
        worker.tell(list(wanted))
        while left:
            message = worker.hear(ANSWERING)
            hear(message)
            left.discard(message.get("ended", ""))
    except WorkerError as error:
        return error.reason
    worker.wait()
    return ""


def _run(folder: Path) -> StoredRun | None:
    paths = stored_runs(folder)
    return read_run(paths[-1]) if paths else None

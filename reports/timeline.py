"""The runs of a machine in the order of their commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.choosing import all_runs
from reports.commits import Line, first_parents
from reports.names import require_known
from reports.record import Run
from reports.store import StoredRun, read_header

SHORT = 7  # digits of a commit that a reader is shown
Header = tuple[Path, Run]


@dataclass(frozen=True)
class Commit:
    """A commit that was measured, or what stands for one.

    Attributes:
        sha: 40 hex digits; empty for a run outside git.
        label: its first digits, with `+` for uncommitted changes on top; the time of a run outside git.
        subject: the first line of its message, where git knows it.
        place: in the repository's first-parent history from 0, the oldest; None where order is by time.
        paths: the files of its runs, oldest first.
    """

    sha: str
    label: str
    subject: str
    place: int | None
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Timeline:
    """The commits of one machine, oldest first.

    Attributes:
        notes: what a reader must know of the order and of what was left out, a sentence each.
        damage: files whose first line could not be read, or is of a newer schema, a sentence each.
    """

    machine: str
    commits: tuple[Commit, ...]
    notes: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    def require_history(self) -> None:
        """Makes sure that there is something to compare.

        Raises:
            ValueError: there are fewer than two commits.
        """
        if len(self.commits) < 2:  # noqa: PLR2004 - of one commit nothing has moved
            there = f"a run of {self.commits[0].label} alone" if self.commits else "none"
            told = "; ".join(
                (f"a history needs two commits, of {self.machine} there is {there}", *self.notes)
            )
            raise ValueError(told)

    def last(self, count: int) -> Timeline:
        """The newest commits alone."""
        return Timeline(self.machine, self.commits[-count:], self.notes, self.damage)


def timeline_of(
    results: Path, repository: Path, machine: str | None = None, known: Mapping[Path, StoredRun] | None = None
) -> Timeline:
    """Orders the runs in a results folder by their commits, without reading their records.

    Args:
        results: the folder.
        repository: whose HEAD tells the order.
        machine: whose runs; without it this machine's, or the only one's.
        known: runs that were read already; those that lie elsewhere count too.

    Raises:
        ValueError: there are no runs, none of the machine, or no folder `repository`.
    """
    known = known or {}
    headers, damage = _headers(dict.fromkeys((*all_runs(results), *known)), known)
    machines = list(dict.fromkeys(str(run.machine) for _, run in headers))
    if not headers:
        raise ValueError("\n".join(("no run can be read:", *damage)))
    chosen = _choose(machines, machine)
    others = len(machines) - 1
    notes = [f"{others} other machine{'s have' if others > 1 else ' has'} runs too"] if others else []
    mine = [(path, run) for path, run in headers if str(run.machine) == chosen]
    commits, told = _order(mine, first_parents(repository))
    return Timeline(chosen, tuple(commits), (*told, *notes), tuple(damage))


def _headers(paths: Iterable[Path], known: Mapping[Path, StoredRun]) -> tuple[list[Header], list[str]]:
    headers, damage = [], []
    for path in paths:
        try:
            headers.append((path, known[path].run if path in known else read_header(path)))
        except ValueError as error:
            damage.append(str(error))
    return headers, damage


def _choose(machines: Sequence[str], asked: str | None) -> str:
    if asked is not None:
        require_known("machine", [asked], machines)
        return asked
    if len(machines) == 1:
        return machines[0]
    from reports.environment import this_machine  # asks the GPU's driver, which takes a moment

    here = this_machine()
    if here not in machines:
        raise ValueError(f"no run is of this machine ({here}): --machine with one of {', '.join(machines)}")
    return here


def _order(headers: Sequence[Header], line: Line) -> tuple[list[Commit], list[str]]:
    strange = sum(str(run.commit) not in line.subjects for _, run in headers)
    if line.missing:
        return _by_time(headers, line, f"{line.missing}: commits stand in the order of their newest runs")
    if line.is_shallow and any(run.commit and str(run.commit) not in line.subjects for _, run in headers):
        note = "the clone is shallow and lacks commits that were measured: all stand in the order of their"
        return _by_time(headers, line, f"{note} newest runs; `git fetch --unshallow` gets the history")
    places = {sha: place for place, sha in enumerate(line.subjects)}
    on_line = [(path, run) for path, run in headers if str(run.commit) in places]
    notes = [f"{_runs(strange)} left out: not of a commit on HEAD's first-parent line"] if strange else []
    ordered = sorted(on_line, key=lambda header: places[str(header[1].commit)])
    commits, told = _grouped(ordered, line, next(reversed(places)), places)
    return commits, [*notes, *told]


def _by_time(headers: Sequence[Header], line: Line, note: str) -> tuple[list[Commit], list[str]]:
    """Commits by their newest clean runs; a run outside git stands for a commit of its own."""
    newest = {_identity(*header): at for at, header in enumerate(headers) if not header[1].dirty}
    ordered = sorted(headers, key=lambda header: newest.get(_identity(*header), len(headers)))
    commits, told = _grouped(ordered, line, _identity(*headers[-1]), {})
    return commits, [note, *told]


def _identity(path: Path, run: Run) -> str:
    return str(run.commit or path.name)


def _grouped(
    ordered: Sequence[Header], line: Line, last: str, places: Mapping[str, int]
) -> tuple[list[Commit], list[str]]:
    """The runs of each commit together; of working trees with changes only those of the last commit."""
    groups: dict[tuple[bool, str], list[Header]] = {}
    for header in sorted(
        ordered, key=lambda header: bool(header[1].dirty)
    ):  # on top is last: sorting is stable
        groups.setdefault((bool(header[1].dirty), _identity(*header)), []).append(header)
    left_out = sum(len(group) for (dirty, sha), group in groups.items() if dirty and sha != last)
    kept = [
        _commit(group, line, places, dirty=dirty)
        for (dirty, sha), group in groups.items()
        if not dirty or sha == last
    ]
    note = f"{_runs(left_out)} left out: with uncommitted changes, on top of other than the last commit"
    return kept, [note] if left_out else []


def _commit(group: Sequence[Header], line: Line, places: Mapping[str, int], *, dirty: bool) -> Commit:
    sha = str(group[0][1].commit or "")
    label = sha[:SHORT] or str(group[0][1].started).replace("T", " ")[5:16]
    subject = line.subjects.get(sha, "")
    paths = tuple(path for path, _ in group)
    return Commit(sha, label + "+" * dirty, subject, places.get(sha), paths)


def _runs(count: int) -> str:
    return f"{count} run{'s' if count > 1 else ''}"

"""Append-only results: a file per run, a JSON line per record, written the moment a case ends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from reports.cases import SUFFIX as CASES
from reports.cases import CaseOutcome
from reports.counts import SUFFIX as COUNTS
from reports.lines import read_record
from reports.record import SCHEMA, Record, Run, Statistics

SAMPLES = ".samples.jsonl"


@dataclass(frozen=True)
class StoredRun:
    """A run as read back.

    Attributes:
        damage: what could not be read, a sentence each, naming file and line.
    """

    path: Path
    run: Run
    records: tuple[Record, ...]
    damage: tuple[str, ...]


def check_writable(results: Path, machine: str = "") -> None:
    """Makes the results folder, if new with a .gitignore of its own, and a machine's folder in it.

    Raises:
        ValueError: it cannot be made or written.
    """
    if results == Path():
        raise ValueError("--results: expected a folder of its own, found the one you are in")
    try:
        empty = not results.is_dir() or not any(results.iterdir())
        (results / machine).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=results / machine):
            pass
        if empty:  # beside a user's own files it would hide those from git
            (results / ".gitignore").write_text("*\n", "utf-8")
    except OSError as error:
        raise ValueError(f"--results {results}: cannot write there ({error.strerror})") from error


class RunWriter:
    """Writes a run; the file begins with the first record, so a session without records leaves none."""

    def __init__(self, results: Path, run: Run) -> None:
        self._results = results
        self._run = run
        self._file: IO[str] | None = None
        self._beside: dict[str, IO[str]] = {}
        self._sample_lines = 0

    @property
    def path(self) -> Path | None:
        """Where the records are, once there are any."""
        return Path(self._file.name) if self._file else None

    def append(
        self, record: Record, samples: Sequence[float] | None = None, statistics: Statistics | None = None
    ) -> None:
        """Writes a record, what it is made of first, so that no line refers to what is not there."""
        file = self._file or self._open()
        beside = {"samples": samples, "statistics": statistics}
        if there := {name: value for name, value in beside.items() if value is not None}:
            record = replace(record, samples=self._append_samples(record, there))
        _write(file, record.to_json())

    def append_counts(self, counts: Mapping[str, Any]) -> None:
        """Writes what was counted of a checkpoint, tensor by tensor, into a file beside the records."""
        if self._file is None:
            self._open()
        self._write_beside(COUNTS, counts)

    def append_case(self, case: CaseOutcome) -> None:
        """Writes how a case ended that did not pass."""
        self._write_beside(CASES, case.to_json())

    def close(self) -> None:
        """Closes the files; what was appended is on disk already, and what could not be has been told."""
        for file in filter(None, (self._file, *self._beside.values())):
            with suppress(OSError):  # a full disk refuses once more what it refused
                file.close()

    def _open(self) -> IO[str]:
        folder = self._results / self._run.machine
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^0-9T]", "", self._run.started.removesuffix("+00:00")) + "Z"
        self._file = open_new(folder, f"{stem}-{(self._run.commit or 'nocommit')[:12]}")
        _write(self._file, {"run": asdict(self._run)})
        return self._file

    def _append_samples(self, record: Record, there: Mapping[str, object]) -> str:
        name = self._write_beside(SAMPLES, {"metric": record.metric, **there})
        self._sample_lines += 1
        return f"{name}#{self._sample_lines}"

    def _write_beside(self, suffix: str, row: Mapping[str, Any]) -> str:
        """Appends a line to one of the run's other files; the file's name."""
        if suffix not in self._beside:
            path = Path(str(self.path)).with_suffix(suffix)
            self._beside[suffix] = path.open("a", encoding="utf-8")
        _write(self._beside[suffix], row)
        return Path(self._beside[suffix].name).name


def open_new(folder: Path, stem: str) -> IO[str]:
    """A file of its own even when two runs start in the same second."""
    attempt = 1
    while True:
        name = f"{stem}.jsonl" if attempt == 1 else f"{stem}-{attempt}.jsonl"
        try:
            return (folder / name).open("x", encoding="utf-8")
        except FileExistsError:
            attempt += 1


def _write(file: IO[str], row: Mapping[str, Any]) -> None:
    file.write(json.dumps(row, allow_nan=False) + "\n")  # ASCII: any text, undecodable arguments too
    file.flush()


def stored_runs(results: Path) -> list[Path]:
    """The files of all runs, oldest first."""
    files = [path for path in results.glob("*/*.jsonl") if not path.name.endswith((SAMPLES, COUNTS, CASES))]
    return sorted(files, key=_age)


def _age(path: Path) -> tuple[str, int, str, str]:
    """By the time in the name, then by the number that tells runs of the same second apart.

    A file that someone has named otherwise counts as older than all.
    """
    started, _, rest = path.stem.partition("-")
    commit, _, attempt = rest.partition("-")
    if not commit:
        return ("", 0, path.stem, path.parent.name)
    return (started, int(attempt) if attempt.isdecimal() else 1, commit, path.parent.name)


def read_run(path: Path) -> StoredRun:
    """Reads a run; a damaged line costs that line alone.

    Raises:
        ValueError: there is no such file, its header is damaged, or its schema is newer than this program's.
    """
    lines = read_lines(path)
    run = _parse_header(path, lines[0])
    records, damage = [], []
    for number, line in enumerate(lines[1:], start=2):
        try:
            records.append(parse_record(path, number, line))
        except ValueError as error:
            damage.append(str(error))
    return StoredRun(path, run, tuple(records), tuple(damage))


def read_lines(path: Path) -> list[bytes]:
    """The header of a run and its records, not looked at; a ValueError if there is no such file."""
    try:
        return path.read_bytes().removesuffix(b"\n").split(b"\n")
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error


def parse_record(path: Path, number: int, line: bytes) -> Record:
    """The record of a line; a ValueError that names a damaged one."""
    try:
        return read_record(line)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path}:{number}: damaged line left out ({error})") from error


def read_header(path: Path) -> Run:
    """What a run says of itself, without its records.

    Raises:
        ValueError: as `read_run` does.
    """
    try:
        with path.open("rb") as file:
            line = file.readline()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
    return _parse_header(path, line)


def _parse_header(path: Path, line: bytes) -> Run:
    try:
        header = json.loads(line)["run"]
        schema = int(header["schema"])
        if schema <= SCHEMA:
            return Run(**header)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}:1: not the header of a run ({error})") from error
    raise ValueError(describe_newer(path, schema))


def describe_newer(path: Path, schema: int) -> str:
    """Why a file of a newer program is not read."""
    return f"{path}: written with schema {schema}, this program knows {SCHEMA}: update it"

"""How often the comparison of two revisions was wrong, and how often it found what was there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from reports.record import SCHEMA, Run
from reports.store import describe_newer, open_new

FOLDER = "selftests"
SUFFIX = ".jsonl"
# what reading a line of anyone's may raise
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
SLOWER = 1.05  # the smallest round by which pytest-benchmark's `min:5%` calls a regression


@dataclass(frozen=True)
class Trial:
    """What was put to the test: the header of its file.

    Attributes:
        kind: aa or slowdown.
        factor: how much slower the candidate was made.
        loaded: whether beside a process that works on and off.
        rule: in words.
        run: where and when.
    """

    kind: str
    factor: float
    loaded: bool
    rule: str
    run: Run

    @property
    def name(self) -> str:
        """What was compared."""
        what = "a commit with itself" if self.factor == 1 else f"{self.factor - 1:.1%} slower"
        return f"{what}, beside a neighbour" if self.loaded else what


@dataclass(frozen=True)
class Compared:
    """One case in one session.

    Attributes:
        case: its id.
        heads, controls: log ratios to the base, by pair of processes.
        base_minima, head_minima: the smallest of the rounds in seconds, by pair.
    """

    case: str
    verdict: str
    reason: str
    heads: tuple[float, ...]
    controls: tuple[float, ...]
    base_minima: tuple[float, ...]
    head_minima: tuple[float, ...]

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """From a line of the file.

        Raises:
            TypeError, ValueError: a field is missing, unknown or of another type.
        """
        texts = ("case", "verdict", "reason")
        if not all(isinstance(row.get(name), str) for name in texts):
            raise TypeError(f"expected texts: {', '.join(texts)}")
        fields: dict[str, Any] = {
            name: value if name in texts else tuple(map(float, value)) for name, value in row.items()
        }
        return cls(**fields)

    @property
    def is_layer(self) -> bool:
        """Whether a single layer was timed, and no model."""
        return self.case.startswith("test_layer[")

    @property
    def by_minimum(self) -> bool:
        """What pytest-benchmark's `min:5%` says of the first pair's base, stored, and the next one's head."""
        pairs = min(len(self.base_minima), len(self.head_minima))
        return pairs > 1 and self.head_minima[1] > SLOWER * self.base_minima[0]


@dataclass(frozen=True)
class SelfTest:
    """A trial and its comparisons, session by session.

    Attributes:
        damage: what could not be read, a sentence each, naming file and line.
    """

    trial: Trial
    sessions: Sequence[Sequence[Compared]]
    damage: tuple[str, ...] = ()


class SelfTestWriter:
    """Writes a trial: a line for it, then a line per comparison as its session ends."""

    def __init__(self, results: Path, trial: Trial) -> None:
        folder = results / trial.run.machine / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        stamp = trial.run.started.replace("-", "").replace(":", "").removesuffix("+0000")
        loaded = "-loaded" if trial.loaded else ""
        with open_new(folder, f"{stamp}Z-{trial.kind}{loaded}") as file:
            self.path = Path(file.name)
            file.write(json.dumps({"trial": asdict(trial)}) + "\n")

    def append(self, session: int, comparisons: Iterable[Compared]) -> None:
        """Adds a session."""
        with self.path.open("a", encoding="utf-8") as file:
            for compared in comparisons:
                file.write(json.dumps({"session": session, **asdict(compared)}) + "\n")


def stored_selftests(results: Path) -> list[Path]:
    """The files of all self-tests, oldest first.

    Raises:
        ValueError: there are none.
    """
    found = sorted(results.glob(f"*/{FOLDER}/*{SUFFIX}"), key=lambda path: path.name)
    if not found:
        raise ValueError(f"no self-tests in {results}: `pytest bench -k latency --selftest aa:60` makes one")
    return found


def read_selftest(path: Path) -> SelfTest:
    """Reads a trial, as far as its last whole line: it may have been cut off, or not be over.

    A damaged line costs that line alone.

    Raises:
        ValueError: the file is not one, or its schema is newer than this program's.
    """
    header, lines = _whole_lines(path)
    trial = _parse_trial(path, header)
    sessions: dict[int, list[Compared]] = {}
    damage = []
    for at, line in enumerate(lines, start=2):
        try:
            row = json.loads(line)
            session, compared = int(row.pop("session")), Compared.from_json(row)
            sessions.setdefault(session, []).append(compared)
        except DAMAGE as error:
            damage.append(f"{path}:{at}: damaged line left out ({error})")
    return SelfTest(trial, list(sessions.values()), tuple(damage))


def _whole_lines(path: Path) -> tuple[bytes, list[bytes]]:
    """The first one, and the others; what follows the last end of a line was cut off."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
    if not lines:
        raise ValueError(f"{path}: not the file of a self-test (it has no whole line)")
    return lines[0], lines[1:]


def _parse_trial(path: Path, line: bytes) -> Trial:
    try:
        header = json.loads(line)["trial"]
        schema = int(header["run"]["schema"])
        if schema <= SCHEMA:
            return Trial(**{**header, "factor": float(header["factor"]), "run": Run(**header["run"])})
    except DAMAGE as error:
        raise ValueError(f"{path}:1: not the file of a self-test ({error})") from error
    raise ValueError(describe_newer(path, schema))

"""Cases that failed or were skipped: lines of a run's `.cases.jsonl`, for there is no record of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

SUFFIX = ".cases.jsonl"


def case_of(node_id: str) -> str:
    """Pytest's id without the file, if there is one in it: a case keeps its id where its module moves."""
    return node_id.partition("::")[2] or node_id


@dataclass(frozen=True)
class CaseOutcome:
    """How a case ended that did not pass.

    Attributes:
        case: its id.
        outcome: failed or skipped.
        reason: the message.
    """

    case: str
    outcome: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """As a line of the file."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> Self:
        """From a line of the file.

        Raises:
            TypeError: a field is missing, unknown or no text.
        """
        if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
            raise TypeError("not the outcome of a case")
        return cls(**row)


@dataclass(frozen=True)
class StoredCases:
    """A run's cases as read back.

    Attributes:
        damage: what could not be read, a sentence each, naming file and line.
    """

    outcomes: tuple[CaseOutcome, ...] = ()
    damage: tuple[str, ...] = ()

    def those(self, outcome: str) -> list[CaseOutcome]:
        """The failed, or the skipped."""
        return [found for found in self.outcomes if found.outcome == outcome]


def read_cases(run: Path) -> StoredCases:
    """What lies beside a run's file, a damaged line left out; nothing where every case passed."""
    path = run.with_suffix(SUFFIX)
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return StoredCases()
    except OSError as error:
        return StoredCases(damage=(f"{path}: cannot be read ({error.strerror})",))
    outcomes, damage = [], []
    for number, line in enumerate(lines[:-1] if lines[-1] == b"" else lines, start=1):
        try:
            outcomes.append(CaseOutcome.from_json(json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            damage.append(f"{path}:{number}: damaged line left out ({error})")
    return StoredCases(tuple(outcomes), tuple(damage))

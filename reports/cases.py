"""Cases that failed or were skipped: lines of a run's `.cases.jsonl`, for there is no record of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SUFFIX = ".cases.jsonl"


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


def read_cases(run: Path) -> Sequence[CaseOutcome]:
    """What lies beside a run's file; nothing where every case passed, or of older runs.

    Raises:
        ValueError: it is damaged.
    """
    path = run.with_suffix(SUFFIX)
    if not path.is_file():
        return []
    try:
        return [CaseOutcome(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error})") from error

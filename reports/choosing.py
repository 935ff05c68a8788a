"""Which stored run is meant: a file, a commit or `latest`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from reports.store import SAMPLES, read_header, stored_runs

LATEST = "latest"
COMMIT = re.compile(r"[0-9a-fA-F]{7,40}")
IN_NAME = 12  # digits of the commit that a run's file is named after
EXPECTED = f"expected a run's file, 7 or more digits of a commit, or `{LATEST}`"


def find_run(name: str | None, results: Path) -> Path:
    """The file of the run that a word of the command line means; None is the latest.

    Raises:
        ValueError: it means none, or several commits.
    """
    if name in {None, LATEST}:
        return all_runs(results)[-1]
    path = Path(str(name))
    if path.is_dir():
        raise ValueError(f"{path} is a folder: {EXPECTED}; {_advise(path)}")
    if path.name.endswith(SAMPLES):
        raise ValueError(f"{path} holds samples: {EXPECTED}")
    if path.exists():
        return path
    return _of_commit(str(name), results) if COMMIT.fullmatch(str(name)) else _miss(path, results)


def all_runs(results: Path) -> list[Path]:
    """The files of all runs, oldest first.

    Raises:
        ValueError: there are none.
    """
    paths = stored_runs(results)
    if not paths:
        raise ValueError(f"no runs in {results}: `pytest bench` stores one, --results DIR looks elsewhere")
    return paths


def _of_commit(digits: str, results: Path) -> Path:
    """The commit's newest run, of this machine if it has one."""
    found = [path for path in all_runs(results) if _commit_of(path, len(digits)).startswith(digits.lower())]
    if not found:
        raise ValueError(
            f"no run of commit {digits} in {results}: `python -m reports runs` lists what is there"
        )
    commits = sorted({_commit_of(path, IN_NAME) for path in found})
    if len(commits) > 1:
        raise ValueError(f"commit {digits} may be {' or '.join(commits)}: give more digits")
    return (_of_this_machine(found) or found)[-1]


def _commit_of(path: Path, digits: int) -> str:
    """As many digits as the name has; beyond those the header is read."""
    short = path.stem.split("-")[1] if "-" in path.stem else ""
    if digits <= IN_NAME:
        return short
    try:
        return str(read_header(path).commit or "")
    except ValueError:  # told where the run itself is asked for
        return ""


def _of_this_machine(paths: Sequence[Path]) -> list[Path]:
    if len({path.parent for path in paths}) == 1:
        return list(paths)
    from reports.environment import this_machine  # asks the GPU's driver, which takes a moment

    here = this_machine()
    return [path for path in paths if path.parent.name == here]


def _miss(path: Path, results: Path) -> Path:
    names = {stored.name: stored for stored in stored_runs(results)}
    near = get_close_matches(path.name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(str(names[one]) for one in near)}? " if near else ""
    raise ValueError(f"no run {path}: {hint}{EXPECTED}")


def _advise(folder: Path) -> str:
    found = stored_runs(folder) or stored_runs(folder.parent)
    return f"its last run is {found[-1]}" if found else "it has no runs"

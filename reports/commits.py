"""The commits that a repository went through, one after the other: the first parents of HEAD."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60  # a history of a million commits takes git about ten


@dataclass(frozen=True)
class Line:
    """The first-parent history of HEAD, whether or not HEAD is on a branch.

    Attributes:
        subjects: the first line of each commit's message, by its full hash, the oldest commit first.
        is_shallow: whether older commits may be missing from the clone.
        missing: why there are no commits, in words; empty where there are some.
    """

    subjects: Mapping[str, str]
    is_shallow: bool = False
    missing: str = ""


def first_parents(repository: Path) -> Line:
    """Asks git for the line of a working tree or a bare repository.

    Raises:
        ValueError: the folder is not there.
    """
    if not repository.is_dir():
        raise ValueError(f"--repo {repository}: no such folder, expected a git repository")
    try:
        told = _git(repository, "rev-list", "--first-parent", "--format=%H %s", "HEAD")
        shallow = _git(repository, "rev-parse", "--is-shallow-repository").strip() == "true"
    except FileNotFoundError:
        return Line({}, missing="git is not installed")
    except subprocess.TimeoutExpired:
        return Line({}, missing=f"git took more than {SECONDS} s")
    except subprocess.CalledProcessError:
        return Line({}, missing=f"{repository.resolve()} is no git repository with a commit")
    return Line(_parse(told), shallow)


def _parse(told: str) -> dict[str, str]:
    """Of lines in turns, `commit <hash>` and the hash with its subject, newest first."""
    lines = [line for line in told.split("\n") if line and not line.startswith("commit ")]
    return dict(reversed([(sha, subject) for sha, _, subject in (line.partition(" ") for line in lines)]))


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, check=True, timeout=SECONDS
    )
    return done.stdout.decode("utf-8", "replace")

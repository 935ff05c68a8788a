"""What is asked of git: a revision by name, the working tree as it is; the user's repository stays so."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

SHORT = 12
# what git tells a hook of the repository that it runs in (`git rev-parse --local-env-vars`): a git that
# inherits it writes to that one's index. Settings (GIT_CONFIG_COUNT, GIT_CONFIG_PARAMETERS) stay, as git
# leaves them to submodules: a machine may trust a repository by them alone
LOCAL = re.compile(
    "GIT_(ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|CONFIG|DIR|GRAFT_FILE|IMPLICIT_WORK_TREE|INDEX_FILE"
    "|INTERNAL_SUPER_PREFIX|NO_REPLACE_OBJECTS|OBJECT_DIRECTORY|PREFIX|REPLACE_REF_BASE|SHALLOW_FILE|WORK_TREE)"
)


class GitError(ValueError):
    """Git refused; the message is git's own, in a line."""


@dataclass(frozen=True)
class Revision:
    """A commit.

    Attributes:
        name: as the user wrote it.
        commit: 40 hex digits.
        changes: of the working tree beyond it, digits of a sha256; empty if there are none.
        tree: hash of the working tree with its changes; empty without.
        objects: the folder where git finds that tree and its files; none without changes.
    """

    name: str
    commit: str
    changes: str = ""
    tree: str = ""
    objects: Path | None = None

    @property
    def short(self) -> str:
        """The commit in 12 digits."""
        return self.commit[:SHORT]

    @property
    def facts(self) -> dict[str, str]:
        """What is stored of it."""
        return {"name": self.name, "commit": self.commit, "changes": self.changes, "tree": self.tree}

    def __str__(self) -> str:
        named = self.short if self.commit.startswith(self.name) else f"{self.name} ({self.short})"
        return f"{named} with changes {self.changes}" if self.changes else named


@dataclass(frozen=True)
class Repository:
    """A git repository.

    Attributes:
        top: its working tree.
        prefix: where the project lies in it.
    """

    top: Path
    prefix: str

    def ask(self, *arguments: str, **extra: str) -> str:
        """What git answers.

        Raises:
            GitError: it refuses.
        """
        return ask(self.top, *arguments, **extra)

    @property
    def shared(self) -> Path:
        """The folder that all working trees have in common."""
        return (self.top / self.ask("rev-parse", "--git-common-dir")).resolve()


def surroundings() -> dict[str, str]:
    """The environment variables of this process without what is said there of a repository, by a hook say."""
    return {name: value for name, value in os.environ.items() if not LOCAL.fullmatch(name)}


def ask(folder: Path, *arguments: str, **extra: str) -> str:
    """What git answers in a folder; its hooks stay out of it, and so does the hook that this may run in.

    Args:
        folder: whose repository is asked.
        arguments: of git.
        extra: further environment variables.

    Raises:
        GitError: it refuses, or cannot be started.
    """
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-C", str(folder), *arguments]
    environment: Mapping[str, str] = {**surroundings(), "LC_ALL": "C", **extra}
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=True, env=environment
        )
    except FileNotFoundError:
        raise GitError("git is not installed") from None
    except OSError as error:
        raise GitError(f"git cannot be started: {error}") from error
    except subprocess.CalledProcessError as error:
        raise GitError("; ".join(str(error.stderr).strip().splitlines())) from error
    return done.stdout.strip()


def find_repository(root: Path) -> Repository:
    """The repository that a folder is in.

    Raises:
        ValueError: there is none, it has no commit, or files in it are in conflict.
    """
    try:
        top = Path(ask(root, "rev-parse", "--show-toplevel"))
        found = Repository(top, ask(root, "rev-parse", "--show-prefix"))
    except GitError as error:
        raise ValueError(f"{root} is not in a git repository that can be read: {error}") from error
    if not _has_commit(found):
        raise ValueError(f"{top} has no commit yet: commit what the working tree is to be compared with")
    if conflicts := found.ask("diff", "--name-only", "--diff-filter=U").splitlines():
        raise ValueError(
            f"{', '.join(conflicts[:3])}: in conflict, in the middle of a merge or rebase: resolve it first"
        )
    return found


def _has_commit(repository: Repository) -> bool:
    try:
        repository.ask("rev-parse", "--verify", "--quiet", "HEAD")
    except GitError:
        return False
    return True


def find_revision(repository: Repository, name: str) -> Revision:
    """The commit that a name means.

    Raises:
        ValueError: it means none; the message has near names.
    """
    if name.startswith("-"):
        raise ValueError(f"{name!r} is no revision: {_expected(repository, name)}")
    try:
        commit = repository.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except GitError:
        raise ValueError(f"unknown revision {name!r}: {_expected(repository, name)}") from None
    return Revision(name, commit)


def _expected(repository: Repository, name: str) -> str:
    refs = repository.ask("for-each-ref", "--format=%(refname:short)").splitlines()
    near = get_close_matches(name, [*refs, "HEAD"], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    if repository.ask("rev-parse", "--is-shallow-repository") == "true":
        hint += "this clone is shallow, `git fetch --unshallow` gets the commits that it lacks; "
    return f"{hint}expected a commit, branch or tag of {repository.top}"

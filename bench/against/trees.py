"""A tree for each side: the side's own `fixtures`, measured and reported by the candidate's `bench`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.against.git import GitError, Repository, Revision
from bench.against.owned import PREFIX, owned, sweep_folders
from bench.against.snapshot import check_out

DRIVING = ("bench", "reports", "conftest.py", "pyproject.toml")  # taken from the candidate on both sides
LOCK = "constraints.txt"


@dataclass(frozen=True)
class Trees:
    """Where the sides are checked out, as folders of the project.

    Attributes:
        base, head: the revisions.
        base_lock, head_lock: their pinned dependencies, empty where a side has none.
    """

    base: Path
    head: Path
    base_lock: str
    head_lock: str

    @property
    def same_dependencies(self) -> bool:
        """Whether both sides pin the same."""
        return self.base_lock == self.head_lock


@contextmanager
def checked_out(repository: Repository, base: Revision, head: Revision) -> Iterator[Trees]:
    """Both revisions in trees of their own, until the end of the block.

    Raises:
        ValueError: git cannot check one out, or there is no room for it.
    """
    sweep(repository)
    try:
        with owned(repository.shared) as folder:
            yield _make_trees(repository, folder, base, head)
    finally:
        _forget(repository)


def _make_trees(repository: Repository, folder: Path, base: Revision, head: Revision) -> Trees:
    old, new = (folder / name / repository.prefix for name in ("base", "head"))
    try:
        check_out(repository, base, folder / "base")
        check_out(repository, head, folder / "head")
        made = Trees(old, new, _lock(old), _lock(new))
        _compose(old, new)
    except (GitError, OSError) as error:
        raise ValueError(f"no trees of {base} and {head} could be made: {error}") from error
    return made


def sweep(repository: Repository) -> None:
    """Removes the trees that a killed process left."""
    sweep_folders(repository.shared)
    _forget(repository)


def _forget(repository: Repository) -> None:
    """Has git forget our trees whose folder is gone; those of others are none of ours: a disk may be away."""
    for tree in _ours(repository):
        if not tree.exists():
            with suppress(GitError):  # forced twice: a git that was killed as it made the tree has locked it
                repository.ask("worktree", "remove", "--force", "--force", str(tree))


def _ours(repository: Repository) -> list[Path]:
    lines = repository.ask("worktree", "list", "--porcelain").splitlines()
    trees = [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]
    place = repository.shared
    return [tree for tree in trees if tree.parent.parent == place and tree.parent.name.startswith(PREFIX)]


def _lock(root: Path) -> str:
    try:
        return (root / LOCK).read_text("utf-8")
    except OSError:
        return ""


def _compose(base: Path, head: Path) -> None:
    """Puts what drives both sides into the base's tree."""
    base.mkdir(parents=True, exist_ok=True)  # of a revision from before the project
    for name in DRIVING:
        old, new = base / name, head / name
        if old.is_dir():
            shutil.rmtree(old)
        if new.is_dir():
            shutil.copytree(new, old)
        elif new.exists():
            shutil.copyfile(new, old)

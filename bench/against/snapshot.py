"""The working tree with what is not committed yet, as a tree that git can check out elsewhere."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from bench.against.git import SHORT, GitError, Repository, Revision, ask, find_revision


def snapshot(repository: Repository, folder: Path) -> Revision:
    """The working tree as it is now, with what git does not ignore.

    Args:
        repository: whose it is; nothing is written into it, and nothing in it refers to the snapshot.
        folder: an empty one, for the files; they are needed until the snapshot is checked out.

    Raises:
        ValueError: something in it cannot be read, or the folder cannot be written to.
    """
    try:
        return _snapshot(repository, folder / "objects", folder / "index")
    except (GitError, OSError) as error:
        raise ValueError(
            f"no snapshot of {repository.top} could be taken ({error}): have git ignore what it cannot read"
        ) from error


def _snapshot(repository: Repository, objects: Path, index: Path) -> Revision:
    head = find_revision(repository, "HEAD")
    (objects / "info").mkdir(parents=True)
    (objects / "info" / "alternates").write_text(f"{repository.shared / 'objects'}\n", "utf-8")
    apart = _apart(objects, index)
    repository.ask("read-tree", "HEAD", **apart)
    repository.ask("add", "--all", ".", **apart)
    tree = repository.ask("write-tree", **apart)
    if tree == repository.ask("rev-parse", "HEAD^{tree}"):
        return head
    changes = repository.ask("diff-tree", "-r", "HEAD", tree, **apart)  # both hashes of each file
    return Revision("HEAD", head.commit, sha256(changes.encode()).hexdigest()[:SHORT], tree, objects)


def _apart(objects: Path, index: Path) -> dict[str, str]:
    """What has git keep objects and index elsewhere than in the repository."""
    return {"GIT_OBJECT_DIRECTORY": str(objects), "GIT_INDEX_FILE": str(index)}


def check_out(repository: Repository, revision: Revision, tree: Path) -> None:
    """A revision in a working tree of its own, which git knows.

    Raises:
        GitError: it cannot be made.
    """
    add = ("worktree", "add", "--detach", "--force")
    if not revision.objects:
        repository.ask(*add, str(tree), revision.commit)
        return
    repository.ask(*add, "--no-checkout", str(tree), revision.commit)
    # by an index apart: git's own would refer to objects that will be gone, and git would miss them
    apart = _apart(revision.objects, tree.with_name(f"{tree.name}.index"))
    ask(tree, "read-tree", "--reset", "-u", "--no-recurse-submodules", revision.tree, **apart)
    ask(tree, "read-tree", revision.commit)

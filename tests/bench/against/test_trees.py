"""Trees of both sides, in repositories made for it."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from bench.against.git import Repository, Revision, find_repository, find_revision
from bench.against.owned import PREFIX
from bench.against.snapshot import snapshot
from bench.against.trees import Trees, checked_out, sweep
from reports.environment import describe_run
from tests.bench.against.elsewhere import elsewhere
from tests.bench.against.repository import commit, git, make_repository

CHECKED_OUT = """
import sys
from pathlib import Path
from bench.against.git import find_repository, find_revision
from bench.against.trees import checked_out
found = find_repository(Path(sys.argv[1]))
with checked_out(found, find_revision(found, "HEAD~1"), find_revision(found, "HEAD")):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "project")
    files = {
        "bench__old_py": "old",
        "bench__test_py": "old",
        "fixtures__model_py": "old",
        "conftest_py": "old",
    }
    commit(folder, "old", **files, constraints_txt="torch==1\n")
    (folder / "bench" / "old.py").unlink()
    files = {"bench__test_py": "new", "fixtures__model_py": "new", "conftest_py": "new"}
    commit(folder, "new", **files, reports__rule_py="new", constraints_txt="torch==2\n")
    return folder


def take(repository: Repository) -> Revision:
    """A snapshot beside the repository."""
    return snapshot(repository, Path(mkdtemp(dir=repository.top.parent)))


def texts(folder: Path) -> dict[str, str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    ours = [path for path in files if ".git" not in path.parts]
    return {path.as_posix(): (folder / path).read_text("utf-8").strip() for path in ours}


def test_the_base_keeps_its_fixtures_and_is_driven_by_the_candidate(repository: Path) -> None:
    found = find_repository(repository)
    with checked_out(found, find_revision(found, "HEAD~1"), take(found)) as trees:
        assert texts(trees.base) == {
            "bench/test.py": "new",
            "reports/rule.py": "new",
            "conftest.py": "new",
            "fixtures/model.py": "old",
            "constraints.txt": "torch==1",
        }
        assert texts(trees.head) == texts(repository)
        assert (trees.base_lock, trees.head_lock) == ("torch==1\n", "torch==2\n")
        assert not trees.same_dependencies


def test_a_dirty_tree_is_measured_as_it_was_when_it_began(repository: Path) -> None:
    (repository / "fixtures" / "model.py").write_text("dirty", "utf-8")
    found = find_repository(repository)
    with checked_out(found, find_revision(found, "HEAD"), take(found)) as trees:
        (repository / "fixtures" / "model.py").write_text("edited meanwhile", "utf-8")
        assert texts(trees.head)["fixtures/model.py"] == "dirty"
        assert texts(trees.base)["fixtures/model.py"] == "new"


def test_a_dirty_tree_has_what_was_added_and_lacks_what_was_deleted(repository: Path) -> None:
    (repository / "conftest.py").unlink()
    (repository / "fixtures" / "run").write_text("new", "utf-8")
    (repository / "fixtures" / "run").chmod(0o755)
    found = find_repository(repository)
    with _both(found, find_revision(found, "HEAD")) as trees:
        assert texts(trees.head) == texts(repository)
        assert os.access(trees.head / "fixtures" / "run", os.X_OK)


def test_a_dirty_tree_against_itself_is_the_same_on_both_sides(repository: Path) -> None:
    (repository / "fixtures" / "model.py").write_text("dirty", "utf-8")
    found = find_repository(repository)
    taken = take(found)
    with checked_out(found, taken, taken) as trees:
        assert texts(trees.base) == texts(trees.head) == texts(repository)


def test_git_misses_nothing_while_a_dirty_tree_is_checked_out(repository: Path) -> None:
    (repository / "fixtures" / "model.py").write_text("dirty", "utf-8")
    found = find_repository(repository)
    with _both(found, find_revision(found, "HEAD~1")) as trees:
        run = describe_run(trees.head, "pytest bench")
        assert (run.commit, run.dirty) == (git(repository, "rev-parse", "HEAD"), True)
        assert git(trees.head, "status", "--porcelain") == "M fixtures/model.py"
        git(repository, "gc", "--quiet", "--prune=now")
        assert git(repository, "fsck") == ""
    assert git(repository, "count-objects") == "0 objects, 0 kilobytes"


def test_from_a_hook_the_user_s_index_stays_as_it_is(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "conftest.py").write_text("staged", "utf-8")
    git(repository, "add", "conftest.py")
    (repository / "new.txt").write_text("not staged", "utf-8")
    before = git(repository, "status", "--porcelain")
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git" / "index"))
    monkeypatch.setenv("GIT_PREFIX", "")
    found = find_repository(repository)
    with checked_out(found, find_revision(found, "HEAD~1"), take(found)) as trees:
        assert texts(trees.head)["conftest.py"] == "staged"
        assert texts(trees.base)["fixtures/model.py"] == "old"
    assert git(repository, "status", "--porcelain") == before


def test_what_cannot_be_checked_out_is_told(repository: Path) -> None:
    found = find_repository(repository)
    unknown = Revision("gone", "1" * 40)
    with pytest.raises(ValueError, match=r"no trees of gone .* could be made: fatal"), _both(found, unknown):
        pass
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_a_base_that_cannot_be_given_what_drives_it_is_told(repository: Path) -> None:
    (repository / "reports").rename(repository / "telling")
    (repository / "reports").symlink_to("telling")
    commit(repository, "a link where the candidate has a folder")
    found = find_repository(repository)
    linked = find_revision(found, "HEAD")
    git(repository, "checkout", "--quiet", "HEAD~1")
    with pytest.raises(ValueError, match=r"no trees of .*: .*symbolic link"), _both(found, linked):
        pass


def _both(repository: Repository, base: Revision) -> AbstractContextManager[Trees]:
    return checked_out(repository, base, take(repository))


def _interrupt(repository: Repository, error: type[BaseException]) -> None:
    base, head = (find_revision(repository, name) for name in ("HEAD~1", "HEAD"))
    with checked_out(repository, base, head):
        assert len(git(repository.top, "worktree", "list").splitlines()) == 3
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError])
def test_however_it_ends_nothing_is_left(repository: Path, error: type[BaseException]) -> None:
    found = find_repository(repository)
    before = git(repository, "worktree", "list"), git(repository, "status", "--porcelain")
    with pytest.raises(error):
        _interrupt(found, error)
    assert (git(repository, "worktree", "list"), git(repository, "status", "--porcelain")) == before
    assert not list((repository / ".git").glob(f"{PREFIX}*"))


def test_trees_of_a_process_that_was_killed_are_swept_away_and_those_of_others_stay(repository: Path) -> None:
    with elsewhere(CHECKED_OUT, repository) as (gone, _), elsewhere(CHECKED_OUT, repository):
        gone.kill()
        gone.wait()
        sweep(find_repository(repository))
        assert len(list((repository / ".git").glob(f"{PREFIX}*"))) == 1
        assert len(git(repository, "worktree", "list").splitlines()) == 3


def test_sessions_with_the_same_id_have_each_their_own_trees(repository: Path) -> None:
    found = find_repository(repository)
    base = find_revision(found, "HEAD~1")
    with _both(found, base) as one, _both(found, base) as other:
        assert texts(one.base) == texts(other.base)
        assert one.base != other.base
    assert not list((repository / ".git").glob(f"{PREFIX}*"))


def test_trees_of_others_are_not_forgotten_where_their_disk_is_not_there(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "--quiet", "--detach", str(tmp_path / "stick" / "tree"))
    (tmp_path / "stick").rename(tmp_path / "unplugged")
    found = find_repository(repository)
    with _both(found, find_revision(found, "HEAD")):
        pass
    (tmp_path / "unplugged").rename(tmp_path / "stick")
    assert git(tmp_path / "stick" / "tree", "status", "--porcelain") == ""


@pytest.mark.parametrize("locked", [False, True])
def test_a_tree_whose_folder_somebody_deleted_is_forgotten(repository: Path, *, locked: bool) -> None:
    found = find_repository(repository)
    before = git(repository, "worktree", "list")
    tree = repository / ".git" / f"{PREFIX}1" / "base"
    git(repository, "worktree", "add", "--quiet", "--detach", str(tree))
    if locked:  # by a git that was killed in the middle of it
        git(repository, "worktree", "lock", str(tree))
    shutil.rmtree(tree.parent)
    sweep(found)
    assert git(repository, "worktree", "list") == before


def test_a_revision_from_before_the_project_has_what_drives_it_alone(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--orphan", "other")
    git(repository, "rm", "-r", "-f", "--quiet", ".")
    commit(repository, "nothing of it", readme_txt="hello")
    git(repository, "checkout", "--quiet", "main")
    found = find_repository(repository)
    with checked_out(found, find_revision(found, "other"), take(found)) as trees:
        assert set(texts(trees.base)) == {"bench/test.py", "reports/rule.py", "conftest.py", "readme.txt"}
        assert trees.base_lock == ""

"""What is asked of git, in repositories made for it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import mkdtemp

import pytest

from bench.against.git import Revision, ask, find_repository, find_revision, surroundings
from bench.against.snapshot import snapshot
from tests.bench.against.repository import commit, git, make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "project")
    commit(folder, "first", code_py="one = 1\n")
    (folder / ".gitignore").write_text("results/\n", "utf-8")
    commit(folder, "second", code_py="one = 2\n")
    git(folder, "tag", "v1.0")
    return folder


def take(folder: Path) -> Revision:
    """A snapshot beside the repository."""
    return snapshot(find_repository(folder), Path(mkdtemp(dir=folder.parent)))


def state(folder: Path) -> tuple[str, ...]:
    asked = (("status", "--porcelain"), ("stash", "list"), ("branch", "--all"), ("diff", "--cached"))
    return tuple(git(folder, *arguments) for arguments in asked)


@pytest.mark.parametrize("name", ["HEAD", "main", "v1.0", "HEAD~1", "HEAD^{commit}"])
def test_a_revision_has_git_s_commit(repository: Path, name: str) -> None:
    found = find_revision(find_repository(repository), name)
    assert found.commit == git(repository, "rev-parse", name)
    assert found.short == found.commit[:12]


@pytest.mark.parametrize(("name", "near"), [("mian", "main"), ("v1", "v1.0"), ("HAED", "HEAD")])
def test_an_unknown_revision_is_told_with_near_names(repository: Path, name: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"unknown revision '{name}': did you mean .*{near}"):
        find_revision(find_repository(repository), name)


def test_an_option_is_no_revision(repository: Path) -> None:
    with pytest.raises(ValueError, match="no revision"):
        find_revision(find_repository(repository), "--all")


def test_a_file_s_object_is_no_commit(repository: Path) -> None:
    with pytest.raises(ValueError, match="unknown revision"):
        find_revision(find_repository(repository), "HEAD:code.py")


def test_a_shallow_clone_says_how_to_get_the_rest(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.as_uri(), "shallow")
    with pytest.raises(ValueError, match="git fetch --unshallow"):
        find_revision(find_repository(tmp_path / "shallow"), first)


def test_without_a_repository_there_is_a_word_for_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not in a git repository"):
        find_repository(tmp_path)


def test_without_a_commit_there_is_a_word_for_it(tmp_path: Path) -> None:
    make_repository(tmp_path / "new")
    with pytest.raises(ValueError, match="new has no commit yet"):
        find_repository(tmp_path / "new")


def test_without_git_there_is_a_word_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="git is not installed"):
        find_repository(tmp_path)


def test_a_clean_tree_is_its_commit(repository: Path) -> None:
    (repository / "results").mkdir()
    (repository / "results" / "run.txt").write_text("ignored", "utf-8")
    found = take(repository)
    assert found == Revision("HEAD", git(repository, "rev-parse", "HEAD"))


def test_a_dirty_tree_is_what_is_in_it(repository: Path) -> None:
    (repository / "code.py").write_text("one = 3\n", "utf-8")
    (repository / "new.py").write_text("new = True\n", "utf-8")
    (repository / ".gitignore").unlink()
    before = state(repository)
    found = take(repository)
    assert state(repository) == before
    assert found.commit == git(repository, "rev-parse", "HEAD")
    objects = {"GIT_OBJECT_DIRECTORY": str(found.objects)}
    assert ask(repository, "show", f"{found.tree}:code.py", **objects) == "one = 3"
    assert ask(repository, "ls-tree", "--name-only", found.tree, **objects) == "code.py\nnew.py"
    assert found.changes in str(found)


def test_of_a_dirty_tree_nothing_comes_into_the_repository(repository: Path) -> None:
    def files() -> set[Path]:
        return {path for path in (repository / ".git").rglob("*") if path.is_file()}

    (repository / "large.bin").write_bytes(bytes(range(256)) * 4096)
    before = files()
    assert take(repository).changes
    assert files() == before


def test_the_same_changes_have_the_same_hash_and_others_another(repository: Path) -> None:
    def changes(text: str) -> str:
        (repository / "code.py").write_text(text, "utf-8")
        return take(repository).changes

    assert changes("one = 3\n") == changes("one = 3\n") != changes("one = 4\n")
    assert changes("one = 2\n") == ""
    (repository / "code.py").chmod(0o755)
    assert changes("one = 2\n") != ""


def test_what_is_staged_stays_staged(repository: Path) -> None:
    (repository / "code.py").write_text("one = 3\n", "utf-8")
    git(repository, "add", "code.py")
    before = state(repository)
    take(repository)
    assert state(repository) == before


def test_files_in_conflict_are_refused(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "other", "HEAD~1")
    commit(repository, "other", code_py="one = 'other'\n")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "rebase", "--quiet", "main")
    with pytest.raises(ValueError, match=r"code.py: in conflict, in the middle of a merge or rebase"):
        find_repository(repository)


def test_in_the_middle_of_a_rebase_without_conflict_it_goes_on(repository: Path) -> None:
    git(repository, "-c", "sequence.editor=sed -i s/pick/edit/", "rebase", "--quiet", "-i", "HEAD~1")
    assert (repository / ".git" / "rebase-merge").is_dir()
    assert take(repository).commit == git(repository, "rev-parse", "HEAD")


def test_a_project_in_a_folder_of_its_repository_knows_where(repository: Path) -> None:
    commit(repository, "nested", inner__code_py="two = 2\n")
    assert find_repository(repository / "inner").prefix == "inner/"


def test_what_git_cannot_take_is_told(repository: Path) -> None:
    make_repository(repository / "nested")  # without a commit
    with pytest.raises(ValueError, match=r"no snapshot of .*project .*error: 'nested/' does not"):
        take(repository)


def test_a_git_that_cannot_be_started_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "git").mkdir()
    (repository / "git" / "git").write_text("#!/no/such/shell\n", "utf-8")
    monkeypatch.setenv("PATH", str(repository / "git"))
    with pytest.raises(ValueError, match="git cannot be started"):
        find_repository(repository)


def test_where_a_snapshot_cannot_be_written_it_is_told(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "nowhere").touch()
    with pytest.raises(ValueError, match=r"no snapshot of .*nowhere"):
        snapshot(find_repository(repository), tmp_path / "nowhere")


def test_hooks_of_the_user_stay_out_of_it(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hooked\n", "utf-8")
    hook.chmod(0o755)
    ask(repository, "worktree", "add", "--detach", str(repository.parent / "other"))
    assert not list(repository.parent.rglob("hooked"))


def test_what_git_tells_a_hook_of_its_repository_is_not_handed_on(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = set(git(repository, "rev-parse", "--local-env-vars").splitlines())
    for name in local | {"GIT_CONFIG_GLOBAL"}:
        monkeypatch.setenv(name, "0")
    settings = {"GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_GLOBAL"}
    assert {name for name in surroundings() if name in local | settings} == settings


def test_within_a_hook_of_another_repository_it_is_the_folder_s_that_answers(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert find_repository(repository).top == repository


def test_what_is_said_to_git_on_purpose_counts(repository: Path, tmp_path: Path) -> None:
    assert ask(repository, "ls-files", GIT_INDEX_FILE=str(tmp_path / "none")) == ""

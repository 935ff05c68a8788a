"""The line of commits, as git itself tells it in repositories made for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.commits import first_parents
from tests.reports.repositories import commit, git, make_repository


def test_commits_stand_oldest_first_with_their_subjects(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 3)
    line = first_parents(tmp_path / "r")
    assert dict(line.subjects) == dict(zip(shas, ("commit 0", "commit 1", "commit 2"), strict=True))
    assert list(line.subjects) == shas
    assert not line.is_shallow
    assert line.missing == ""


def test_commits_of_a_merged_branch_are_not_on_the_line(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    first, second = make_repository(repository, 2)
    git(repository, "checkout", "--quiet", "-b", "side", first)
    aside = commit(repository, "aside")
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "-m", "merged", "side")
    merged = git(repository, "rev-parse", "HEAD")
    found = first_parents(repository).subjects
    assert list(found) == [first, second, merged]
    assert aside not in found


def test_head_may_be_detached_as_in_a_rebase(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 3)
    git(tmp_path / "r", "checkout", "--quiet", "--detach", shas[1])
    assert list(first_parents(tmp_path / "r").subjects) == shas[:2]


@pytest.mark.parametrize("subject", ["commit 0123456789", "ü €", "a\tb", '"x" \\ %s'])
def test_a_subject_may_be_anything(tmp_path: Path, subject: str) -> None:
    make_repository(tmp_path / "r", 1)
    sha = commit(tmp_path / "r", f"{subject}\n\nbody\ncommit {'0' * 40}")
    assert first_parents(tmp_path / "r").subjects[sha] == subject


def test_a_subject_may_be_empty_or_no_utf8(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    make_repository(repository, 1)
    git(repository, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", "")
    empty = git(repository, "rev-parse", "HEAD")
    (tmp_path / "message").write_bytes(b"caf\xe9")
    git(repository, "commit", "--quiet", "--allow-empty", "-F", str(tmp_path / "message"))
    found = first_parents(repository).subjects
    assert found[empty] == ""
    assert list(found.values())[-1].startswith("caf")
    assert len(found) == 3


def test_a_shallow_clone_says_so(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 3)
    git(tmp_path, "clone", "--quiet", "--depth", "2", f"file://{tmp_path / 'r'}", "clone")
    line = first_parents(tmp_path / "clone")
    assert line.is_shallow
    assert list(line.subjects) == shas[1:]


def test_no_repository_and_one_without_a_commit_have_no_line(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for name in ("plain", "empty"):
        if name == "empty":
            make_repository(tmp_path / name, 0)
        line = first_parents(tmp_path / name)
        assert not line.subjects
        assert line.missing == f"{tmp_path / name} is no git repository with a commit"


def test_without_git_there_is_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert first_parents(tmp_path).missing == "git is not installed"


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder"):
        first_parents(tmp_path / "nowhere")

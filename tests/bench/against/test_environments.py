"""Which Python each side runs in; nothing is installed here."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.against import environments
from bench.against.trees import Trees

PROJECT = '[dependency-groups]\nbench = ["torch"]\n'


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    for name in ("base", "head"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(PROJECT, "utf-8")
    return Trees(tmp_path / "base", tmp_path / "head", "torch==1\n", "torch==2\n")


class Installing:
    """Stands for venv and pip: notes commands, makes the folder of an environment."""

    def __init__(self, *, fails: bool = False) -> None:
        self.commands: list[list[str]] = []
        self.fails = fails

    def __call__(self, command: list[str], tree: Path) -> None:
        """In place of running it."""
        self.commands.append(command)
        if "venv" in command:
            Path(command[-1]).mkdir()
        elif self.fails:
            raise ValueError(f"no environment for {tree.name}")

    @property
    def locks(self) -> list[str]:
        """The files of pins that were installed from."""
        return [command[command.index("-c") + 1] for command in self.commands if "-c" in command]


def test_where_both_pin_the_same_this_python_does(trees: Trees, tmp_path: Path) -> None:
    found = environments.interpreters(replace(trees, base_lock=trees.head_lock), tmp_path / "cache")
    assert (found.base, found.head) == (Path(sys.executable), Path(sys.executable))


def test_where_they_differ_each_has_its_own_which_is_kept(
    trees: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installing, told = Installing(), list[str]()
    monkeypatch.setattr(environments, "_run", installing)
    found = environments.interpreters(trees, tmp_path / "cache", told.append)
    assert found.base != found.head
    assert len(installing.locks) == len(told) == 2
    kept = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert kept == sorted({found.base.parents[1].name, found.head.parents[1].name})
    locks = {
        path.name: (path / "constraints.txt").read_text("utf-8") for path in (tmp_path / "cache").iterdir()
    }
    assert locks == {found.base.parents[1].name: "torch==1\n", found.head.parents[1].name: "torch==2\n"}
    again = environments.interpreters(trees, tmp_path / "cache", told.append)
    assert again == found
    assert len(told) == 2


def test_another_version_pinned_is_another_environment(
    trees: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "_run", Installing())
    one = environments.interpreters(trees, tmp_path / "cache", list[str]().append)
    other = environments.interpreters(
        replace(trees, base_lock="torch==3\n"), tmp_path / "cache", list[str]().append
    )
    assert one.head == other.head
    assert one.base != other.base


def test_an_environment_that_cannot_be_made_leaves_nothing(
    trees: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "_run", Installing(fails=True))
    with pytest.raises(ValueError, match="no environment for base"):
        environments.interpreters(trees, tmp_path / "cache", list[str]().append)
    assert not list((tmp_path / "cache").iterdir())


def test_what_pip_complains_of_is_told(trees: Trees) -> None:
    complain = "import sys; sys.exit('no matching distribution')"
    with pytest.raises(ValueError, match="base could be made: no matching distribution"):
        environments._run([sys.executable, "-c", complain], trees.base)


def test_who_is_slower_uses_the_environment_of_who_was_faster(
    trees: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"

    def lose(command: list[str], tree: Path) -> None:
        Installing()(command, tree)
        if "-c" in command:
            (cache / Path(command[0]).parents[2].name.partition(".")[0] / "faster").mkdir(parents=True)

    monkeypatch.setattr(environments, "_run", lose)
    found = environments.interpreters(trees, cache, list[str]().append)
    kept = {path: [inside.name for inside in path.iterdir()] for path in cache.iterdir()}
    assert kept == {found.base.parents[1]: ["faster"], found.head.parents[1]: ["faster"]}


def test_a_cache_that_cannot_be_written_to_is_told(trees: Trees, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", "utf-8")
    with pytest.raises(ValueError, match=r"no environment could be made in .*cache"):
        environments.interpreters(trees, tmp_path / "cache", list[str]().append)

"""The Python that each side runs in: this one, or one made from its pins where the sides pin differently."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_cache_path

from bench.against.trees import LOCK, Trees

GROUP = "bench"  # the dependency group that is installed
TOLD = 400  # characters of what pip complained of, from its end


@dataclass(frozen=True)
class Interpreters:
    """The Python of each side."""

    base: Path
    head: Path


def interpreters(
    trees: Trees, cache: Path | None = None, tell: Callable[[str], None] = print
) -> Interpreters:
    """This Python for both where they pin the same; else one each, made when it is first needed and kept.

    Args:
        trees: of both sides; what they need is what the candidate's `bench` needs, pinned by each side.
        cache: where environments are kept, by what is pinned in them.
        tell: takes a sentence before something takes minutes.

    Raises:
        ValueError: an environment cannot be made.
    """
    if trees.same_dependencies:
        return Interpreters(Path(sys.executable), Path(sys.executable))
    cache = cache or user_cache_path("sparse-transformer-bench") / "environments"
    try:
        return Interpreters(
            _environment(trees.base, trees.base_lock, cache, tell),
            _environment(trees.head, trees.head_lock, cache, tell),
        )
    except OSError as error:
        raise ValueError(f"no environment could be made in {cache}: {error}") from error


def _environment(tree: Path, lock: str, cache: Path, tell: Callable[[str], None]) -> Path:
    project = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))
    groups = project.get("dependency-groups", {})
    pinned = "\n".join([sys.version, repr(groups), lock])
    folder = cache / sha256(pinned.encode()).hexdigest()[:16]
    if not folder.exists():
        tell(f"{LOCK} differs: making an environment of its own for {tree.name}, once, in {folder}")
        _make(folder, tree, lock)
    return _python(folder)


def _make(folder: Path, tree: Path, lock: str) -> None:
    """Makes it beside its place and moves it there when it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # its name is nobody else's: sessions in two containers may have the same id
    with TemporaryDirectory(
        prefix=f"{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True
    ) as beside:
        making = Path(beside) / "environment"
        _run([sys.executable, "-m", "venv", str(making)], tree)
        pip = [str(_python(making)), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        _run([*pip, "--upgrade", "pip"], tree)
        (making / LOCK).write_text(lock, "utf-8")
        _run([*pip, "-c", str(making / LOCK), "--group", GROUP], tree)
        _move(making, folder)


def _move(making: Path, folder: Path) -> None:
    try:
        making.rename(folder)
    except OSError:
        if not folder.exists():  # else another session was faster: its environment is the same
            raise


def _run(command: list[str], tree: Path) -> None:
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        why = " ".join((done.stderr or done.stdout).split())[-TOLD:]
        raise ValueError(f"no environment for {LOCK} of {tree.name} could be made: {why}")


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

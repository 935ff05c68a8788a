"""Git repositories made for a test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bench.against.git import surroundings

NOBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "nobody"), ("EMAIL", "nobody@localhost"))
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**surroundings(), **NOBODY, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"},
    )
    return done.stdout.strip()


def commit(folder: Path, message: str, **files: str) -> str:
    """Writes files (`__` in a name is a folder's /, `_py` its ending) and commits all there is."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def make_repository(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder

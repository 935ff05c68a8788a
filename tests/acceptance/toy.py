"""A repository of this project with a tiny model, and commits that make it worse in known ways."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.conftest import ROOT, SECONDS, Tiny, environment
from tests.bench.against.repository import commit, git, make_repository

# the embedded models and their data are not needed, and large
COPIED = ("bench", "fixtures", "reports", "conftest.py", "pyproject.toml", "constraints.txt")
LEFT_OUT = shutil.ignore_patterns("checkpoints", "data", "__pycache__", "results")
TESTS = (
    "__init__.py",
    "squad.py",
    *(f"acceptance/{name}.py" for name in ("__init__", "tiny", "text", "clock")),
)
DECODED, FORWARD = "1", "16"  # tokens of a round
# a few cases of each kind
GRID = (
    *("--method", "magnitude", "--scope", "global", "--sparsity", "0.9", "--layout", "strided"),
    *("--workload", f"decode-b1x{FORWARD},forward-b1x{FORWARD}", "--encoding", "safetensors"),
    *("-k", "tiny-gpt2 and (latency or size or quality)"),
)


@dataclass(frozen=True)
class Ended:
    """A session that has ended."""

    status: int
    output: str


@dataclass(frozen=True)
class Toy:
    """The repository."""

    root: Path
    tiny: Tiny

    def commit(self, tag: str, **seconds: float) -> None:
        """Commits what is there under a tag, with a clock's seconds by tokens where they are given."""
        if seconds:
            (self.root / "seconds.json").write_text(json.dumps(seconds), "utf-8")
        commit(self.root, tag)
        git(self.root, "tag", tag)

    def at(self, tag: str) -> None:
        """Checks out a tag."""
        git(self.root, "checkout", "--quiet", "--force", tag)

    def change(self, path: str, old: str, new: str) -> None:
        """Replaces a text in a file, which has it."""
        file = self.root / path
        text = file.read_text("utf-8")
        assert old in text, path
        file.write_text(text.replace(old, new), "utf-8")

    def command(self, *arguments: str) -> list[str]:
        """A session on the tiny model, with the clock."""
        plugins = ["-p", "tests.acceptance.tiny", "-p", "tests.acceptance.clock"]
        return [sys.executable, "-m", "pytest", "bench", *plugins, *self.tiny.sources, *arguments]

    def run(self, *arguments: str) -> Ended:
        """Runs one to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return Ended(done.returncode, done.stdout)

    @property
    def state(self) -> tuple[str, ...]:
        """What a session must leave as it was."""
        asked = (("status", "--porcelain"), ("worktree", "list"), ("stash", "list"), ("branch", "--all"))
        return tuple(git(self.root, *arguments) for arguments in asked)


def make_toy(folder: Path, tiny: Tiny) -> Toy:
    root = make_repository(folder / "toy")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=LEFT_OUT)
        else:
            shutil.copyfile(source, root / name)
    for name in TESTS:
        (root / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "tests" / name, root / "tests" / name)
    (root / ".gitignore").write_text("results/\nreport/\n__pycache__/\n", "utf-8")
    toy = Toy(root, tiny)
    toy.commit("fine", **{DECODED: 0.001, FORWARD: 0.002})
    return toy

"""Git repositories of a few commits, and runs of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reports.record import Record
from reports.store import RunWriter
from tests.reports.rows import make_record, make_run

WHO = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
WHO |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
SIZE = make_record(benchmark="size", encoding="packed", metric="file_size", unit="B", value=1_000_000)
RATIO = make_record(
    benchmark="latency",
    workload="forward-b1x32",
    layout="csr",
    metric="latency_ratio",
    unit="x",
    value=1.0,
    protocol="anchor 0123456789ab",
)
QUALITY = make_record(model="gpt2-mini", task="atlas-lm", task_version=1, protocol="lines", value=4.5)
TIME = make_record(benchmark="latency", workload="w", layout="csr", metric="latency", unit="s", value=0.02)
SCORES = [float(one % 7) for one in range(60)]
COUNT = 16
Samples = Sequence[float] | None


def git(repository: Path, *arguments: str) -> str:
    """What git prints, whoever's machine this is."""
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **WHO},
    )
    return done.stdout.strip()


def commit(repository: Path, subject: str) -> str:
    """An empty commit; its hash."""
    git(repository, "commit", "--quiet", "--allow-empty", "-m", subject)
    return git(repository, "rev-parse", "HEAD")


def make_repository(folder: Path, count: int) -> list[str]:
    """So many commits on one branch, their hashes, the oldest first."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return [commit(folder, f"commit {number}") for number in range(count)]


def store(
    results: Path,
    sha: str | None,
    rows: Iterable[Record | tuple[Record, Samples]],
    second: int = 0,
    **run: Any,  # noqa: ANN401 - any field
) -> Path:
    """A run of a commit that started so many seconds after the others."""
    started = f"2026-11-24T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+00:00"
    writer = RunWriter(results, make_run(**{"commit": sha, "started": started, **run}))
    for row in rows:
        record, samples = row if isinstance(row, tuple) else (row, None)
        writer.append(record, samples)
    writer.close()
    assert writer.path is not None
    return writer.path


def rows_at(place: int) -> list[Record | tuple[Record, Samples]]:
    """A larger file from commit 4, a slower ratio from commit 8, worse quality from 12, a new task from 2."""
    worse = place >= 12
    scores = [score + 0.25 * worse for score in SCORES]
    quality = replace(QUALITY, value=4.5 + worse, task_version=1 + (place >= 2))
    ratio = (1.1 if place >= 8 else 1.0) * (1.004 if place % 2 else 0.996)
    stamps = ("contaminated: base against base 1.08",) if place == 5 else ()
    return [
        replace(RATIO, value=ratio, low=ratio * 0.99, high=ratio * 1.01, stamps=stamps),
        replace(SIZE, value=1_000_000 if place < 4 else 1_002_000),
        replace(SIZE, encoding="csr"),
        replace(TIME, value=0.02 + 0.001 * (place % 3)),
        (quality, scores),
    ]


def fill(tmp_path: Path, count: int = COUNT) -> list[str]:
    """A repository `r` and `results` of each of its commits; their hashes."""
    shas = make_repository(tmp_path / "r", count)
    for place, sha in enumerate(shas):
        store(tmp_path / "results", sha, rows_at(place), place)
    return shas

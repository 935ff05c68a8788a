"""What a run says of its machine and its commit."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import environment
from reports.environment import cpu_name, describe_run, gpu_names, machine_name


@pytest.fixture(autouse=True)
def _own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git that sees neither the user's settings nor a repository above the test's folder."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A U Thor")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "author@example.org")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_repository(folder: Path) -> str:
    """A repository of one commit, whose hash is returned."""
    (folder / "file").write_text("one\n", "utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "file")
    git(folder, "commit", "-q", "-m", "One")
    return git(folder, "rev-parse", "HEAD")


def put_nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with nothing but this program on it."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def put_cpuinfo(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets /proc/cpuinfo be another file."""
    monkeypatch.setattr(environment, "Path", lambda _: path)


@pytest.mark.parametrize(
    ("cpu", "cores", "gpus", "name"),
    [
        ("AMD EPYC 7B13", 2, [], "amd-epyc-7b13-2c"),
        ("AMD EPYC 7B13", 16, ["NVIDIA H100 80GB HBM3"], "amd-epyc-7b13-16c-nvidia-h100-80gb-hbm3"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", 4, [], "intel-r-xeon-r-cpu-2-20ghz-4c"),
        ("Apple M3", 8, ["NVIDIA T4", "NVIDIA L4"], "apple-m3-8c-nvidia-t4"),
        ("", 1, [], "1c"),
        ("../../etc", 1, [], "etc-1c"),
    ],
)
def test_machine_is_named_by_processor_cores_and_first_gpu(
    cpu: str, cores: int, gpus: list[str], name: str
) -> None:
    assert machine_name(cpu, cores, gpus) == name


@given(cpu=st.text(), cores=st.integers(1, 1000), gpus=st.lists(st.text(), max_size=2))
def test_machine_name_is_always_a_plain_folder_name(cpu: str, cores: int, gpus: list[str]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", machine_name(cpu, cores, gpus))


def test_processor_is_named_as_linux_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(
        "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7B13 \n\n"
        "processor\t: 1\nmodel name\t: another\n",
        "utf-8",
    )
    put_cpuinfo(info, monkeypatch)
    assert cpu_name() == "AMD EPYC 7B13"


@pytest.mark.parametrize(("processor", "name"), [("arm", "arm"), ("", "aarch64")])
@pytest.mark.parametrize("info", [None, "processor\t: 0\nCPU part\t: 0xd0c\n"])
def test_processor_without_a_name_is_called_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, info: str | None, processor: str, name: str
) -> None:
    if info is not None:
        (tmp_path / "cpuinfo").write_text(info, "utf-8")
    put_cpuinfo(tmp_path / "cpuinfo", monkeypatch)
    monkeypatch.setattr(platform, "processor", lambda: processor)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert cpu_name() == name


def test_gpus_are_named_as_the_driver_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_nvidia_smi(tmp_path, "echo 'NVIDIA H100 80GB HBM3 '; echo; echo 'NVIDIA T4'", monkeypatch)
    assert gpu_names() == ["NVIDIA H100 80GB HBM3", "NVIDIA T4"]


def test_gpu_query_asks_for_bare_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_nvidia_smi(tmp_path, 'echo "$@"', monkeypatch)
    assert gpu_names() == ["--query-gpu=name --format=csv,noheader"]


def test_driver_that_fails_lists_no_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_nvidia_smi(tmp_path, "echo 'NVIDIA-SMI has failed'; exit 9", monkeypatch)
    assert gpu_names() == []


def test_driver_that_cannot_be_started_lists_no_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_nvidia_smi(tmp_path, "", monkeypatch)
    (tmp_path / "nvidia-smi").write_text("#!/no/such/shell\n", "utf-8")
    assert gpu_names() == []


def test_no_driver_lists_no_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_names() == []


def test_folder_outside_git_has_no_commit_and_is_not_dirty(tmp_path: Path) -> None:
    run = describe_run(tmp_path, "pytest bench")
    assert run.commit is None
    assert run.dirty is False


def test_machine_without_git_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path)
    monkeypatch.setenv("PATH", "")
    run = describe_run(tmp_path, "pytest bench")
    assert (run.commit, run.dirty) == (None, False)


def test_clean_checkout_has_its_commit(tmp_path: Path) -> None:
    commit = make_repository(tmp_path)
    run = describe_run(tmp_path, "pytest bench")
    assert re.fullmatch(r"[0-9a-f]{40}", commit)
    assert (run.commit, run.dirty) == (commit, False)


@pytest.mark.parametrize("name", ["file", "another"])
def test_changed_or_new_file_makes_the_checkout_dirty(tmp_path: Path, name: str) -> None:
    commit = make_repository(tmp_path)
    (tmp_path / name).write_text("two\n", "utf-8")
    run = describe_run(tmp_path, "pytest bench")
    assert (run.commit, run.dirty) == (commit, True)


def test_ignored_file_leaves_the_checkout_clean(tmp_path: Path) -> None:
    make_repository(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / ".gitignore").write_text("*\n", "utf-8")
    assert describe_run(tmp_path, "pytest bench").dirty is False


def test_repository_without_commits_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert describe_run(tmp_path, "pytest bench").commit is None


def test_run_says_which_versions_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", ("pytest", "no-such-package"))
    versions = describe_run(tmp_path, "pytest bench").versions
    assert versions == {"python": platform.python_version(), "pytest": pytest.__version__}


def test_run_starts_now_in_whole_seconds_of_utc(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    started = datetime.fromisoformat(describe_run(tmp_path, "pytest bench").started)
    assert started.utcoffset() == timedelta(0)
    assert started.microsecond == 0
    assert before <= started <= datetime.now(UTC)


def test_run_keeps_its_command_and_is_plain_data(tmp_path: Path) -> None:
    run = describe_run(tmp_path, "pytest bench -k 'gpt2 and dense'")
    assert run.command == "pytest bench -k 'gpt2 and dense'"
    assert json.loads(json.dumps(asdict(run))) == asdict(run)


def test_machine_of_a_run_is_named_by_what_its_host_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "cpu_name", lambda: "AMD EPYC 7B13")
    monkeypatch.setattr(environment, "gpu_names", lambda: ["NVIDIA H100"])
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    run = describe_run(tmp_path, "pytest bench")
    assert run.machine == "amd-epyc-7b13-16c-nvidia-h100"
    found = {name: run.host[name] for name in ("cpu", "cores", "gpus")}
    assert found == {"cpu": "AMD EPYC 7B13", "cores": 16, "gpus": ["NVIDIA H100"]}

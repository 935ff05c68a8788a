"""Sessions with a hub that never answers, with one that has the weights, and without one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import Session, Tiny, run
from tests.acceptance.hub import COMMIT, silent_hub, small_hub

PUBLISHED = ("gpt2", "distilgpt2", "bert-base-uncased", "bert-large-uncased", "t5-small", "t5-base")
ONE_CASE = "quality and magnitude-global-0.50"


def hub_at(endpoint: str, cache: Path) -> dict[str, str]:
    return {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": endpoint, "HF_HOME": str(cache)}


def test_hub_that_never_answers_is_asked_once_for_all_models(tiny: Tiny, tmp_path: Path) -> None:
    of_the_hub = "not smollm2 and not tiny-gpt2 and not test_layer"
    chosen = ["--tier", "base", "-k", of_the_hub, "--task", "tiny-text"]
    with silent_hub() as hub:
        session = run(
            [*chosen, "--data-dir", str(tiny.data)], tmp_path / "results", **hub_at(hub.endpoint, tmp_path)
        )
    assert session.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert 1 <= len(hub.asked) <= 2  # its client may ask for something of its own
    for name in PUBLISHED:
        assert f" skipped: {name}: " in session.output
    assert session.output.count("the hub gave no answer within 3 s") >= len(PUBLISHED)
    commit = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
    assert f"hf download openai-community/gpt2 --revision {commit} --include" in session.output
    assert "nothing was measured" in session.output


@dataclass(frozen=True)
class Fetched:
    """A session that downloads a model from a branch, one after it that is offline, and what the hub saw."""

    online: Session
    offline: Session
    asked: tuple[str, ...]


@pytest.fixture(scope="module")
def fetched(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Fetched:
    """Both sessions, with one cache."""
    results, cache = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("cache")
    files = {path.name: path.read_bytes() for path in tiny.checkpoint.iterdir()}
    chosen = ["-p", "tests.acceptance.branch", "--tier", "base", "-k", f"tiny-branch and {ONE_CASE}"]
    chosen += ["--data-dir", str(tiny.data)]
    with small_hub({**files, "pytorch_model.bin": b"PK"}) as hub:
        options = hub_at(hub.endpoint, cache)
        online = run(chosen, results / "online", **options)
        asked = tuple(hub.asked)
        offline = run(chosen, results / "offline", **{**options, "HF_HUB_OFFLINE": "1"})
        assert tuple(hub.asked) == asked
    return Fetched(online, offline, asked)


def test_weights_of_a_branch_are_recorded_with_its_commit(fetched: Fetched) -> None:
    assert fetched.online.status == 0, fetched.online.output
    assert {row["weights"] for row in fetched.online.records} == {f"hub@{COMMIT[:12]}"}


def test_only_what_is_loaded_is_downloaded_once(fetched: Fetched) -> None:
    got = [path for path in fetched.asked if path.startswith("GET /nobody/")]
    assert sorted(path.rpartition("/")[2] for path in got) == [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_cached_weights_need_no_hub(fetched: Fetched) -> None:
    assert fetched.offline.status == 0, fetched.offline.output
    assert {row["weights"] for row in fetched.offline.records} == {f"hub@{COMMIT[:12]}"}
    assert fetched.offline.values() == fetched.online.values()


def test_repository_of_pickles_fails_by_name(tiny: Tiny, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in tiny.checkpoint.glob("*.json")}
    with small_hub({**files, "pytorch_model.bin": b"PK"}) as hub:
        options = hub_at(hub.endpoint, tmp_path / "cache")
        chosen = ["--tier", "base", "-k", f"tiny-absent and {ONE_CASE}"]
        session = run([*chosen, "--data-dir", str(tiny.data)], tmp_path / "results", **options)
    assert session.status == pytest.ExitCode.TESTS_FAILED
    assert "has no *.safetensors: pytorch_model.bin is a pickle, and no pickle is loaded" in session.output
    assert "give --checkpoint tiny-absent=DIR" in session.output
    assert not any("resolve" in path for path in hub.asked)
    assert "Traceback" not in session.output
    assert session.files == []

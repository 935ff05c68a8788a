"""Two methods, models, layouts or scopes of one run side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.beside import beside
from reports.store import RunWriter
from tests.reports.rows import make_record, make_run

LEVEL = {"task": "atlas-lm", "scope": "global", "sparsity": 0.5}
MAGNITUDE = make_record(**LEVEL, method="magnitude", seed=None, value=5.0)
RANDOM = make_record(**LEVEL, method="random", seed=0, value=20.0)
DEEPER = make_record(**{**LEVEL, "sparsity": 0.9}, method="random", seed=0, value=900.0)
MODELS = [
    make_record(model=name, weights=f"w@{name}", metric="parameters", value=n)
    for n, name in enumerate("ab", 1)
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    writer = RunWriter(tmp_path, make_run())
    for record in (MAGNITUDE, RANDOM, DEEPER, *MODELS):
        writer.append(record)
    writer.close()
    assert writer.path is not None
    return writer.path


def test_what_differs_in_the_field_alone_is_paired() -> None:
    found = beside([MAGNITUDE, RANDOM, DEEPER], "method", "magnitude", "random")
    (row,) = found.rows
    assert row.pair.base is not None
    assert row.pair.head is not None
    assert (row.pair.base.value, row.pair.head.value, row.verdict) == (5.0, 20.0, "shown")
    assert found.notes == ["1 more values of random have none of the other beside them"]


def test_models_pair_though_their_weights_differ() -> None:
    (row,) = beside(MODELS, "model", "b", "a").rows
    assert row.pair.base is not None
    assert row.pair.base.value == 2


@pytest.mark.parametrize("field", ["layout", "scope"])
def test_layouts_and_scopes_pair(field: str) -> None:
    records = [make_record(**{"method": "magnitude", field: name}) for name in ("one", "other")]
    assert len(beside(records, field, "one", "other").rows) == 1


def test_other_circumstances_do_not_pair() -> None:
    with pytest.raises(ValueError, match="nothing was measured of method magnitude and random alike"):
        beside(
            [MAGNITUDE, make_record(**LEVEL, method="random", dtype="float16")],
            "method",
            "magnitude",
            "random",
        )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("magnitude", "randon"),
            "unknown method of this run 'randon': did you mean random? known: magnitude, random",
        ),
        (("random", "random"), "expected two names, found random twice"),
        (("dense", "random"), "unknown method of this run 'dense'"),
    ],
)
def test_wrong_names_are_told(
    run: Path, names: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--by", "method", *names, "--run", str(run)]) == 2
    assert message in capsys.readouterr().err


def test_command_shows_difference_and_ratio_and_judges_nothing(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = str(run.parents[1])
    assert main(["compare", "--by", "method", "magnitude", "random", "--results", results]) == 0
    told = capsys.readouterr().out
    assert told.startswith("1 shown\nbase: magnitude\nhead: random\n")
    assert "  quality: gpt2 on atlas-lm, magnitude / random-global-0.50: perplexity\n" in told
    assert "    5 → 20; +15, 4×\n" in told
    assert (
        main(["compare", "--by", "method", "magnitude", "random", "--run", str(run), "--format", "md"]) == 0
    )
    assert "| 5 | 20 | +15, 4× | shown |  |" in capsys.readouterr().out.split("<details>")[0]


def test_json_says_of_what(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", "--by", "model", "a", "b", "--run", str(run), "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["by"], told["base"], told["head"], told["run"]["path"]) == ("model", "a", "b", str(run))
    assert told["rows"][0]["ratio"] == 2

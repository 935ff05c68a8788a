"""Tables of structure against hand-worked ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.counts import CheckpointCounts
from reports.structure import Questions, counts_table, structure_table
from reports.tables import render
from tests.reports.rows import make_record, make_tensor_counts

RECORDS = [
    make_record(benchmark="structure", model="tiny", metric=metric, value=value, unit=unit, part=part, **more)
    for part, metric, value, unit, more in (
        (None, "parameters", 124_439_808.0, "", {}),
        (None, "share_above_1", 2.43e-06, "fraction", {}),
        (None, "share_zero", 0.0, "fraction", {}),
        (None, "magnitude_q50", 0.0895, "", {}),
        ("h.0", "parameters", 7_087_872.0, "", {}),
        ("h.0", "share_above_1", 0.0, "fraction", {}),
        (
            "h.0",
            "pruned_share",
            0.42,
            "fraction",
            {"method": "magnitude", "scope": "global", "sparsity": 0.5},
        ),
        ("h.0", "pruned_share", 0.99, "fraction", {"method": "magnitude", "scope": "model", "sparsity": 0.5}),
    )
]
ZEROS = make_record(
    benchmark="structure", model="tiny", metric="share_zero", value=0.9, unit="fraction", part="h.0"
)


def test_parts_stand_below_each_other() -> None:
    table = structure_table(RECORDS, "setting")
    assert table.columns == [
        "part", "weights", "|w| > 1", "1 % below", "median", "99 % below", "50 % take", "90 % take",
    ]  # fmt: skip
    assert table.rows == [
        ["all weights", "124 M", "0.00024 %", "", "0.0895", "", "", ""],
        ["h.0", "7.09 M", "0.00 %", "", "", "", "42.00 %", ""],
    ]


def test_zeros_have_columns_where_there_are_any() -> None:
    assert "zeros" in structure_table([*RECORDS, ZEROS], "").columns
    assert "zeros" not in structure_table(RECORDS, "").columns


def test_a_run_shows_one_table_per_model() -> None:
    assert render(RECORDS, "table").startswith(
        "structure: tiny\nhub@607a30d783df; cpu, float32, 1 thread\npart"
    )


CHECKPOINT = CheckpointCounts(
    model="tiny",
    weights="local@0",
    family="gpt2",
    tensors=(
        make_tensor_counts({0x3F80: 3, 0x4000: 1}, name="a", layer=None, component="embeddings"),
        make_tensor_counts({0x3F00: 2, 0x4000: 2}, name="b"),
        make_tensor_counts({}, name="c", nan=2),
    ),
    left_out=({"name": "mask", "dtype": "F32", "shape": [1], "why": "a buffer"},),
)
ASKED = Questions(above=(1.0,), below=(1.0,), quantiles=(0.5,))


@pytest.mark.parametrize(
    ("group", "rows"),
    [
        (
            "parameter",
            [
                ["a", "4", "25.00 %", "0.00 %", "1"],
                ["b", "4", "50.00 %", "50.00 %", "0.5"],
                ["c", "0", "", "", ""],
            ],
        ),
        ("layer", [["h.0", "4", "50.00 %", "50.00 %", "0.5"]]),
        (
            "component",
            [["embeddings", "4", "25.00 %", "0.00 %", "1"], ["attention", "4", "50.00 %", "50.00 %", "0.5"]],
        ),
    ],
)
def test_any_question_is_answered_from_counts(group: str, rows: list[list[str]]) -> None:
    table = counts_table(CHECKPOINT, group, ASKED)
    assert table.columns == [group, "weights", "|w| > 1", "|w| < 1", "50 % below"]
    assert table.rows == [["all weights", "8", "37.50 %", "25.00 %", "1"], *rows]
    assert table.setting == "local@0; gpt2; not counted: mask (a buffer)"


def test_what_is_asked_stands_in_per_cent() -> None:
    asked = Questions(quantiles=(0.07, 0.5, 0.99999), taken=(0.5, 0.999))
    columns = counts_table(CHECKPOINT, "layer", asked).columns
    assert columns[2:] == ["7 % below", "50 % below", "99.999 % below", "50 % take", "99.9 % take"]


SPARSE = replace(
    CHECKPOINT,
    tensors=(
        make_tensor_counts({0x3F80: 4}, name="wte", layer=None, component="embeddings", matrix=False),
        make_tensor_counts({0: 3, 0x3F00: 1}, name="a", patterns=(4, 1, 1, 0)),
        make_tensor_counts({0x3F00: 2, 0x4000: 2}, name="b", layer="h.1", patterns=(4, 0, 1, 1)),
        make_tensor_counts({0: 1}, name="bias", layer="h.1", matrix=False),
    ),
    left_out=(),
)


@pytest.mark.parametrize(
    ("group", "rows"),
    [
        (
            "parameter",
            [
                ["wte", "4", "0.00 %", "", "", ""],
                ["a", "4", "75.00 %", "25.00 %", "0.00 %", "83.33 %"],
                ["b", "4", "0.00 %", "0.00 %", "100.00 %", "16.67 %"],
                ["bias", "1", "100.00 %", "", "", ""],
            ],
        ),
        (
            "layer",
            [
                ["h.0", "4", "75.00 %", "25.00 %", "0.00 %", "83.33 %"],
                ["h.1", "5", "20.00 %", "0.00 %", "100.00 %", "16.67 %"],
            ],
        ),
        (
            "component",
            [
                ["embeddings", "4", "0.00 %", "", "", ""],
                ["attention", "9", "44.44 %", "12.50 %", "50.00 %", "50.00 %"],
            ],
        ),
    ],
)
def test_zeros_patterns_and_what_a_ranking_takes(group: str, rows: list[list[str]]) -> None:
    table = counts_table(SPARSE, group, Questions(taken=(0.5,)))  # 4 of 8: three zeros, one of three halves
    assert table.columns == [group, "weights", "zeros", "2:4 met", "4x4 zero", "50 % take"]
    assert table.rows == [["all weights", "13", "30.77 %", "12.50 %", "50.00 %", "50.00 %"], *rows]


def test_many_left_out_tensors_are_three_and_a_number() -> None:
    masks = tuple({**CHECKPOINT.left_out[0], "name": f"h.{layer}.mask"} for layer in range(48))
    assert counts_table(replace(CHECKPOINT, left_out=masks), "layer", ASKED).setting == (
        "local@0; gpt2; not counted: "
        "h.0.mask (a buffer), h.1.mask (a buffer), h.2.mask (a buffer) and 45 more"
    )


def command(folder: Path, lines: list[str], *arguments: str) -> int:
    """The command about a run with lines of counts."""
    (folder / "run.jsonl").touch()
    (folder / "run.counts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return main(["structure", str(folder / "run.jsonl"), *arguments])


LINE = json.dumps(CHECKPOINT.to_json())
OTHER = json.dumps(replace(CHECKPOINT, model="other").to_json())


def test_the_command_shows_what_is_usual_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, [LINE]) == 0
    shown = capsys.readouterr().out
    assert [heading in shown for heading in ("|w| > 1", "50 % below", "50 % take", "90 % take")] == [True] * 4
    assert command(tmp_path, [LINE, OTHER], "--take", "0.25", "--model", "other") == 0
    shown = capsys.readouterr().out
    assert "25 % take" in shown
    assert "below" not in shown
    assert "structure: tiny" not in shown
    assert shown.endswith("%\n")


def test_damaged_lines_are_complained_of_and_the_others_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, [LINE[:-50], OTHER]) == 1
    shown = capsys.readouterr()
    assert "structure: other" in shown.out
    assert "run.counts.jsonl:1: damaged line left out" in shown.err
    assert command(tmp_path, [LINE[:-50]]) == 1
    assert capsys.readouterr().out == ""


def test_a_wrong_model_is_told_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path, [LINE, OTHER, "cut off"], "--model", "tiyn") == 2
    damage, miss = capsys.readouterr().err.splitlines()
    assert "damaged line left out" in damage
    assert miss.endswith("'tiyn': did you mean tiny? known: tiny, other")


def test_any_name_of_a_tensor_can_be_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    names = ("\ud800", "\x1b[31m")
    tensors = tuple(make_tensor_counts({0x3F80: 4}, name=name) for name in names)
    line = json.dumps(replace(CHECKPOINT, tensors=tensors).to_json())
    assert command(tmp_path, [line], "--by", "parameter") == 0
    shown = capsys.readouterr().out
    assert "\n\\ud800 " in shown
    assert "\n\\x1b[31m " in shown

"""Thresholds: what they say of a value, where they stand, and what a bad file is told."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bench.grid import Grid, quality_cases
from bench.thresholds import FILE, WORKLOADS, Verdict, read_thresholds
from fixtures.models import MODELS
from fixtures.pruning.methods import METHODS
from fixtures.pruning.scopes import find_scope
from fixtures.settings import Settings
from fixtures.specs import EMBEDDED, Case, PruningSpec
from fixtures.tasks import TASKS
from tests.bench.cases import make_case, make_variant

PROTOCOL = "joined test window=1024 stride=1024"
TABLE = f"""\
[[gpt2.wikitext2.perplexity]]
protocol = "{PROTOCOL}"
[gpt2.wikitext2.perplexity.limits]
"""
HALF = make_case(0.5)


def write(folder: Path, text: str) -> Path:
    path = folder / "thresholds.toml"
    path.write_text(text, "utf-8")
    return path


def no_dense() -> float:
    pytest.fail("the dense score was asked for, though the limit does not need it")


def judge(
    path: Path,
    value: float,
    *,
    dense: float | None = None,
    case: Case = HALF,
    metric: str = "perplexity",
    protocol: str = PROTOCOL,
) -> Verdict:
    """The file's verdict on a value; without a dense score, asking for one fails."""
    score = no_dense if dense is None else (lambda: dense)
    return read_thresholds(path).judge(case, protocol, metric, value, score)


def judge_by(folder: Path, limit: str, value: float, dense: float | None) -> Verdict:
    """The verdict of one limit on a value of magnitude-global-0.50."""
    return judge(write(folder, f'{TABLE}"magnitude-global-0.50" = {{ {limit} }}\n'), value, dense=dense)


@pytest.mark.parametrize(
    ("limit", "value", "dense", "gate"),
    [
        ("value = [29, 31]", 30.0, None, "passed"),
        ("value = [29, 31]", 29.0, None, "passed"),
        ("value = [29, 31]", 31.0, None, "passed"),
        ("value = [29, 31]", 28.999, None, "failed"),
        ("value = [29, 31]", 31.001, None, "failed"),
        ("value = [29, inf]", 1e300, None, "passed"),
        ("change = [-0.5, 2]", 32.0, 30.0, "passed"),
        ("change = [-0.5, 2]", 29.5, 30.0, "passed"),
        ("change = [-0.5, 2]", 32.125, 30.0, "failed"),
        ("change = [-0.5, 2]", 29.25, 30.0, "failed"),
        ("nats = [0.5, 1.5]", 30 * math.e, 30.0, "passed"),
        ("nats = [0.5, 1.5]", 30 * math.exp(0.499), 30.0, "failed"),
        ("nats = [0.5, 1.5]", 30 * math.exp(1.501), 30.0, "failed"),
        ("nats = [-0.05, 0.03]", 29.0, 30.0, "passed"),
        ("collapse = 1_000", 30_000.0, 30.0, "passed"),
        ("collapse = 1_000", 1e12, 30.0, "passed"),
        ("collapse = 1_000", 29_999.0, 30.0, "failed"),
    ],
)
def test_value_passes_within_its_limit_ends_included(
    tmp_path: Path, limit: str, value: float, dense: float | None, gate: str
) -> None:
    assert judge_by(tmp_path, limit, value, dense).gate == gate


@pytest.mark.parametrize(
    ("value", "gate"), [(0.5, "passed"), (1.0, "passed"), (1.01, "failed"), (10.0, "failed")]
)
def test_collapse_is_at_most_the_factor_where_higher_is_better(
    tmp_path: Path, value: float, gate: str
) -> None:
    text = TABLE.replace("perplexity", "find_speedup") + '"magnitude-global-0.50" = { collapse = 0.1 }\n'
    assert judge(write(tmp_path, text), value, dense=10.0, metric="find_speedup").gate == gate


@pytest.mark.parametrize("limit", ["change = [0, 1]", "nats = [0, 1]", "collapse = 2"])
def test_dense_is_asked_for_where_the_limit_is_relative_to_it(tmp_path: Path, limit: str) -> None:
    asked: list[float] = []

    def dense() -> float:
        asked.append(30.0)
        return 30.0

    path = write(tmp_path, f'{TABLE}"magnitude-global-0.50" = {{ {limit} }}\n')
    read_thresholds(path).judge(HALF, PROTOCOL, "perplexity", 31.0, dense)
    assert len(asked) == 1


@pytest.mark.parametrize("limit", ["change = [0, 1]", "nats = [0, 1]", "collapse = 2"])
def test_dense_is_not_asked_for_without_a_threshold(tmp_path: Path, limit: str) -> None:
    path = write(tmp_path, f"{TABLE}dense = {{ {limit} }}\n")
    assert judge(path, 31.0).gate == "ungated"


@pytest.mark.parametrize(
    ("limit", "value", "dense", "words"),
    [
        ("value = [29, 31]", 30.0, None, "from 29 to 31"),
        ("change = [-0.5, 2]", 30.0, 30.0, "change to dense from -0.5 to 2"),
        ("nats = [2.9, 3.7]", 30.0, 30.0, "ln(value / dense) from 2.9 to 3.7"),
        ("collapse = 1_000", 30.0, 30.0, "collapse, at least 1000 times dense"),
    ],
)
def test_verdict_has_the_limit_in_words_and_its_place(
    tmp_path: Path, limit: str, value: float, dense: float | None, words: str
) -> None:
    verdict = judge_by(tmp_path, limit, value, dense)
    assert verdict.limit == words
    assert verdict.source == f"{tmp_path.name}/thresholds.toml:4"


def test_collapse_of_what_is_better_higher_says_at_most(tmp_path: Path) -> None:
    text = TABLE.replace("perplexity", "find_speedup") + '"magnitude-global-0.50" = { collapse = 0.1 }\n'
    verdict = judge(write(tmp_path, text), 1.0, dense=10.0, metric="find_speedup")
    assert verdict.limit == "collapse, at most 0.1 times dense"


def test_complaint_has_case_metric_value_limit_and_place(tmp_path: Path) -> None:
    assert judge_by(tmp_path, "value = [29, 31]", 412.0625, None).complaint == (
        "gpt2-wikitext2-magnitude-global-0.50: perplexity is 412.062; limit: from 29 to 31; "
        f"{tmp_path.name}/thresholds.toml:4"
    )


def test_complaint_about_a_relative_limit_has_the_comparison_too(tmp_path: Path) -> None:
    complaint = judge_by(tmp_path, "nats = [0, 0.5]", 30 * math.e, 30.0).complaint
    assert "perplexity is 81.5485 (1 against dense); limit: ln(value / dense) from 0 to 0.5" in complaint


@pytest.mark.parametrize("value", [30.0, 29.0])
def test_value_that_passes_is_no_complaint(tmp_path: Path, value: float) -> None:
    assert judge_by(tmp_path, "value = [29, 31]", value, None).complaint == ""


@pytest.mark.parametrize(
    ("subject", "metric"),
    [(make_case(), "perplexity"), (make_case(0.51), "perplexity"), (HALF, "word_perplexity")],
)
def test_case_or_metric_without_a_threshold_is_ungated(tmp_path: Path, subject: Case, metric: str) -> None:
    path = write(tmp_path, f'{TABLE}"magnitude-global-0.50" = {{ value = [1, 2] }}\n')
    assert judge(path, 30.0, case=subject, metric=metric) == Verdict("ungated")


def test_another_protocol_is_ungated_and_noted(tmp_path: Path) -> None:
    path = write(tmp_path, f'{TABLE}"magnitude-global-0.50" = {{ nats = [0, 1] }}\n')
    verdict = judge(path, 1e9, protocol=f"{PROTOCOL} limit=2")
    assert verdict == Verdict("ungated", note=f"threshold is for {PROTOCOL}")


def test_all_other_protocols_are_noted(tmp_path: Path) -> None:
    limit = "dense = { value = [29, 31] }\n"
    path = write(tmp_path, TABLE + limit + TABLE.replace(PROTOCOL, "another") + limit)
    verdict = judge(path, 30.0, case=make_case(), protocol="mine")
    assert verdict.note == f"threshold is for another or {PROTOCOL}"


def test_dense_has_thresholds_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, f"{TABLE}dense = {{ value = [29, 31] }}\n")
    assert judge(path, 29.94, case=make_case()).gate == "passed"
    assert judge(path, 29.94).gate == "ungated"


SEVERAL = f"""\
# a comment that mentions dense = nothing

[[gpt2.wikitext2.perplexity]]
protocol = "{PROTOCOL}"
[gpt2.wikitext2.perplexity.limits]
dense = {{ value = [1, 2] }}
# "magnitude-global-0.50" = {{ value = [3, 4] }}
"magnitude-global-0.50" = {{ value = [3, 4] }}

[[gpt2.wikitext2.perplexity]]
protocol = "second"
[gpt2.wikitext2.perplexity.limits]
"magnitude-global-0.50" = {{ value = [5, 6] }}
"dense" = {{ value = [7, 8] }}

[[gpt2.wikitext2.word_perplexity]]
protocol = "{PROTOCOL}"
[gpt2.wikitext2.word_perplexity.limits]
"magnitude-global-0.50"={{ value = [9, 10] }}

[["smollm2-135m"."wikitext2".perplexity]]
protocol = "{PROTOCOL}"
["smollm2-135m"."wikitext2".perplexity.limits]
  "magnitude-global-0.50"   =   {{ value = [11, 12] }}
dense = {{ value = [13, 14] }}
"""


@pytest.mark.parametrize(
    ("model", "metric", "protocol", "sparsity", "limit"),
    [
        ("gpt2", "perplexity", PROTOCOL, None, "[1, 2]"),
        ("gpt2", "perplexity", PROTOCOL, 0.5, "[3, 4]"),
        ("gpt2", "perplexity", "second", 0.5, "[5, 6]"),
        ("gpt2", "perplexity", "second", None, "[7, 8]"),
        ("gpt2", "word_perplexity", PROTOCOL, 0.5, "[9, 10]"),
        ("smollm2-135m", "perplexity", PROTOCOL, 0.5, "[11, 12]"),
        ("smollm2-135m", "perplexity", PROTOCOL, None, "[13, 14]"),
    ],
)
def test_place_is_the_line_of_the_limit_among_several_tables(
    tmp_path: Path, model: str, metric: str, protocol: str, sparsity: float | None, limit: str
) -> None:
    case = make_case(sparsity)
    case = Case(make_variant(MODELS[model], case.variant.pruning), case.task)
    verdict = judge(write(tmp_path, SEVERAL), 0.0, case=case, metric=metric, protocol=protocol)
    lines = [number for number, line in enumerate(SEVERAL.splitlines(), start=1) if limit in line]
    assert verdict.source == f"{tmp_path.name}/thresholds.toml:{lines[-1]}"


OTHER_WAYS = {
    "a comment behind the heading": "[[gpt2.wikitext2.perplexity]]  # as published",
    "a heading that is set in": "  [[gpt2.wikitext2.perplexity]]",
    "spaces within the heading": "[[ gpt2 . wikitext2 . perplexity ]]",
    "single quotes": "[[gpt2.'wikitext2'.perplexity]]",
}


@pytest.mark.parametrize("heading", OTHER_WAYS.values(), ids=OTHER_WAYS)
def test_place_is_right_however_toml_lets_the_heading_be_written(tmp_path: Path, heading: str) -> None:
    second = TABLE.replace("[[gpt2.wikitext2.perplexity]]", heading).replace(PROTOCOL, "second")
    limit = "dense = { value = [29, 31] }\n"
    path = write(tmp_path, TABLE + limit + second + limit)
    assert (
        judge(path, 0.0, case=make_case(), protocol="second").source == f"{tmp_path.name}/thresholds.toml:8"
    )


@pytest.mark.parametrize("key", ["'dense'", "limits.dense"])
def test_place_is_right_however_toml_lets_the_key_be_written(tmp_path: Path, key: str) -> None:
    table = "\n".join(TABLE.splitlines()[:2]) if key.startswith("limits") else TABLE.rstrip()
    path = write(tmp_path, f"{table}\n\n{key} = {{ value = [29, 31] }}\n")
    line = path.read_text("utf-8").splitlines().index(f"{key} = {{ value = [29, 31] }}") + 1
    assert judge(path, 0.0, case=make_case()).source == f"{tmp_path.name}/thresholds.toml:{line}"


def limits(*lines: str) -> str:
    return TABLE + "\n".join(lines) + "\n"


BAD_NAMES = [
    (TABLE.replace("gpt2", "gtp2") + "dense = { value = [1, 2] }", "unknown model 'gtp2': did you mean gpt2"),
    (
        TABLE.replace("wikitext2", "wikitxt2") + "dense = { value = [1, 2] }",
        "unknown task 'wikitxt2': did you mean wikitext2",
    ),
    (
        TABLE.replace("perplexity", "perplexty") + "dense = { value = [1, 2] }",
        "unknown metric 'perplexty': did you mean perplexity",
    ),
    (limits("dense = { valu = [1, 2] }"), "unknown kind of limit 'valu': did you mean value"),
]


@pytest.mark.parametrize(("text", "message"), BAD_NAMES)
def test_unknown_name_is_refused_with_file_and_nearest(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{tmp_path.name}/thresholds.toml: .*{message}"):
        read_thresholds(write(tmp_path, text))


@pytest.mark.parametrize(
    "name", ["magnitud-global-0.50", "magnitude-globl-0.50", "magnitude-global-0.5", "dnese"]
)
def test_pruning_that_no_case_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"{tmp_path.name}/thresholds.toml.*{name}"):
        read_thresholds(write(tmp_path, limits(f'"{name}" = {{ value = [1, 2] }}')))


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("{ value = [1, 2], nats = [0, 1] }", "expected one of .*, found value, nats"),
        ("{ }", "expected one of value, change, nats, collapse, found none"),
        ("{ value = [2, 1] }", "2 to 1 is no range"),
        ("{ nats = [nan, 1] }", "nan to 1 is no range"),
    ],
)
def test_limit_that_says_nothing_is_refused_with_its_line(tmp_path: Path, limit: str, message: str) -> None:
    path = write(tmp_path, limits("dense = { value = [1, 2] }", f'"magnitude-global-0.50" = {limit}'))
    with pytest.raises(ValueError, match=f"{tmp_path.name}/thresholds.toml:5: {message}"):
        read_thresholds(path)


BAD_FILES = {
    "no TOML": "[[gpt2",
    "a key twice": limits("dense = { value = [1, 2] }", "dense = { value = [1, 2] }"),
    "a bare number": limits("dense = 30"),
    "one bound": limits("dense = { value = [1] }"),
    "three bounds": limits("dense = { value = [1, 2, 3] }"),
    "a number for bounds": limits("dense = { value = 30 }"),
    "words for bounds": limits('dense = { value = ["low", "high"] }'),
    "bounds of a factor": limits("dense = { collapse = [1, 2] }"),
    "no list of tables": "[gpt2.wikitext2.perplexity]\nprotocol = 'x'\nlimits.dense.value = [1, 2]\n",
    "a model that is no table": "gpt2 = 3\n",
    "a metric that is no table": "[gpt2.wikitext2]\nperplexity = 3\n",
    "no protocol": "[[gpt2.wikitext2.perplexity]]\nlimits.dense.value = [1, 2]\n",
    "no limits": "[[gpt2.wikitext2.perplexity]]\nprotocol = 'x'\n",
    "limits that are no table": "[[gpt2.wikitext2.perplexity]]\nprotocol = 'x'\nlimits = [1, 2]\n",
    "a protocol in a list": "[[gpt2.wikitext2.perplexity]]\nprotocol = ['x']\nlimits.dense.value = [1, 2]\n",
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_a_value_error_that_names_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(tmp_path.name)}/thresholds.toml: "):
        read_thresholds(write(tmp_path, text))


def test_file_of_bytes_that_are_no_text_is_a_value_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.toml"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(ValueError, match=r"thresholds\.toml"):
        read_thresholds(path)


def test_file_without_thresholds_gates_nothing(tmp_path: Path) -> None:
    assert judge(write(tmp_path, "# none yet\n"), 30.0) == Verdict("ungated")


def own_limits() -> list[tuple[Case, str, str, dict[str, Any]]]:
    """(case, metric, protocol, limit) of the project's own file, read here without `bench.thresholds`."""
    content = tomllib.loads(FILE.read_text("utf-8"))
    return [
        (Case(make_variant(MODELS[model], pruning_of(name)), TASKS[task]), metric, table["protocol"], limit)
        for model, by_task in content.items()
        for task, by_metric in by_task.items()
        if task not in WORKLOADS
        for metric, tables in by_metric.items()
        for table in tables
        for name, limit in table["limits"].items()
    ]


def pruning_of(name: str) -> PruningSpec | None:
    if name == "dense":
        return None
    method, scope, sparsity = name.split("-")
    pruning = PruningSpec(METHODS[method].name, find_scope(scope).name, float(sparsity))
    assert str(pruning) == name
    return pruning


def test_projects_own_thresholds_can_be_read() -> None:
    thresholds = read_thresholds()
    for case, metric, protocol, _ in own_limits():
        assert thresholds.judge(case, protocol, metric, 30.0, lambda: 30.0).gate != "ungated"


def test_a_workload_stands_in_the_place_of_a_task() -> None:
    case = Case(make_variant(MODELS["gpt2"], None))
    asked = (case, "random tokens window=1024 windows=2", "evaluation_efficiency")
    gates = [
        read_thresholds().judge(*asked, efficiency, lambda: 1.0, workload=workload).gate
        for efficiency, workload in ((0.91, "evaluate"), (0.89, "evaluate"), (0.89, None))
    ]
    assert gates == ["passed", "failed", "ungated"]


def test_projects_own_thresholds_are_found_in_their_lines() -> None:
    thresholds, lines = read_thresholds(), FILE.read_text("utf-8").splitlines()
    places = set()
    for case, metric, protocol, limit in own_limits():
        source = str(thresholds.judge(case, protocol, metric, 30.0, lambda: 30.0).source)
        line = lines[int(source.removeprefix("bench/thresholds.toml:")) - 1]
        assert tomllib.loads(line) == {str(case.variant.pruning or "dense"): limit}
        places.add(source)
    assert len(places) == len(own_limits())


def test_projects_own_thresholds_are_for_protocols_and_metrics_of_their_tasks() -> None:
    for case, metric, words, _ in own_limits():
        assert case.task is not None
        heads = {trained.head for trained in case.variant.model.trained}
        protocols = [protocol for protocol in case.task.protocols if protocol.head in heads]
        described = {protocol: case.task.describe(protocol, None) for protocol in protocols}
        (found,) = [protocol for protocol, text in described.items() if f"{words} ".startswith(f"{text} ")]
        assert metric in found.metrics


def test_every_cell_of_the_main_job_has_a_limit() -> None:
    thresholds = read_thresholds()
    for case in quality_cases(Grid(Settings(tiers=(EMBEDDED,)))):
        assert case.task is not None
        assert case.protocol is not None
        words, headline = case.task.describe(case.protocol, None), case.protocol.metrics[0]
        gate = thresholds.judge(case, words, headline, 30.0, lambda: 30.0).gate
        assert gate != "ungated", f"{case} {headline}"

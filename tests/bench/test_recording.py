"""Records made from what was measured."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields, replace
from typing import get_args

import pytest

from bench.recording import Measurement, hand_over, make_records
from bench.thresholds import Verdict
from fixtures.models import MODELS
from fixtures.protocols import SIGNATURES, Protocol, Translation
from fixtures.settings import Settings
from fixtures.specs import Case, TaskSpec
from reports.metrics import METRICS
from reports.record import PROPERTY, Record, handed_over
from tests.bench.cases import make_case, make_variant

SETTINGS = Settings(dtype="bfloat16", threads=3, seed=7, limit=2)
FAILED = Verdict("failed", "from 29 to 31", "bench/thresholds.toml:12", complaint="too high")
ELSEWHERE = Verdict("ungated", note="threshold is for joined test")


def measured(**values: float) -> Measurement:
    return Measurement(
        benchmark="quality",
        weights="hub@607a30d783df",
        device="cuda:0",
        values=values,
        samples={"perplexity": [3.0, 3.5]},
        verdicts={"perplexity": FAILED, "word_perplexity": ELSEWHERE},
        protocol="joined test limit=2",
        achieved=0.4999,
    )


EXPECTED = Record(
    benchmark="quality",
    model="gpt2",
    weights="hub@607a30d783df",
    task="wikitext2",
    task_version=1,
    protocol="joined test limit=2",
    workload=None,
    method="magnitude",
    scope="global",
    sparsity=0.5,
    layout="strided",
    encoding=None,
    device="cuda:0",
    dtype="bfloat16",
    threads=None,
    seed=None,
    metric="perplexity",
    value=412.0,
    unit="",
    better="lower",
    achieved_sparsity=0.4999,
    n=2,
    low=None,
    high=None,
    samples=None,
    limit="from 29 to 31",
    gate="failed",
    limit_source="bench/thresholds.toml:12",
    stamps=(),
    outcome="measured",
)


def test_record_says_all_that_was_found() -> None:
    (record,) = make_records(make_case(0.5), SETTINGS, measured(perplexity=412.0))
    assert record == EXPECTED
    assert list(asdict(record)) == [field.name for field in fields(Record)]


def test_every_metric_is_a_record_in_the_order_found() -> None:
    records = make_records(make_case(0.5), SETTINGS, measured(byte_perplexity=2.0, perplexity=412.0))
    assert [(record.metric, record.value) for record in records] == [
        ("byte_perplexity", 2.0),
        ("perplexity", 412.0),
    ]


def test_dense_has_neither_method_nor_scope() -> None:
    (record,) = make_records(make_case(), SETTINGS, measured(perplexity=29.94))
    assert (record.method, record.scope, record.sparsity) == (None, None, 0.0)


def test_metric_without_samples_has_no_count_of_them() -> None:
    (record,) = make_records(make_case(), SETTINGS, measured(byte_perplexity=2.0))
    assert record.n is None


def test_metric_without_threshold_is_ungated() -> None:
    (record,) = make_records(make_case(), SETTINGS, measured(byte_perplexity=2.0))
    assert (record.gate, record.limit, record.limit_source, record.stamps) == ("ungated", None, None, ())


def test_threshold_for_another_protocol_is_a_stamp() -> None:
    (record,) = make_records(make_case(), SETTINGS, measured(word_perplexity=37.5))
    assert (record.gate, record.stamps) == ("ungated", ("threshold is for joined test",))


def test_how_it_was_measured_is_a_stamp_of_every_metric() -> None:
    found = replace(measured(perplexity=412.0, word_perplexity=37.5), stamps=("out of memory",))
    records = make_records(make_case(0.5), SETTINGS, found)
    assert [record.stamps for record in records] == [
        ("out of memory",),
        ("threshold is for joined test", "out of memory"),
    ]


def test_case_without_task_has_no_task_version() -> None:
    case = Case(make_case(0.5).variant)
    found = Measurement(benchmark="mask-cost", weights="random", device="cpu", values={"find_time": 0.5})
    (record,) = make_records(case, Settings(), found)
    assert (record.task, record.task_version, record.protocol) == (None, None, None)
    assert (record.unit, record.better, record.achieved_sparsity) == ("s", "lower", None)


def test_record_of_a_translation_has_the_signatures_in_its_protocol() -> None:
    protocol = Translation(tokens_per_token=1.5)
    task = TaskSpec("poems", "library", "test", (protocol,), version=3)
    found = Measurement(
        benchmark="quality",
        weights="embedded@607a30d783df",
        device="cpu",
        values={"bleu": 12.5, "chrf": 40.0},
        samples={protocol.sampled: [30.0, 50.0]},
        statistics={"bleu": {"prediction": [3, 5], "reference": [4, 4]}},
        protocol=task.describe(protocol, 2),
    )
    bleu, chrf = make_records(Case(make_variant(MODELS["gpt2"]), task, protocol), SETTINGS, found)
    assert bleu.protocol == chrf.protocol == f"generated test beams=1 max_tokens=1.5x {SIGNATURES} limit=2"
    assert (bleu.task_version, bleu.better, bleu.n) == (3, "higher", 2)
    assert (chrf.task_version, chrf.better, chrf.n) == (3, "higher", 2)


@pytest.mark.parametrize("kind", get_args(Protocol))
def test_metrics_of_every_protocol_can_be_recorded_and_the_first_is_the_headline(
    kind: type[Protocol],
) -> None:
    headlines = [METRICS[name].headline for name in kind.metrics]
    assert headlines == [True, *[False] * (len(kind.metrics) - 1)]
    assert kind.sampled in kind.metrics


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_one_wrong_number_leaves_no_record_at_all(wrong: float) -> None:
    with pytest.raises(ValueError, match=f"word_perplexity is {wrong}"):
        make_records(make_case(), SETTINGS, measured(perplexity=29.94, word_perplexity=wrong))


def test_records_are_handed_over_with_their_samples_as_plain_data() -> None:
    given: list[tuple[str, object]] = []
    statistics = {"byte_perplexity": {"bytes": [3, 4]}}
    found = replace(measured(perplexity=412.0, byte_perplexity=2.0), statistics=statistics)
    records = make_records(make_case(0.5), SETTINGS, found)
    hand_over(records, found, given)
    rows = json.loads(json.dumps([value for _, value in given]))
    assert [name for name, _ in given] == [PROPERTY, PROPERTY]
    assert [Record.from_json(row["record"]) for row in rows] == records
    assert [row["samples"] for row in rows] == [[3.0, 3.5], None]
    assert [row["statistics"] for row in rows] == [None, {"bytes": [3, 4]}]
    again = list(handed_over((PROPERTY, row) for row in rows))
    assert [handed.statistics for handed in again] == [None, {"bytes": [3, 4]}]

"""The fixtures that the test modules measure, judge and record with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bench.plugin import THRESHOLDS
from bench.thresholds import Verdict
from fixtures.protocols import Protocol
from fixtures.settings import Settings, typed
from fixtures.specs import Case, TaskSpec
from reports.record import MODEL_SECONDS

if TYPE_CHECKING:
    from bench.measure.progress import Progress
    from bench.measure.quality import Quality
    from bench.recording import Measurement
    from fixtures.examples import Examples
    from fixtures.loading import LoadedModel
    from fixtures.variants import PrunedModel

Record = Callable[["Measurement"], None]
Measure = Callable[..., "Quality"]  # of a loaded model; without one, of the case's variant
Judge = Callable[["Quality"], "dict[str, Verdict]"]
JudgeCost = Callable[[str, str, Mapping[str, float]], "dict[str, Verdict]"]


def require_passed(verdicts: Mapping[str, Verdict]) -> None:
    """Fails a test with what the thresholds complain of, once its numbers are recorded."""
    if complaints := [verdict.complaint for verdict in verdicts.values() if verdict.complaint]:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def examples(
    task: TaskSpec,
    protocol: Protocol,
    model: LoadedModel,
    settings: Settings,
    examples_read: dict[tuple[str, str], Examples],
) -> Examples:
    """The examples of the case's task, tokenised once per model."""
    from fixtures.checkpoint_files import require_positions
    from fixtures.errors import UnavailableError
    from fixtures.examples import read_examples

    key = (task.name, model.spec.name)
    if key not in examples_read:
        try:
            require_positions(model.origin.path, getattr(protocol, "window", 0), task.name)
            examples_read[key] = read_examples(task, protocol, model, settings)
        except UnavailableError as error:
            pytest.skip(str(error))
        except ValueError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
    return examples_read[key]


@pytest.fixture(scope="session")
def examples_read() -> dict[tuple[str, str], Examples]:
    """Examples by task and model, while the session lasts."""
    return {}


@pytest.fixture(scope="session")
def dense_scores() -> dict[tuple[str, str], Quality]:
    """Dense scores by task and model, while the session lasts."""
    return {}


@pytest.fixture
def measure(
    case: Case,
    protocol: Protocol,
    variant: PrunedModel,
    examples: Examples,
    progress: Progress[Any],
    record_property: Callable[[str, object], None],
) -> Measure:
    """Evaluates a model as it is at the moment of the call."""
    from bench.measure.quality import measure_quality
    from fixtures.errors import UnavailableError
    from fixtures.slicing import judged

    def measured(loaded: LoadedModel | None = None) -> Quality:
        try:
            quality = measure_quality(protocol, loaded or judged(variant), examples, progress)
        except UnavailableError as error:
            pytest.skip(f"{case}: {error}")
        except ValueError as error:
            raise pytest.fail.Exception(f"{case}: {error}", pytrace=False) from None
        record_property(MODEL_SECONDS, quality.model_seconds)
        return quality

    return measured


@pytest.fixture
def dense(
    task: TaskSpec, variant: PrunedModel, measure: Measure, dense_scores: dict[tuple[str, str], Quality]
) -> Measure:
    """The dense score of the case's model and task: measured when first wanted, by whichever case."""

    def measured() -> Quality:
        key = (task.name, variant.spec.model.name)
        if key not in dense_scores:
            with variant.dense() as unpruned:
                dense_scores[key] = measure(unpruned)
        return dense_scores[key]

    return measured


@pytest.fixture
def judge(
    case: Case,
    task: TaskSpec,
    protocol: Protocol,
    settings: Settings,
    dense: Measure,
    pytestconfig: pytest.Config,
) -> Judge:
    """What the thresholds say of a case's metrics; measures the dense score if a limit is relative to it."""
    thresholds = pytestconfig.stash[THRESHOLDS]
    words = typed(task.describe(protocol, settings.limit), settings.dtype)

    def judged(quality: Quality) -> dict[str, Verdict]:
        return {
            metric: thresholds.judge(case, words, metric, value, partial(_metric, dense, metric))
            for metric, value in quality.metrics.items()
        }

    return judged


@pytest.fixture
def judge_cost(case: Case, settings: Settings, pytestconfig: pytest.Config) -> JudgeCost:
    """What the thresholds say of what a workload costs, under the protocol it ran by."""
    thresholds = pytestconfig.stash[THRESHOLDS]

    def judged(workload: str, protocol: str, values: Mapping[str, float]) -> dict[str, Verdict]:
        words = typed(protocol, settings.dtype)
        return {
            metric: thresholds.judge(case, words, metric, value, _no_dense, workload=workload)
            for metric, value in values.items()
        }

    return judged


@pytest.fixture
def record(case: Case, settings: Settings, request: pytest.FixtureRequest) -> Record:
    """Records what was found for the case: all of its numbers, or none if one is wrong."""
    from bench.recording import hand_over, make_records

    def recorded(found: Measurement) -> None:
        try:
            records = make_records(case, settings, found)
        except ValueError as error:
            raise pytest.fail.Exception(f"{case}: {error}", pytrace=False) from None
        hand_over(records, found, request.node.user_properties)

    return recorded


@pytest.fixture
def progress(case: Case, pytestconfig: pytest.Config) -> Progress[Any]:
    """A progress line on a terminal, for what takes longer than a few seconds."""
    from bench.progress import show_progress

    return show_progress(str(case), pytestconfig)


def _metric(measured: Measure, metric: str) -> float:
    return measured().metrics[metric]


def _no_dense() -> float:
    raise ValueError("a cost has no dense score to be compared with: its limit must be a value")

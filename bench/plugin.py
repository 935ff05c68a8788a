"""Options of the grid, parametrisation, and the fixtures the test modules measure with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bench.grid import MASK_COSTS, Grid
from bench.selection import explain_empty_selection
from bench.thresholds import Thresholds, Verdict, read_thresholds
from fixtures.corpora import CORPORA, check_file
from fixtures.plugin import SETTINGS
from fixtures.settings import Settings, parse_list, parse_sparsities
from fixtures.specs import Case, TaskSpec

if TYPE_CHECKING:
    from bench.measure.perplexity import Progress
    from bench.measure.quality import Quality
    from bench.recording import Measurement
    from fixtures.loading import LoadedModel
    from fixtures.variants import PrunedModel
    from fixtures.windows import Window

GRID = pytest.StashKey[Grid]()
THRESHOLDS = pytest.StashKey[Thresholds]()
EMPTY = pytest.StashKey[str]()

Record = Callable[["Measurement"], None]
Measure = Callable[[], "Quality"]
Judge = Callable[["Quality"], "dict[str, Verdict]"]

# what a test function, or a fixture it uses, may ask for; the second kind is turned into what it names
PARAMETERS: Mapping[str, Callable[[Case], object]] = {
    "case": lambda case: case,
    "task": lambda case: case.task,
    "pruning": lambda case: case.variant.pruning,
    "model": lambda case: case.variant.model,
    "origin": lambda case: case.variant.model,
    "variant": lambda case: case.variant,
}
LOADED = ("model", "origin", "variant")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options that put another grid in place of the default one."""
    group = parser.getgroup("bench", "benchmarks of sparse transformers")
    several = {"action": "append", "default": []}
    group.addoption("--task", **several, help="tasks in place of each model's own; several with commas")
    group.addoption("--method", **several, help="pruning methods, such as magnitude,random")
    group.addoption("--scope", **several, help="pruning scopes, such as global,layer,2:4,4x4")
    group.addoption("--sparsity", **several, help="fractions of zeros, such as 0.1,0.5")


def pytest_configure(config: pytest.Config) -> None:
    """Parses the grid and the thresholds, before any work."""
    option = config.option
    try:
        config.stash[GRID] = Grid(
            settings=config.stash[SETTINGS],
            tasks=parse_list(option.task),
            methods=parse_list(option.method),
            scopes=parse_list(option.scope),
            sparsities=parse_sparsities(option.sparsity),
        )
        config.stash[THRESHOLDS] = read_thresholds()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `cases(make)` runs once per case of the grid."""
    marker = metafunc.definition.get_closest_marker("cases")
    if marker is None:
        return
    cases: list[Case] = marker.kwargs["make"](metafunc.config.stash[GRID])
    names = [name for name in PARAMETERS if name in metafunc.fixturenames]
    rows = [[PARAMETERS[name](case) for name in names] for case in cases]
    indirect = [name for name in names if name in LOADED]
    ids = [str(case) for case in cases]
    # session scope, so that a model or a variant stays while the next case wants the same one
    metafunc.parametrize(names, rows, indirect=indirect, ids=ids, scope="session")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Lets -k select by family and tier too."""
    if case := case_of(item):
        item.extra_keyword_matches.update((case.variant.model.family, case.variant.model.tier))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the cases of a model, and of a variant, next to each other over all modules; dense first."""
    grid = config.stash[GRID]
    models = {model: place for place, model in enumerate(grid.models())}
    prunings = {pruning: place for place, pruning in enumerate([None, *MASK_COSTS, *grid.prunings()])}

    def place(item: pytest.Item) -> tuple[int, int]:
        case = case_of(item)
        return (models[case.variant.model], prunings[case.variant.pruning]) if case else (-1, -1)

    # pytest makes a test of an empty grid, to be skipped: nothing is generated for that here
    cases = [item for item in items if case_of(item) or not item.get_closest_marker("cases")]
    if items and not cases:
        config.stash[EMPTY] = grid.explain_emptiness()
    items[:] = sorted(cases, key=place)


def case_of(item: pytest.Item) -> Case | None:
    """The case that a test measures, if it is a benchmark."""
    callspec = getattr(item, "callspec", None) if item.get_closest_marker("cases") else None
    case = callspec.params.get("case") if callspec else None
    return case if isinstance(case, Case) else None


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remembers what was there to select from, for when nothing matches."""
    for item in items[:1]:
        cases = [case for case in map(case_of, items) if case]
        item.config.stash[EMPTY] = explain_empty_selection(
            item.config.option.keyword, cases, [item.nodeid for item in items]
        )


@pytest.hookimpl(tryfirst=True)  # before another check can end the session
def pytest_collection_finish(session: pytest.Session) -> None:
    """Compares the local data of the selected tasks with what was published, before any work."""
    if session.items:
        session.config.stash[EMPTY] = ""
    data_dir = session.config.stash[SETTINGS].data_dir
    if data_dir is None or session.config.option.collectonly:
        return
    tasks = {case.task for item in session.items if (case := case_of(item)) and case.task}
    try:
        for task in tasks:
            check_file(CORPORA[task.corpus], task.split, data_dir)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what is nearest to a selection that matches no case."""
    if sentence := terminalreporter.config.stash.get(EMPTY, ""):
        terminalreporter.write_line(sentence, red=True)


@pytest.fixture
def examples(
    task: TaskSpec, model: LoadedModel, settings: Settings, examples_read: dict[tuple[str, str], list[Window]]
) -> list[Window]:
    """The examples of the case's task, tokenised once per model."""
    from fixtures.errors import UnavailableError
    from fixtures.examples import read_examples

    key = (task.name, model.spec.name)
    if key not in examples_read:
        try:
            examples_read[key] = read_examples(task, model, settings)
        except UnavailableError as error:
            pytest.skip(str(error))
        except ValueError as error:
            pytest.fail(str(error), pytrace=False)
    return examples_read[key]


@pytest.fixture(scope="session")
def examples_read() -> dict[tuple[str, str], list[Window]]:
    """Examples by task and model, while the session lasts."""
    return {}


@pytest.fixture(scope="session")
def dense_scores() -> dict[tuple[str, str], Quality]:
    """Dense scores by task and model, while the session lasts."""
    return {}


@pytest.fixture
def measure(
    case: Case, task: TaskSpec, variant: PrunedModel, examples: list[Window], progress: Progress
) -> Measure:
    """Evaluates the model as it is at the moment of the call."""
    from bench.measure.quality import measure_quality

    def measured() -> Quality:
        try:
            return measure_quality(task, variant.loaded.model, examples, progress)
        except ValueError as error:
            pytest.fail(f"{case}: {error}", pytrace=False)

    return measured


@pytest.fixture
def dense(
    task: TaskSpec, variant: PrunedModel, measure: Measure, dense_scores: dict[tuple[str, str], Quality]
) -> Measure:
    """The dense score of the case's model and task: measured when first wanted, by whichever case."""

    def measured() -> Quality:
        key = (task.name, variant.spec.model.name)
        if key not in dense_scores:
            with variant.dense():
                dense_scores[key] = measure()
        return dense_scores[key]

    return measured


@pytest.fixture
def judge(
    case: Case, task: TaskSpec, settings: Settings, dense: Measure, pytestconfig: pytest.Config
) -> Judge:
    """What the thresholds say of a case's metrics; measures the dense score if a limit is relative to it."""
    thresholds, protocol = pytestconfig.stash[THRESHOLDS], task.protocol(settings.limit)

    def judged(quality: Quality) -> dict[str, Verdict]:
        return {
            metric: thresholds.judge(case, protocol, metric, value, partial(_metric, dense, metric))
            for metric, value in quality.metrics.items()
        }

    return judged


@pytest.fixture
def record(case: Case, settings: Settings, record_property: Callable[[str, Any], None]) -> Record:
    """Records what was found for the case: all of its numbers, or none if one is wrong."""
    from bench.recording import hand_over, make_records

    def recorded(found: Measurement) -> None:
        try:
            records = make_records(case, settings, found)
        except ValueError as error:
            pytest.fail(f"{case}: {error}", pytrace=False)
        hand_over(records, found.samples, record_property)

    return recorded


@pytest.fixture
def progress(case: Case, pytestconfig: pytest.Config) -> Progress:
    """A progress line on a terminal, for what takes longer than a few seconds."""
    from bench.progress import show_progress

    return show_progress(str(case), pytestconfig)


def _metric(measured: Measure, metric: str) -> float:
    return measured().metrics[metric]

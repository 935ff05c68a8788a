"""From the grid to pytest's items: parametrisation, order, and what to say when nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bench.cases import every_case, explain_options
from bench.grid import MASK_COSTS, Grid, checkpoint
from bench.plugin import GRID
from bench.selection import explain_empty_selection, names_of_tests
from fixtures.checkpoint_files import require_positions, require_tokenizer
from fixtures.corpora import CORPORA
from fixtures.declared_head import require_head
from fixtures.plugin import SETTINGS
from fixtures.published_files import check_files
from fixtures.settings import Settings
from fixtures.specs import Case

EMPTY = pytest.StashKey[str]()
DESELECTED = pytest.StashKey[list[pytest.Item]]()

# what a test function, or a fixture it uses, may ask for; the second kind is turned into what it names
PARAMETERS: Mapping[str, Callable[[Case], object]] = {
    "case": lambda case: case,
    "task": lambda case: case.task,
    "protocol": lambda case: case.protocol,
    "pruning": lambda case: case.variant.pruning,
    "model": lambda case: case.variant.checkpoint,
    "origin": lambda case: case.variant.checkpoint,
    "stored": lambda case: case.variant.checkpoint,
    "variant": lambda case: case.variant,
}
LOADED = ("model", "origin", "stored", "variant")

Thing = TypeVar("Thing", bound=Hashable)


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


@pytest.hookimpl(tryfirst=True)  # before pytest counts
def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Leaves out of the count what measures nothing."""
    report.result = [node for node in report.result or () if not _is_placeholder(node)]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the cases of a model, and of a variant, next to each other over all modules."""
    cases = [item for item in items if not _is_placeholder(item)]
    if items and not cases:
        config.stash[EMPTY] = config.stash[GRID].explain_emptiness()
    items[:] = sorted(cases, key=_order(config.stash[GRID], list(filter(None, map(case_of, cases)))))


def _order(grid: Grid, cases: Sequence[Case]) -> Callable[[pytest.Item], tuple[float, ...]]:
    """Dense first, then pruning by pruning with growing sparsity; quality before costs.

    What costs are measured of besides the grid comes after it, each pruning by itself too: a variant that
    is left for another and come back to is pruned twice.
    """
    models = list(grid.models())
    own = [checkpoint(model, trained) for model in models for trained in model.trained]
    checkpoints = _places([*own, *(case.variant.checkpoint for case in cases)])
    known = [pruning for model in models for pruning in (*grid.prunings(model), *MASK_COSTS)]
    asked = [case.variant.pruning for case in cases if case.variant.pruning]
    kinds = _places((pruning.method, pruning.scope) for pruning in (*known, *asked))

    def place(item: pytest.Item) -> tuple[float, ...]:
        if (case := case_of(item)) is None:
            return (-1,)
        model, pruning = checkpoints[case.variant.checkpoint], case.variant.pruning
        if pruning is None:
            return model, -1
        return model, kinds[pruning.method, pruning.scope], pruning.sparsity, not case.task

    return place


def _places(things: Iterable[Thing]) -> dict[Thing, int]:
    return {thing: place for place, thing in enumerate(dict.fromkeys(things))}


def _is_placeholder(node: pytest.Item | pytest.Collector) -> bool:
    """Whether it stands for an empty grid: pytest makes a test of that, to be skipped."""
    return bool(isinstance(node, pytest.Item) and node.get_closest_marker("cases") and not case_of(node))


def case_of(item: pytest.Item) -> Case | None:
    """The case that a test measures, if it is a benchmark."""
    callspec = getattr(item, "callspec", None) if item.get_closest_marker("cases") else None
    case = callspec.params.get("case") if callspec else None
    return case if isinstance(case, Case) else None


@pytest.hookimpl(tryfirst=True)  # before pytest counts
def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remembers what was there to select from, for when nothing matches; -k, -m and --lf each call this."""
    if items:
        items[0].config.stash.setdefault(DESELECTED, []).extend(items)
    items[:] = [item for item in items if not _is_placeholder(item)]


@pytest.hookimpl(tryfirst=True)  # before another check can end the session
def pytest_collection_finish(session: pytest.Session) -> None:
    """Looks at the local data and checkpoints of what was selected, before any work."""
    if session.items:
        session.config.stash[EMPTY] = ""
    elif left_out := session.config.stash.get(DESELECTED, []):
        session.config.stash.setdefault(EMPTY, _explain(session.config, left_out))
    settings = session.config.stash[SETTINGS]
    # a worker of pytest-xdist cannot end the session: there each case fails with the same sentence
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return
    cases = [case for item in session.items if (case := case_of(item))]
    try:
        _require_published(cases, settings.data_dir)
        _require_fit(session.items, settings)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def _explain(config: pytest.Config, left_out: Sequence[pytest.Item]) -> str:
    measuring = [item for item in left_out if not _is_placeholder(item)]
    if not measuring:
        return config.stash[GRID].explain_emptiness()
    cases = [case for case in map(case_of, measuring) if case]
    known = list(dict.fromkeys([*every_case(config.stash[GRID]), *cases]))
    tests = [*names_of_tests(Path(__file__).parent), *(item.nodeid for item in left_out)]
    asked = (config.option.keyword, config.option.markexpr)
    return explain_empty_selection(*asked, len(measuring), known, tests)


def _require_published(cases: Sequence[Case], data_dir: Path | None) -> None:
    tasks = {case.task for case in cases if case.task}
    for task in tasks:
        if data_dir or CORPORA[task.corpus].folder:
            check_files(CORPORA[task.corpus], task.split, data_dir)


def _require_fit(items: Sequence[pytest.Item], settings: Settings) -> None:
    """Local checkpoints have the head for what they must do, and positions for the windows of their tasks."""
    for item in items:
        if not (case := case_of(item)):
            continue
        checkpoint = case.variant.checkpoint
        if folder := settings.local_weights(checkpoint):
            if not _only_looks(item):
                require_head(folder, checkpoint)
            if case.task:
                _require_tokenizer(folder, settings.local_name(checkpoint))
                require_positions(folder, getattr(case.protocol, "window", 0), case.task.name)


def _only_looks(item: pytest.Item) -> bool:
    """Whether a test looks at the weights as they lie on disk, and does nothing with the model."""
    wanted = set(LOADED).intersection(getattr(item, "fixturenames", ()))
    return wanted == {"stored"}


def _require_tokenizer(folder: Path, name: str | None) -> None:
    try:
        require_tokenizer(folder)
    except ValueError as error:
        raise ValueError(f"--checkpoint '{name}={folder}': {error}") from error


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Lets a worker of pytest-xdist tell the controller why it had nothing to do."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["bench-empty"] = session.config.stash.get(EMPTY, "")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - pytest-xdist exports no type of a worker
    """Takes in what a worker told."""
    told: dict[str, str] = getattr(node, "workeroutput", {})
    node.config.stash[EMPTY] = told.get("bench-empty", "")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what is nearest to a selection that matches no case."""
    config = terminalreporter.config
    if sentence := config.stash.get(EMPTY, ""):
        terminalreporter.write_line(sentence, red=True)
        if hint := explain_options(config.stash[GRID], config.option.keyword):
            terminalreporter.write_line(hint, red=True)

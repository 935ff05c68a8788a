"""What cost benchmarks are given: the variant in a layout, its theory, and how quiet the machine is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fixtures.layouts import LAYOUTS
from fixtures.settings import Settings
from fixtures.specs import Case, Variant
from fixtures.terminal import warn
from fixtures.workloads import Workload
from reports.noise import NOISY

if TYPE_CHECKING:
    from bench.machine import Quietness
    from bench.measure.theory import Theory
    from fixtures.laying_out import LaidOut
    from fixtures.variants import PrunedModel

LayOut = Callable[[], "LaidOut"]
CountTheory = Callable[[], "Theory"]


@pytest.fixture(scope="session")
def quietness(settings: Settings, pytestconfig: pytest.Config) -> Quietness:
    """What may disturb timing on this machine; says so once."""
    from bench.machine import Quietness, complaints

    found = [f"{NOISY}: {clause}" for clause in complaints(settings.threads, settings.on_gpu)]
    if found:
        warn(pytestconfig, f"this machine may be too noisy to time anything: {'; '.join(found)}")
    return Quietness(found)


@pytest.fixture
def laid_out(case: Case, variant: PrunedModel) -> LayOut:
    """The variant in the case's layout; skips where this machine or the model's shapes have none."""
    from fixtures.errors import MisfitError, UnavailableError
    from fixtures.laying_out import lay_out

    def made() -> LaidOut:
        try:
            return lay_out(variant, LAYOUTS[str(case.layout)])
        except (MisfitError, UnavailableError) as error:
            pytest.skip(f"{case}: {error}")

    return made


@pytest.fixture(scope="session")
def theories() -> dict[tuple[Variant, Workload], Theory]:
    """Counts by variant and workload, while the session lasts: layouts have them in common."""
    return {}


@pytest.fixture
def theory(case: Case, variant: PrunedModel, theories: dict[tuple[Variant, Workload], Theory]) -> CountTheory:
    """What sparsity could save in the case: counted when first wanted, by whichever layout."""

    def counted() -> Theory:
        from bench.measure.theory import count

        if case.workload is None:
            raise TypeError(f"{case} has no workload")
        key = (case.variant, case.workload)
        if key not in theories:
            theories[key] = count(variant, case.workload)
        return theories[key]

    return counted

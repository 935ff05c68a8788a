"""The history on the page: its section, its plots, and where there is none."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.charts.commits import LINES, NARROW, place_labels
from reports.charts.history import COLOURED, GREY, PLOTS, history_plots
from reports.page import write_report
from reports.past import Past, past_of
from reports.plot import Plot
from reports.store import StoredRun, read_run, stored_runs
from tests.reports.repositories import QUALITY, RATIO, SIZE, fill, make_repository, store
from tests.reports.rows import make_record, make_stored
from tests.reports.test_page import HOSTILE


@pytest.fixture
def shas(tmp_path: Path) -> list[str]:
    """A repository with a run of each commit."""
    return fill(tmp_path)


def lines(plot: Plot) -> set[object]:
    """What the lines of a plot are called."""
    return {row["of"] for values in plot.spec["datasets"].values() for row in values if "of" in row}


def past(tmp_path: Path) -> tuple[list[StoredRun], Past]:
    runs = [read_run(stored_runs(tmp_path / "results")[-1])]
    found = past_of(runs, tmp_path / "r")
    assert found is not None
    return runs, found


def test_the_page_has_a_section_with_steps_and_plots(tmp_path: Path, shas: list[str]) -> None:
    runs, found = past(tmp_path)
    written = write_report(runs, tmp_path / "out", found)
    page = written.page.read_text("utf-8")
    section = re.search(r'<section id="history">.*?</section>', page, re.DOTALL)
    assert section is not None
    assert '<a href="#history">' in page
    assert (
        f"16 commits of amd-epyc-2c, from {shas[0][:7]} to {shas[15][:7]}; 3 series have no step"
        in section[0]
    )
    assert section[0].count("<td>regressed</td>") == 3
    assert section[0].count("data-chart=") == 4
    assert page.count('id="history"') == 1
    assert "latency-latency-ratio-commit-by-commit.svg" in {path.name for path in written.plots}


def test_a_page_without_a_history_has_no_such_section(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 1)
    path = store(tmp_path / "results", shas[0], [QUALITY])
    assert past_of([read_run(path)], tmp_path / "r") is None
    assert 'id="history"' not in write_report([read_run(path)], tmp_path / "out").page.read_text("utf-8")
    assert past_of([make_stored([QUALITY])], tmp_path) is None  # its folder is not there
    elsewhere = path.rename(tmp_path / "run.jsonl")
    assert past_of([read_run(elsewhere)], tmp_path / "r") is None


def test_next_to_nothing_is_drawn_as_nothing(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 6)
    for place, sha in enumerate(shas):
        moved = replace(QUALITY, value=4.5 * (1 + 1e-4 * (place > 2)))
        store(tmp_path / "results", sha, [moved], second=place)
    _, found = past(tmp_path)
    (plot,) = history_plots(found)
    (low, high) = next(
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in plot.spec["layer"]
        if "scale" in layer["encoding"].get("y", {})
    )
    assert low < -0.004
    assert high > 0.004


def test_a_history_may_lie_elsewhere_and_goes_on_with_the_run(tmp_path: Path, shas: list[str]) -> None:
    first, *older = stored_runs(tmp_path / "results")[::-1]
    assert len(older) == 15
    alone = tmp_path / "own" / "amd-epyc-2c" / first.name
    alone.parent.mkdir(parents=True)
    first.rename(alone)
    found = past_of([read_run(alone)], tmp_path / "r", tmp_path / "results")
    assert found is not None
    assert [commit.label for commit in found.history.commits] == [sha[:7] for sha in shas]


def test_the_history_of_the_only_other_machine_will_do(tmp_path: Path, shas: list[str]) -> None:
    other = make_stored([QUALITY], machine="arm-neoverse-64c")
    found = past_of([other], tmp_path / "r", tmp_path / "results")
    assert found is not None
    assert found.history.machine == "amd-epyc-2c"
    assert len(found.history.commits) == len(shas)


def test_a_folder_without_a_history_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no runs in .*nowhere"):
        past_of([make_stored([QUALITY])], tmp_path, tmp_path / "nowhere")
    for machine in ("amd-epyc-2c", "intel-xeon-2c"):
        store(tmp_path / "results", "a" * 40, [QUALITY], machine=machine)
    with pytest.raises(ValueError, match="amd-epyc-2c, intel-xeon-2c, and none of arm"):
        past_of([make_stored([QUALITY], machine="arm")], tmp_path, tmp_path / "results")


@pytest.mark.usefixtures("shas")
def test_the_page_command_finds_the_history_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "r")
    damaged = stored_runs(tmp_path / "results")[0]
    damaged.write_text("nonsense\n", "utf-8")
    assert (
        main(["page", "--results", "../results", "-o", str(tmp_path / "out")]) == 0
    )  # the run itself is whole
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "15 commits of amd-epyc-2c" in page
    assert "not the header of a run" in page


@pytest.mark.usefixtures("shas")
def test_every_plot_of_a_history_is_what_vega_lite_knows(tmp_path: Path) -> None:
    _, found = past(tmp_path)
    plots = list(history_plots(found))
    assert [plot.title.partition(",")[0] for plot in plots] == [
        "latency: latency ratio", "size: file size", "quality: perplexity", "latency: latency",
    ]  # fmt: skip
    for plot in plots:
        assert plot.chart.to_dict(validate=True)["layer"]
    assert "crosses are contaminated" in plots[0].note
    assert "never judged" in plots[3].note


def test_hostile_names_commits_and_values_are_harmless(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    for place in range(3):
        rows = [
            replace(SIZE, model=HOSTILE, protocol=HOSTILE, value=1e6 * (1 + place)),
            replace(RATIO, model=HOSTILE, stamps=(HOSTILE,), value=5e-324 * (1 + place)),
            replace(SIZE, encoding="a", value=1e308 if place else 5e-324),
            replace(SIZE, encoding="b", value=0.0),
        ]
        path = store(tmp_path / "results", f"{place:040x}", rows, place)
        text = path.read_text("utf-8")
        path.write_text(
            text.replace(f'"commit": "{place:040x}"', f'"commit": {json.dumps(HOSTILE * place)}'), "utf-8"
        )
    runs, found = past(tmp_path)
    written = write_report(runs, tmp_path / "out", found)
    page = written.page.read_text("utf-8")
    assert 'id="history"' in page
    assert "<script>alert" not in page
    assert page.count("</script>") == 3  # where the page itself ends its scripts
    assert "Infinity" not in page.rpartition("const specs")[2].partition("\n")[0]


def test_plots_are_a_handful_however_much_moved(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 4)
    for place, sha in enumerate(shas):
        counted = [
            make_record(
                benchmark="structure", metric=f"metric{number}", part=f"p{part}", value=1.0 + place * part
            )
            for number in range(9)
            for part in range(60)
        ]
        store(tmp_path / "results", sha, counted, place)
    _, found = past(tmp_path)
    plots = list(history_plots(found))
    assert len(plots) == PLOTS
    assert len(lines(plots[0])) == COLOURED + GREY


def test_series_that_go_the_same_way_are_one_line(tmp_path: Path) -> None:
    shas = make_repository(tmp_path / "r", 3)
    for place, sha in enumerate(shas):
        sizes = [
            replace(SIZE, encoding=name, value=size * (1 + 0.1 * place))
            for name, size in (("a", 1e6), ("b", 3e6))
        ]
        store(tmp_path / "results", sha, sizes, place)
    _, found = past(tmp_path)
    (plot,) = history_plots(found)
    assert lines(plot) == {"a and 1 more"}


def test_labels_of_steps_do_not_lie_upon_each_other(tmp_path: Path) -> None:
    count = 12
    shas = make_repository(tmp_path / "r", count)
    for place, sha in enumerate(shas):
        store(tmp_path / "results", sha, [replace(SIZE, value=1e6 * 1.01**place)], place)
    _, found = past(tmp_path)
    labels = place_labels(found.found, count)
    assert LINES < len(labels) < count
    for line in range(LINES):
        ends = sorted(_ends(place, count, text) for place, there, text in labels if there == line)
        assert all(one[1] <= other[0] for one, other in pairwise(ends))


def _ends(place: int, count: int, text: str) -> tuple[float, float]:
    """Where a label lies at six pixels a letter: right of its rule on the left half, else left of it."""
    at = NARROW * (place + 0.5) / count
    return (at, at + 6 * len(text)) if place < count / 2 else (at - 6 * len(text), at)

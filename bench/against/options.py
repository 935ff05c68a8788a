"""The options of measuring side by side, parsed once."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest

from fixtures.settings import Settings, parse_whole
from reports.latency_rule import Rule

LOOK = 0.6  # of the gate: from where on more pairs are wanted
LATENCY = "latency"
GATES = (LATENCY, "memory", "size")
# options that every side takes as they are; those of `Settings` are handed on as they were understood
GRID = ("tier", "task", "method", "scope", "sparsity", "layout", "encoding", "workload")
FLAGS = ("benchmark_only", "benchmark_skip")  # of pytest-benchmark
SINGLE = ("limit", "weights", "device", "dtype", "threads", "seed", "time_limit")


@dataclass(frozen=True)
class SelfTest:
    """What is proved.

    Attributes:
        kind: aa or slowdown.
        factor: how much slower the candidate is made; 1 is a commit against itself.
        comparisons: of cases, at least.
        loaded: whether another process works on and off meanwhile.
    """

    kind: str
    factor: float
    comparisons: int
    loaded: bool

    def __str__(self) -> str:
        what = self.kind if self.factor == 1 else f"{self.kind}={self.factor:g}"
        return f"{what}, loaded" if self.loaded else what


@dataclass(frozen=True)
class Asked:
    """What is measured side by side, and how.

    Attributes:
        mode: a verdict against a revision, a ratio to an anchor, or a self-test.
        revision: the other side's name.
        gates: relative differences that are a regression, of other benchmarks than latency.
        budget: seconds for the pairs.
    """

    mode: Literal["against", "anchor", "selftest"]
    revision: str
    rule: Rule
    gates: Mapping[str, float]
    budget: float
    selftest: SelfTest | None = None


def add_options(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("bench", "benchmarks of sparse transformers")
    rule = Rule()
    group.addoption("--against", metavar="REV", help="compare the working tree with a git revision, in turns")
    group.addoption(
        "--anchor", metavar="REV", help="record how fast the working tree is relative to a git revision"
    )
    group.addoption(
        "--selftest",
        metavar="KIND:N[:loaded]",
        help="prove the comparison on this machine in N comparisons: aa:N (a commit with itself), "
        "slowdown=1.05:N",
    )
    group.addoption("--pairs", default=str(rule.pairs), metavar="N", help="pairs of processes (default: 5)")
    group.addoption("--rounds", default=str(rule.rounds), metavar="N", help="rounds of a pair (default: 60)")
    group.addoption(
        "--gate",
        action="append",
        default=[],
        metavar="[BENCHMARK=]PERCENT",
        help="difference that is a regression: of latency (default: 2.5), or memory=0.5, size=0.1",
    )
    group.addoption(
        "--budget", metavar="SECONDS", help="that all pairs may take together (default: no limit)"
    )


def parse_asked(option: argparse.Namespace) -> Asked | None:
    """What the options ask for; None where nothing is measured side by side.

    Raises:
        ValueError: they contradict each other, or one is not what is expected.
    """
    modes = {name: getattr(option, name) for name in ("against", "anchor", "selftest")}
    given = [name for name, value in modes.items() if value is not None]
    gates = dict(map(_parse_gate, option.gate))
    gate = gates.pop(LATENCY, Rule().gate)
    rule = Rule(
        pairs=parse_whole("--pairs", option.pairs, least=1),
        rounds=parse_whole("--rounds", option.rounds, least=1),
        gate=gate,
        look=LOOK * gate,
    )
    budget = math.inf if option.budget is None else float(parse_whole("--budget", option.budget, least=1))
    if len(given) > 1:
        raise ValueError(f"{' and '.join(f'--{name}' for name in given)}: one at a time")
    if not given:
        return None
    asked = Asked("against", "HEAD", rule, gates, budget)
    if given == ["selftest"]:
        return replace(asked, mode="selftest", selftest=_parse_selftest(option.selftest))
    if option.against is not None:
        return replace(asked, revision=option.against)
    return replace(asked, mode="anchor", revision=option.anchor)


def _parse_gate(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    found = re.fullmatch(r"\d+(\.\d+)?", number)
    if (name or LATENCY) not in GATES or not found or not 0 < float(number) < 100:  # noqa: PLR2004 - per cent
        raise ValueError(
            f"--gate {text!r}: expected a percentage such as 2.5, of latency, or of one of "
            f"{', '.join(GATES)}: memory=0.5"
        )
    return name or LATENCY, float(number) / 100


def _parse_selftest(text: str) -> SelfTest:
    found = re.fullmatch(r"(aa|slowdown=(\d+(?:\.\d+)?)):([1-9]\d{0,5})(:loaded)?", text)
    factor = float(found[2] or 1) if found else 0.0
    if not found or (found[2] and factor <= 1):
        raise ValueError(
            f"--selftest {text!r}: expected aa:N, a commit with itself in N comparisons, or "
            "slowdown=FACTOR:N with a factor above 1, such as slowdown=1.05:59; then :loaded for a neighbour "
            "that works meanwhile"
        )
    return SelfTest(found[1].partition("=")[0], factor, int(found[3]), loaded=bool(found[4]))


def arguments_for_sides(option: argparse.Namespace, settings: Settings, root: Path) -> tuple[str, ...]:
    """The command line of a side's session: what is selected, how it is measured; paths made absolute."""
    words = [*_files(option.file_or_dir, root), *_named("-p", _plugins(option.plugins))]
    words += _named("-k", [option.keyword]) + _named("-m", [option.markexpr])
    for name in GRID:
        words += _named(_flag(name), [",".join(getattr(option, name))])
    for name in SINGLE:
        value = getattr(option, name)
        words += _named(_flag(name), [] if value is None else [str(value)])
    words += [_flag(name) for name in FLAGS if getattr(option, name, False)]
    for name, folder in (settings.checkpoints or {}).items():
        words += ["--checkpoint", f"{name}={folder.resolve()}"]
    for folder in settings.inspected:
        words += ["--inspect", str(folder.resolve())]
    # what lies beside a side's tree is nobody's data
    data = settings.data_dir
    words += ["--data-dir", str(data.resolve())] if data else ["-o", "data_dir=nowhere"]
    return (*words, "--continue-on-collection-errors", "-q")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _named(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values if value for word in (option, value)]


def _plugins(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != "pytester" and not name.startswith("no:")]


def _files(arguments: Sequence[str], root: Path) -> list[str]:
    """Modules and folders, relative to the project: which cases in them, the driver says."""
    files = [Path(argument.partition("::")[0]).resolve() for argument in arguments]
    return list(dict.fromkeys(str(file.relative_to(root)) for file in files if file.is_relative_to(root)))

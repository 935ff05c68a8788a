"""A value as a reader wants it: rounded, scaled, with its unit."""

from __future__ import annotations

from decimal import Decimal

from reports.record import Record

FAILED = " !"
SCIENTIFIC_FROM = 1e4
SMALLEST_SHARE = 1e-4  # smaller ones, in per cent with two decimals, would be 0


def cell(record: Record) -> str:
    """A value as a reader wants it, marked when its gate failed."""
    if record.value is None:
        return record.outcome
    text = format_value(record.value, record.unit)
    if record.low is not None and record.high is not None and record.unit == "x":
        text += f" ({_three_digits(record.low)} to {_three_digits(record.high)})"
    return text + FAILED if record.gate == "failed" else text


def format_value(value: float, unit: str) -> str:
    """Rounded and scaled: seconds to ms, bytes to MB, fractions to per cent, ratios with a cross."""
    if unit == "fraction":
        small = 0 < abs(value) < SMALLEST_SHARE
        return f"{100 * value:.2g} %" if small else f"{100 * value:.2f} %"
    if unit == "x":
        return f"{_three_digits(value)}×"
    if unit == "s":
        return f"{_three_digits(1000 * value)} ms" if abs(value) < 1 else f"{_three_digits(value)} s"
    if unit == "B":
        return f"{value / 1e6:,.1f} MB"
    if unit == "tokens/s":
        return f"{_three_digits(value)} {unit}"
    return number_text(value)


def number_text(value: float) -> str:
    """Four digits, of large numbers three with their power of ten."""
    return f"{value:.4g}" if abs(value) < SCIENTIFIC_FROM else f"{value:.2e}"


def count_text(count: int) -> str:
    """A number of things, scaled: 1.5 k, 124 M, 1.56 G."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{_three_digits(count / size)} {unit}"
    return str(count)


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):,g}"


def variant_text(record: Record) -> str:
    """How the model was pruned, with the sparsity, as in case ids: `magnitude-global-0.50`, or `dense`."""
    return f"{record.pruning}-{sparsity_text(record.sparsity)}" if record.method else record.pruning


def sparsity_text(sparsity: float) -> str:
    """The shortest exact decimal with at least two digits, as in case ids."""
    whole, _, digits = f"{Decimal(repr(abs(sparsity))):f}".partition(".")
    return f"{whole}.{digits:0<2}"

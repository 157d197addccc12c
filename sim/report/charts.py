"""Charts as SVG: readable without colour, at any size, on paper. Each stands beside a table with the same figures."""

import math
from collections.abc import Callable, Sequence
from textwrap import shorten, wrap
from typing import Final

import msgspec
from markupsafe import Markup, escape

from sim.model.statistics import Estimate
from sim.report.page import Chart, Tone

WIDTH: Final = 760.0
LEFT: Final = 44.0
PANEL: Final = 120.0
"""Height of the plot of one panel."""
HEAD: Final = 38.0
LETTER: Final = 6.8
"""Width of a letter, about."""
LABEL: Final = 290.0
FIGURE: Final = 130.0

Format = Callable[[float], str]


class Series(msgspec.Struct, frozen=True):
    """Values by half-hour. ``style`` is a class of the page: answered, lost, duty, wait, before, after."""

    name: str
    style: str
    values: Sequence[float | None]


class Panel(msgspec.Struct, frozen=True):
    """Columns over the day, on top of each other or (``beside``) next to each other."""

    title: str
    series: Sequence[Series]
    beside: bool = False
    target: float | None = None
    """A dashed line."""
    target_name: str = ""


class Mark(msgspec.Struct, frozen=True):
    """One row of a chart of estimates."""

    label: str
    value: Estimate
    tone: Tone
    figure: str
    """As it is written."""
    target: float | None = None


def day(title: str, starts: Sequence[str], panels: Sequence[Panel]) -> Chart:
    """Panels over the half-hours of the day, one below the other, with one axis of time."""
    height = len(panels) * (PANEL + HEAD) + 26
    parts = [_panel(panel, n * (PANEL + HEAD) + HEAD, len(starts)) for n, panel in enumerate(panels)]
    step = (WIDTH - LEFT) / max(1, len(starts))
    base = height - 26
    for n, start in enumerate(starts):
        if start.endswith(":00"):
            x = LEFT + n * step
            parts.append(_line(x, base, x, base + 4, "axis"))
            parts.append(_text(x, base + 18, start, "middle"))
    return _svg(title, height, parts)


def _panel(panel: Panel, top: float, count: int) -> Markup:
    columns = [[series.values[n] or 0.0 for series in panel.series] for n in range(count)]
    tallest = max((max(column) if panel.beside else math.fsum(column) for column in columns), default=0.0)
    ticks = _ticks(max(tallest, panel.target or 0.0))
    most = ticks[-1] or 1.0
    base = top + PANEL

    def y(value: float) -> float:
        return base - value / most * PANEL

    parts = [_legend(panel, top - 10)]
    for tick in ticks:
        parts += [_line(LEFT, y(tick), WIDTH, y(tick), "axis" if not tick else "grid")]
        parts += [_text(LEFT - 6, y(tick) + 4, f"{tick:g}", "end")]
    for n, column in enumerate(columns):
        parts += _column(panel, column, LEFT + n * (WIDTH - LEFT) / count, (WIDTH - LEFT) / count, y)
    if panel.target is not None:
        parts += [_line(LEFT, y(panel.target), WIDTH, y(panel.target), "target")]
        parts += [_text(WIDTH, y(panel.target) - 5, panel.target_name, "end")]
    return Markup("").join(parts)


def _column(panel: Panel, column: Sequence[float], x: float, step: float, y: Callable[[float], float]) -> list[Markup]:
    parts, bottom, gap = [], 0.0, step * 0.12
    wide = (step - 2 * gap) / (len(column) if panel.beside else 1)
    for n, (series, value) in enumerate(zip(panel.series, column, strict=True)):
        left = x + gap + (n * wide if panel.beside else 0.0)
        low = 0.0 if panel.beside else bottom
        bottom = low + value
        if value:
            parts.append(_rect(left, y(bottom), wide, y(low) - y(bottom), series.style))
    return parts


def _legend(panel: Panel, y: float) -> Markup:
    parts, x = [], WIDTH
    for series in reversed(panel.series if len(panel.series) > 1 else ()):
        x -= LETTER * len(series.name)
        parts.append(_text(x, y, series.name))
        x -= 16
        parts.append(_rect(x, y - 10, 11, 11, series.style))
        x -= 14
    parts.append(_text(0, y, shorten(panel.title, int(x / LETTER), placeholder=" …"), "start", "strong"))
    return Markup("").join(parts)


def forest(title: str, marks: Sequence[Mark], tick: Format, *, zero: bool) -> Chart:
    """Estimates with their intervals below each other; ``zero``: around a line of no difference."""
    low, high = _range(marks, zero)
    right = WIDTH - FIGURE

    def x(value: float) -> float:
        return LABEL + (min(max(value, low), high) - low) / (high - low) * (right - LABEL)

    labels = [wrap(mark.label, int((LABEL - 15) / LETTER), max_lines=3, placeholder=" …") or [""] for mark in marks]
    row = 17.0 + 13 * max(map(len, labels), default=1)
    base = 12 + len(marks) * row
    parts = []
    for value in _ticks_between(low, high):
        parts.append(_line(x(value), 6, x(value), base, "axis" if zero and not value else "grid"))
        parts.append(_text(x(value), base + 16, tick(value), "middle"))
    for n, (mark, label) in enumerate(zip(marks, labels, strict=True)):
        parts.append(_mark(mark, label, 12 + (n + 0.5) * row, x))
    return _svg(title, base + 24, parts)


def _range(marks: Sequence[Mark], zero: bool) -> tuple[float, float]:
    ends = [0.0] if zero else []
    for mark in marks:
        half = 0.0 if math.isinf(mark.value.half) else mark.value.half
        ends += [mark.value.mean - half, mark.value.mean + half]
        ends += [] if mark.target is None else [mark.target]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    room = 0.06 * (high - low) or 0.01
    return low - room, (high + room) if zero else min(high + room, max(1.0, high))


def _mark(mark: Mark, label: Sequence[str], y: float, x: Callable[[float], float]) -> Markup:
    parts = []
    for n, words in enumerate(label):
        parts.append(_text(0, y + 4 + (n - (len(label) - 1) / 2) * 13, words))
    if not math.isinf(mark.value.half):
        parts.append(_line(x(mark.value.low), y, x(mark.value.high), y, f"interval {mark.tone}"))
    if mark.target is not None:
        parts.append(_line(x(mark.target), y - 9, x(mark.target), y + 9, "goal"))
    parts.append(_dot(x(mark.value.mean), y, mark.tone))
    parts.append(_text(WIDTH, y + 4, mark.figure, "end"))
    return Markup("").join(parts)


def _dot(x: float, y: float, tone: Tone) -> Markup:
    """Down for bad, up for good, hollow for not certain: a shape each, not a colour alone."""
    corners = {
        Tone.BAD: ((-6, -5), (6, -5), (0, 6)),
        Tone.GOOD: ((-6, 5), (6, 5), (0, -6)),
        Tone.OPEN: ((-5, 0), (0, -5), (5, 0), (0, 5)),
        Tone.PLAIN: ((-4, -4), (4, -4), (4, 4), (-4, 4)),
    }[tone]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return Markup('<polygon points="{}" class="dot {}"/>').format(points, tone.value)


class Bar(msgspec.Struct, frozen=True):
    label: str
    value: float
    figure: str
    style: str


def bars(title: str, rows: Sequence[Bar]) -> Chart:
    """Lying bars, each with its figure at its end."""
    label, row = 110.0, 26.0
    most = max((bar.value for bar in rows), default=0.0) or 1.0
    parts = []
    for n, bar in enumerate(rows):
        y = 6 + n * row
        wide = bar.value / most * (WIDTH - label - 90)
        parts += [_text(label - 10, y + 15, bar.label, "end"), _rect(label, y + 2, wide, row - 7, bar.style)]
        parts += [_text(label + wide + 8, y + 15, bar.figure)]
    return _svg(title, 12 + len(rows) * row, parts)


# --- Shapes ---------------------------------------------------------------------------------------------------------


def _svg(title: str, height: float, parts: Sequence[Markup]) -> Chart:
    picture = Markup('<svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}"><title>{}</title>{}</svg>').format(
        WIDTH, height, title, title, Markup("").join(parts)
    )
    return Chart(title, picture)


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(x1, y1, x2, y2, style)


def _rect(x: float, y: float, width: float, height: float, style: str) -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"/>').format(
        x, y, width, height, style
    )


def _text(x: float, y: float, words: str, anchor: str = "start", style: str = "") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>').format(
        x, y, anchor, style, escape(words)
    )


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that about four of them fill the span."""
    rough = span / 4 if span > 0 else 0.25
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if rough <= factor * power * 1.0001)


def _ticks(most: float) -> list[float]:
    """From 0 to the first one that is not below ``most``."""
    step = _step(most)
    return [n * step for n in range(max(1, math.ceil(most / step - 1e-9)) + 1)]


def _ticks_between(low: float, high: float) -> list[float]:
    step = _step(high - low)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]

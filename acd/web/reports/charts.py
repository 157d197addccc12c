"""Charts as shapes: where each bar of an SVG stands and what it says. Templates draw them; nothing here knows HTML.

What a bar means is told by its pattern as well as by its colour, and by the table beside it.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

import msgspec

WIDTH: Final = 720
"""All lengths are in units of the drawing; a page shows it as wide as there is room beside a table."""
WIDE: Final = 1200
"""Without a table beside it."""
_HEIGHT: Final = 250
_LEFT, _RIGHT, _TOP, _FOOT = 46, 4, 10, 24
_STEPS: Final = 4
_MOST_LABELS: Final = 14
_ROW: Final = 22
_NAMES: Final = 150
_LETTERS: Final = 22
"""Of a name in that room."""


class Bar(msgspec.Struct, frozen=True):
    """One bar, from the bottom up."""

    label: str
    values: Mapping[str, float]
    """Kind -> how much; all bars of a chart have the same kinds."""
    told: str = ""
    """What it says when one points at it."""
    gap: bool = False
    """Part of it could not be seen."""


class Box(msgspec.Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    kind: str
    told: str = ""


class Label(msgspec.Struct, frozen=True):
    x: float
    y: float
    text: str


class Chart(msgspec.Struct, frozen=True):
    """A drawing of ``width`` by ``height``."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    across: tuple[Label, ...]
    """Under the bars."""
    up: tuple[Label, ...]
    """Beside the lines of the scale, which run over the whole width."""
    gaps: tuple[Label, ...] = ()
    """Marks over bars of which part could not be seen."""
    numbers: tuple[Label, ...] = ()
    """In the cells of a heat map."""
    peak: str = ""
    """What the largest bar or cell says."""


def scale(most: float, steps: int = _STEPS) -> list[float]:
    """Round numbers from 0 to the first that is at least ``most``."""
    if most <= 0:
        return [0.0, 1.0]
    for power in count(-2):
        for step in (1, 2, 5):
            size = step * 10.0**power
            if size * steps >= most:
                lines = 1
                while size * lines < most:
                    lines += 1
                return [round(size * n, 6) for n in range(lines + 1)]
    raise AssertionError


def columns(bars: Sequence[Bar], *, unit: str = "", most: float | None = None) -> Chart:
    """Bars that stand side by side, their kinds on top of each other."""
    lines = scale(max((sum(bar.values.values()) for bar in bars), default=0.0) if most is None else most)
    bottom, full = _HEIGHT - _FOOT, _HEIGHT - _FOOT - _TOP
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    thick = min(step * 0.78, 46.0)
    boxes, across, gaps = [], [], []
    every = -(-len(bars) // _MOST_LABELS)
    for place, bar in enumerate(bars):
        middle, foot = _LEFT + step * (place + 0.5), float(bottom)
        for kind, value in bar.values.items():
            if value > 0:
                height = full * value / lines[-1]
                foot -= height
                boxes.append(_box(middle - thick / 2, foot, thick, height, kind, bar.told))
        if bar.gap:
            gaps.append(Label(round(middle, 1), round(foot - 3, 1), "?"))
        if place % every == 0:
            across.append(Label(round(middle, 1), _HEIGHT - 7, bar.label))
    up = [Label(_LEFT - 6, round(bottom - full * line / lines[-1], 1), f"{line:g}{unit}") for line in lines]
    return Chart(WIDTH, _HEIGHT, tuple(boxes), tuple(across), tuple(up), tuple(gaps), peak=_peak(bars))


def rows(bars: Sequence[Bar], *, unit: str = "", width: int = WIDTH, most: float | None = None) -> Chart:
    """Bars under each other, for names that need room."""
    lines = scale(max((sum(bar.values.values()) for bar in bars), default=0.0) if most is None else most)
    height, full = _TOP + _ROW * len(bars) + _FOOT, width - _NAMES - 24
    boxes, names = [], []
    for place, bar in enumerate(bars):
        at, top = float(_NAMES), _TOP + _ROW * place
        names.append(Label(_NAMES - 8, top + 15, bar.label))
        for kind, value in bar.values.items():
            if value > 0:
                long = full * value / lines[-1]
                boxes.append(_box(at, top + 3, long, _ROW - 6, kind, bar.told))
                at += long
    across = [Label(round(_NAMES + full * line / lines[-1], 1), height - 7, f"{line:g}{unit}") for line in lines]
    return Chart(width, height, tuple(boxes), tuple(across), tuple(names), peak=_peak(bars))


def shortened(name: str) -> str:
    """As much of a name as fits beside a bar."""
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1].rstrip()}…"


TONES: Final = 5
"""Of a heat map, from little to much; an empty cell has none."""


def heat(table: Sequence[tuple[str, Sequence[float]]], heads: Sequence[str]) -> Chart:
    """A table whose cells are darker the more is in them; each says its number, too.

    Args:
        table: name of the row, and a number for each of ``heads``.
    """
    left, row, top = 34, 30, 6
    step = (WIDE - left - _RIGHT) / max(1, len(heads))
    most = max((value for _, values in table for value in values), default=0.0)
    boxes, numbers, names, peak = [], [], [], ""
    for line, (name, values) in enumerate(table):
        names.append(Label(left - 6, top + row * line + 19, name))
        for place, value in enumerate(values):
            tone = -(-value * TONES // most) if most and value else 0
            told = f"{name} {heads[place]}: {value:.0f}"
            boxes.append(_box(left + step * place, top + row * line, step, row, f"tone-{tone:.0f}", told))
            if value:
                numbers.append(Label(round(left + step * (place + 0.5), 1), top + row * line + 19, f"{value:.0f}"))
            if value == most and not peak:
                peak = told
    height = top + row * len(table) + 22
    every = -(-len(heads) // (2 * _MOST_LABELS))
    across = [
        Label(round(left + step * (place + 0.5), 1), height - 6, head)
        for place, head in enumerate(heads)
        if place % every == 0
    ]
    return Chart(WIDE, height, tuple(boxes), tuple(across), tuple(names), numbers=tuple(numbers), peak=peak)


def _peak(bars: Sequence[Bar]) -> str:
    return max(bars, key=lambda bar: sum(bar.values.values())).told if bars else ""


def _box(x: float, y: float, width: float, height: float, kind: str, told: str) -> Box:  # noqa: PLR0917 - as SVG has them
    return Box(round(x, 1), round(y, 1), round(width, 1), round(height, 1), kind, told)

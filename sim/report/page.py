"""What a report is made of, and its HTML from a Jinja template with autoescape."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import jinja2
import msgspec
from markupsafe import Markup

from sim.model.statistics import Estimate
from sim.report.texts import Language, text
from sim.report.wording import amount, half_width
from sim.results import Unit

WEAK_BELOW: Final = 10
"""Calls below which a share says little."""


class Tone(StrEnum):
    """What a figure or an advice means; each has its sign, so that colour is never alone."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    """Not certain."""
    PLAIN = "plain"


class Advice(msgspec.Struct, frozen=True):
    """What to do."""

    tone: Tone
    headline: str
    detail: Sequence[str] = ()
    """Sentences."""
    command: str = ""
    """What to type to find out more."""


class Cell(msgspec.Struct, frozen=True):
    """What stands in a table."""

    text: str
    small: str = ""
    """Behind it: the interval, or n."""
    value: float | None = None
    """For machines: the figure itself, before rounding."""
    tone: Tone = Tone.PLAIN
    weak: bool = False
    """Rests on fewer than ten calls."""


class Table(msgspec.Struct, frozen=True):
    """The first cell of each row is its head; the others are numbers."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    strong: Sequence[int] = ()
    """Rows that sum up the others."""


class Chart(msgspec.Struct, frozen=True):
    """A picture, and what it shows."""

    caption: str
    picture: Markup
    """SVG, from :mod:`sim.report.charts`."""


class Section(msgspec.Struct, frozen=True):
    """One question, its charts, and the tables beside them."""

    title: str
    lead: str = ""
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


class Report(msgspec.Struct, frozen=True):
    """The answer first, then the figures, then how they came about."""

    title: str
    about: Sequence[str]
    facts: Sequence[tuple[str, str]]
    """What was simulated: name and value."""
    advice: Sequence[Advice]
    sections: Sequence[Section]
    notes: Sequence[str]


def page(report: Report, language: Language) -> str:
    """The whole file."""
    return _TEMPLATE.render(report=report, language=language, t=lambda key: text(language, key))


def figure(
    language: Language, value: Estimate | None, unit: Unit, *, n: int | None = None, tone: Tone = Tone.PLAIN
) -> Cell:
    """A figure with its interval, weak where it rests on few calls."""
    if value is None:
        return Cell("–")
    weak = n is not None and n < WEAK_BELOW
    return Cell(amount(language, value.mean, unit), half_width(language, value, unit), value.mean, tone, weak)


def gain(language: Language, value: Estimate | None, unit: Unit, tone: Tone = Tone.PLAIN) -> Cell:
    """A difference, with its sign."""
    if value is None:
        return Cell("–")
    return Cell(amount(language, value.mean, unit, signed=True), half_width(language, value, unit), value.mean, tone)


_TEMPLATE: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
).get_template("page.html")

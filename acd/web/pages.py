"""HTML of the pages, from Jinja templates with autoescape. Nothing here knows HTTP."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from acd.config import Threshold
from acd.model.facts import OfferFailure
from acd.model.ids import LineId
from acd.model.operator import OperatorState
from acd.web.curve import Curve
from acd.web.snapshot import WEAK_BELOW, Level, LineRow, OperatorRow, Snapshot, only, worst_first
from acd.web.texts import NAMES, Lang, duration, percent, text
from acd.web.when import When

STATIC: Final = Path(__file__).parent / "static"
_TEMPLATES: Final = Path(__file__).parent / "templates"


class Order(StrEnum):
    """Order of the lines on the wallboard."""

    FIXED = "fixed"
    """As in ``queues.yaml``: each line has its place."""
    WORST = "worst"


class Theme(StrEnum):
    AUTO = "auto"
    """As the reader's device prefers."""
    LIGHT = "light"
    DARK = "dark"


class View(msgspec.Struct, frozen=True):
    """What makes one wallboard's figures look different from another's. Pages with the same view share their HTML."""

    lang: Lang = Lang.NL
    order: Order = Order.FIXED
    lines: tuple[LineId, ...] = ()
    """Empty = all."""
    people: bool = False
    """With what each operator does, and figures that open the calls behind them."""


class Guest(msgspec.Struct, frozen=True):
    """Who looks at the wallboard, as far as its head says so."""

    name: str = ""
    role: str = ""
    nav: tuple[str, ...] = ()
    """Other pages that he may open."""
    may_sign_in: bool = False
    csrf: str = ""


class Pages:
    """Renders. ``timezone`` is an IANA name: the city's own, whatever the server's or the reader's."""

    def __init__(self, timezone: str) -> None:
        self.zone: Final = ZoneInfo(timezone)
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._env.globals.update(timezone=timezone, asset=_asset, build=_build(), calls_href=calls_href)
        self._env.globals["with_or_without"] = with_or_without
        self._env.globals.update(WEAK_BELOW=WEAK_BELOW, Lang=Lang, NAMES=NAMES, Order=Order, Theme=Theme)
        self._env.filters["duration"] = duration

    def wallboard(
        self,
        snapshot: Snapshot | None,
        view: View,
        theme: Theme = Theme.AUTO,
        *,
        curve: Curve | None = None,
        guest: Guest = Guest(),  # noqa: B008 - frozen
    ) -> str:
        """The whole page, figures included: it is complete before any script runs."""
        names = self._names(snapshot, view, curve) | {"theme": theme, "guest": guest}
        names["all_lines"] = () if snapshot is None else snapshot.lines
        return self._env.get_template("wallboard.html").render(names, href=_hrefs(view, theme))

    def board(self, snapshot: Snapshot | None, view: View, curve: Curve | None = None) -> str:
        """Only the figures: what is pushed to an open page."""
        names = self._names(snapshot, view, curve)
        return self._env.get_template("board.html").render(names, href=_hrefs(view, Theme.AUTO))

    def page(self, template: str, lang: Lang, **names: Any) -> str:
        """Any other page."""
        usual = {
            "lang": lang,
            "t": lambda key, **values: text(lang, key, **values),
            "percent": lambda value: percent(lang, value),
        }
        return self._env.get_template(template).render(usual | names)

    def _names(self, snapshot: Snapshot | None, view: View, curve: Curve | None) -> dict[str, Any]:
        lang = view.lang
        shown = None if snapshot is None else only(snapshot, view.lines)
        lines = () if shown is None else shown.lines
        return {
            "snapshot": shown,
            "rows": worst_first(lines) if view.order is Order.WORST else lines,
            "view": view,
            "lang": lang,
            "t": lambda key, **values: text(lang, key, **values),
            "percent": lambda value: percent(lang, value),
            "name": lambda row: row.names.get(lang) or row.names.get(Lang.NL) or row.line,
            "why": lambda row: _why(row, lang),
            "time": self._time,
            "curve": curve,
            "decimal": lambda value: f"{value:.1f}" if lang is Lang.EN else f"{value:.1f}".replace(".", ","),
            "lasting": lambda seconds: When(lang, self.zone, 0.0).lasting(seconds),
            "clock": lambda moment: self._time(moment)[:5],
            "today": text(lang, f"day_{datetime.fromtimestamp(curve.at, self.zone).weekday()}") if curve else "",
            "line_rows": {row.line: row for row in snapshot.lines} if snapshot else {},
            "operators": _at_work(shown) if shown and view.people else (),
            "reason": lambda key: text(lang, f"reason_{key}") if key in _FAILURES else key,
        }

    def _time(self, moment: float) -> str:
        return f"{datetime.fromtimestamp(moment, self.zone):%H:%M:%S}"


def _why(row: LineRow, lang: Lang) -> str:
    """In words, what asks for attention on this line now."""
    reasons = []
    if row.wait_level is not Level.OK:
        limit = _limit(row.thresholds.longest_wait, row.wait_level)
        reasons.append(text(lang, "why_wait", limit=text(lang, "seconds", n=f"{limit:.0f}")))
    if row.waiting_level is not Level.OK:
        reasons.append(text(lang, "why_waiting", n=f"{_limit(row.thresholds.waiting, row.waiting_level):.0f}"))
    if row.staff_level is not Level.OK:
        reasons.append(text(lang, "why_busy" if row.logged_in else "why_unstaffed"))
    if row.callback_level is not Level.OK:
        reasons.append(text(lang, "why_overdue" if row.callback_level is Level.ALARM else "why_due_soon"))
    return " · ".join(reasons)


def _limit(colours: Threshold, level: Level) -> float:
    return colours.red if level is Level.ALARM else colours.amber


_ORDER: Final = (
    OperatorState.AVAILABLE,
    OperatorState.RESERVED,
    OperatorState.RINGING,
    OperatorState.IN_CALL,
    OperatorState.WRAP_UP,
    OperatorState.NOT_READY,
    OperatorState.ON_OTHER_CALL,
    OperatorState.UNREACHABLE,
)
_FAILURES: Final = frozenset(failure.value for failure in OfferFailure)


def _at_work(shown: Snapshot) -> list[OperatorRow]:
    """Who is logged in: by what he does, and among equals who does it longest."""
    rows = [row for row in shown.operators if row.state in _ORDER]
    return sorted(rows, key=lambda row: (_ORDER.index(row.state), row.since, row.operator))


def _hrefs(view: View, theme: Theme) -> Any:
    """Addresses of the same page seen otherwise. What is as usual stays out of the address."""
    here = {"lang": view.lang, "order": view.order, "theme": theme, "lines": ",".join(view.lines)}
    usual = {"lang": Lang.NL, "order": Order.FIXED, "theme": Theme.AUTO, "lines": ""}

    def href(path: str = "/", **other: str) -> str:
        query = {key: str(value) for key, value in (here | other).items() if value != usual[key]}
        return f"{path}?{urlencode(query, safe=',')}" if query else path

    return href


def with_or_without(line: LineId, view: View) -> str:
    """The lines of the address once ``line`` is added to those shown, or taken away; of all lines, it alone is left."""
    if line not in view.lines:
        return ",".join((*view.lines, line))
    return ",".join(one for one in view.lines if one != line)


def calls_href(what: str, lines: Sequence[LineId] = (), half: int | None = None) -> str:
    """Address of the calls behind a figure of today."""
    query = {"what": what, **({"line": list(lines)} if lines else {}), **({"half": half} if half else {})}
    return f"/calls?{urlencode(query, doseq=True)}"


def _asset(name: str) -> str:
    """Address of a built file, with its content's hash: it may be cached for ever."""
    return f"/static/{name}?v={_digest([STATIC / name])}"


def _build() -> str:
    """Changes when any script, style or template does: an open page then loads itself again."""
    return _digest(sorted([*STATIC.iterdir(), *_TEMPLATES.iterdir()]))


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]

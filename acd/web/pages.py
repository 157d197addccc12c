"""HTML of the pages, from Jinja templates with autoescape. Nothing here knows HTTP."""

import hashlib
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from acd.web.snapshot import ALARM_WAIT, WEAK_BELOW, Level, LineRow, Snapshot, worst_first
from acd.web.texts import NAMES, Lang, duration, percent, text

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


class Pages:
    """Renders. ``timezone`` is an IANA name: the city's own, whatever the server's or the reader's."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._env.globals.update(timezone=timezone, asset=_asset, build=_build(), ALARM_WAIT=ALARM_WAIT)
        self._env.globals.update(WEAK_BELOW=WEAK_BELOW, Lang=Lang, NAMES=NAMES, Order=Order, Theme=Theme)
        self._env.filters["duration"] = duration

    def wallboard(
        self, snapshot: Snapshot | None, view: View, theme: Theme = Theme.AUTO, *, people: bool = False
    ) -> str:
        """The whole page, figures included: it is complete before any script runs. ``people``: there are also pages for
        those who sign in."""
        names = self._names(snapshot, view) | {"theme": theme, "people": people}
        return self._env.get_template("wallboard.html").render(names, href=_hrefs(view, theme))

    def board(self, snapshot: Snapshot | None, view: View) -> str:
        """Only the figures: what is pushed to an open page."""
        return self._env.get_template("board.html").render(self._names(snapshot, view))

    def page(self, template: str, lang: Lang, **names: Any) -> str:
        """Any other page."""
        usual = {
            "lang": lang,
            "t": lambda key, **values: text(lang, key, **values),
            "percent": lambda value: percent(lang, value),
        }
        return self._env.get_template(template).render(usual | names)

    def _names(self, snapshot: Snapshot | None, view: View) -> dict[str, Any]:
        lang = view.lang
        lines = () if snapshot is None else snapshot.lines
        return {
            "snapshot": snapshot,
            "rows": worst_first(lines) if view.order is Order.WORST else lines,
            "view": view,
            "lang": lang,
            "t": lambda key, **values: text(lang, key, **values),
            "percent": lambda value: percent(lang, value),
            "name": lambda row: row.names.get(lang) or row.names.get(Lang.NL) or row.line,
            "why": lambda row: _why(row, lang),
            "time": self._time,
        }

    def _time(self, moment: float) -> str:
        return f"{datetime.fromtimestamp(moment, self._zone):%H:%M:%S}"


def _why(row: LineRow, lang: Lang) -> str:
    """In words, what asks for attention on this line now."""
    reasons = []
    if row.wait_level is not Level.OK:
        limit = row.target_wait * (ALARM_WAIT if row.wait_level is Level.ALARM else 1)
        reasons.append(text(lang, "why_wait", limit=text(lang, "seconds", n=f"{limit:.0f}")))
    if row.staff_level is not Level.OK:
        reasons.append(text(lang, "why_busy" if row.logged_in else "why_unstaffed"))
    if row.callback_level is not Level.OK:
        reasons.append(text(lang, "why_overdue" if row.callback_level is Level.ALARM else "why_due_soon"))
    return " · ".join(reasons)


def _hrefs(view: View, theme: Theme) -> Any:
    """Addresses of the same page seen otherwise. What is as usual stays out of the address."""
    usual: dict[str, StrEnum] = {"lang": Lang.NL, "order": Order.FIXED, "theme": Theme.AUTO}
    here: dict[str, StrEnum] = {"lang": view.lang, "order": view.order, "theme": theme}

    def href(path: str = "/", **other: StrEnum) -> str:
        query = {key: value.value for key, value in (here | other).items() if value != usual[key]}
        return f"{path}?{urlencode(query)}" if query else path

    return href


def _asset(name: str) -> str:
    """Address of a built file, with its content's hash: it may be cached for ever."""
    return f"/static/{name}?v={_digest([STATIC / name])}"


def _build() -> str:
    """Changes when any script, style or template does: an open page then loads itself again."""
    return _digest(sorted([*STATIC.iterdir(), *_TEMPLATES.iterdir()]))


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]

"""Moments and spans as people say them."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from acd.model.callback import Window
from acd.model.history import HALF_HOUR
from acd.web.texts import Lang, text

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400


class When:
    """Says when, in one language, seen from ``now`` (seconds since the epoch) in the city's time zone."""

    def __init__(self, lang: Lang, zone: ZoneInfo, now: float) -> None:
        self._lang = lang
        self._zone = zone
        self._now = datetime.fromtimestamp(now, zone)

    def day(self, at: float) -> str:
        """``vandaag``, ``morgen``, or ``di 24/11``."""
        moment = datetime.fromtimestamp(at, self._zone)
        days = (moment.date() - self._now.date()) // timedelta(days=1)
        if days in (-1, 0, 1):
            return text(self._lang, {-1: "yesterday", 0: "this_day", 1: "tomorrow"}[days])
        year = f"/{moment:%Y}" if moment.year != self._now.year else ""
        return f"{text(self._lang, f'weekday_{moment.weekday()}')} {moment.day}/{moment.month}{year}"

    def time(self, at: float) -> str:
        return f"{datetime.fromtimestamp(at, self._zone):%H:%M}"

    def second(self, at: float) -> str:
        return f"{datetime.fromtimestamp(at, self._zone):%H:%M:%S}"

    def moment(self, at: float) -> str:
        return f"{self.day(at)} {self.time(at)}"

    def exact(self, at: float) -> str:
        """For a log: date and second."""
        return f"{datetime.fromtimestamp(at, self._zone):%Y-%m-%d %H:%M:%S}"

    def window(self, window: Window) -> str:
        end = self.time(window.end) if self.day(window.start) == self.day(window.end) else self.moment(window.end)
        return f"{self.moment(window.start)} – {end}"

    def promised(self, window: Window, deadline: float) -> str:
        """A moment of half an hour; or, until the deadline itself, as soon as it is calm."""
        if window.end == deadline and window.end - window.start > HALF_HOUR:
            return text(self._lang, "when_calm", moment=self.moment(window.start))
        return self.window(window)

    def until(self, at: float) -> str:
        """``nog 3 u 20``, or ``1 u 05 te laat``."""
        seconds = at - self._now.timestamp()
        return text(self._lang, "time_left" if seconds > 0 else "time_late", span=self.span(abs(seconds)))

    def span(self, seconds: float) -> str:
        minutes = int(seconds // MINUTE)
        if seconds >= DAY:
            return text(self._lang, "span_days", d=minutes // 1440, h=minutes % 1440 // 60)
        if seconds >= HOUR:
            return text(self._lang, "span_hours", h=minutes // 60, m=f"{minutes % 60:02}")
        return text(self._lang, "span_minutes", m=minutes)

    def lasting(self, seconds: float) -> str:
        """``12 min``, and ``minder dan 1 min``: of what is never nothing."""
        return self.span(seconds) if seconds >= MINUTE else text(self._lang, "span_under_minute")

    def field(self, at: float) -> str:
        """As a field of a form has it: ``2027-03-01T10:30``."""
        return f"{datetime.fromtimestamp(at, self._zone):%Y-%m-%dT%H:%M}"


def moment_of(field: str, zone: ZoneInfo) -> float | None:
    """What a field of a form says, in the city's time zone; None = it says no moment."""
    try:
        return datetime.fromisoformat(field).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None

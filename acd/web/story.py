"""What happened to one call, told to people: one step an event, and at each offer why it went where it went."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from acd.engine.state import ENGINE
from acd.model import events as ev
from acd.model.events import Event, Why
from acd.model.facts import OfferFailure
from acd.model.promise import SYSTEM
from acd.web.texts import KEYS, Lang, duration, percent, text
from acd.web.when import When

Names = Mapping[Any, Any]


class Step(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: float
    """Seconds since the epoch."""
    text: str
    reasons: tuple[tuple[str, str, str], ...] = ()
    """What was asked, what decided it, and the numbers that were seen."""


class Teller:
    """Tells in one language."""

    def __init__(self, lang: Lang, when: When, lines: Names, people: Names) -> None:
        self._lang = lang
        self._when = when
        self._lines = lines
        self._people = people

    def step(self, event: Event) -> Step:
        key = f"story_{_snake(type(event).__name__)}"
        if isinstance(event, ev.CallAnswered) and event.fallback:
            key = "story_call_answered_fallback"
        # What this page has no words for is told by its name rather than left out.
        told = text(self._lang, key, **self._values(event)) if key in KEYS else _snake(type(event).__name__)
        return Step(event.at, told, self._why(event.why) if isinstance(event, ev.CallOffered) else ())

    def _values(self, event: Event) -> dict[str, object]:
        values = {name: getattr(event, name) for name in event.__struct_fields__}
        for name, say in _SAY.items():
            if name in values:
                values[name] = say(self, values[name])
        return values

    def _why(self, why: Why) -> tuple[tuple[str, str, str], ...]:
        lang = self._lang
        call = text(
            lang,
            "why_call_numbers",
            waited=duration(why.waited),
            aged=duration(why.aged),
            waiting=why.waiting,
            queue_share=percent(lang, why.queue_share),
            line_share=percent(lang, why.line_share),
        )
        operator = text(
            lang,
            "why_operator_numbers",
            candidates=why.candidates,
            level=why.level,
            skills=why.skills,
            idle=duration(why.idle),
        )
        return (
            (text(lang, "why_this_call"), self._known("rule", why.line_rule), call),
            (text(lang, "why_this_operator"), self._known("rule", why.operator_rule), operator),
        )

    def _known(self, group: str, word: str) -> str:
        """The text of a word of ours; of another one, the word itself."""
        key = f"{group}_{word}"
        return text(self._lang, key) if key in KEYS else word

    def line(self, line: Any) -> str:
        names = self._lines.get(line, {})
        return str(names.get(self._lang) or names.get(Lang.NL) or line)

    def operator(self, operator: Any) -> str:
        if operator is None:
            return text(self._lang, "story_somebody")
        return str(self._people.get(operator, operator))

    def how(self, how: OfferFailure | None) -> str:
        return self._known("reason", how) if how else text(self._lang, "story_caller_left")

    def because(self, because: str) -> str:
        return self._known("because", because)

    def by(self, by: str) -> str:
        return self._known("by", SYSTEM if by == ENGINE else by)

    def outcome(self, outcome: str) -> str:
        return self._known("outcome", outcome)

    def moment(self, at: float) -> str:
        return self._when.moment(at)

    def span(self, seconds: float) -> str:
        return duration(seconds)


_SAY: Final[Mapping[str, Callable[[Teller, Any], str]]] = {
    "line": Teller.line,
    "operator": Teller.operator,
    "how": Teller.how,
    "because": Teller.because,
    "outcome": Teller.outcome,
    "start": Teller.moment,
    "end": Teller.moment,
    "by": lambda teller, by: teller.by(by),
    "paused": Teller.span,
    "waited": lambda teller, seconds: "" if seconds is None else teller.span(seconds),
}
"""How the fields of an event are said."""


def tell_story(events: Sequence[Event], lang: Lang, when: When, lines: Names, people: Names) -> list[Step]:
    teller = Teller(lang, when, lines, people)
    return [teller.step(event) for event in events]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

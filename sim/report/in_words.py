"""A change (see :mod:`sim.changes`) as a sentence for whoever reads the report."""

from collections.abc import Callable, Mapping
from typing import Final

from acd.config.fields import days
from acd.model.ids import LineId, OperatorId
from sim.changes import changed
from sim.model.setup import Setup
from sim.policies import policy_name
from sim.report.texts import Language, text
from sim.report.wording import named, number, weekdays

CIRCUMSTANCES: Final = frozenset({"calls", "without"})
"""What happens to a contact centre; everything else is something that it may do."""


def in_words(language: Language, words: str, setup: Setup) -> str:
    """``extra mon 10:00-12:00 gentinfo`` -> ``één medewerker erbij op maandag, 10:00 tot 12:00 uur, voor Gentinfo``.

    Args:
        language: the reader's.
        words: a change that can be: :func:`~sim.changes.changed` has taken it.
        setup: what it changes.
    """
    found = []
    for one in words.split(" + "):
        name, *rest = one.split()
        found.append(_SAY[name](language, setup, *rest))
    return text(language, "and").join(found)


def is_measure(words: str) -> bool:
    """It is something to do, not something that happens."""
    return not any(one.split()[0] in CIRCUMSTANCES for one in words.split(" + "))


def policy_words(language: Language, policy: str) -> str:
    """Who decides."""
    first, _, second = policy.partition("/")
    if first == "asterisk-queue":
        return text(language, "queue_policy", name=second)
    return text(language, "engine_policy", name=f"{first} / {second}")


def _learn(language: Language, setup: Setup, operator: str, line: str) -> str:
    return text(language, "learn", operator=_operator(setup, operator), lines=_lines(language, setup, line))


def _extra(language: Language, setup: Setup, when: str, hours: str, lines: str) -> str:
    spans = [span.split("-") for span in hours.split(",")]
    said = text(language, "and").join(
        text(language, "hours", first=first.strip(), last=last.strip()) for first, last in spans
    )
    return text(
        language, "extra", days=weekdays(language, days(when)), hours=said, lines=_lines(language, setup, lines)
    )


def _without(language: Language, setup: Setup, operator: str) -> str:
    return text(language, "without", operator=_operator(setup, operator))


def _calls(language: Language, setup: Setup, factor: str, line: str | None = None) -> str:
    times = f"{float(factor):g}".replace(".", number(language, 0.5)[1])
    if line is None:
        return text(language, "calls", factor=times)
    return text(language, "calls_line", factor=times, lines=_lines(language, setup, line))


def _policy(language: Language, setup: Setup, *rest: str) -> str:
    name = policy_name(changed(setup, f"policy {'/'.join(rest)}"))
    return text(language, "routing", policy=policy_words(language, name))


def _callback(language: Language, setup: Setup, when: str) -> str:
    return text(language, f"callback_{when}")


_SAY: Final[Mapping[str, Callable[..., str]]] = {
    "learn": _learn,
    "extra": _extra,
    "without": _without,
    "calls": _calls,
    "rule": _policy,
    "policy": _policy,
    "callback": _callback,
}


def _operator(setup: Setup, id: str) -> str:
    known = setup.policy.operators.get(OperatorId(id))
    return known.name if known is not None and known.name else id


def _lines(language: Language, setup: Setup, ids: str) -> str:
    lines = [setup.policy.lines[LineId(id)] for id in ids.split(",")]
    return text(language, "and").join(named(language, line.names, line.id) for line in lines)

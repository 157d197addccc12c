"""A city to show: boards and tallies made by hand, and one that lives by itself for the demonstration."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from acd.engine.board import Board, BoardCall, BoardLine, BoardOperator
from acd.engine.tally import LineCounts, Tally
from acd.model.call import CallState
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome

NAMES = {
    "gentinfo": {"nl": "Gentinfo", "en": "Gent Info", "fr": "Gand Info"},
    "sportlijn": {"nl": "Sportlijn", "en": "Sports line", "fr": "Ligne sport"},
    "lez_lijn": {"nl": "LEZ-lijn", "en": "LEZ line", "fr": "Ligne LEZ"},
    "bjb": {"nl": "BoekJeBezoeklijn", "en": "Book your visit", "fr": "Réservation de visite"},
    "toerisme": {"nl": "Toerismelijn", "en": "Tourism line", "fr": "Ligne tourisme"},
    "nachtopvang": {"nl": "Nachtopvanglijn", "en": "Night shelter line", "fr": "Ligne accueil de nuit"},
    "toeleiders": {"nl": "Toeleiderslijn", "en": "Night shelter referrers", "fr": "Ligne orienteurs"},
    "gentspoort": {"nl": "GentSpoortlijn", "en": "GentSpoort line", "fr": "Ligne GentSpoort"},
}
NOON = 1_700_564_400.0
"""21 November 2023, 12:00 in Gent."""


def line(
    key: str = "gentinfo",
    *,
    names: Mapping[str, str] | None = None,
    waiting: int = 0,
    longest_wait: float | None = None,
    talking: int = 0,
    available: int = 0,
    logged_in: int = 0,
    target_reachability: float = 0.95,
    target_wait: float = 30.0,
) -> BoardLine:
    return BoardLine(
        line=LineId(key),
        names=dict(names or NAMES.get(key) or {"nl": key}),
        waiting=waiting,
        longest_wait=longest_wait,
        talking=talking,
        available=available,
        logged_in=logged_in,
        target_reachability=target_reachability,
        target_wait=target_wait,
        target_share=0.80,
    )


def operator(
    key: str, state: OperatorState, *, name: str = "", reason: str | None = None, on: str | None = None
) -> BoardOperator:
    return BoardOperator(
        operator=OperatorId(key),
        name=name or key.title(),
        device=f"1{len(key)}",
        state=state,
        reason=reason,
        since=NOON - 90,
        line=None if on is None else LineId(on),
        call=None,
    )


def caller(key: str, on: str, waited: float, *, now: float = NOON, state: CallState = CallState.WAITING) -> BoardCall:
    return BoardCall(CallId(key), state, LineId(on), now - waited, None)


def board(
    lines: Sequence[BoardLine] = (),
    operators: Sequence[BoardOperator] = (),
    calls: Sequence[BoardCall] = (),
    *,
    at: float = NOON,
    linked: bool = True,
    crisis: str | None = None,
    draining: bool = False,
) -> Board:
    return Board(at, linked, crisis, draining, tuple(lines), tuple(operators), tuple(calls))


def tally(counts: Mapping[str, tuple[int, int, int, int]]) -> Tally:
    """By line: answered, of which within the target, abandoned, abandoned short."""
    result = Tally()
    for key, (answered, in_target, abandoned, short) in counts.items():
        outcomes = Counter({Outcome.ANSWERED: answered, Outcome.ABANDONED: abandoned, Outcome.ABANDONED_SHORT: short})
        entered = answered + abandoned + short
        result.lines[LineId(key)] = LineCounts(entered, in_target, outcomes)
    return result


class LivingCity:
    """Callers who come, wait, talk and go; nothing like the engine, but it moves."""

    def __init__(self, seed: int = 14, operators: int = 20) -> None:
        self._chance = random.Random(seed)
        self._weights = [30, 5, 2, 1, 2, 2, 1, 1]
        self._waiting: list[tuple[str, float]] = []
        self._talking: list[tuple[str, int, float]] = []
        self._wrap_up: dict[int, float] = {}
        self._paused = {3: "lunch", 11: "opleiding"}
        self._operators = operators
        self.tally = tally(
            {
                "gentinfo": (447, 381, 9, 3),
                "sportlijn": (72, 66, 0, 0),
                "lez_lijn": (24, 20, 0, 0),
                "bjb": (9, 7, 1, 0),
                "toerisme": (24, 21, 0, 0),
                "nachtopvang": (26, 22, 0, 0),
                "toeleiders": (17, 16, 0, 0),
            }
        )

    def step(self, now: float, busy: float = 1.0) -> None:
        """What happens in a fifth of a second."""
        if self._chance.random() < 0.032 * busy:
            self._waiting.append((self._chance.choices(list(NAMES), self._weights)[0], now))
        self._hang_up(now)
        self._answer(now)

    def _hang_up(self, now: float) -> None:
        for call in [call for call in self._talking if call[2] < now]:
            self._talking.remove(call)
            self._wrap_up[call[1]] = now + 20
        self._wrap_up = {number: until for number, until in self._wrap_up.items() if until > now}
        for key, since in [call for call in self._waiting if self._chance.random() < 0.0004 and now - call[1] > 12]:
            self._waiting.remove((key, since))
            self.tally.of(LineId(key)).outcomes[Outcome.ABANDONED] += 1

    def _answer(self, now: float) -> None:
        busy = {number for _, number, _ in self._talking} | self._wrap_up.keys() | self._paused.keys()
        idle = [number for number in range(self._operators) if number not in busy]
        while idle and self._waiting and now - self._waiting[0][1] > 3:
            key, since = self._waiting.pop(0)
            self._talking.append((key, idle.pop(0), now + self._chance.gauss(110, 30)))
            counts = self.tally.of(LineId(key))
            counts.outcomes[Outcome.ANSWERED] += 1
            counts.answered_in_target += now - since <= 30

    def board(self, now: float, **other: bool | str) -> Board:
        calls = [caller(f"{number}", key, now - since, now=now) for number, (key, since) in enumerate(self._waiting)]
        operators = [self._operator(number, now) for number in range(self._operators)]
        free = sum(one.state is OperatorState.AVAILABLE for one in operators)
        return board([self._line(key, now, free) for key in NAMES], operators, calls, at=now, **other)  # type: ignore[arg-type]

    def _line(self, key: str, now: float, free: int) -> BoardLine:
        waits = [now - since for name, since in self._waiting if name == key]
        return line(
            key,
            waiting=len(waits),
            longest_wait=max(waits, default=None),
            talking=sum(name == key for name, _, _ in self._talking),
            available=free if key == "gentinfo" else min(free, 4),
            logged_in=self._operators if key == "gentinfo" else 8,
        )

    def _operator(self, number: int, now: float) -> BoardOperator:
        state = OperatorState.AVAILABLE
        if number in self._paused:
            state = OperatorState.NOT_READY
        elif any(taken == number for _, taken, _ in self._talking):
            state = OperatorState.IN_CALL
        elif number in self._wrap_up:
            state = OperatorState.WRAP_UP
        return operator(f"operator_{number}", state, reason=self._paused.get(number))

"""A day of calls as the engine tells them, and the board that it leaves: for the lists behind the figures, and for
pictures of the pages."""

import random
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from acd.engine.board import Board, BoardCall, BoardLine, BoardOperator
from acd.model import events as ev
from acd.model.call import CallState
from acd.model.events import Event, Why
from acd.model.facts import OfferFailure
from acd.model.history import HALF_HOUR, Outlook
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from tests.web.city import NAMES, board, line, operator

HOURS = 9, 17
PER_DAY: Mapping[str, float] = {
    "gentinfo": 300,
    "sportlijn": 48,
    "lez_lijn": 16,
    "bjb": 9,
    "toerisme": 17,
    "nachtopvang": 18,
    "toeleiders": 12,
    "gentspoort": 6,
}
SHAPE = [0.6, 0.9, 1.2, 1.3, 1.25, 1.1, 0.8, 0.7, 0.9, 1.1, 1.15, 1.1, 1.0, 0.9, 0.7, 0.5]
"""By half-hour from nine o'clock."""
OPERATORS = ["an", "bart", "chloe", "dirk", "elif", "farid", "greet", "hans", "ilse", "jan", "karen", "luc"]
WAITING = [("sportlijn", 172.0), ("sportlijn", 64.0), ("gentinfo", 21.0), ("gentinfo", 8.0), ("toerisme", 66.0)]
"""Line and seconds of those who wait at the end besides."""
ENDINGS = [Outcome.ANSWERED] * 44 + [Outcome.ABANDONED] * 2 + [Outcome.ABANDONED_SHORT, Outcome.CALLBACK_ACCEPTED]


def expected(line: str, slot: int) -> float:
    """Callers in the half-hour ``slot`` after nine o'clock."""
    return PER_DAY[line] * SHAPE[slot] / sum(SHAPE)


class Day:
    """Calls from nine o'clock until ``now``; some are still waiting or talking then.

    Args:
        nine: nine o'clock, seconds since the epoch.
    """

    def __init__(self, nine: float, now: float, seed: int = 4) -> None:
        self._nine, self._now = nine, now
        self._chance = random.Random(seed)
        self._offers = 0
        self._count = 0

    def events(self, waiting: Sequence[tuple[str, float]] = WAITING) -> list[Event]:
        found = [event for line in PER_DAY for event in self._of_line(line)]
        for key, waited in waiting:
            joined = self._now - waited
            found += list(self._arrival(LineId(key), joined - 20, joined)[1])
        return sorted((event for event in found if event.at <= self._now), key=lambda event: event.at)

    def outlooks(self) -> dict[LineId, Outlook]:
        chance = random.Random(7)
        starts = [int(self._nine) + slot * HALF_HOUR for slot in range(len(SHAPE))]
        return {
            LineId(line): Outlook(
                {start: expected(line, slot) for slot, start in enumerate(starts)},
                {start: expected(line, slot) * chance.uniform(0.8, 1.1) for slot, start in enumerate(starts)},
                weeks=8,
            )
            for line in PER_DAY
        }

    def _of_line(self, line: str) -> Iterator[Event]:
        for slot in range(len(SHAPE)):
            mean = expected(line, slot) * (1.25 if slot in (3, 4) else 1.0)
            for _ in range(round(self._chance.gauss(mean, mean**0.5 / 2))):
                at = self._nine + slot * HALF_HOUR + self._chance.uniform(0, HALF_HOUR)
                yield from self._call(LineId(line), at)

    def _call(self, line: LineId, at: float) -> Iterator[Event]:
        joined = at + self._chance.uniform(8, 40)
        call, arrival = self._arrival(line, at, joined)
        yield from arrival
        ending = self._chance.choice(ENDINGS)
        match ending:
            case Outcome.ANSWERED:
                yield from self._answered(call, line, joined)
            case Outcome.CALLBACK_ACCEPTED:
                yield from self._called_back(call, line, joined)
            case _:
                end = joined + (self._chance.uniform(2, 9.5) if ending is Outcome.ABANDONED_SHORT else 55.0)
                yield ev.OutcomeCounted(end, call, line, ending, end - joined)
                yield ev.CallEnded(end, call, end)

    def _arrival(self, line: LineId, at: float, joined: float) -> tuple[CallId, list[Event]]:
        self._count += 1
        call = CallId(f"{int(at)}.{self._count}")
        number = None if self._chance.random() < 0.05 else f"+3247{self._chance.randrange(10**7):07}"
        language = self._chance.choice(["nl", "nl", "fr"])
        return call, [
            ev.CallStarted(at, call, "3292101010", number, at),
            ev.CallEnteredLine(joined, call, line, joined, language, "welkom>taal>keuze"),
        ]

    def _answered(self, call: CallId, line: LineId, joined: float) -> Iterator[Event]:
        who, other = (OperatorId(name) for name in self._chance.sample(OPERATORS, 2))
        offered = joined + max(0.1, self._chance.gauss(6, 9))
        if self._chance.random() < 0.06:
            yield from self._offer(call, line, other, joined, offered)
            yield ev.OfferEnded(offered + 15, call, other, OfferId(self._offers), OfferFailure.RING_NO_ANSWER)
            offered += 15.2
        yield from self._offer(call, line, who, joined, offered)
        answered, talk = offered + self._chance.uniform(2, 6), self._chance.uniform(60, 400)
        waited = answered - joined
        yield ev.CallAnswered(answered, call, line, who, answered, waited)
        yield ev.OutcomeCounted(answered, call, line, Outcome.ANSWERED, waited)
        yield ev.TalkFinished(answered + talk, call, who, answered + talk)
        yield ev.CallEnded(answered + talk + 1, call, answered + talk + 1)

    def _offer(self, call: CallId, line: LineId, who: OperatorId, joined: float, at: float) -> Iterator[Event]:
        self._offers += 1
        waited = at - joined
        why = Why("fixed_queue_ratio", waited, waited, 3, 0.6, 0.55, "least_skilled", 1, 2, 81.0, 4)
        yield ev.CallOffered(at, call, line, who, OfferId(self._offers), why)
        yield ev.OperatorRang(at + 0.3, call, who, OfferId(self._offers))

    def _called_back(self, call: CallId, line: LineId, joined: float) -> Iterator[Event]:
        heard = joined + 150
        start = (heard // HALF_HOUR + 4) * HALF_HOUR
        yield ev.CallbackOffered(heard, call, line, heard, 150.0, False)
        yield ev.CallbackPromised(
            heard + 9, call, line, CallbackId(f"cb{call}"), start, start + HALF_HOUR, start + 90_000
        )
        yield ev.OutcomeCounted(heard + 9, call, line, Outcome.CALLBACK_ACCEPTED, 159.0)
        yield ev.CallEnded(heard + 14, call, heard + 14)


SERVED = ["gentinfo", "lez_lijn", "bjb", "toeleiders", "gentspoort"]
PAUSED = {"jan": "lunch", "karen": "opleiding"}
WRAP_UP = ("ilse", "luc")
SURNAMES = ["Peeters", "Claes", "Maes", "Wouters", "Yilmaz", "Haddad", "De Smet", "Aerts", "Jacobs", "Mertens"]
SURNAMES += ["Goossens", "Willems"]


def board_of(events: list[Event], now: float) -> Board:
    """The engine's picture after these events, with twelve operators: two of them also serve the sports line."""
    calls: dict[CallId, BoardCall] = {}
    for event in events:
        match event:
            case ev.CallEnteredLine():
                calls[event.call] = BoardCall(event.call, CallState.WAITING, event.line, event.entered_at, None)
            case ev.CallAnswered():
                entered_at = calls[event.call].entered_at
                calls[event.call] = BoardCall(event.call, CallState.TALKING, event.line, entered_at, event.operator)
            case ev.TalkFinished() | ev.CallEnded():
                calls.pop(event.call, None)
            case _:
                pass
    people = [_operator(name, calls, events[-1].at) for name in OPERATORS]
    return board([_line(key, calls, people, now) for key in NAMES], people, list(calls.values()), at=now)


def _operator(name: str, calls: Mapping[CallId, BoardCall], then: float) -> BoardOperator:
    talking = [call for call in calls.values() if call.operator == name]
    state, since, reason = OperatorState.AVAILABLE, then - 40 - 7 * len(name), None
    if talking:
        state, since = OperatorState.IN_CALL, then - 95.0
    elif name in PAUSED:
        state, since, reason = OperatorState.NOT_READY, then - 1204.0, PAUSED[name]
    elif name in WRAP_UP:
        state, since = OperatorState.WRAP_UP, then - 12.0
    serves = [*SERVED, "toerisme"] if name in ("an", "bart", "chloe", "jan") else SERVED
    if name in ("karen", "ilse"):
        serves = [*SERVED, "sportlijn"]
    return msgspec.structs.replace(
        operator(name, state, name=f"{name.title()} {SURNAMES[OPERATORS.index(name)]}", reason=reason),
        since=since,
        line=talking[0].line if talking else None,
        lines=tuple(map(LineId, serves)),
    )


def _line(key: str, calls: Mapping[CallId, BoardCall], people: list[BoardOperator], now: float) -> BoardLine:
    mine = [call for call in calls.values() if call.line == key]
    waits = [now - (call.entered_at or now) for call in mine if call.state is CallState.WAITING]
    serving = [one for one in people if key in one.lines]
    return line(
        key,
        waiting=len(waits),
        longest_wait=max(waits, default=None),
        talking=len(mine) - len(waits),
        available=sum(one.state is OperatorState.AVAILABLE for one in serving),
        logged_in=len(serving),
    )

"""Weeks of calls and of operators' work, for the reports."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import insert

from acd.figures.periods import midnight
from acd.model import events as ev
from acd.model.callback import CallbackState
from acd.model.events import Event
from acd.model.ids import LineId, OperatorId
from acd.model.operator import OperatorState
from acd.model.zone import ZONE
from acd.records import Ledger
from acd.records.database import connect
from acd.records.tables import callback, contact
from tests.web.day import OPERATORS, Day

_S = OperatorState
TURNS = ((_S.AVAILABLE, 150), (_S.RINGING, 6), (_S.IN_CALL, 190), (_S.WRAP_UP, 45)) * 6 + ((_S.NOT_READY, 700),)
"""What an operator does one after the other, and about how many seconds."""

CITIZENS = 4000
SUBJECTS = ("identiteit", "rijbewijs", "afval", "verhuizing", "parkeren", "inlichting", "afspraak", "melding", "klacht")
"""The last four are of the whole city."""


def working_days(until: float, days: int) -> list[date]:
    """The last so many days before that of ``until``, weekends left out."""
    last = datetime.fromtimestamp(until, ZONE).date()
    return [day for n in range(days, 0, -1) if (day := last - timedelta(n)).weekday() < 5]


def weeks(until: float, days: int) -> Iterator[list[Event]]:
    """Day by day what happened, in its order."""
    for day in working_days(until, days):
        nine = midnight(day) + 9 * 3600
        seed = day.toordinal()
        events = Day(nine, nine + 9 * 3600, seed).events(waiting=())
        chance = random.Random(seed)
        told = [*map(_a_known_citizen, events), *_scores(events, chance), *_work(nine, chance)]
        yield sorted(told, key=lambda event: event.at)


def _a_known_citizen(event: Event) -> Event:
    """Of a smaller city, so that some call again."""
    if isinstance(event, ev.CallStarted) and event.number is not None:
        return msgspec.structs.replace(event, number=f"+3247{int(event.number[-7:]) % CITIZENS:07}")
    return event


def _scores(events: list[Event], chance: random.Random) -> Iterator[Event]:
    """One of twelve who spoke is asked; not all of them answer everything."""
    for event in events:
        if isinstance(event, ev.TalkFinished) and chance.random() < 1 / 12:
            at, call, line = event.at + 1, event.call, LineId("gentinfo")
            yield ev.SurveyStarted(at, call, line, event.operator, at, chance.random() < 0.3)
            for question, mean in (("courtesy", 8.3), ("wait", 6.4)):
                if chance.random() < 0.85:
                    score = max(1, min(10, round(chance.gauss(mean, 1.7))))
                    yield ev.SurveyAnswered(at + 9, call, line, event.operator, question, score, at + 9)


def _conversations(events: list[Event], chance: random.Random) -> Iterator[dict[str, object]]:
    """What operators marked."""
    lines = {event.call: event.line for event in events if isinstance(event, ev.CallEnteredLine)}
    for event in events:
        if isinstance(event, ev.CallAnswered):
            of_line = lines[event.call] == "gentinfo"
            some = chance.choices(SUBJECTS[:9] if of_line else SUBJECTS[5:9], k=chance.choice((0, 1, 1, 1, 1, 2)))
            settled = chance.choices((True, False, None), (8, 2, 1))[0]
            yield {
                "contact": f"{event.call}~{event.operator}",
                "operator": event.operator,
                "line": lines[event.call],
                "call": event.call,
                "language": "nl",
                "began_at": event.answered_at,
                "name": "",
                "note": "",
                "subjects": msgspec.json.encode(list(dict.fromkeys(some))).decode(),
                "settled": settled,
                "version": 1,
            }


def _promises(events: list[Event], chance: random.Random) -> Iterator[dict[str, object]]:
    """The promises of the day, of which some were broken."""
    for event in events:
        if isinstance(event, ev.CallbackPromised):
            reached = event.start + chance.uniform(0, 1500) if chance.random() < 0.9 else None
            yield {
                "callback": event.callback,
                "line": event.line,
                "call": event.call,
                "language": "nl",
                "promised_at": event.at,
                "start_at": event.start,
                "end_at": event.end,
                "deadline": event.deadline,
                "state": CallbackState.REACHED if reached else CallbackState.CANCELLED,
                "step": 1,
                "attempts": 1,
                "reached_at": reached,
            }


def _work(nine: float, chance: random.Random) -> Iterator[Event]:
    for name in OPERATORS[:9]:
        who, at, before = OperatorId(name), nine - chance.uniform(0, 600), _S.LOGGED_OUT
        while at < nine + 8 * 3600:
            for state, seconds in TURNS:
                yield ev.OperatorChanged(at, who, before, state, "lunch" if state is _S.NOT_READY else None, "engine")
                before, at = state, at + seconds * chance.uniform(0.5, 1.6)
        yield ev.OperatorChanged(at, who, before, _S.LOGGED_OUT, None, "engine")


async def write_weeks(folder: Path, until: float, days: int) -> None:
    """Put them into the records of a house."""
    url = f"sqlite:///{folder}/acd.db"
    promises: list[dict[str, object]] = []
    conversations: list[dict[str, object]] = []
    async with Ledger(url, key=b"key") as ledger:
        for events in weeks(until, days):
            promises += _promises(events, random.Random(len(events)))
            conversations += _conversations(events, random.Random(len(events)))
            ledger.write(events)
            await ledger.caught_up()
    engine = connect(url)
    async with engine.begin() as connection:
        await connection.execute(insert(callback), promises)
        await connection.execute(insert(contact), conversations)
    await engine.dispose()

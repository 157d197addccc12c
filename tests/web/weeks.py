"""Weeks of calls and of operators' work, for the reports."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from acd.figures.periods import midnight
from acd.model import events as ev
from acd.model.callback import CallbackState
from acd.model.events import Event
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState
from acd.model.zone import ZONE
from acd.records import Ledger
from acd.records.database import connect
from acd.records.tables import callback
from tests.web.day import OPERATORS, Day

_S = OperatorState
TURNS = ((_S.AVAILABLE, 150), (_S.RINGING, 6), (_S.IN_CALL, 190), (_S.WRAP_UP, 45)) * 6 + ((_S.NOT_READY, 700),)
"""What an operator does one after the other, and about how many seconds."""


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
        yield sorted([*events, *_work(nine, random.Random(seed))], key=lambda event: event.at)


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
    async with Ledger(url) as ledger:
        for events in weeks(until, days):
            promises += _promises(events, random.Random(len(events)))
            ledger.write(events)
            await ledger.caught_up()
    engine = connect(url)
    async with engine.begin() as connection:
        await connection.execute(insert(callback), promises)
    await engine.dispose()

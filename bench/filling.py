"""Years of a large city as the records hold them: the rows that the projection would make of them, and what operators
write. The ledger itself is not filled, nor what no figure reads (offers, recordings, the promises' log).

Subjects, notes, surveys, promises, passed-on calls and pauses have the shares of a city that uses them all; what the
clock erases by its usual terms (numbers, notes) is gone but for the last weeks.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, Final

from psycopg import sql
from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures.periods import day_within, half_hour_within, midnight
from acd.records import tables, upgrade
from acd.records.database import connect

CALLS: Final = 325_600
YEAR: Final = 2027
LINES: Final = [f"line{n:02}" for n in range(12)]
OPERATORS: Final = [f"operator{n:02}" for n in range(60)]
CITIZENS: Final = 120_000
NO_LINE: Final = 0.08
"""Part of the calls that join no line."""
HOURS: Final = [8, 11, 12, 10, 6, 9, 10, 9, 7]
"""How many calls come from nine o'clock on, hour by hour, for each other."""
OFFER_AFTER: Final = 150.0
"""Seconds of waiting after which a call back is offered."""
ACCEPTED: Final = 0.5
"""Part of those who hear the offer."""
KEPT: Final = 0.93
"""Part of the promises that are kept within two hours; some of the rest are kept later."""
WITHHELD: Final = 0.05
"""Part of the calls whose number is not known."""
PASSED_ON, HELD, PAUSED = 0.06, 0.1, 0.03
"""Parts of the conversations that are passed on, that are on hold for a while, and after which the operator pauses."""
MARKED, TWO, SAID, SETTLED = 0.8, 0.15, 0.6, 0.85
"""Parts of the conversations: with a subject, and of these with a second; of which is said whether they settled it, and
of these, that they did."""
NOTED: Final = 0.4
"""Part with a note."""
NOTES_KEPT, NUMBERS_KEPT = 30, 14
"""Days; then the clock erases them."""
NOTE: Final = "Mevrouw vraagt wanneer haar aanvraag klaar is; dossier opgezocht, brief is onderweg. "
CITY_SUBJECTS: Final = [f"subject{n}" for n in range(5)]
"""Each line has as many of its own."""
SENT, SAMPLED, ANSWERED = 0.04, 0.1, 0.45
"""Parts of the conversations after which the operator sends the caller to the survey, or the sample has him; and of
these callers, those who answer."""
QUESTIONS: Final = ("courtesy", "information", "wait", "recommend")
GAPS: Final = 12
"""Times without sight in a year, a minute each."""
_HOURS_SO_FAR: Final = list(accumulate(HOURS))
_OF_A_CALL: Final = [column.name for column in tables.call.c]
_SCORES, _SCORES_SO_FAR = range(1, 11), list(accumulate([3, 1, 1, 2, 3, 5, 12, 28, 25, 20]))


class Rows:
    """What is to be inserted, table by table, in portions."""

    def __init__(self, seq: int) -> None:
        self.of: dict[Table, list[dict[str, Any]]] = {}
        self.seq = seq
        """Highest number that is in use."""

    def add(self, table: Table, **row: Any) -> None:
        self.of.setdefault(table, []).append(row)

    def number(self) -> int:
        self.seq += 1
        return self.seq


def working_days(year: int) -> list[date]:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    return [day for day in days if day.year == year and day.weekday() < 5]


class City:
    """One year of it.

    Args:
        seq: number in the ledger after which it begins.
    """

    def __init__(self, year: int, seq: int) -> None:
        self._chance = random.Random(year)
        self._days = working_days(year)
        self._rows = Rows(seq)
        self._free: dict[str, float] = {}
        self._notes_from, self._numbers_from = (
            midnight(date(YEAR + 1, 1, 1)) - 86_400 * days for days in (NOTES_KEPT, NUMBERS_KEPT)
        )

    def days(self) -> Iterator[Mapping[Table, Sequence[dict[str, Any]]]]:
        """Portions of the year's rows, a day each."""
        chance, of, n = self._chance, len(self._days), 0
        for place, day in enumerate(self._days):
            begin = midnight(day)
            self._free = dict.fromkeys(OPERATORS, begin + 8.5 * 3600)
            today = CALLS * (place + 1) // of - CALLS * place // of
            hours = chance.choices(range(9), cum_weights=_HOURS_SO_FAR, k=today)
            for operator in OPERATORS:
                self._state(operator, "available", begin + 8.5 * 3600, begin + 8.6 * 3600)
            for arrived in sorted(begin + 3600 * (9 + hour + chance.random()) for hour in hours):
                n += 1
                self._call(f"{int(arrived)}.{n}", arrived)
            for operator in OPERATORS:
                self._state(operator, "logged_out", begin + 18.5 * 3600, begin + 32.5 * 3600)
            if (place + 1) * GAPS // of > place * GAPS // of:
                gap = {"began_at": begin + 3 * 3600, "ended_at": begin + 3 * 3600 + 60, "reason": "not running"}
                self._rows.add(tables.gap, seq=self._rows.number(), **gap)
            yield self._rows.of
            self._rows.of = {}

    def _call(self, call: str, arrived: float) -> None:
        chance, entered = self._chance, arrived + 12.0
        day, fate = day_within(arrived, arrived), chance.random()
        row: dict[str, Any] = dict.fromkeys(_OF_A_CALL)
        row |= {"call": call, "did": "14050", "language": "nl", "path": "welkom>taal"}
        row |= {"arrived_at": arrived, "offers": 0, "fallback": False, "day": day}
        if fate < NO_LINE:
            ended = entered
            row |= {"outcome": chance.choice(["closed", "left_menu", "informed"]), "outcome_at": entered}
        else:
            ended = self._wait(row, chance.choice(LINES), entered, answered=fate < 0.90)
        outcome, line = row["outcome"], row["line"]
        self._rows.add(tables.call, **row | {"ended_at": ended})
        told = {"at": row["outcome_at"], "line": line, "outcome": outcome, "waited": row["waited"]}
        self._rows.add(tables.outcome, call=call, seen=True, **told)
        if chance.random() >= WITHHELD:
            known = {"citizen": f"{chance.randrange(CITIZENS):032x}", "line": line or "", "outcome": outcome}
            self._rows.add(tables.citizen, call=call, at=arrived, arrived_at=arrived, day=day, **known)

    def _wait(self, row: dict[str, Any], line: str, entered: float, *, answered: bool) -> float:
        """He joins the line; when the call ended."""
        chance, wait = self._chance, self._chance.expovariate(1 / 35)
        outcome = "answered" if answered else "abandoned" if wait >= 10 else "abandoned_short"
        if wait >= OFFER_AFTER:
            row |= {"callback_heard_at": entered + OFFER_AFTER, "callback_waited": OFFER_AFTER}
            if chance.random() < ACCEPTED:
                outcome, wait = "callback_accepted", OFFER_AFTER + 25
                row["callback"] = self._promise(row["call"], line, entered + wait)
        then = entered + wait
        row |= {"line": line, "entered_at": entered, "outcome": outcome, "outcome_at": then}
        row |= {"outcome_line": line, "counted_line": line, "waited": wait}
        if outcome != "answered":
            return then
        operator = min(chance.sample(OPERATORS, 6), key=self._free.__getitem__)
        ended = self._talk(row["call"], operator, line, then)
        row |= {"operator": operator, "answered_at": then, "talk_ended_at": ended}
        if chance.random() < PASSED_ON:
            row["transferred_at"] = ended
        self._survey(row["call"], operator, line, ended)
        return ended

    def _promise(self, call: str, line: str, at: float) -> str:
        """Given in that call; its id."""
        chance, callback, deadline = self._chance, f"cb-{call}", at + 7200
        reached, fate = None, chance.random()
        if fate < KEPT:
            reached = at + chance.uniform(300, 6900)
        elif fate < KEPT + 0.04:
            reached = deadline + chance.uniform(60, 3600)
        row: dict[str, Any] = {
            "callback": callback,
            "line": line,
            "call": call,
            "number": None,
            "language": "nl",
            "promised_at": at,
        }
        row |= {"start_at": at, "end_at": deadline, "deadline": deadline, "state": "reached" if reached else "settled"}
        row |= {"step": 3, "attempts": 1, "result": "connected" if reached else "no_answer", "tried_at": reached}
        row |= {"reached_at": reached, "closed_at": reached or deadline}
        self._rows.add(tables.callback, **row)
        if reached:
            self._talk(None, chance.choice(OPERATORS), line, reached, callback)
        return callback

    def _talk(self, call: str | None, operator: str, line: str, at: float, callback: str | None = None) -> float:
        """The operator has picked up; when they have spoken."""
        chance, state = self._chance, self._state
        end, wrap = at + chance.expovariate(1 / 200), 30.0
        state(operator, "reserved", at - 6, at - 5, line)
        state(operator, "ringing", at - 5, at, line)
        state(operator, "in_call", at, end, line)
        state(operator, "wrap_up", end, end + wrap, line)
        pauses = chance.random() < PAUSED
        state(operator, "not_ready" if pauses else "available", end + wrap, end + wrap + 240, reason=pauses)
        self._free[operator] = end + wrap
        held = chance.uniform(0, min(60.0, end - at)) if chance.random() < HELD else 0.0
        of: dict[str, Any] = {
            "seq": self._rows.number(),
            "call": call,
            "callback": callback,
            "line": line,
            "operator": operator,
        }
        times: dict[str, Any] = {
            "began_at": at,
            "ended_at": end,
            "held": held,
            "wrap_up_at": end,
            "wrapped_up_at": end + wrap,
        }
        self._rows.add(tables.talk, **of, **times, fallback=False, day=day_within(at, at))
        written = self._written(line, at)
        of = {"contact": f"{call or callback}~{operator}", "operator": operator, "line": line, "call": call}
        of |= {"callback": callback, "language": "nl", "began_at": at, "ended_at": end, "name": ""}
        self._rows.add(tables.contact, **of, **written)
        return end

    def _written(self, line: str, at: float) -> dict[str, Any]:
        """What the operator wrote of it."""
        chance, subjects, settled = self._chance, [], None
        if chance.random() < MARKED:
            own = [*CITY_SUBJECTS, *(f"{line}-{n}" for n in range(5))]
            subjects = chance.sample(own, 2 if chance.random() < TWO else 1)
        if chance.random() < SAID:
            settled = chance.random() < SETTLED
        note = NOTE if chance.random() < NOTED and at >= self._notes_from else ""
        number = f"+3150{chance.randrange(10**7):07}" if at >= self._numbers_from else None
        marked = "[" + ",".join(f'"{subject}"' for subject in subjects) + "]"
        return {"number": number, "note": note, "subjects": marked, "settled": settled, "version": 1}

    def _survey(self, call: str, operator: str, line: str, at: float) -> None:
        chance, fate = self._chance, self._chance.random()
        if fate >= SENT + SAMPLED:
            return
        of = {"call": call, "line": line, "operator": operator}
        self._rows.add(tables.survey, seq=self._rows.number(), at=at, sent=fate < SENT, **of)
        if chance.random() >= ANSWERED:
            return
        scores = chance.choices(_SCORES, cum_weights=_SCORES_SO_FAR, k=len(QUESTIONS))
        for question, score in zip(QUESTIONS, scores, strict=True):
            answer = {"seq": self._rows.number(), "question": question, "score": score, "at": at + 10}
            self._rows.add(tables.survey_answer, **answer, **of)

    def _state(
        self, operator: str, what: str, began: float, ended: float, line: str | None = None, *, reason: bool = False
    ) -> None:
        row: dict[str, Any] = {"operator": operator, "state": what, "line": line, "by": "engine"}
        row |= {"day": day_within(began, ended), "half_hour": half_hour_within(began, ended)}
        row |= {"reason": "pauze" if reason else None, "began_at": began, "ended_at": ended}
        self._rows.add(tables.operator_state, **row, seq=self._rows.number())


# --- The database ----------------------------------------------------------------------------------------------------


async def fill(url: str, years: int) -> None:
    """Make the database where there is none, and fill the last ``years`` up to :data:`YEAR`, those that are empty.

    Raises:
        DatabaseUnusable: it cannot be reached or changed.
    """
    await upgrade(url)
    engine = connect(url)
    try:
        for year in range(YEAR - years + 1, YEAR + 1):
            async with engine.begin() as connection:
                await _fill_year(connection, year)
        async with engine.connect() as connection:
            await connection.execute(text("ANALYZE"))
            await connection.commit()
    finally:
        await engine.dispose()


async def _fill_year(connection: AsyncConnection, year: int) -> None:
    arrived = tables.call.c.arrived_at.between(midnight(date(year, 1, 1)), midnight(date(year + 1, 1, 1)))
    if await connection.scalar(select(func.count()).select_from(tables.call).where(arrived)):
        return
    numbered = [select(func.max(table.c.seq)) for table in (tables.talk, tables.operator_state, tables.survey_answer)]
    highest = [await connection.scalar(one) or 0 for one in numbered]
    # Made once for all rows, not row by row.
    indexes = [index for table in tables.metadata.tables.values() if table in FILLED for index in table.indexes]
    for index in indexes:
        await connection.run_sync(index.drop)
    for day in City(year, max(highest)).days():
        for table, rows in day.items():
            await _insert(connection, table, rows)
    for index in indexes:
        await connection.run_sync(index.create)


FILLED: Final = (
    *(tables.call, tables.outcome, tables.citizen, tables.talk, tables.operator_state, tables.gap),
    *(tables.callback, tables.contact, tables.survey, tables.survey_answer),
)


async def _insert(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """As the driver does it fastest: SQLAlchemy takes longer for a row than either database."""
    names = list(rows[0])
    values = [tuple(row[name] for name in names) for row in rows]
    if connection.dialect.name == "postgresql":
        driver: Any = (await connection.get_raw_connection()).driver_connection
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        async with driver.cursor() as cursor, cursor.copy(into) as copy:
            for row in values:
                await copy.write_row(row)
        return
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    await connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})', values)

"""A year of a large city in the records, and how long its reports take: on SQLite and on PostgreSQL.

    python -m bench.year sqlite:////tmp/year.db
    python -m bench.year postgresql://acd@127.0.0.1/year

The database is made, filled with 325,600 calls (Groningen's 14 050 in a year) on twelve lines with sixty operators,
and asked; each question three times, the slowest counts. The rows are those that the projection would make of such a
year; the ledger itself is not filled.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Table, func, insert, select, text

from acd.figures.limits import OFFER_AFTER, SHORT_ABANDON, TARGET_WAIT, Limits
from acd.figures.periods import Grain, day_within, half_hour_within, midnight
from acd.figures.report import Dimension, Query, read_refs
from acd.figures.table import DASHBOARD, FIGURES, NORMS
from acd.records import FigureBook, tables, upgrade
from acd.records.database import connect

CALLS = 325_600
YEAR = 2027
LINES = [f"line{n:02}" for n in range(12)]
OPERATORS = [f"operator{n:02}" for n in range(60)]
CITIZENS = 120_000
NO_LINE = 0.08
"""Part of the calls that join no line."""
HOURS = [8, 11, 12, 10, 6, 9, 10, 9, 7]
"""How many calls come from nine o'clock on, hour by hour, for each other."""


def working_days() -> list[date]:
    days = (date(YEAR, 1, 1) + timedelta(days=n) for n in range(365))
    return [day for day in days if day.weekday() < 5]


class Rows:
    """What is to be inserted, table by table, in portions."""

    def __init__(self) -> None:
        self.of: dict[Table, list[dict[str, Any]]] = {}
        self.seq = 0

    def add(self, table: Table, **row: Any) -> None:
        self.of.setdefault(table, []).append(row)

    def number(self) -> int:
        self.seq += 1
        return self.seq


def year(seed: int = 1) -> Iterator[Rows]:
    """Portions of the year's rows, a day each."""
    chance, days, n = random.Random(seed), working_days(), 0
    rows = Rows()
    for place, day in enumerate(days):
        begin = midnight(day)
        free = dict.fromkeys(OPERATORS, begin + 8.5 * 3600)
        today = CALLS * (place + 1) // len(days) - CALLS * place // len(days)
        arrivals = sorted(
            begin + 3600 * (9 + chance.choices(range(9), HOURS)[0]) + chance.random() * 3600 for _ in range(today)
        )
        for operator in OPERATORS:
            state(rows, operator, "available", begin + 8.5 * 3600, begin + 8.6 * 3600)
        for arrived in arrivals:
            n += 1
            one_call(rows, chance, f"{int(arrived)}.{n}", arrived, free)
        for operator in OPERATORS:
            state(rows, operator, "logged_out", begin + 18.5 * 3600, begin + 32.5 * 3600)
        yield rows
        rows.of = {}


def one_call(rows: Rows, chance: random.Random, id: str, arrived: float, free: dict[str, float]) -> None:
    line, fate, wait = chance.choice(LINES), chance.random(), chance.expovariate(1 / 35)
    entered, call = arrived + 12.0, {"call": id, "did": "14050", "language": "nl", "path": "welkom>taal"}
    base: dict[str, Any] = {
        "line": None,
        "entered_at": None,
        "operator": None,
        "answered_at": None,
        "talk_ended_at": None,
    }
    rest: dict[str, Any] = {"last_offer": None, "offers": 0, "fallback": False, "callback": None}
    rest |= {"callback_heard_at": None, "callback_waited": None}
    rest |= {"outcome_line": None, "counted_line": None, "waited": None, "day": day_within(arrived, arrived)}
    known: dict[str, Any] = {"citizen": f"{chance.randrange(CITIZENS):032x}", "line": "" if fate < NO_LINE else line}
    known |= {"at": arrived, "arrived_at": arrived, "day": rest["day"]}
    if fate < NO_LINE:
        kind = chance.choice(["closed", "left_menu", "informed"])
        rest |= {"outcome": kind, "outcome_at": entered}
        rows.add(tables.call, **call, **base, **rest, arrived_at=arrived, ended_at=entered)
        rows.add(tables.outcome, call=id, at=entered, line=None, outcome=kind, waited=None, seen=True)
        rows.add(tables.citizen, call=id, outcome=kind, **known)
        return
    then = entered + wait
    outcome = "answered" if fate < 0.90 else "abandoned" if wait >= 10 else "abandoned_short"
    base |= {"line": line, "entered_at": entered}
    rest |= {"outcome": outcome, "outcome_at": then, "outcome_line": line, "counted_line": line, "waited": wait}
    end = then
    if outcome == "answered":
        operator = min(chance.sample(OPERATORS, 6), key=free.__getitem__)
        talk, wrap = chance.expovariate(1 / 200), 30.0
        end = then + talk
        base |= {"operator": operator, "answered_at": then, "talk_ended_at": end}
        state(rows, operator, "reserved", then - 6, then - 5, line)
        state(rows, operator, "ringing", then - 5, then, line)
        state(rows, operator, "in_call", then, end, line)
        state(rows, operator, "wrap_up", end, end + wrap, line)
        state(rows, operator, "available", end + wrap, end + wrap + 240)
        free[operator] = end + wrap
        rows.add(
            tables.talk,
            seq=rows.number(),
            call=id,
            line=line,
            operator=operator,
            began_at=then,
            ended_at=end,
            held=0.0,
            wrap_up_at=end,
            wrapped_up_at=end + wrap,
            fallback=False,
            day=day_within(then, then),
        )
    rows.add(tables.call, **call, **base, **rest, arrived_at=arrived, ended_at=end)
    rows.add(tables.outcome, call=id, at=then, line=line, outcome=outcome, waited=wait, seen=True)
    rows.add(tables.citizen, call=id, outcome=outcome, **known)


def state(rows: Rows, operator: str, what: str, began: float, ended: float, line: str | None = None) -> None:
    row: dict[str, Any] = {"operator": operator, "state": what, "reason": None, "line": line, "by": "engine"}
    row |= {"day": day_within(began, ended), "half_hour": half_hour_within(began, ended)}
    rows.add(tables.operator_state, **row, seq=rows.number(), began_at=began, ended_at=ended)


async def fill(url: str) -> None:
    await upgrade(url)
    engine = connect(url)
    try:
        async with engine.connect() as connection:
            if await connection.scalar(select(func.count()).select_from(tables.call)):
                return
        async with engine.begin() as connection:
            for rows in year():
                for table, some in rows.of.items():
                    await connection.execute(insert(table), some)
        async with engine.connect() as connection:
            await connection.execute(text("ANALYZE"))
            await connection.commit()
    finally:
        await engine.dispose()


LIMITS = Limits(
    {
        SHORT_ABANDON: dict.fromkeys(LINES, 10.0),
        TARGET_WAIT: {line: 30.0 if n % 2 else 20.0 for n, line in enumerate(LINES)},
        OFFER_AFTER: dict.fromkeys(LINES, 150.0),
    }
)
WHOLE = (midnight(date(YEAR, 1, 1)), midnight(date(YEAR + 1, 1, 1)))
MONTH = (midnight(date(YEAR, 10, 1)), midnight(date(YEAR, 11, 1)))
A_DAY = (midnight(date(YEAR, 10, 12)), midnight(date(YEAR, 10, 13)))
AGAIN = ("fcr_no_repeat", "called_again")
COUNTED = [id for id, figure in FIGURES.items() if figure.population.value == "calls" and id not in AGAIN]


def query(
    span: tuple[float, float], figures: list[str], grain: Grain = Grain.TOTAL, by: tuple[Dimension, ...] = ()
) -> Query:
    since, until = span
    refs = read_refs(figures)
    return Query(since=since, until=until, now=WHOLE[1], figures=refs, grain=grain, by=by, limits=LIMITS)


LINE, OPERATOR = (Dimension.LINE,), (Dimension.OPERATOR,)
QUESTIONS = {
    "dashboard: a day by half-hour": query(A_DAY, list(DASHBOARD), Grain.MINUTES_30),
    "dashboard: a day by line": query(A_DAY, list(DASHBOARD), by=LINE),
    "a day, every figure": query(A_DAY, list(FIGURES)),
    "a month by day": query(MONTH, list(DASHBOARD), Grain.DAY),
    "a month by operator: talks and occupancy": query(MONTH, ["handled", "aht", "occupancy"], by=OPERATOR),
    "dashboard: the year by month": query(WHOLE, list(DASHBOARD), Grain.MONTH),
    "dashboard: the year's norms": query(WHOLE, [norm.figure for norm in NORMS]),
    "the year by day and line": query(WHOLE, list(DASHBOARD), Grain.DAY, LINE),
    "the year by week": query(WHOLE, ["offered", "answered", "abandoned"], Grain.WEEK),
    "the year's heat map": query(WHOLE, ["offered", "reachability"], Grain.SLOT),
    "the year by quarter of an hour": query(WHOLE, ["offered", "answered"], Grain.MINUTES_15),
    "the year, every count and share of calls": query(WHOLE, COUNTED),
    "the year: citizens helped": query(WHOLE, ["citizen_reachability"]),
    "the year: repeat callers": query(WHOLE, ["fcr_no_repeat"]),
    "the year: handling by operator": query(WHOLE, ["handled", "aht"], by=OPERATOR),
    "the year: occupancy by operator and month": query(WHOLE, ["occupancy"], Grain.MONTH, OPERATOR),
    "the year: occupancy by hour of the day": query(WHOLE, ["occupancy"], Grain.HOUR),
}


async def measure(url: str, only: str) -> None:
    book = FigureBook(url)
    try:
        for name, asked in QUESTIONS.items():
            if only in name:
                took = [await timed(book, asked) for _ in range(2)]
                wall, busy = max(took)[0], min(busy for _, busy in took)
                print(f"{wall:7.2f} s ({busy:.2f} s of this process)  {name}", flush=True)
        if only in "waiting times":
            began = time.perf_counter()
            await book.waits(query(WHOLE, []))
            print(f"{time.perf_counter() - began:7.2f} s  the year: distribution of waiting times")
            began = time.perf_counter()
            await book.states(query(WHOLE, [], Grain.MONTH))
            print(f"{time.perf_counter() - began:7.2f} s  the year: operators' time by state and month")
    finally:
        await book.close()


async def timed(book: FigureBook, asked: Query) -> tuple[float, float]:
    """Seconds on the clock, and seconds that a processor worked for us: on a busy machine the first is longer. What a
    PostgreSQL server works is in the first alone."""
    began, busy = time.perf_counter(), time.process_time()
    await book.report(asked)
    return time.perf_counter() - began, time.process_time() - busy


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of an empty database, or of one that this has filled before")
    parser.add_argument("--only", default="", help="questions with this in their name")
    asked = parser.parse_args()
    began = time.perf_counter()
    await fill(asked.url)
    print(f"{time.perf_counter() - began:7.1f} s  to fill", flush=True)
    await measure(asked.url, asked.only)


if __name__ == "__main__":
    asyncio.run(main())

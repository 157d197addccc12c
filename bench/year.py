"""A year of a large city in the records, and how long its reports take: on SQLite and on PostgreSQL.

    python -m bench.year sqlite:////tmp/year.db
    python -m bench.year postgresql://acd@127.0.0.1/year --years 2

The database is made, filled with 325,600 calls (Groningen's 14 050 in a year) on twelve lines with sixty operators, by
:mod:`bench.filling`, and asked; each question twice, the slower counts. ``--years 2`` fills the year before, too, with
which :mod:`bench.page` then compares.
"""

import argparse
import asyncio
import time
from datetime import date

from acd.figures.limits import OFFER_AFTER, SHORT_ABANDON, TARGET_WAIT, Limits
from acd.figures.periods import Grain, midnight
from acd.figures.report import Dimension, Query, read_refs
from acd.figures.table import DASHBOARD, FIGURES, NORMS
from acd.records import FigureBook
from bench import filling
from bench.filling import LINES, YEAR, fill

LIMITS = Limits(
    {
        SHORT_ABANDON: dict.fromkeys(LINES, 10.0),
        TARGET_WAIT: {line: 30.0 if n % 2 else 20.0 for n, line in enumerate(LINES)},
        OFFER_AFTER: dict.fromkeys(LINES, filling.OFFER_AFTER),
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
    parser.add_argument("--years", type=int, default=1, help=f"that are filled, up to {YEAR}")
    asked = parser.parse_args()
    began = time.perf_counter()
    await fill(asked.url, asked.years)
    print(f"{time.perf_counter() - began:7.1f} s  to fill", flush=True)
    await measure(asked.url, asked.only)


if __name__ == "__main__":
    asyncio.run(main())

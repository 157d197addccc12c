"""What the database counts, and what a second, naive count of the raw events gives, are the same; and the list behind
every figure has exactly as many rows as the figure says."""

import asyncio
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update

from acd.figures.periods import Grain
from acd.figures.report import Dimension, Query, Ref, Report, Value, read_refs
from acd.figures.rows import Population
from acd.figures.table import FIGURES, Kind
from acd.model.callback import AttemptStage
from acd.model.events import AttemptFinished, CallbackPromised, CallStarted, CitizenReached
from acd.model.ids import CallbackId, LineId
from acd.model.policy import Line
from acd.model.promise import Note, Promise, at_once, cancelled
from acd.records import CallbackStore, FigureBook, rebuild, store_lines, upgrade
from acd.records.database import connect
from acd.records.entries import Entry, seal
from acd.records.exporting import read_view, view_named
from acd.records.ledger import citizen_of
from acd.records.tables import call, citizen, contact, request
from acd.records.writing import Batch, store
from sim.lab.postgres import Cluster
from tests.figures.days import DAY, LIMITS, SETTINGS, Day, days
from tests.figures.naive import Counted, History, by_state, count, in_gap, unseen, waits

By = tuple[Dimension, ...]
CUT_BY: tuple[By, ...] = ((), (Dimension.LINE,), (Dimension.LINE, Dimension.OPERATOR))
"""One of these a day, besides by operator."""
SAME_NAME = (
    *("offered", "answered", "abandoned", "abandoned_short", "callback_accepted", "overflow_answered", "overflow_lost"),
    *("closed", "left_menu", "informed", "refused", "switch_failure", "undecided"),
)
"""Counts of report_day that the figures call so, too."""
REFS = read_refs([*FIGURES, "service_level@20"])


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        asyncio.run(upgrade(f"sqlite:///{path}"))
        yield path


def entry_of(event: object) -> Entry:
    entry = seal(event)  # type: ignore[arg-type]
    if isinstance(event, CallStarted) and event.number is not None:
        entry.citizen = citizen_of(event.number, b"key")
    return entry


async def fill(url: str, day: Day) -> None:
    engine = connect(url)
    entries = [entry_of(event) for event in day.events]
    notes = [
        {
            "contact": f"{note.call}~{note.operator}~{n:04}",
            "operator": note.operator,
            "line": "gentinfo",
            "call": note.call,
            "language": "nl",
            "began_at": note.began,
            "name": "",
            "note": "",
            "subjects": "[]",
            "settled": note.settled,
            "version": 1,
        }
        for n, note in enumerate(day.notes)
    ]
    requests = [
        {
            "request": f"{of['contact']}-{number}",
            "version": 1,
            "state": "done",
            "made_at": note.began + number,
            "by": "an",
            "line": "gentinfo",
            "to": "wegen",
            "question": "",
            "number": "",
            "deadline": note.began,
            "name": "",
            "contact": of["contact"],
            "owner": "",
            "closed_at": note.began + number,
        }
        for of, note in zip(notes, day.notes, strict=True)
        for number in range(note.requests)
    ]
    try:
        await store(engine, Batch("run", len(entries), entries))
        await keep_promises(url, day.events)
        async with engine.begin() as connection:
            if notes:
                await connection.execute(insert(contact), notes)
            if requests:
                await connection.execute(insert(request), requests)
    finally:
        await engine.dispose()


async def keep_promises(url: str, events: Sequence[object]) -> None:
    """The same steps as in the events, by the store that takes them in the service."""
    promises = CallbackStore(url)
    try:
        for event in events:
            match event:
                case CallbackPromised():
                    # Whoever calls again is known by his number, and is owed one call.
                    given = Promise(
                        callback=CallbackId(event.call),
                        line=event.line,
                        call=event.call,
                        language="nl",
                        promised_at=event.at,
                        start_at=event.start,
                        end_at=event.end,
                        deadline=event.deadline,
                    )
                    assert (await promises.book(given, f"of {event.callback}")).callback == event.callback
                case CitizenReached():
                    assert event.operator is not None
                    assert await promises.claim(event.callback, event.attempt, event.operator, event.at)
                    await promises.note_attempt(event.attempt, AttemptStage.TALKING, event.answered_at)
                case AttemptFinished():
                    await promises.end_attempt(event.attempt, event.result, event.ended_at, at_once)
                case _:
                    pass
        for promise in await promises.owed():
            # Nobody called him; he is not owed anything when he asks to be forgotten.
            step = partial(cancelled, at=promise.deadline, why="person")
            await promises.change(promise.callback, step, Note(promise.deadline, "coach", "cancel"))
    finally:
        await promises.close()


def as_counted(report: Report) -> Counted:
    return {
        (row.period, row.line, row.operator): {key: (value.part, value.of) for key, value in row.values.items()}
        for row in report.rows
    }


def same(ours: Counted, naive: Counted) -> None:
    """Figures of which nothing was counted may be missing."""
    for key in {*ours, *naive}:
        left, right = ours.get(key, {}), naive.get(key, {})
        for figure in {*left, *right}:
            expected = right.get(figure, (0, 0))
            found = left.get(figure, (0, 0))
            if FIGURES[figure.partition("@")[0]].kind is Kind.COUNT:
                expected, found = (expected[1],) * 2, (found[1],) * 2
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-6), (key, figure)


async def check(
    url: str, day: Day, grain: Grain, since: float, until: float, now: float, by: By, lists: Sequence[Ref]
) -> None:
    history = History(day.events, day.notes)
    await fill(url, day)
    await check_copies(url)
    book = FigureBook(url)
    try:
        for cut in (by, (Dimension.OPERATOR,)):
            query = Query(since=since, until=until, now=now, figures=REFS, grain=grain, by=cut, limits=LIMITS)
            report = await book.report(query)
            same(as_counted(report), count(history, SETTINGS, now, grain.value, since, until, cut))
            total: Counted = {
                ("", None, None): {key: (value.part, value.of) for key, value in report.total.values.items()}
            }
            same(total, count(history, SETTINGS, now, "total", since, until))
            marked(report, history, now)
        query = msgspec.structs.replace(query, by=(Dimension.LINE,))
        await check_lists(book, query, lists)
        await check_list_of_operators(book, query, lists[0])
        await check_repeats(book, query, history)
        await check_waits_and_states(book, query, history)
    finally:
        await book.close()
    await check_views(url, history)


async def check_waits_and_states(book: FigureBook, query: Query, history: History) -> None:
    assert await book.waits(query, 10.0) == waits(history, query.since, query.until, 10.0)
    spent: dict[tuple[str, str, str], float] = defaultdict(float)
    for one in await book.states(query):
        spent[one.period, one.operator, one.state] += one.seconds
    expected = by_state(history, query.now, query.grain.value, query.since, query.until)
    for key in spent.keys() | expected.keys():
        assert spent.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=1e-3), key


def marked(report: Report, history: History, now: float) -> None:
    """Each period says for how long nothing could be seen in it."""
    asked = report.since, report.until
    dark = unseen(history, now, report.grain.value, *asked)
    for row in report.rows:
        assert row.gap == pytest.approx(dark.get(row.period, 0.0), abs=1e-3)
    assert report.total.gap == pytest.approx(unseen(history, now, "total", *asked).get("", 0.0), abs=1e-3)


async def check_views(url: str, history: History) -> None:
    """What others read is what a naive reader counts, too."""
    await store_lines(
        url,
        [
            Line(LineId(line), {}, short_abandon=SETTINGS.short[line], target_wait=SETTINGS.target[line])
            for line in SETTINGS.short
            if line
        ],
    )
    now = max((call.arrived for call in history.calls.values()), default=0.0) + 2 * DAY
    expected = count(history, SETTINGS, now, "day", 0.0, 4e9, ("line",))
    # A gap that lasts is as long to the view as it is today.
    over = all(ended is not None for _, ended in history.gaps)
    dark = unseen(
        history, now, "day", min((call.arrived for call in history.calls.values()), default=0.0) - 2 * DAY, now
    )
    days = {(str(row["day"]), row["line"]): row async for row in viewed(url, "report_day")}
    assert days.keys() == {(day, line) for (day, line, _), found in expected.items() if "offered" in found}
    for (day, line), row in days.items():
        found = expected[day, line, None]
        assert {name: row[name] for name in SAME_NAME} == {name: found[name][1] for name in SAME_NAME}
        assert row["answered_in_target"] == found["answered_within"][1]
        assert row["answered_wait_seconds"] == pytest.approx(found["asa"][0])
        assert not over or row["gap_seconds"] == pytest.approx(dark.get(day, 0.0), abs=1e-3)
    calls = {row["call"]: bool(row["in_gap"]) async for row in viewed(url, "report_call")}
    assert calls == {call.id: in_gap(history, call) for call in history.calls.values()}


async def viewed(url: str, name: str) -> AsyncIterator[dict[str, Any]]:
    view = view_named(name)
    async for row in read_view(url, view, 0.0, 4e9):
        yield {column.name: cell for column, cell in zip(view.columns, row, strict=True)}


async def check_copies(url: str) -> None:
    """What stands beside each citizen is what his call says."""
    copied = [citizen.c[name] for name in ("arrived_at", "day", "outcome")]
    of_call = [func.coalesce(call.c.counted_line, ""), *(call.c[column.name] for column in copied)]
    his = citizen.c.call == call.c.call
    both = select(citizen.c.line, *copied, *of_call).join_from(citizen, call, his, isouter=True)
    engine = connect(url, readonly=True)
    async with engine.connect() as connection:
        rows = (await connection.execute(both)).all()
    await engine.dispose()
    assert all(row[:4] == row[4:] for row in rows)


async def check_lists(book: FigureBook, query: Query, refs: Sequence[Ref]) -> None:
    """Of the whole and of one period: as many in the list as the figure says, above the line and below it."""
    report = await book.report(query)
    one = report.rows[-1].number if report.rows else 0
    for ref in refs:
        if ref.figure.population in (Population.TIME, Population.CITIZENS):
            continue
        total = report.total.values[ref.key]
        assert await listed(book, query, ref, None) == counted(ref, [total])
        rows = [row.values[ref.key] for row in report.rows if row.number == one and ref.key in row.values]
        assert await listed(book, query, ref, one) == counted(ref, rows)


async def check_list_of_operators(book: FigureBook, query: Query, ref: Ref) -> None:
    """The same behind what is told of one operator."""
    if ref.figure.population not in (Population.CALLS, Population.TALKS):
        return
    report = await book.report(msgspec.structs.replace(query, grain=Grain.TOTAL, by=(Dimension.OPERATOR,)))
    for row in report.rows:
        if row.operator is not None:
            his = msgspec.structs.replace(query, operators=(row.operator,))
            found = [row.values[ref.key]] if ref.key in row.values else []
            assert await listed(book, his, ref, None) == counted(ref, found)


async def check_repeats(book: FigureBook, query: Query, history: History) -> None:
    """Every citizen once, by how often he called."""
    found = await book.repeats(query)
    numbers = [call.number for call in history.calls.values() if query.since <= call.arrived < query.until]
    often = Counter(number for number in numbers if number is not None)
    assert found.citizens == {n: sum(min(calls, 5) == n for calls in often.values()) for n in range(1, 6)}
    assert (found.calls, found.unknown) == (often.total(), numbers.count(None))


async def listed(book: FigureBook, query: Query, ref: Ref, number: int | None) -> tuple[int, int]:
    behind = [found async for found in book.behind(query, ref, number=number)]
    assert [found async for found in book.behind(query, ref, number=number, skip=1, most=2)] == behind[1:3]
    above = [found async for found in book.behind(query, ref, number=number, only_part=True)]
    assert [found for found in behind if found.counts] == above
    return len(above), len(behind)


def counted(ref: Ref, values: Sequence[Value]) -> tuple[float, float]:
    of = sum(value.of for value in values)
    return (sum(value.part for value in values) if ref.figure.kind is Kind.SHARE else of), of


@given(
    day=days(),
    grain=st.sampled_from(Grain),
    since=st.sampled_from([0.0, 3.3, -DAY]),
    span=st.sampled_from([40, 9 * 24, 100 * 24]),
    by=st.sampled_from(CUT_BY),
    lists=st.lists(st.sampled_from(REFS), min_size=4, max_size=4),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_database_counts_what_a_naive_reader_counts(
    template: Path, day: Day, grain: Grain, since: float, span: int, by: By, lists: list[Ref]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acd.db"
        shutil.copy(template, path)
        begin = day.begin + since
        until, now = begin + span * 3600.0, day.begin + 8 * DAY
        asyncio.run(check(f"sqlite:///{path}", day, grain, begin, until, now, by, lists))


@given(day=days())
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_stands_beside_the_citizens_is_made_anew_with_their_calls(template: Path, day: Day) -> None:
    async def there_again(url: str) -> None:
        await fill(url, day)
        engine = connect(url)
        async with engine.begin() as connection:
            await connection.execute(update(citizen).values(line="?", arrived_at=0.0, day=None, outcome=None))
        await engine.dispose()
        await rebuild(url)
        await check_copies(url)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acd.db"
        shutil.copy(template, path)
        asyncio.run(there_again(f"sqlite:///{path}"))


@pytest.mark.postgresql
@given(
    day=days(),
    grain=st.sampled_from(Grain),
    span=st.sampled_from([9, 100]),
    by=st.sampled_from(CUT_BY),
    lists=st.lists(st.sampled_from(REFS), min_size=4, max_size=4),
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_so_does_postgresql(cluster: Cluster, day: Day, grain: Grain, span: int, by: By, lists: list[Ref]) -> None:
    url = cluster.new_database()
    asyncio.run(upgrade(url))
    asyncio.run(check(url, day, grain, day.begin, day.begin + span * DAY, day.begin + 8 * DAY, by, lists))

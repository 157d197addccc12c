"""Terms with what is known of a row filled in, and several reports from one look at the records."""

from itertools import chain

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from acd.figures.folding import united, with_time
from acd.figures.periods import Grain
from acd.figures.report import Dimension, Query, Ref, read_refs
from acd.figures.rows import CallFact, Population
from acd.figures.table import FIGURES
from acd.figures.terms import holds, left
from acd.model import events as ev
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.records import FigureBook, tables
from acd.records.database import connect
from tests.figures.days import LIMITS
from tests.figures.ledger import at, call, limits, write
from tests.records.places import Place

REFS = [
    ref
    for ref in read_refs([*FIGURES, "service_level@20", "answered_in_time@150"])
    if ref.figure.population in (Population.CALLS, Population.CITIZENS)
]
NOW = 1000.0
MOMENTS = st.none() | st.sampled_from([0.0, 5.0, 9.0, 10.0, 20.0, 30.0, 150.0, 155.0, 160.0, 900.0])
FACTS = st.builds(
    CallFact,
    call=st.just("1"),
    arrived_at=st.sampled_from([0.0, -8 * 86_400.0]),
    line=st.sampled_from([None, "gentinfo", "sportlijn", "gone"]),
    outcome=st.none() | st.sampled_from([outcome.value for outcome in Outcome]),
    settled=st.sampled_from([None, "yes", "no"]),
    citizen=st.sampled_from([None, "hash"]),
    **dict.fromkeys(
        (
            "entered_at",
            "answered_at",
            "outcome_at",
            "transferred_at",
            "requested_at",
            "waited",
            "callback_heard_at",
            "callback_waited",
        ),
        MOMENTS,
    ),
    **dict.fromkeys(("promise_reached_at", "promise_deadline", "next_at"), MOMENTS),
)


@given(ref=st.sampled_from(REFS), fact=FACTS)
def test_what_is_left_to_ask_says_the_same(ref: Ref, fact: CallFact) -> None:
    for term in (ref.of, ref.part):
        rest = left(term, fact.outcome, dict(LIMITS.all_of(fact.line)))
        assert holds(rest, fact, LIMITS, NOW) == holds(term, fact, LIMITS, NOW)


async def history(place: Place) -> tuple[float, float]:
    """Two days with calls on two lines, an operator who works on both of them and one who is still there."""
    for n, day in enumerate(("2027-03-01", "2027-03-02")):
        for k, outcome in enumerate((Outcome.ANSWERED, Outcome.ABANDONED, Outcome.ANSWERED, Outcome.CLOSED)):
            waited = None if outcome is Outcome.CLOSED else 8.0 + 9 * k
            line, number = "sportlijn" if k > n else "gentinfo", f"+3247061000{k % 3}"
            events = call(outcome, waited, at(f"{day}T09:00") + 400 * k, line, number=number)
            await place.write(events, key=b"a key of the test")
        for name, moments in (("an", ("08:55", "09:20", "09:45", "10:00")), ("bo", ("09:10", "23:50"))):
            states = (OperatorState.AVAILABLE, OperatorState.IN_CALL, OperatorState.WRAP_UP, OperatorState.LOGGED_OUT)
            before = OperatorState.LOGGED_OUT
            for moment, state in zip(moments, states, strict=False):
                changed = ev.OperatorChanged(
                    at(f"{day}T{moment}"), OperatorId(name), before, state, None, "engine", None
                )
                await write(place, [changed])
                before = state
    answered = [row["call"] for row in await place.rows(tables.call) if row["outcome"] == Outcome.ANSWERED]
    noted = {"operator": "an", "line": "gentinfo", "language": "nl", "name": "", "note": "", "subjects": "[]"}
    engine = connect(place.url)
    async with engine.begin() as connection:
        for n, id in enumerate(answered):
            row = noted | {"contact": f"{id}~an", "call": id, "began_at": at("2027-03-01T09:00"), "version": 1}
            await connection.execute(insert(tables.contact).values(**row, settled=n % 2 == 0))
    await engine.dispose()
    return at("2027-03-01T00:00"), at("2027-03-03T12:00")


@pytest.mark.parametrize("days", [3, 100])
async def test_reports_of_one_look_are_those_of_a_look_each(place: Place, days: int) -> None:
    since, until = await history(place)
    until, now = max(until, since + days * 86_400.0), until + 10 * 86_400.0
    line = (Dimension.LINE,)
    cuts = [(Grain.TOTAL, ()), (Grain.TOTAL, line), (Grain.DAY, ()), (Grain.HOUR, line), (Grain.WEEKDAY, line)]
    keys = [
        *(list(FIGURES), ["offered", "aht", "longest_wait", "called_again", "fcr_settled"]),
        *(["asa", "reached", "occupancy"], ["service_level@20"], ["called_again", "fcr_no_repeat", "fcr_settled"]),
    ]
    queries = [
        Query(since=since, until=until, now=now, figures=read_refs(some), grain=grain, by=by, limits=limits())
        for (grain, by), some in zip(cuts, keys, strict=True)
    ]
    book = FigureBook(place.url)
    made = await book.reports(queries)
    assert made == [await book.report(query) for query in queries]
    assert all(made[1].total.values[key].of for key in ("called_again", "fcr_settled"))
    with pytest.raises(ValueError, match="not about the same"):
        await book.reports([queries[0], msgspec.structs.replace(queries[1], lines=("gentinfo",))])
    await book.close()


@pytest.mark.parametrize("grain", [Grain.TOTAL, Grain.DAY, Grain.HOUR])
async def test_a_time_that_has_not_begun_has_no_states(place: Place, grain: Grain) -> None:
    _, now = await history(place)
    keys = read_refs(["occupancy"])
    query = Query(since=now + 3600, until=now + 90_000, now=now, figures=keys, grain=grain, limits=limits())
    book = FigureBook(place.url)
    assert await book.states(query) == []
    assert (await book.report(query)).total.values["occupancy"].of == 0
    await book.close()


@pytest.mark.parametrize("by", [(), (Dimension.OPERATOR,)])
async def test_figures_of_time_follow_from_the_states(place: Place, by: tuple[Dimension, ...]) -> None:
    since, until = await history(place)
    keys = ("handled", "occupancy", "aht")
    query = Query(since=since, until=until, now=until, figures=read_refs(keys), by=by, limits=limits())
    book = FigureBook(place.url)
    calls = await book.report(msgspec.structs.replace(query, figures=read_refs(("handled", "aht"))))
    whole = await book.report(query)
    made = with_time(calls, keys, await book.states(query), by_operator=bool(by))
    assert made == whole
    told = chain.from_iterable(row.values for row in made.rows)
    assert "occupancy" in set(told) if by else made.total.values["occupancy"].of > 0
    assert with_time(calls, keys, None, by_operator=bool(by)).total.values.keys() == {"handled", "aht"}
    await book.close()


async def test_totals_of_several_reports_stand_in_the_order_asked_for(sqlite: Place) -> None:
    since, until = await history(sqlite)
    query = Query(since=since, until=until, now=until, figures=read_refs(("aht",)), limits=limits())
    book = FigureBook(sqlite.url)
    talks = await book.report(query)
    calls = await book.report(msgspec.structs.replace(query, figures=read_refs(("asa", "offered"))))
    both = united(("offered", "aht", "asa"), talks, calls)
    assert list(both.total.values) == [meaning.key for meaning in both.figures] == ["offered", "aht", "asa"]
    assert both.total.values["offered"] == calls.total.values["offered"]
    await book.close()

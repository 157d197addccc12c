"""What conversations were about and who called again, from the rows of both databases."""

from contextlib import aclosing

from acd.figures.limits import Limits
from acd.figures.report import Query
from acd.model import events as ev
from acd.model.contact import Contact, ContactId, Draft
from acd.model.events import Event
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.records import ContactStore, FigureBook
from tests.records.places import Place

DAY = 86_400.0
INFO, SPORT = "gentinfo", "sportlijn"


def asked(since: float, until: float, *lines: str) -> Query:
    return Query(since=since, until=until, now=30 * DAY, figures=(), lines=lines, limits=Limits())


async def converse(place: Place, *held: tuple[str, float, str, tuple[str, ...], bool | None]) -> None:
    store = ContactStore(place.url)
    for call, at, line, subjects, settled in held:
        id, an = ContactId(f"{call}~an"), OperatorId("an")
        await store.begin(Contact(id, an, LineId(line), at, call=CallId(call)))
        await store.save(id, an, Draft("Marie", "secret", subjects, settled), 0, None)
    await store.close()


async def test_subjects_by_line_and_the_conversations_behind_them(place: Place) -> None:
    await converse(
        place,
        ("1.1", 1000.0, INFO, ("waste", "tax"), True),
        ("1.2", 1100.0, INFO, ("waste",), False),
        ("1.3", 1200.0, INFO, (), None),
        ("1.4", 1300.0, SPORT, ("waste",), None),
        ("1.5", 2000.0, INFO, ("waste",), True),
    )
    book = FigureBook(place.url)
    found = await book.subjects(asked(1000.0, 2000.0))
    assert [(row.line, row.subject, row.count, row.yes, row.no) for row in found.rows] == [
        (INFO, "waste", 2, 1, 1),
        (INFO, "tax", 1, 1, 0),
        (INFO, None, 1, 0, 0),
        (SPORT, "waste", 1, 0, 0),
    ]
    assert found.conversations == {INFO: 3, SPORT: 1}
    assert {row.line for row in (await book.subjects(asked(1000.0, 2000.0, SPORT))).rows} == {SPORT}
    for subject, calls in {"waste": ["1.1", "1.2"], "tax": ["1.1"], None: ["1.3"]}.items():
        async with aclosing(book.about(asked(1000.0, 2000.0, INFO), subject)) as facts:
            behind = [fact async for fact in facts]
        assert [fact.call for fact in behind] == calls
        assert "Marie" not in str(behind) and "secret" not in str(behind)
    await book.close()


def answered(id: str, at: float, number: str | None, line: str = INFO) -> list[Event]:
    call, on, an = CallId(id), LineId(line), OperatorId("an")
    return [
        ev.CallStarted(at, call, "3292101010", number, at),
        ev.CallEnteredLine(at, call, on, at, "nl", ""),
        ev.CallAnswered(at + 5, call, on, an, at + 5, 5.0),
        ev.OutcomeCounted(at + 5, call, on, Outcome.ANSWERED, 5.0),
        ev.CallEnded(at + 60, call, at + 60),
    ]


async def test_who_called_again_on_the_same_line_and_how_often(place: Place) -> None:
    an, bo, cy = "+32470000001", "+32470000002", "+32470000003"
    await place.write(
        [
            *answered("1.1", 1 * DAY, an),
            *answered("1.2", 3 * DAY, an),  # again within 7 days
            *answered("1.3", 1 * DAY, bo),
            *answered("1.4", 2 * DAY, bo, SPORT),  # another line
            *answered("1.5", 9 * DAY, bo),  # more than 7 days later
            *answered("1.6", 2 * DAY, cy),
            *answered("1.7", 2 * DAY, None),
        ],
        key=b"key",
    )
    book = FigureBook(place.url)
    found = await book.repeats(asked(0.0, 10 * DAY))
    assert [(row.line, row.again, row.of) for row in (*found.lines, found.together)] == [
        (INFO, 1, 5),
        (SPORT, 0, 1),
        (None, 1, 6),
    ]
    assert found.citizens == {1: 1, 2: 1, 3: 1, 4: 0, 5: 0}
    assert (found.calls, found.unknown) == (6, 1)
    sport = await book.repeats(asked(0.0, 10 * DAY, SPORT))
    assert (sport.citizens[1], sport.calls, sport.unknown) == (1, 1, 0)
    nothing = await book.repeats(asked(20 * DAY, 21 * DAY))
    assert (nothing.lines, nothing.together.value, nothing.calls) == ((), None, 0)
    await book.close()

"""What callers answered, by line and question, from the rows of both databases."""

from acd.figures.report import Query
from acd.model import events as ev
from acd.model.ids import CallId, LineId, OfferId, OperatorId
from acd.records import FigureBook, rebuild, tables
from tests.records.places import Place

INFO, SPORT = LineId("gentinfo"), LineId("sportlijn")
AN = OperatorId("an")


def asked(call: str, at: float, line: LineId = INFO, *, sent: bool = False, **scores: int) -> list[ev.Event]:
    begun = ev.SurveyStarted(at, CallId(call), line, AN, at, sent)
    given = (ev.SurveyAnswered(at + 9, CallId(call), line, AN, id, score, at + 9) for id, score in scores.items())
    return [begun, *given]


def of(since: float, until: float) -> Query:
    return Query(since=since, until=until, now=until, figures=())


async def test_scores_by_line_and_question_and_a_rebuild_says_the_same(place: Place) -> None:
    events = [
        *asked("1.1", 1000.0, courtesy=8, wait=4),
        *asked("1.2", 1100.0, courtesy=9),
        *asked("1.3", 1200.0, sent=True),
        *asked("1.4", 1300.0, SPORT, courtesy=10),
        # Begun before the end of the time, answered after it.
        *asked("1.5", 1999.0, courtesy=1),
        *asked("1.6", 2000.0, courtesy=2),
    ]
    await place.write(events)
    book = FigureBook(place.url)
    found = await book.survey(of(1000.0, 2000.0))
    by = {(one.line, one.question): one for one in found.results}
    courtesy = by[INFO, "courtesy"]
    assert (courtesy.n, courtesy.mean, courtesy.asked, courtesy.response) == (3, 6.0, 4, 0.75)
    assert courtesy.counts == (1, 0, 0, 0, 0, 0, 0, 1, 1, 0)
    assert (by[INFO, "wait"].n, by[INFO, "wait"].response) == (1, 0.25)
    assert by[SPORT, "courtesy"].counts[9] == 1
    assert all(one.weak for one in found.results)
    assert (found.sent, found.sampled) == ({INFO: 1}, {INFO: 3, SPORT: 1})

    rows = await place.rows(tables.survey), await place.rows(tables.survey_answer)
    assert [row["operator"] for row in rows[1]] == ["an"] * len(rows[1])
    await rebuild(place.url)
    assert (await place.rows(tables.survey), await place.rows(tables.survey_answer)) == rows
    assert await book.survey(of(1000.0, 2000.0)) == found
    await book.close()


async def test_who_was_called_back_is_counted_like_a_caller_and_is_no_call(place: Place) -> None:
    back = CallId("acd-cb-7")
    begun = ev.SurveyStarted(1000.0, back, INFO, AN, 1000.0, False, OfferId(7))
    given = ev.SurveyAnswered(1009.0, back, INFO, AN, "courtesy", 8, 1009.0, OfferId(7))
    await place.write([*asked("1.1", 1000.0, courtesy=6), begun, given])
    book = FigureBook(place.url)
    [courtesy] = (await book.survey(of(1000.0, 2000.0))).results
    await book.close()
    assert (courtesy.n, courtesy.mean, courtesy.asked, courtesy.response) == (2, 7.0, 2, 1.0)
    assert [row["call"] for row in await place.rows(tables.call)] == ["1.1"]


async def test_of_a_time_without_surveys_there_is_nothing(place: Place) -> None:
    book = FigureBook(place.url)
    found = await book.survey(of(0.0, 1.0))
    await book.close()
    assert (found.results, found.sent, found.sampled) == ((), {}, {})

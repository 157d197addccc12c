"""The answers of surveys, counted in the database."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures.report import Query
from acd.figures.survey import AnswerFact, SurveyReport, results
from acd.model.ids import LineId
from acd.records import tables


async def survey_report(
    connection: AsyncConnection, since: float, until: float, lines: Sequence[str] = ()
) -> SurveyReport:
    """Of the surveys that began from ``since`` to before ``until``, with all their answers.

    Args:
        lines: only of these; empty = of all.
    """
    survey, answer = tables.survey.c, tables.survey_answer.c
    within = [survey.at >= since, survey.at < until, *([survey.line.in_(lines)] if lines else [])]
    begun = select(survey.line, survey.sent, func.count()).where(*within).group_by(survey.line, survey.sent)
    sent: Counter[LineId] = Counter()
    sampled: Counter[LineId] = Counter()
    for line, by_operator, count in await connection.execute(begun):
        (sent if by_operator else sampled)[LineId(line)] += count
    kind = (answer.line, answer.question, answer.score)
    given = select(*kind, func.count()).join(tables.survey, survey.call == answer.call).where(*within).group_by(*kind)
    scores = {
        (LineId(line), question, score): count for line, question, score, count in await connection.execute(given)
    }
    found = results(scores, sent + sampled)
    return SurveyReport(since=since, until=until, results=found, sent=dict(sent), sampled=dict(sampled))


async def answers(
    connection: AsyncConnection,
    query: Query,
    question: str,
    *,
    given: bool,
    score: int | None,
    skip: int,
    most: int,
) -> tuple[list[AnswerFact], int]:
    """Who was asked in the time of ``query`` on its lines, with his score for that question, the earliest first; and
    how many they are.

    Args:
        given: only those who gave one.
        score: only those who gave this one.
        skip: so many are left out at the begin.
        most: and no more than these are told.
    """
    survey, answer, call = tables.survey.c, tables.survey_answer.c, tables.call.c
    mine = and_(answer.call == survey.call, answer.question == question)
    rows = tables.survey.join(tables.survey_answer, mine, isouter=not given and score is None)
    where = [survey.at >= query.since, survey.at < query.until]
    where += [survey.line.in_(query.lines)] if query.lines else []
    where += [answer.score == score] if score is not None else []
    of = await connection.scalar(select(func.count()).select_from(rows).where(*where))
    columns = (survey.seq, survey.at, survey.line, survey.operator, survey.sent, call.call, answer.score)
    wanted = select(*columns).select_from(rows.outerjoin(tables.call, call.call == survey.call)).where(*where)
    found = await connection.execute(wanted.order_by(survey.at, survey.seq).offset(skip).limit(most))
    return [msgspec.convert(row, AnswerFact) for row in found.mappings()], of or 0

"""The answers of surveys, counted in the database."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures.survey import SurveyReport, results
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

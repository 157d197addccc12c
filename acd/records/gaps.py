"""Times without sight that overlap a report's, and how many calls of each were repaired."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures.report import Gap, Query
from acd.records import tables
from acd.records.repair import MARGIN


async def gaps_of(connection: AsyncConnection, query: Query) -> list[Gap]:
    """In the order in which they were told."""
    gap = tables.gap.c
    overlap = (
        or_(gap.began_at.is_(None), gap.began_at < query.until),
        or_(gap.ended_at.is_(None), gap.ended_at > query.since),
    )
    found = await connection.execute(select(gap.began_at, gap.ended_at, gap.reason).where(*overlap).order_by(gap.seq))
    gaps = [msgspec.convert(row, Gap) for row in found.mappings()]
    over = [gap.ended_at for gap in gaps if gap.ended_at is not None]
    if not over:
        return gaps
    call = tables.call.c
    near = (call.repaired_at.is_not(None), call.arrived_at < max(over), call.ended_at > min(map(_begin, gaps)))
    repaired = await connection.execute(select(call.arrived_at, call.ended_at).where(*near).order_by(call.arrived_at))
    return count_repaired(gaps, [(came, went) for came, went in repaired])


def _begin(gap: Gap) -> float:
    """A link that has fallen silent is given up only after some seconds: the gap began a little before."""
    return (gap.began_at or 0.0) - MARGIN


def count_repaired(gaps: Iterable[Gap], calls: Sequence[tuple[float, float]]) -> list[Gap]:
    """Each gap with the number of ``calls`` (arrival and end, by arrival) that overlap it. All at once: asked gap by
    gap the database would read every call before it."""
    arrivals, ends = [call[0] for call in calls], [call[1] for call in calls]
    latest = list(accumulate(ends, max))
    told = []
    for gap in gaps:
        begin = _begin(gap)
        # Up to the first of these everybody was gone when it began; from the last on they came when it was over.
        first = bisect_right(latest, begin)
        last = 0 if gap.ended_at is None else bisect_left(arrivals, gap.ended_at)
        told.append(msgspec.structs.replace(gap, repaired=sum(end > begin for end in ends[first:last])))
    return told

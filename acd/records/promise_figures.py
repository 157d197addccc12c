"""The figures of the 150-second promise out of the tables, by line: for the pages and for the command line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from acd.model.ids import LineId
from acd.model.promise import Promise
from acd.records.archive import Archive
from acd.records.callbacks import CallbackStore
from acd.records.days import day_bounds
from acd.records.figures import Figure, Waited, compliance, kept_promise, reached

MOST_PROMISES: Final = 1_000_000


class PromiseFigures(msgspec.Struct, frozen=True):
    """Of some calls, and of the promises that were given in the same time."""

    kept: Figure
    compliance: Figure
    reached: Figure


class FiguresByLine(msgspec.Struct, frozen=True):
    """All lines together, and each that offers to call back or has promised it."""

    together: PromiseFigures
    lines: Mapping[LineId, PromiseFigures]


async def promise_figures(
    archive: Archive, store: CallbackStore, limits: Mapping[LineId, float], days: tuple[date, date], now: float
) -> FiguresByLine:
    """Of the calls that came, and the promises that were given, on these days.

    Args:
        limits: seconds of waiting at which each line that offers to call back does so.
        days: the first and the last.
        now: seconds since the epoch.

    Raises:
        DatabaseUnusable: the calls cannot be read.
        StoreAway: nor the promises.
    """
    since, until = day_bounds(*days)
    promises = await store.promises(since=since, until=until, limit=MOST_PROMISES)
    waits = await archive.waits(since=since, until=until)
    lines = [*limits, *sorted({promise.line for promise in promises} - limits.keys())]
    by_line = {
        line: _figures([w for w in waits if w.line == line], [p for p in promises if p.line == line], limits, now)
        for line in lines
    }
    return FiguresByLine(_figures(waits, promises, limits, now), by_line)


def _figures(
    waits: Sequence[Waited], promises: Sequence[Promise], limits: Mapping[LineId, float], now: float
) -> PromiseFigures:
    outcomes = Counter(waited.outcome for waited in waits if waited.outcome is not None)
    return PromiseFigures(
        kept=kept_promise(promises, now),
        compliance=compliance(waits, now, limits),
        reached=reached(outcomes, promises),
    )

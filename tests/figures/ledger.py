"""Small histories of calls, told by what became of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import count

from acd.figures.limits import OFFER_AFTER, SHORT_ABANDON, TARGET_WAIT, Limits
from acd.figures.periods import Grain
from acd.figures.report import Dimension, Query, Report, read_refs
from acd.model import events as ev
from acd.model.events import Event
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.zone import ZONE
from acd.records import FigureBook
from tests.records.places import Place

_numbers = count(1)


def at(text: str, fold: int = 0) -> float:
    """A moment on the clock of Brussels. ``fold`` 1: the second time that it is so late in that night."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold).timestamp()


def call(
    outcome: Outcome | None,
    waited: float | None,
    arrived: float,
    line: str = "gentinfo",
    talk: float = 60.0,
    number: str | None = None,
) -> list[Event]:
    """One call: joins the line 5 s after its arrival."""
    id, on = CallId(f"20.{next(_numbers)}"), LineId(line)
    events: list[Event] = [ev.CallStarted(arrived, id, "3292101010", number, arrived)]
    if waited is not None:
        events.append(ev.CallEnteredLine(arrived + 5, id, on, arrived + 5, "nl", "welkom"))
    then = arrived + 5 + (waited or 0.0)
    if outcome is Outcome.ANSWERED:
        events.append(ev.CallAnswered(then, id, on, OperatorId("an"), then, waited or 0.0))
    if outcome is not None:
        events.append(ev.OutcomeCounted(then, id, on, outcome, waited))
        events.append(ev.CallEnded(then + talk, id, then + talk))
    return events


async def write(place: Place, events: Iterable[Event]) -> None:
    await place.write(list(events))


def limits(short: float = 10.0, target: float = 30.0, offer: float | None = 150.0) -> Limits:
    lines = ("gentinfo", "sportlijn")
    return Limits(
        {
            SHORT_ABANDON: dict.fromkeys(lines, short),
            TARGET_WAIT: dict.fromkeys(lines, target),
            OFFER_AFTER: dict.fromkeys(lines, offer),
        }
    )


async def reported(
    place: Place,
    figures: Sequence[str],
    since: float,
    until: float,
    *,
    now: float | None = None,
    grain: Grain = Grain.TOTAL,
    by: Sequence[Dimension] = (),
    under: Limits | None = None,
) -> Report:
    book = FigureBook(place.url)
    try:
        query = Query(
            since=since,
            until=until,
            now=until if now is None else now,
            figures=read_refs(figures),
            grain=grain,
            by=tuple(by),
            limits=under or limits(),
        )
        return await book.report(query)
    finally:
        await book.close()

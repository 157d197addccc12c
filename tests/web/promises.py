"""Promises to call back, kept in memory: what the records do in earnest."""

from collections.abc import Mapping, Sequence

import msgspec

from acd.model.call import IllegalMove
from acd.model.callback import AttemptResult as R
from acd.model.callback import CallbackMove, CallbackState, Window, next_callback_state
from acd.model.ids import CallbackId, LineId, OperatorId
from acd.model.mendable import Mendable
from acd.model.promise import CALLER, DUE_SOON, CallbackCounts
from acd.model.worklist import Act, Deed, Dossier, Kind, WorkAttempt, WorkChanged, WorkRow, WorkStep, WrongMoment

S = CallbackState
OWED = (S.OPEN, S.CLAIMED, S.HANDED_OVER)
HOUR = 3600.0

MOVES = {
    Act.CALL_NOW: CallbackMove.RESCHEDULE,
    Act.MOVE: CallbackMove.RESCHEDULE,
    Act.WRONG_NUMBER: CallbackMove.SETTLE,
    Act.DONE: CallbackMove.REACH,
    Act.CANCEL: CallbackMove.CANCEL,
    Act.HAND_OVER: CallbackMove.HAND_OVER,
}


class Promises:
    """A worklist of dossiers."""

    def __init__(self, dossiers: Sequence[Dossier] = ()) -> None:
        self.dossiers = {one.row.callback: one for one in dossiers}
        self.deeds: list[tuple[CallbackId, Deed]] = []
        self.away = False

    async def rows(self, kind: Kind, line: LineId | None, now: float, limit: int) -> list[WorkRow]:
        self._reach()
        rows = [
            one.row for one in self.dossiers.values() if line in (None, one.row.line) and is_kind(one.row, kind, now)
        ]
        return sorted(rows, key=lambda row: (row.deadline, row.window.start), reverse=kind is Kind.CLOSED)[:limit]

    async def counts(self, now: float) -> Mapping[LineId, CallbackCounts]:
        self._reach()
        counts: dict[LineId, CallbackCounts] = {}
        for one in self.dossiers.values():
            row = one.row
            counts[row.line] = counts.get(row.line, CallbackCounts()) + CallbackCounts(
                is_kind(row, Kind.OPEN, now),
                is_kind(row, Kind.DUE, now),
                row.state in OWED and 0 < row.deadline - now <= DUE_SOON,
                is_kind(row, Kind.BROKEN, now),
                is_kind(row, Kind.HANDED_OVER, now),
            )
        return counts

    async def one(self, callback: CallbackId) -> Dossier | None:
        self._reach()
        return self.dossiers.get(callback)

    async def act(self, callback: CallbackId, version: int, deed: Deed) -> None:
        self._reach()
        found = self.dossiers.get(callback)
        if found is None or found.row.version != version:
            raise WorkChanged
        if deed.moment is not None and deed.moment >= deed.at + 7 * 24 * HOUR:
            raise WrongMoment("nobody is called so late")
        row, move = found.row, MOVES.get(deed.act)
        state = row.state
        if move is not None and (state, move) != (S.HANDED_OVER, CallbackMove.HAND_OVER):
            try:
                state = next_callback_state(callback, row.state, move)
            except IllegalMove:
                raise WorkChanged from None
        row = msgspec.structs.replace(row, version=version + 1, state=state, owner=deed.to or row.owner)
        if deed.moment is not None:
            row = msgspec.structs.replace(row, window=Window(deed.moment, deed.moment + 1800))
        step = WorkStep(deed.at, deed.by, deed.act, deed.note)
        self.dossiers[callback] = msgspec.structs.replace(found, row=row, history=(step, *found.history))
        self.deeds.append((callback, deed))

    def _reach(self) -> None:
        if self.away:
            raise Mendable("the database is away")


def is_kind(row: WorkRow, kind: Kind, now: float) -> bool:
    match kind:
        case Kind.OPEN:
            return row.state in OWED
        case Kind.DUE:
            return row.state is S.OPEN and row.window.start <= now
        case Kind.BROKEN:
            return row.state in OWED and row.deadline <= now
        case Kind.HANDED_OVER:
            return row.state is S.HANDED_OVER
        case Kind.CLOSED:
            return row.state not in OWED


def dossier(
    key: str,
    now: float,
    *,
    line: str = "gentinfo",
    number: str = "+32470123456",
    state: CallbackState = S.OPEN,
    starts: float = 1.0,
    deadline: float = 26.0,
    results: Sequence[R] = (),
    owner: str = "",
    reason: str = "",
) -> Dossier:
    """One promise; ``starts`` and ``deadline`` in hours from ``now``."""
    start = (now + starts * HOUR) // 1800 * 1800
    attempts = tuple(
        WorkAttempt(now - (n + 1) * 2 * HOUR, OperatorId("an"), result) for n, result in enumerate(results)
    )
    row = WorkRow(
        CallbackId(key),
        1 + len(results),
        LineId(line),
        number,
        state,
        now - 9 * HOUR,
        Window(start, start + 1800),
        now + deadline * HOUR,
        attempts=len(results),
        last_result=results[0] if results else None,
        last_at=attempts[0].at if attempts else None,
        owner=owner,
        reason=reason,
    )
    return Dossier(row, attempts, (WorkStep(now - 9 * HOUR, CALLER, "promised"),))


def busy_day(now: float) -> Promises:
    """One of everything."""
    return Promises(
        [
            dossier("broken", now, number="+32470555812", deadline=-1.1, starts=-6, results=[R.NO_ANSWER, R.BUSY]),
            dossier(
                "handed",
                now,
                line="sportlijn",
                number="+3292101012",
                state=S.HANDED_OVER,
                deadline=0.7,
                starts=-3,
                results=[R.MACHINE, R.NO_ANSWER, R.NO_ANSWER],
                reason="3 pogingen, geen moment meer voor de uiterste datum",
            ),
            dossier("claimed", now, number="+32486771203", state=S.CLAIMED, deadline=5, starts=-0.4, owner="an"),
            dossier("due", now, line="toerisme", number="+31201234567", deadline=21, starts=-0.1),
            dossier("soon", now, number="+32499001122", deadline=22, starts=1, results=[R.OPERATOR]),
            dossier("later", now, line="lez_lijn", number="+3293334455", deadline=46, starts=19),
            dossier(
                "wrong",
                now,
                line="bjb",
                number="+32477100200",
                state=S.HANDED_OVER,
                deadline=40,
                results=[R.WRONG_NUMBER],
                owner="carla",
                reason="fout nummer",
            ),
            dossier("reached", now, state=S.REACHED, results=[R.CONNECTED], number="+32470999888"),
        ]
    )

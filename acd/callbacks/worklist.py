"""What people see of the promises and do with them: the supervisor's list, one promise's story, and each action with
who took it. Numbers are told as they are: whoever shows the list decides who may see them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from acd.callbacks.moments import may_call
from acd.callbacks.rules import taken_over, tried_by_hand
from acd.config.city import City
from acd.model.call import IllegalMove
from acd.model.callback import OWED, AttemptResult, CallbackState, Window
from acd.model.history import HALF_HOUR
from acd.model.ids import CallbackId, LineId
from acd.model.promise import (
    BOOK,
    CALLER,
    SYSTEM,
    CallbackCounts,
    Change,
    NoSuchCallback,
    Note,
    Promise,
    Step,
    cancelled,
    counts,
    reached,
    rescheduled,
    settled,
)
from acd.model.worklist import (
    LONGEST_NOTE,
    Act,
    CannotAct,
    Deed,
    Dossier,
    Kind,
    Recorded,
    WorkAttempt,
    WorkChanged,
    WorkRow,
    WorkStep,
    WrongMoment,
)
from acd.model.zone import ZONE
from acd.ports import PromiseStore


class Worklist:
    """The promises, for people. All methods raise :class:`~acd.ports.StoreAway` when the database is away.

    Args:
        changed: called after each action.
    """

    def __init__(
        self, store: PromiseStore, city: Callable[[], City], changed: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._city = city
        self._changed = changed

    async def rows(self, kind: Kind, line: LineId | None, now: float, limit: int) -> Sequence[WorkRow]:
        """The most urgent first: by deadline, then by moment. Those that are closed: the latest first."""
        if kind is Kind.CLOSED:
            found = await self._store.closed(line, limit)
        else:
            owed = await self._store.owed()
            found = [one for one in owed if line in (None, one.line) and _is(one, kind, now)]
            found = sorted(found, key=lambda one: (one.deadline, one.start_at))[:limit]
        numbers = await self._store.numbers([one.callback for one in found])
        return [await self._row(one, numbers) for one in found]

    async def counts(self, now: float) -> Mapping[LineId, CallbackCounts]:
        """By line; a line to which nobody is owed a call is missing."""
        return counts(await self._store.owed(), now)

    async def one(self, callback: CallbackId) -> Dossier | None:
        """None = there is no such promise; one that was withdrawn has a log, and that is all."""
        promise = await self._store.promise(callback)
        if promise is None:
            return None
        row = await self._row(promise, await self._store.numbers([callback]))
        attempts = [WorkAttempt(a.claimed_at, a.operator, a.result) for a in await self._store.attempts(callback)]
        steps = [step for change in await self._store.changes(callback) if (step := _shown(change))]
        return Dossier(row, tuple(reversed(attempts)), tuple(reversed(steps)))

    async def _row(self, promise: Promise, numbers: Mapping[CallbackId, str]) -> WorkRow:
        owner = promise.owner or ""
        if promise.state is CallbackState.CLAIMED:
            owner = (await self._store.attempts(promise.callback))[-1].operator
        return WorkRow(
            callback=promise.callback,
            version=promise.step,
            line=promise.line,
            number=numbers.get(promise.callback, ""),
            state=promise.state,
            promised_at=promise.promised_at,
            window=promise.window,
            deadline=promise.deadline,
            attempts=promise.attempts,
            last_result=promise.result,
            last_at=promise.tried_at,
            owner=owner,
            reason=promise.why or "",
        )

    # --- What a person does -------------------------------------------------------------------------------------------

    async def act(self, callback: CallbackId, version: int | None, deed: Deed) -> None:
        """Do it and write down who did, in one transaction.

        Args:
            version: of the row that he saw; None = whatever has happened since.

        Raises:
            WorkChanged: it is no longer as he saw it, or nothing can be done about it now.
            WrongMoment: the citizen is not called then.
            CannotAct: it makes no sense.
        """
        if len(deed.note) > LONGEST_NOTE:
            raise CannotAct(f"a note may have {LONGEST_NOTE} characters")
        promise = await self._store.promise(callback)
        if promise is None:
            raise WorkChanged(str(NoSuchCallback(callback)))
        step = self._step(promise, deed)
        note = Note(deed.at, deed.by, deed.act, deed.note or None)
        try:
            await self._store.change(callback, _if_still(version, step), note)
        except (IllegalMove, NoSuchCallback) as error:
            raise WorkChanged(str(error)) from None
        self._changed()

    def _step(self, promise: Promise, deed: Deed) -> Step:
        at, by = deed.at, deed.by
        if deed.act is Act.CALL_NOW:
            window = self._window(promise, at, at)
            return partial(rescheduled, at=at, window=window, owner=by, operator=deed.operator)
        if deed.act is Act.MOVE:
            return partial(rescheduled, at=at, window=self._window(promise, deed.moment, at), owner=by)
        if deed.act is Act.NO_ANSWER:
            return lambda found: tried_by_hand(self._city(), found, at, by)
        wrong, spoken = AttemptResult.WRONG_NUMBER, AttemptResult.CONNECTED
        steps: dict[Act, Step] = {
            Act.WRONG_NUMBER: partial(settled, at=at, why=wrong.value, result=wrong, owner=by),
            Act.DONE: partial(reached, at=at, result=spoken, owner=by),
            Act.HAND_OVER: partial(taken_over, at=at, owner=deed.to or by),
            Act.CANCEL: partial(cancelled, at=at, why=Act.CANCEL.value, owner=by),
        }
        return _unless_claimed(steps[deed.act])

    def _window(self, promise: Promise, moment: float | None, now: float) -> Window:
        if moment is None:
            raise CannotAct("to which moment?")
        if moment < now:
            raise WrongMoment(f"{_clock(moment)} is over")
        city = self._city()
        if promise.line not in city.lines or not may_call(city, promise.line, moment):
            raise WrongMoment(f"citizens of {promise.line} are not called at {_clock(moment)}")
        return Window(moment, moment + HALF_HOUR)


def _is(promise: Promise, kind: Kind, now: float) -> bool:
    """``promise`` is still owed."""
    match kind:
        case Kind.DUE:
            return promise.state is CallbackState.OPEN and promise.start_at <= now
        case Kind.BROKEN:
            return promise.deadline <= now
        case Kind.HANDED_OVER:
            return promise.state is CallbackState.HANDED_OVER
        case _:
            return promise.state in OWED


def _if_still(version: int | None, step: Step) -> Step:
    def checked(promise: Promise) -> Promise:
        if version is not None and promise.step != version:
            raise WorkChanged(f"callback {promise.callback} has changed meanwhile")
        return step(promise)

    return checked


def _unless_claimed(step: Step) -> Step:
    """Not while an attempt is under way: its end says what becomes of the promise."""

    def checked(promise: Promise) -> Promise:
        if promise.state is CallbackState.CLAIMED:
            raise WorkChanged(f"callback {promise.callback} is being kept at this moment: an attempt is under way")
        return step(promise)

    return checked


# --- The story -------------------------------------------------------------------------------------------------------

_ENDS: Final = {
    CallbackState.HANDED_OVER: Recorded.HANDED_OVER,
    CallbackState.SETTLED: Recorded.SETTLED,
    CallbackState.CANCELLED: Recorded.CANCELLED,
}


def _shown(change: Change) -> WorkStep | None:
    """A change of the log as a line of the history; None = the attempts tell it already."""
    what = _what(change)
    if what is None:
        return None
    note = change.why if _by_hand(change) else None
    return WorkStep(change.at, change.by, what, note or "", (change.new or {}).get("start_at"))


def _by_hand(change: Change) -> bool:
    return change.by not in (CALLER, SYSTEM)


def _what(change: Change) -> str | None:
    new = change.new or {}
    if _by_hand(change):
        return change.what
    if change.what == BOOK and change.old is None:
        return Recorded.PROMISED
    if end := _ENDS.get(new.get("state", "")):
        return end
    return Recorded.MOVED if "start_at" in new else None


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, ZONE):%Y-%m-%d %H:%M}"

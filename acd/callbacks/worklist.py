"""What people see of the promises and do with them: the supervisor's list, one promise's story, and each action with
who took it. Numbers are told by :meth:`Worklist.number` alone: whoever shows the list decides who may see them."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

import msgspec

from acd.callbacks.moments import may_call
from acd.callbacks.rules import taken_over, tried_by_hand
from acd.config.city import City
from acd.model.call import IllegalMove
from acd.model.callback import AttemptResult, CallbackState, Window
from acd.model.ids import CallbackId
from acd.model.mendable import Mendable
from acd.model.promise import (
    HALF_HOUR,
    Attempt,
    Change,
    NoSuchCallback,
    Note,
    Promise,
    Step,
    cancelled,
    reached,
    rescheduled,
    settled,
)
from acd.model.zone import ZONE
from acd.ports import Clock, PromiseStore

LONGEST_WHY: Final = 200
"""Characters that a person may write beside what he does."""


class Action(StrEnum):
    """What a person can do with a promise."""

    CALL_NOW = "call_now"
    """Its moment is now."""
    MOVE = "move"
    """Another moment."""
    NO_ANSWER = "no_answer"
    """He rang the citizen himself, in vain: it counts as an attempt."""
    WRONG_NUMBER = "wrong_number"
    """The number is not the citizen's: nothing more can be done."""
    DONE = "done"
    """He spoke with the citizen."""
    HAND_OVER = "hand_over"
    """The automation is to leave it to a person."""
    CANCEL = "cancel"
    """The citizen does not want it any more."""


class CannotAct(Mendable):
    """{why}."""


class Changed(CannotAct):
    """{what has changed}: somebody, or the engine, was first."""


class Story(msgspec.Struct, frozen=True):
    """All that is known of one promise."""

    promise: Promise
    attempts: list[Attempt]
    changes: list[Change]


class Worklist:
    """The promises, for people. All methods raise :class:`~acd.ports.StoreAway` when the database is away.

    Args:
        changed: called after each action.
    """

    def __init__(
        self, store: PromiseStore, city: Callable[[], City], clock: Clock, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._city = city
        self._clock = clock
        self._changed = changed

    async def owed(self) -> list[Promise]:
        """All that are still owed, the most urgent first."""
        return await self._store.owed()

    async def closed(self, limit: int) -> list[Promise]:
        """Those that are no longer owed, given last first."""
        return [p for p in await self._store.promises(limit=limit) if p.closed_at is not None]

    async def story(self, callback: str) -> Story:
        """
        Raises:
            CannotAct: there is no such promise; but one that was withdrawn has a log, and that is all.
        """
        id = CallbackId(callback)
        promise = await self._store.promise(id)
        if promise is None:
            raise CannotAct(str(NoSuchCallback(callback)))
        return Story(promise, await self._store.attempts(id), await self._store.changes(id))

    async def number(self, callback: str) -> str | None:
        """The citizen's number, E.164; None = erased, or no such promise."""
        return await self._store.number(CallbackId(callback))

    async def act(
        self,
        callback: str,
        action: Action,
        by: str,
        *,
        at: float | None = None,
        to: str | None = None,
        why: str | None = None,
        version: int | None = None,
    ) -> Promise:
        """Do what a person wants, in his name.

        Args:
            by: who.
            at: the new moment, with ``move``.
            to: who deals with it from now on, with ``hand_over``; None = he himself.
            why: in his words; kept in the log, so nothing about the citizen belongs there.
            version: ``step`` of the promise that he saw; None = whatever has happened since.

        Raises:
            Changed: it is no longer as he saw it.
            CannotAct: it cannot be done; nothing has changed.
        """
        if why is not None and len(why) > LONGEST_WHY:
            raise CannotAct(f"a reason may have {LONGEST_WHY} characters")
        now, id = self._clock(), CallbackId(callback)
        promise = await self._store.promise(id)
        if promise is None:
            raise CannotAct(str(NoSuchCallback(callback)))
        if at is None and action is Action.CALL_NOW:
            at = now
        step = self._step(promise, action, by, now, at=at, to=to)
        try:
            promise = await self._store.change(id, _if_still(version, step), Note(now, by, action, why))
        except (IllegalMove, NoSuchCallback) as error:
            raise CannotAct(str(error)) from None
        self._changed()
        return promise

    def _step(self, promise: Promise, action: Action, by: str, now: float, *, at: float | None, to: str | None) -> Step:
        if action in (Action.CALL_NOW, Action.MOVE):
            return partial(rescheduled, at=now, window=self._window(promise, at, now), owner=by)
        if action is Action.NO_ANSWER:
            return lambda found: tried_by_hand(self._city(), found, now, by)
        wrong, spoken = AttemptResult.WRONG_NUMBER, AttemptResult.CONNECTED
        steps: dict[Action, Step] = {
            Action.WRONG_NUMBER: partial(settled, at=now, why=wrong.value, result=wrong, owner=by),
            Action.DONE: partial(reached, at=now, result=spoken, owner=by),
            Action.HAND_OVER: partial(taken_over, at=now, owner=to or by),
            Action.CANCEL: partial(cancelled, at=now, why=Action.CANCEL.value, owner=by),
        }
        return _unless_claimed(steps[action])

    def _window(self, promise: Promise, at: float | None, now: float) -> Window:
        if at is None:
            raise CannotAct("to which moment?")
        if at < now:
            raise CannotAct(f"{_clock(at)} is over")
        city = self._city()
        if promise.line not in city.lines or not may_call(city, promise.line, at):
            raise CannotAct(f"citizens of {promise.line} are not called at {_clock(at)}")
        return Window(at, at + HALF_HOUR)


def _if_still(version: int | None, step: Step) -> Step:
    def checked(promise: Promise) -> Promise:
        if version is not None and promise.step != version:
            raise Changed(f"callback {promise.callback} has changed meanwhile")
        return step(promise)

    return checked


def _unless_claimed(step: Step) -> Step:
    """Not while an attempt is under way: its end says what becomes of the promise."""

    def checked(promise: Promise) -> Promise:
        if promise.state is CallbackState.CLAIMED:
            raise Changed(f"callback {promise.callback} is being kept at this moment: an attempt is under way")
        return step(promise)

    return checked


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, ZONE):%Y-%m-%d %H:%M}"

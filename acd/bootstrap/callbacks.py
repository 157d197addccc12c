"""The promises to call back at the control socket: the list, one story, and what a person does."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from acd.callbacks.worklist import Worklist
from acd.model.account import AuditAction, AuditEntry
from acd.model.ids import CallbackId
from acd.model.promise import NoSuchCallback
from acd.model.worklist import Act, CannotAct, Deed, Kind
from acd.ports import Clock, StoreAway
from acd.records import DatabaseUnusable
from acd.runtime.control import Answer, ControlError, Handler
from acd.web.worklist import masked

MOST: Final = 10_000
"""Promises of one list."""


class CallbackDesk:
    """Answers what the command line asks about promises.

    Args:
        note: writes down in the audit log who has seen a number.
    """

    def __init__(self, worklist: Worklist, note: Callable[[AuditEntry], Awaitable[None]], clock: Clock) -> None:
        self._worklist = worklist
        self._note = note
        self._clock = clock

    def handlers(self) -> dict[str, Handler]:
        return {"callbacks": self._list, "callback": self._story, "callback_act": self._act}

    async def _list(self, request: Mapping[str, Any]) -> Answer:
        """With the last digits of the numbers."""
        closed = request.get("closed")
        try:
            kind, most = (Kind.OPEN, MOST) if closed is None else (Kind.CLOSED, int(closed))
            rows = await self._worklist.rows(kind, None, self._clock(), most)
        except (StoreAway, ValueError, TypeError) as error:
            raise ControlError(str(error)) from None
        shown = [msgspec.structs.replace(row, number=masked(row.number)) for row in rows]
        return {"callbacks": msgspec.to_builtins(shown)}

    async def _story(self, request: Mapping[str, Any]) -> Answer:
        """With the number, once it is written down who sees it."""
        callback, who = CallbackId(str(request.get("callback", ""))), str(request.get("by", ""))
        try:
            dossier = await self._worklist.one(callback)
            if dossier is None:
                raise ControlError(str(NoSuchCallback(callback)))
            await self._note(AuditEntry(self._clock(), who, "", AuditAction.NUMBER_SEEN, callback))
        except (StoreAway, DatabaseUnusable) as error:
            raise ControlError(str(error)) from None
        told: Answer = msgspec.to_builtins(dossier)
        return told

    async def _act(self, request: Mapping[str, Any]) -> Answer:
        callback = CallbackId(str(request.get("callback", "")))
        try:
            moment = request.get("at")
            deed = Deed(
                Act(str(request.get("action", ""))),
                str(request["by"]),
                self._clock(),
                moment=None if moment is None else float(moment),
                to=str(request.get("to") or ""),
                note=str(request.get("why") or ""),
            )
            await self._worklist.act(callback, None, deed)
        except KeyError:
            raise ControlError("the request does not say who acts") from None
        except (CannotAct, StoreAway, ValueError, TypeError) as error:
            raise ControlError(str(error)) from None
        row: Answer = (await self._story(request))["row"]
        return row

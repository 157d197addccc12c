"""The promises to call back at the control socket: the list, one story, and what a person does."""

from collections.abc import Mapping
from typing import Any

import msgspec

from acd.callbacks.worklist import Action, CannotAct, Worklist
from acd.model.promise import Promise
from acd.ports import StoreAway
from acd.runtime.control import Answer, ControlError, Handler


class CallbackDesk:
    """Answers what the command line asks about promises."""

    def __init__(self, worklist: Worklist) -> None:
        self._worklist = worklist

    def handlers(self) -> dict[str, Handler]:
        return {"callbacks": self._list, "callback": self._story, "callback_act": self._act}

    async def _list(self, request: Mapping[str, Any]) -> Answer:
        closed = request.get("closed")
        try:
            if closed is None:
                found = await self._worklist.owed()
            else:
                found = await self._worklist.closed(int(closed))
        except (StoreAway, ValueError, TypeError) as error:
            raise ControlError(str(error)) from None
        return {"callbacks": [_shown(promise) for promise in found]}

    async def _story(self, request: Mapping[str, Any]) -> Answer:
        callback = str(request.get("callback", ""))
        try:
            story = await self._worklist.story(callback)
            number = await self._worklist.number(callback)
        except (CannotAct, StoreAway) as error:
            raise ControlError(str(error)) from None
        told: Answer = msgspec.to_builtins(story)
        return {**told, "number": number}

    async def _act(self, request: Mapping[str, Any]) -> Answer:
        try:
            action = Action(str(request.get("action", "")))
            at = request.get("at")
            promise = await self._worklist.act(
                str(request.get("callback", "")),
                action,
                str(request["by"]),
                at=None if at is None else float(at),
                to=request.get("to"),
                why=request.get("why"),
            )
        except KeyError:
            raise ControlError("the request does not say who acts") from None
        except (CannotAct, StoreAway, ValueError, TypeError) as error:
            raise ControlError(str(error)) from None
        return _shown(promise)


def _shown(promise: Promise) -> dict[str, Any]:
    """Without the citizen's number."""
    shown: dict[str, Any] = msgspec.to_builtins(promise)
    return shown

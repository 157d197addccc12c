"""A recorded conversation is heard from the page of its call, by a supervisor who says why; each time is written down.

What is heard is a file of its own: the page that asked may play it for an hour, forwards and back, and nobody else.
"""

from pathlib import Path
from typing import Any, Final, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from acd.model.account import AuditAction, Role
from acd.model.recording import Reason, Recording
from acd.web.access import FormOf, VisitorOf
from acd.web.door import Door, Visitor
from acd.web.shell import Shell, see_other

HEARS: Final = 3600.0
"""Seconds for which a page may play what it asked for."""
_KEY: Final = "hears"


class Recordings(Protocol):
    """Where recordings are. Raises ``Mendable`` when the records cannot be reached."""

    def path(self, recording: str) -> Path | None: ...
    async def of_call(self, call: str) -> list[Recording]: ...
    async def one(self, recording: str) -> Recording | None: ...


async def shown(request: Request, visitor: Visitor, recordings: Recordings | None, call: str, now: float) -> Any:
    """What the page of a call says of its recordings; None = nothing to whoever asks."""
    if recordings is None or visitor.account is None or visitor.account.role is not Role.SUPERVISOR:
        return None
    found = await recordings.of_call(call)
    return [(one, recordings.path(one.recording) is not None, _may(request, one.recording, now)) for one in found]


def _may(request: Request, recording: str, now: float) -> bool:
    granted = request.session.get(_KEY)
    return isinstance(granted, list) and len(granted) == 2 and granted[0] == recording and granted[1] > now


def add_recordings(app: FastAPI, door: Door, shell: Shell, recordings: Recordings | None) -> None:
    @app.post("/calls/{call}/listen", tags=["pages"])
    async def listen(request: Request, visitor: VisitorOf, form: FormOf, call: str) -> Response:
        """Say why, and hear a recording of this call."""
        name, reason = form.get("recording", "")[:200], form.get("reason", "")
        found = await recordings.of_call(call) if recordings is not None and call.isprintable() else []
        if name not in [one.recording for one in found]:
            return shell.fault(request, 404)
        if reason not in list(Reason):
            return shell.fault(request, 422)
        now = door.clock()
        await door.book.write(visitor.entry(now, AuditAction.RECORDING_HEARD, call, f"{name} {reason}"))
        request.session[_KEY] = [name, now + HEARS]
        return see_other(f"/calls/{call}#recordings")

    @app.get("/recordings/{recording}", tags=["pages"])
    async def sound(request: Request, recording: str) -> Response:
        """The sound, or a part of it."""
        path = recordings.path(recording) if recordings is not None else None
        if path is None:
            return shell.fault(request, 404)
        if not _may(request, recording, door.clock()):
            return shell.fault(request, 403)
        return FileResponse(path, media_type="audio/wav", content_disposition_type="inline")

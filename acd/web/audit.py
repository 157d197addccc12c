"""Who saw and changed what: the audit log as a page and as API. That somebody looked at it is in it too."""

from typing import Annotated, Final

import msgspec
from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import AuditAction, AuditEntry
from acd.web.access import VisitorOf
from acd.web.answers import answer, described
from acd.web.door import Door, Visitor
from acd.web.shell import Shell

PAGE: Final = 100
"""Lines at once."""

Text = Annotated[str, Query(max_length=100)]


class Search(msgspec.Struct, frozen=True):
    who: str
    about: str
    action: AuditAction | None
    before: float | None
    """Seconds since the epoch; None = now."""

    def __str__(self) -> str:
        parts = (("who", self.who), ("about", self.about), ("action", self.action))
        return " ".join(f"{key}={value}" for key, value in parts if value)


def search_of(who: Text = "", about: Text = "", action: Text = "", before: float | None = None) -> Search:
    """What the address looks for; an unknown action counts for none."""
    wanted = AuditAction(action) if action in list(AuditAction) else None
    return Search(who.strip(), about.strip(), wanted, before)


SearchOf = Annotated[Search, Depends(search_of)]


async def find(door: Door, visitor: Visitor, search: Search) -> list[AuditEntry]:
    now = door.clock()
    lines = await door.book.log(
        who=search.who, about=search.about, action=search.action, before=search.before or now + 1, limit=PAGE
    )
    await door.book.write(visitor.entry(now, AuditAction.AUDIT_SEEN, detail=str(search)))
    return lines


def add_audit(app: FastAPI, door: Door, shell: Shell) -> None:
    @app.get("/audit", response_class=HTMLResponse, tags=["pages"])
    async def audit(request: Request, visitor: VisitorOf, search: SearchOf) -> Response:
        """Who saw and changed what."""
        lines = await find(door, visitor, search)
        more = lines[-1].at if len(lines) == PAGE else None
        return shell.page(request, "audit.html", search=search, lines=lines, more=more, actions=list(AuditAction))

    @app.get("/api/audit", tags=["api"], responses=described(list[AuditEntry], "The latest first"))
    async def api_audit(visitor: VisitorOf, search: SearchOf) -> Response:
        """Who saw and changed what, the latest first; ``before`` is a moment, seconds since the epoch."""
        return answer(await find(door, visitor, search))

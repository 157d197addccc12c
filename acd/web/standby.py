"""What an engine that stands by shows: that it does, and who leads. It writes nothing and knows nobody.

Every answer is 503 but that to "are you alive", so that a load balancer sends people to the leader. A monitor that asks
``/readyz?standbyok`` gets 200 as long as it could take over.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from acd.web.answers import answer
from acd.web.app import SecurityHeaders
from acd.web.health import Alive, HostCheck
from acd.web.pages import STATIC, Pages
from acd.web.texts import Lang

RETRY: Final = {"Retry-After": "5"}


class StandingBy(msgspec.Struct, frozen=True):
    """How it is with an engine that stands by."""

    name: str
    leader: str | None
    """Who leads; None = nobody whom we know of."""
    leader_url: str
    database: bool
    """The database answers."""
    sees_switch: bool
    """Asterisk answers."""
    term: int
    """The newest that we know of."""
    newer_schema: str | None = None
    """The database's revision, when it is of a newer version than this engine, which then never leads."""
    status: str = "standby"
    role: str = "standby"

    @property
    def ready(self) -> bool:
        """It could take over now."""
        return self.database and self.sees_switch and self.newer_schema is None

    @property
    def why(self) -> str:
        """Why it could not, for a monitor; empty = it could."""
        if not self.database:
            return "the database cannot be reached"
        if self.newer_schema is not None:
            return f"the database has the schema of a newer version ({self.newer_schema}): upgrade this engine"
        return "" if self.sees_switch else "Asterisk cannot be reached"


def create_standby_app(shown: Callable[[], StandingBy], hosts: Sequence[str]) -> FastAPI:
    """The pages of an engine that stands by; ``hosts`` as of :func:`acd.web.app.create_app`."""
    pages = Pages("Europe/Brussels")
    app = FastAPI(title="acd", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(HostCheck, allowed_hosts=list(hosts), www_redirect=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(shown()), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/livez")
    async def livez() -> Response:
        return answer(Alive())

    @app.get("/readyz")
    @app.get("/healthz")
    async def readyz(standbyok: str | None = None) -> Response:
        now = shown()
        told = msgspec.to_builtins(now) | {"ready": now.ready, "why": now.why}
        found = answer(told, 200 if now.ready and standbyok is not None else 503)
        found.headers.update(RETRY)
        return found

    @app.api_route("/{path:path}", methods=["GET", "HEAD", "POST"])
    async def elsewhere(request: Request, path: str) -> Response:
        now = shown()
        if "text/html" not in request.headers.get("accept", ""):
            found = answer(now, 503)
            found.headers.update(RETRY)
            return found
        lang = Lang.NL if request.query_params.get("lang") not in list(Lang) else Lang(request.query_params["lang"])
        href = now.leader_url if now.leader_url.startswith(("http://", "https://")) else ""
        return HTMLResponse(pages.page("standby.html", lang, shown=now, href=href), 503, RETRY)

    return app


def exposition(now: StandingBy) -> str:
    """What Prometheus reads of an engine that stands by."""
    return (
        "# HELP acd_leader 1 for the engine that leads, 0 for one that stands by\n"
        "# TYPE acd_leader gauge\nacd_leader 0\n"
        "# HELP acd_standby_ready 1 while this engine could take over\n# TYPE acd_standby_ready gauge\n"
        f"acd_standby_ready {int(now.ready)}\n"
    )

"""For monitors: whether the process lives, and whether it can do its work. Nothing about persons, and no more about
the inside than a stranger may know: why something is as it is, the log and ``acd doctor`` say."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Final, Literal

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Scope, Send

from acd.web.answers import answer, described
from acd.web.hub import Hub

LEDGER_LIMIT: Final = 1000
"""Events not yet on disk beyond which the service calls itself degraded."""

PATHS: Final = frozenset({"/livez", "/readyz", "/healthz"})
"""The same on an engine that leads and on one that stands by."""


class HostCheck(TrustedHostMiddleware):
    """Pages are for those who ask by one of our names. Monitors and load balancers ask by address, and what they get
    says nothing about persons."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in PATHS:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class CheckState(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, and somebody should look."""
    FAULT = "fault"
    """It cannot do its work."""


class Check(msgspec.Struct, frozen=True):
    """One thing that the service needs."""

    name: str
    state: CheckState = CheckState.OK
    why: str = ""
    """In English; empty when it is in order."""


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Health(msgspec.Struct, frozen=True):
    """How the service is, for a monitor."""

    status: Literal["ok", "starting", "degraded"]
    linked: bool
    """The link to the switch is up."""
    link_lost_at: float | None
    ledger_behind: int
    """Events that are not yet on disk."""
    at: float | None
    """Moment of the newest snapshot, seconds since the epoch."""
    pages: int
    """Pages that are being kept up to date."""
    checks: tuple[Check, ...] = ()
    role: Literal["leader"] = "leader"
    """An engine that stands by answers at the same place with ``standby``."""


Checks = Callable[[], Awaitable[Sequence[Check]]]


async def no_checks() -> Sequence[Check]:
    """Of a service that needs nothing."""
    return ()


def add_health(app: FastAPI, hub: Hub, ledger_behind: Callable[[], int], checks: Checks) -> None:
    @app.get("/livez", tags=["api"], responses=described(Alive, "It lives"))
    async def livez() -> Response:
        """Whether the process answers at all. Start it anew when it does not; for no other reason: its callers are
        better off with an engine that waits for its switch or its database."""
        return answer(Alive())

    @app.get("/readyz", tags=["api"], responses=described(Health, "In order", 503))
    @app.get("/healthz", tags=["api"], responses=described(Health, "In order", 503), include_in_schema=False)
    async def readyz() -> Response:
        """Whether it can do its work: 200, or 503 while starting and when one of the checks is a fault (the link to
        the switch, the ledger, the database, the disk). A warning is no fault."""
        health = _health(hub, ledger_behind(), await checks())
        return answer(health, 200 if health.status == "ok" else 503)


def _health(hub: Hub, behind: int, checks: Sequence[Check]) -> Health:
    now = hub.snapshot()
    linked = now is not None and now.linked
    found = (_link(linked), _ledger(behind), *checks)
    if now is None:
        return Health("starting", False, None, behind, None, hub.clients, found)
    in_order = all(check.state is not CheckState.FAULT for check in found)
    return Health("ok" if in_order else "degraded", linked, now.link_lost_at, behind, now.at, hub.clients, found)


def _link(up: bool) -> Check:
    return Check("switch") if up else Check("switch", CheckState.FAULT, "no link to Asterisk, or not yet in step")


def _ledger(behind: int) -> Check:
    if behind <= LEDGER_LIMIT:
        return Check("ledger")
    return Check("ledger", CheckState.FAULT, f"{behind} events are not in the database yet")

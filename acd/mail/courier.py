"""The courier of mailed reports: writes down what is due, then sends it until the server takes it.

What is due stands in the database before it is sent, one row a report and period: a restart sends nothing twice and
leaves nothing out. If the service dies between the server's word and the note of it, the mail comes once more, with the
same Message-ID. A mailing that is new begins with the next period; after a time away, what was missed is sent.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Final, Protocol

import structlog

from acd.mail.schedule import due_at, latest, missing
from acd.mail.smtp import Letter, NotMailed, Postman
from acd.model.mailing import Mail, Mailing, MailServer
from acd.model.mendable import Mendable
from acd.ports import Clock

PAUSES: Final = (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 43_200.0)
"""Seconds from one attempt to the next; after the last one it is given up: about 28 hours."""
LOOK: Final = 20.0
"""Seconds between two looks at the clock."""

log = structlog.get_logger()


class Outbox(Protocol):
    """Where mails are kept. All raise ``Mendable`` when it cannot be reached."""

    async def known(self) -> Mapping[str, date]: ...
    async def add(self, mails: Sequence[Mail]) -> None: ...
    async def due(self, now: float) -> list[Mail]: ...
    async def sent(self, mail: Mail, at: float, error: str | None) -> None: ...
    async def failed(self, mail: Mail, at: float, again_at: float | None, error: str) -> None: ...
    async def forget(self, mailings: Collection[str]) -> None: ...


class MailDesk(Protocol):
    """How mail is set up, and who writes it."""

    def server(self) -> tuple[MailServer, str]:
        """The server and its password.

        Raises:
            Mendable: there is none, or the password cannot be read.
        """

    def mailings(self) -> Mapping[str, Mailing]: ...

    async def write(self, mailing: Mailing, first: date) -> Letter:
        """
        Raises:
            Mendable: the records cannot be read.
        """


class MailCourier:
    """Sends what is due.

    Args:
        outbox: where mails are kept. Closed by whoever opened it.
        desk: how mail is set up at the moment.
        postman: brings one letter.
        clock: seconds since the epoch.
    """

    def __init__(self, outbox: Outbox, desk: MailDesk, postman: Postman, clock: Clock) -> None:
        self._outbox = outbox
        self._desk = desk
        self._postman = postman
        self._clock = clock
        self._looked = asyncio.Event()

    def look(self) -> None:
        """The settings are others, or something is to be sent again."""
        self._looked.set()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        while True:
            self._looked.clear()
            try:
                await self.gather()
                await self.bring()
            except Exception as error:
                # Whatever it is: the calls go on, and what is due stays written down.
                log.warning("mail.waiting", why=str(error), exc_info=not isinstance(error, Mendable))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._looked.wait()

    async def gather(self) -> None:
        """Write down what has become due."""
        mailings, now = self._desk.mailings(), self._clock()
        known = await self._outbox.known()
        if known.keys() - mailings.keys():
            await self._outbox.forget(known.keys() - mailings.keys())
        mails: list[Mail] = []
        for name, mailing in mailings.items():
            if name in known:
                periods = missing(mailing, known[name], now)
                mails += [_mail(mailing, first, again=True) for first in periods]
            else:
                mails.append(_mail(mailing, latest(mailing, now), again=False))
        if mails:
            await self._outbox.add(mails)

    async def bring(self) -> None:
        """Send what is due now."""
        for mail in await self._outbox.due(self._clock()):
            mailing = self._desk.mailings().get(mail.mailing)
            if mailing is not None:
                await self._attempt(mailing, mail)

    async def _attempt(self, mailing: Mailing, mail: Mail) -> None:
        try:
            refused = await send(self._desk, self._postman, mailing, date.fromisoformat(mail.period))
        except (Mendable, NotMailed) as error:
            again_at = None if mail.attempts >= len(PAUSES) else self._clock() + PAUSES[mail.attempts]
            await self._outbox.failed(mail, self._clock(), again_at, str(error)[:300])
            log.warning("mail.failed", mailing=mail.mailing, period=mail.period, why=str(error), again_at=again_at)
            return
        who = f"refused: {', '.join(refused)}"[:300] if refused else None
        await self._outbox.sent(mail, self._clock(), who)
        log.info("mail.sent", mailing=mail.mailing, period=mail.period, refused=len(refused))


async def send(desk: MailDesk, postman: Postman, mailing: Mailing, first: date) -> list[str]:
    """Write the report of the period that begins on that day, and send it; whom the server refused.

    Raises:
        Mendable: mail is not set up, or the records cannot be read.
        NotMailed: the server did not take it.
    """
    server, password = desk.server()
    return await postman(server, password, mailing.to, await desk.write(mailing, first))


def _mail(mailing: Mailing, first: date, *, again: bool) -> Mail:
    """``again`` false = the first one known of a new mailing: it marks from where on it is sent."""
    at = due_at(mailing, first)
    return Mail(mailing.name, first.isoformat(), at, next_at=at if again else None)

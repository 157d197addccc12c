"""Mailed reports: the server and its password, who writes them, and what people do about them at the terminal."""

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Final

from acd.bootstrap.reports import ReportViews, names_of
from acd.bootstrap.settings import Settings
from acd.config import City, load
from acd.figures.limits import Limits
from acd.mail.courier import send
from acd.mail.schedule import last_day, latest
from acd.mail.smtp import File, Letter, NotMailed, Postman, Smtp
from acd.model.mailing import Mail, Mailing, MailServer
from acd.model.mendable import Mendable
from acd.model.zone import ZONE
from acd.ports import Clock
from acd.records import FigureBook, MailStore, upgrade
from acd.web.pages import Pages
from acd.web.reports.asked import Span
from acd.web.reports.letter import Writer
from acd.web.reports_api import Reports

KINDS: Final = {
    ".html": "text/html",
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class MailError(Mendable):
    """{what is missing or went wrong}."""


class ReportMail:
    """Implements :class:`acd.mail.courier.MailDesk`.

    Args:
        city: the settings at the moment.
        folder: where ``queues.yaml`` is, and the password beside it.
        reports: what the letters are made of.
        clock: seconds since the epoch.
    """

    def __init__(self, city: Callable[[], City], folder: Path, reports: Reports, clock: Clock) -> None:
        self._city = city
        self._folder = folder
        self._writer = Writer(reports, Pages(str(ZONE)), clock)

    def mailings(self) -> Mapping[str, Mailing]:
        return self._city().mailings

    def server(self) -> tuple[MailServer, str]:
        server = self._city().mail
        if server is None:
            raise MailError("queues.yaml names no mail server")
        return server, _password(server, self._folder) if server.user else ""

    async def write(self, mailing: Mailing, first: date) -> Letter:
        written = await self._writer.write(mailing, Span(first, last_day(mailing.when, first)))
        files = tuple(File(name, KINDS[Path(name).suffix], content) for name, content in written.files.items())
        id = f"acd.{mailing.name}.{first.isoformat()}"
        return Letter(id, written.subject, written.text, written.html, files)


async def newest(store: MailStore, mailings: Mapping[str, Mailing]) -> list[tuple[Mailing, Mail | None]]:
    """Every mailed report, and its newest mail."""
    mails = {mail.mailing: mail for mail in await store.latest()}
    return [(mailing, mails.get(name)) for name, mailing in mailings.items()]


def _password(server: MailServer, folder: Path) -> str:
    """Read anew each time, so that a new one needs no restart."""
    if server.password_env is not None:
        where, text = f"the variable {server.password_env}", os.environ.get(server.password_env, "")
    else:
        path = folder / (server.password_file or "")
        where = path.name
        try:
            text = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise MailError(f"{where} cannot be read: {getattr(error, 'strerror', 'no text')}") from None
    if not text:
        raise MailError(f"{where} is empty: there should be the password of {server.user}")
    return text


# --- At the terminal -------------------------------------------------------------------------------------------------


async def overview(settings: Settings) -> list[tuple[Mailing, Mail | None]]:
    """Every mailed report, and its newest mail.

    Raises:
        ConfigError, DatabaseUnusable: queues.yaml is wrong, or the records cannot be read.
    """
    city = load(settings.queues)
    async with _store(settings) as store:
        return await newest(store, city.mailings)


async def send_now(settings: Settings, name: str, postman: Postman | None = None, clock: Clock = time.time) -> str:
    """Send the last whole period now, whatever was sent before; the first day of it.

    Raises:
        MailError: there is no such report, or the server did not take it.
        DatabaseUnusable: the records cannot be read.
    """
    city, url = load(settings.queues), settings.database_url
    mailing = _named(city, name)
    book = FigureBook(url)
    limits = Limits.of_lines(city.policy.lines.values())
    reports = Reports(book, ReportViews(url), lambda: limits, city.name, lambda: names_of(city))
    desk = ReportMail(lambda: city, settings.queues.parent, reports, clock)
    first = latest(mailing, clock())
    try:
        refused = await send(desk, postman or Smtp(), mailing, first)
    except NotMailed as error:
        raise MailError(f"{name}: {error}") from None
    finally:
        await book.close()
    if refused:
        raise MailError(f"{name}: the server refused {', '.join(refused)}, and took it for the others")
    return first.isoformat()


async def send_again(settings: Settings, name: str) -> int:
    """What was given up is sent once more, by the running service; how many.

    Raises:
        MailError: there is no such report.
        DatabaseUnusable: the records cannot be written.
    """
    _named(load(settings.queues), name)
    async with _store(settings) as store:
        return await store.again(name, time.time())


def _named(city: City, name: str) -> Mailing:
    if name not in city.mailings:
        raise MailError(f"queues.yaml has no mailed report {name!r}; there are: {', '.join(city.mailings) or 'none'}")
    return city.mailings[name]


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[MailStore]:
    await upgrade(settings.database_url)
    store = MailStore(settings.database_url)
    try:
        yield store
    finally:
        await store.close()

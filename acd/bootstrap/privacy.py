"""A citizen's data on request: what was typed becomes his number, what is kept about him a file for him."""

import asyncio
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import IO, Any

import msgspec

from acd.bootstrap.entrance import citizen_key
from acd.bootstrap.settings import Settings
from acd.callbacks.number import every_form
from acd.config import City, load
from acd.model.account import AuditAction, AuditEntry
from acd.model.citizen import CitizenFile, Erasure, Held, NotANumber
from acd.model.zone import ZONE
from acd.ports import Clock
from acd.records import CitizenBook
from acd.web.pages import Pages
from acd.web.texts import Lang
from acd.web.when import When
from acd.web.worklist import readable


class PrivacyDesk:
    """Implements :class:`acd.web.privacy.Citizens`."""

    def __init__(self, book: CitizenBook, city: Callable[[], City], clock: Clock) -> None:
        self._book = book
        self._city = city
        self._clock = clock

    def number(self, typed: str) -> str:
        return _forms(typed)[0]

    async def held(self, typed: str, entry: AuditEntry) -> Held:
        forms = _forms(typed)
        await self._book.note(forms, msgspec.structs.replace(entry, action=AuditAction.CITIZEN_SEEN))
        return await self._book.held(forms, self._clock())

    async def export(self, typed: str, entry: AuditEntry, lang: Lang, to: IO[bytes]) -> None:
        forms = _forms(typed)
        await self._book.note(forms, msgspec.structs.replace(entry, action=AuditAction.CITIZEN_EXPORTED))
        file = await self._book.file(forms)
        await asyncio.to_thread(self._write, forms[0], file, lang, to)

    async def erase(self, typed: str, entry: AuditEntry, *, cancel: bool) -> Erasure:
        return await self._book.erase(_forms(typed), entry, cancel=cancel)

    def _write(self, number: str, file: CitizenFile, lang: Lang, to: IO[bytes]) -> None:
        made_at, city = self._clock(), self._city()
        lines = {id: line.names for id, line in city.policy.lines.items()}

        def line(id: Any) -> str:
            return lines[id][lang] if id in lines else str(id or "")

        page = Pages(str(ZONE)).page(
            "citizen_file.html",
            lang,
            file=file,
            number=readable(number),
            city=city.name,
            made_at=made_at,
            line=line,
            when=When(lang, ZONE, made_at),
        )
        told = {"number": number, "city": city.name, "made_at": _iso(made_at), **_readable_times(file)}
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("citizen.html", page)
            parts.writestr("citizen.json", msgspec.json.format(msgspec.json.encode(told), indent=1))


def _forms(typed: str) -> tuple[str, ...]:
    """
    Raises:
        NotANumber: it is none.
    """
    forms = every_form(typed)
    if forms is None:
        raise NotANumber(typed)
    return forms


def _readable_times(file: CitizenFile) -> dict[str, Any]:
    """As JSON: moments in ISO 8601, on the clock of the city."""
    parts: dict[str, list[dict[str, Any]]] = msgspec.to_builtins(file)
    return {
        part: [{name: _iso(value) if name == "at" or name.endswith(("_at", "deadline")) else value
                for name, value in row.items()} for row in rows]
        for part, rows in parts.items()
    }  # fmt: skip


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, ZONE).isoformat(timespec="seconds")


def open_privacy(settings: Settings, clock: Clock) -> tuple[PrivacyDesk, CitizenBook]:
    """For the command line.

    Raises:
        ConfigError: queues.yaml has faults.
        DatabaseUnusable: the address is wrong.
    """
    city = load(settings.queues)
    book = CitizenBook(settings.database_url, citizen_key(settings.state), lambda: personal(city))
    return PrivacyDesk(book, lambda: city, clock), book


def personal(city: City) -> list[str]:
    """The city's programs that get citizens' numbers."""
    return [name for name, hook in city.webhooks.items() if hook.personal]

"""A citizen's data on request: what was typed becomes his number, what is kept about him a file for him."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from acd.bootstrap.entrance import citizen_key
from acd.bootstrap.menus import read_menus
from acd.bootstrap.recordings import Recordings
from acd.bootstrap.settings import SettingMissing, Settings
from acd.callbacks.number import every_form
from acd.config import City, load
from acd.model.account import AuditAction, AuditEntry
from acd.model.citizen import CitizenFile, Erasure, Held, NotANumber
from acd.model.menu import Menus
from acd.model.recording import Reconciled
from acd.model.zone import ZONE
from acd.ports import Clock
from acd.records import CitizenBook
from acd.records.recordings import RecordingBook
from acd.web.pages import Pages
from acd.web.texts import Lang
from acd.web.when import When
from acd.web.worklist import readable


class PrivacyDesk:
    """Implements :class:`acd.web.privacy.Citizens`."""

    def __init__(
        self,
        book: CitizenBook,
        city: Callable[[], City],
        clock: Clock,
        recordings: Recordings,
        menus: Callable[[], Menus] = Menus,
    ) -> None:
        self._menus = menus
        self._recordings = recordings
        self._book = book
        self._city = city
        self._clock = clock

    def number(self, typed: str) -> str:
        return _forms(typed)[0]

    async def held(self, typed: str, entry: AuditEntry) -> Held:
        forms = _forms(typed)
        await self._book.note(forms, msgspec.structs.replace(entry, action=AuditAction.CITIZEN_SEEN))
        held = await self._book.held(forms, self._clock())
        files = await self._recordings.files_of(await self._book.calls(forms))
        return msgspec.structs.replace(held, recordings=len(files))

    async def export(self, typed: str, entry: AuditEntry, lang: Lang, to: IO[bytes]) -> None:
        forms = _forms(typed)
        await self._book.note(forms, msgspec.structs.replace(entry, action=AuditAction.CITIZEN_EXPORTED))
        file = await self._book.file(forms)
        recordings = await self._recordings.files_of(await self._book.calls(forms))
        await asyncio.to_thread(self._write, forms[0], file, recordings, lang, to)

    async def erase(self, typed: str, entry: AuditEntry, *, cancel: bool) -> Erasure:
        forms = _forms(typed)
        (await self._book.held(forms, entry.at)).check_erasure(cancel=cancel)
        # The files first: once he is erased nothing tells any more whose they were, so that it could be tried again.
        recordings = await self._recordings.erase(await self._book.calls(forms))
        done = await self._book.erase(forms, entry, cancel=cancel)
        return msgspec.structs.replace(done, recordings=recordings)

    def _write(self, number: str, file: CitizenFile, recordings: Sequence[Path], lang: Lang, to: IO[bytes]) -> None:
        made_at, city, menus = self._clock(), self._city(), self._menus()
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
            way=lambda did, path: " › ".join(menus.steps(did, path, lang)),
        )
        told = {"number": number, "city": city.name, "made_at": _iso(made_at), **_readable_times(file)}
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("citizen.html", page)
            for recording in recordings:
                parts.write(recording, f"recordings/{recording.name}")
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


@asynccontextmanager
async def open_privacy(settings: Settings, clock: Clock) -> AsyncIterator[PrivacyDesk]:
    """For the command line.

    Raises:
        ConfigError: queues.yaml has faults.
        DatabaseUnusable: the address is wrong.
    """
    city = load(settings.queues)
    book = CitizenBook(settings.database_url, citizen_key(settings.state), lambda: personal(city))
    tapes = RecordingBook(settings.database_url)
    menus = read_menus(settings.flows, city)
    try:
        recordings = Recordings(tapes, settings.recordings, lambda: city, clock)
        yield PrivacyDesk(book, lambda: city, clock, recordings, lambda: menus)
    finally:
        await book.close()
        await tapes.close()


async def compare_recordings(settings: Settings, clock: Clock) -> Reconciled:
    """Records and files.

    Raises:
        SettingMissing: the folder is not shared with us.
        ConfigError, DatabaseUnusable: as they say.
    """
    if settings.recordings is None:
        raise SettingMissing("ACD_RECORDINGS", "the folder with the recorded conversations")
    city, tapes = load(settings.queues), RecordingBook(settings.database_url)
    try:
        return await Recordings(tapes, settings.recordings, lambda: city, clock).reconcile()
    finally:
        await tapes.close()


def personal(city: City) -> list[str]:
    """The city's programs that get citizens' numbers."""
    return [name for name, hook in city.webhooks.items() if hook.personal]

"""What supervisors do, for the pages and for the command line; and the trace of who listened to whom."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from acd.config import City
from acd.engine.board import Board
from acd.ivr import FlowError, load_catalogue
from acd.model import facts as f
from acd.model.account import AuditAction, AuditEntry
from acd.model.events import Event, SpyEnded, SpyStarted
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.mendable import Mendable
from acd.model.supervision import Objection
from acd.ports import Clock
from acd.records import AccountStore, Ledger, day_bounds, day_of
from acd.runtime.control import Answer, ControlError, Handler
from acd.runtime.driver import Driver
from acd.web.floor import line_name
from acd.web.floor_deeds import Deed, MoveCall, Names, SetLines, SwitchLine
from acd.web.floor_view import floor_view
from acd.web.texts import Lang, reason_name, text

CRISIS: Final = "crisis"
"""The id of a crisis message begins so."""
WRITING_PATIENCE: Final = 3.0
"""Seconds that an answer waits for the disk; the engine has done it already."""

log = structlog.get_logger()


class LiveFloor:
    """Implements :class:`~acd.web.floor.Floor`.

    Args:
        prompts: folder of the prompt catalogue.
    """

    def __init__(self, driver: Driver, ledger: Ledger, city: Callable[[], City], clock: Clock, prompts: Path) -> None:
        self._driver = driver
        self._ledger = ledger
        self.city = city
        self._clock = clock
        self._prompts = prompts

    def board(self) -> Board:
        return self._driver.engine.board(self._clock())

    def tell(self, fact: f.Fact) -> Objection | None:
        """Looked at and told in one turn of the loop: nothing comes in between."""
        why = self._driver.engine.objection(fact)
        if why is None:
            if isinstance(fact, f.OperatorLinesSet) and fact.lines is not None:
                _, midnight = day_bounds(day_of(self._clock()))
                fact = msgspec.structs.replace(fact, until=midnight)
            self._driver.tell(fact)
        return why

    async def written(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WRITING_PATIENCE):
                await self._ledger.flush()

    async def crisis_messages(self) -> Mapping[str, Mapping[str, str]]:
        return await asyncio.to_thread(self._messages)

    def _messages(self) -> Mapping[str, Mapping[str, str]]:
        try:
            texts = load_catalogue(self._prompts).texts
        except (FlowError, OSError) as error:
            log.error("the crisis messages cannot be read", error=str(error))
            return {}
        common = set.intersection(*(set(prompts) for prompts in texts.values())) if texts else set()
        ids = sorted(id for id in common if id.startswith(CRISIS))
        return {id: {language: prompts[id] for language, prompts in texts.items()} for id in ids}


class FloorControl:
    """Answers what the command line asks and tells about lines, operators' lines and waiting calls."""

    def __init__(self, floor: LiveFloor) -> None:
        self._floor = floor

    def handlers(self) -> dict[str, Handler]:
        return {
            "floor_line": self._line,
            "floor_lines": self._lines,
            "floor_move": self._move,
            "floor": self._look,
        }

    async def _look(self, _: Mapping[str, Any]) -> Answer:
        """Lines, and who waits on them."""
        view = floor_view(self._floor.board(), self._floor.city())
        told: Answer = msgspec.to_builtins(view)
        for line, row in zip(view.lines, told["lines"], strict=True):
            row["open"] = line.open
        return told

    async def _line(self, request: Mapping[str, Any]) -> Answer:
        return await self._do(SwitchLine(LineId(str(request.get("line", ""))), request.get("open")), request)

    async def _lines(self, request: Mapping[str, Any]) -> Answer:
        lines = request.get("lines")
        wanted = None if lines is None else tuple(LineId(str(line)) for line in lines)
        return await self._do(SetLines(OperatorId(str(request.get("operator", ""))), wanted), request)

    async def _move(self, request: Mapping[str, Any]) -> Answer:
        call, line = CallId(str(request.get("call", ""))), LineId(str(request.get("line", "")))
        return await self._do(MoveCall(call, line), request)

    async def _do(self, deed: Deed, request: Mapping[str, Any]) -> Answer:
        by = str(request.get("by", ""))
        if not by:
            raise ControlError("the request does not say who acts")
        why = self._floor.tell(deed.fact(by))
        if why is not None:
            raise ControlError(text(Lang.EN, f"refused_{why}"))
        city = self._floor.city()
        operators = {id: operator.name for id, operator in city.policy.operators.items()}
        names = Names(
            lambda id: line_name(city, Lang.EN, id),
            operators,
            lambda reason: reason_name(city.reasons, Lang.EN, reason),
        )
        said, values = deed.told(floor_view(self._floor.board(), city), names)
        await self._floor.written()
        return {"said": text(Lang.EN, said, **values)}


class SpyLog:
    """Writes into the audit log who heard whom, from when to when: as the engine was told by the switch."""

    def __init__(self, accounts: AccountStore) -> None:
        self._accounts = accounts
        self._writing: set[asyncio.Task[None]] = set()

    def listen(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case SpyStarted():
                    detail = f"{event.mode} {event.device}"
                    self._write(AuditEntry(event.at, event.by, "", AuditAction.SPY_STARTED, event.operator, detail))
                case SpyEnded():
                    detail = f"{event.mode} {event.how}"
                    self._write(AuditEntry(event.at, event.by, "", AuditAction.SPY_ENDED, event.operator, detail))
                case _:
                    pass

    def _write(self, entry: AuditEntry) -> None:
        task = asyncio.get_running_loop().create_task(self._store(entry))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _store(self, entry: AuditEntry) -> None:
        try:
            await self._accounts.write(entry)
        except Mendable as error:
            # The ledger has it, too.
            log.error("not in the audit log", action=entry.action, who=entry.who, about=entry.about, error=str(error))

    async def close(self) -> None:
        """Until all that was told is written."""
        if self._writing:
            await asyncio.wait(self._writing)

"""What a supervisor asks for, as the API takes it: each deed with the fact that the engine is told, what the audit log
says of it, and the words in which its result is told."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from acd.model import facts as f
from acd.model.account import AuditAction
from acd.model.call import CallState
from acd.model.ids import CallId, Device, LineId, OperatorId, SpyId
from acd.model.operator import AT_WORK, OperatorState
from acd.model.supervision import SpyMode
from acd.web.floor_view import FloorOperator, FloorView

Words = tuple[str, dict[str, str]]
"""Key of a text, and its values."""


class Wanted(StrEnum):
    """What an operator is to be."""

    LOGIN = "login"
    """Logged in, not ready yet."""
    READY = "ready"
    NOT_READY = "not_ready"
    LOGOUT = "logout"


class Names:
    """How things are called in the reader's language."""

    def __init__(
        self,
        lines: Callable[[LineId], str],
        operators: Mapping[OperatorId, str],
        reasons: Callable[[str], str],
    ) -> None:
        self.line = lines
        self.reason = reasons
        self._operators = operators

    def operator(self, id: OperatorId) -> str:
        return self._operators.get(id, id)


class Deed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all deeds."""

    def fact(self, by: str) -> f.Fact:
        raise NotImplementedError

    def audit(self) -> tuple[AuditAction, str, str]:
        """What, about whom or what, and in detail."""
        raise NotImplementedError

    def told(self, view: FloorView, names: Names) -> Words:
        """In words, what has come of it; ``view`` is the floor afterwards."""
        raise NotImplementedError


class SetState(Deed, frozen=True):
    """An operator's state. With ``not_ready``: one of the city's reasons."""

    operator: OperatorId
    state: Wanted
    reason: str = ""

    def fact(self, by: str) -> f.Fact:
        match self.state:
            case Wanted.LOGIN:
                return f.OperatorLoggedIn(self.operator, by)
            case Wanted.LOGOUT:
                return f.OperatorLoggedOut(self.operator, by)
            case Wanted.READY:
                return f.OperatorReady(self.operator, by)
            case Wanted.NOT_READY:
                return f.OperatorNotReady(self.operator, by, self.reason)

    def audit(self) -> tuple[AuditAction, str, str]:
        return AuditAction.OPERATOR_SET, self.operator, f"{self.state} {self.reason}".strip()

    def told(self, view: FloorView, names: Names) -> Words:
        now = _operator(view, self.operator)
        busy = now is not None and now.state in AT_WORK and now.state is not OperatorState.WRAP_UP
        later = "_later" if busy and self.state is not Wanted.LOGIN else ""
        values = {"name": names.operator(self.operator), "reason": names.reason(self.reason)}
        return f"said_{self.state}{later}", values


class SetLines(Deed, frozen=True):
    """The lines that an operator serves until midnight; null = those of the settings again."""

    operator: OperatorId
    lines: tuple[LineId, ...] | None

    def fact(self, by: str) -> f.Fact:
        return f.OperatorLinesSet(self.operator, self.lines, by)

    def audit(self) -> tuple[AuditAction, str, str]:
        return AuditAction.OPERATOR_LINES, self.operator, "back" if self.lines is None else ", ".join(self.lines)

    def told(self, view: FloorView, names: Names) -> Words:
        values = {"name": names.operator(self.operator), "lines": ", ".join(map(names.line, self.lines or ()))}
        return "said_lines_back" if self.lines is None else "said_lines", values


class MoveCall(Deed, frozen=True):
    """The line on which a waiting caller waits from now on."""

    call: CallId
    line: LineId

    def fact(self, by: str) -> f.Fact:
        return f.CallMoved(self.call, self.line, by)

    def audit(self) -> tuple[AuditAction, str, str]:
        return AuditAction.CALL_MOVED, self.call, self.line

    def told(self, view: FloorView, names: Names) -> Words:
        mine = [call.call for call in view.calls if call.line == self.line and call.state is CallState.WAITING]
        values = {"line": names.line(self.line), "place": str(mine.index(self.call) + 1 if self.call in mine else 1)}
        # An operator who was free has got him at once.
        return "said_moved" if self.call in mine else "said_moved_rings", values


class SwitchLine(Deed, frozen=True):
    """Open (true) or closed (false) whatever its hours say; null = by its hours."""

    line: LineId
    open: bool | None

    def fact(self, by: str) -> f.Fact:
        return f.LineSwitched(self.line, self.open, by)

    def audit(self) -> tuple[AuditAction, str, str]:
        return AuditAction.LINE_SWITCHED, self.line, _OPENED[self.open]

    def told(self, view: FloorView, names: Names) -> Words:
        line = next((one for one in view.lines if one.line == self.line), None)
        waiting = 0 if line is None else line.waiting
        by_hours = "open" if line is not None and line.by_hours else "closed"
        key = f"said_line_hours_{by_hours}" if self.open is None else f"said_line_{_OPENED[self.open]}"
        return key, {"line": names.line(self.line), "n": str(waiting)}


_OPENED: Final[Mapping[bool | None, str]] = {True: "open", False: "closed", None: "hours"}


class SwitchCrisis(Deed, frozen=True):
    """The crisis message; null = off."""

    message: str | None

    def fact(self, by: str) -> f.Fact:
        return f.CrisisSwitched(self.message, by)

    def audit(self) -> tuple[AuditAction, str, str]:
        return AuditAction.CRISIS_SWITCHED, self.message or "", "off" if self.message is None else "on"

    def told(self, view: FloorView, names: Names) -> Words:
        return ("said_crisis_off", {}) if self.message is None else ("said_crisis_on", {"message": self.message})


class Listen(Deed, frozen=True):
    """Ring a phone of ours and put whoever picks it up into the operator's conversation. Without a device: the phone of
    the account's own operator."""

    operator: OperatorId
    mode: SpyMode
    device: Device = Device("")

    def fact(self, by: str) -> f.Fact:
        return f.SpyWanted(self.operator, self.device, self.mode, by)

    def audit(self) -> tuple[AuditAction, str, str]:
        return AuditAction.SPY_ASKED, self.operator, f"{self.mode} {self.device}"

    def told(self, view: FloorView, names: Names) -> Words:
        return f"said_{self.mode}", {"name": names.operator(self.operator), "device": self.device}


class StopListening(Deed, frozen=True):
    """Hang that phone up."""

    spy: SpyId

    def fact(self, by: str) -> f.Fact:
        return f.SpyUnwanted(self.spy, by)

    def audit(self) -> tuple[AuditAction, str, str]:
        return AuditAction.SPY_STOPPED, str(self.spy), ""

    def told(self, view: FloorView, names: Names) -> Words:
        return "said_spy_stopped", {}


def _operator(view: FloorView, id: OperatorId) -> FloorOperator | None:
    return next((one for one in view.operators if one.operator == id), None)


DEEDS: Final[Mapping[str, type[Deed]]] = {
    "state": SetState,
    "lines": SetLines,
    "move": MoveCall,
    "line": SwitchLine,
    "crisis": SwitchCrisis,
    "listen": Listen,
    "stop": StopListening,
}
"""By the last part of the address."""

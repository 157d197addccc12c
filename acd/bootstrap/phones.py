"""What operators do with their phones from a page, put through to the engine; and the phones' passwords on disk."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from acd.engine.board import Board, BoardDesk
from acd.ivr.browser_phone import PATH
from acd.ivr.switch import Site, in_browser
from acd.model.facts import Fact, OperatorAction
from acd.model.ids import Device, LineId, OperatorId
from acd.model.phones import PhoneAccess
from acd.model.policy import Operator, Policy
from acd.web.phone import Colleague, Targets

FILE: Final = "phones.json"
"""In the state folder; its owner alone may read it."""

log = structlog.get_logger()


def write_access(state: Path, policy: Policy, site: Site) -> None:
    """Keep for the service what it must know of Asterisk's configuration.

    Raises:
        OSError: it cannot be written.
    """
    devices = [operator.device for operator in policy.operators.values() if in_browser(operator)]
    access = PhoneAccess(
        websocket=f"ws://127.0.0.1:{site.http_port}{PATH}" if devices else "",
        secrets={device: site.phone_secrets[device] for device in devices},
        transfer=policy.outside.transfers if site.trunk_contact else (),
        refused=policy.outside.refused,
        country=site.country,
    )
    state.mkdir(parents=True, exist_ok=True)
    fresh = state / f".{FILE}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(access))
    fresh.replace(state / FILE)


class AccessFile:
    """The file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, int] | None = None
        self._access = PhoneAccess()

    def __call__(self) -> PhoneAccess:
        """What it says; nothing may be done without it."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_ino)
            if version != self._read:
                self._access = msgspec.json.decode(self._path.read_bytes(), type=PhoneAccess)
                self._read = version
        except FileNotFoundError:
            return PhoneAccess()
        except (OSError, msgspec.MsgspecError) as error:
            # A fault of msgspec names a place in the file, never what stands there.
            log.error("phones not read: the old ones stay", path=str(self._path), error=str(error))
        return self._access


class EnginePhones:
    """Implements :class:`~acd.web.phone.Telephony`.

    Args:
        policy: the settings of this moment.
        desk: what the engine says of one operator.
        board: the engine's picture of this moment.
        tell: takes a fact to the engine.
        access: what the switch's configuration says.
    """

    def __init__(
        self,
        policy: Callable[[], Policy],
        desk: Callable[[OperatorId], BoardDesk | None],
        board: Callable[[], Board],
        tell: Callable[[Fact], None],
        access: Callable[[], PhoneAccess],
    ) -> None:
        self._policy = policy
        self._desk = desk
        self._board = board
        self._tell = tell
        self._access = access

    def operator(self, id: OperatorId) -> Operator | None:
        return self._policy().operators.get(id)

    def access(self) -> PhoneAccess:
        return self._access()

    def desk(self, id: OperatorId) -> BoardDesk | None:
        return self._desk(id)

    def targets(self) -> Targets:
        policy = self._policy()
        lines = {LineId(id): line.names for id, line in policy.lines.items()}
        colleagues = (Colleague(o.operator, o.name, Device(o.device), o.state) for o in self._board().operators)
        return Targets(lines, tuple(sorted(colleagues, key=lambda one: one.name.casefold())), self._access().transfer)

    def tell(self, action: OperatorAction) -> None:
        self._tell(action)

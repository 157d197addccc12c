"""The link to Asterisk, or to each of several servers under the one engine; and what an administrator does with one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from acd.asterisk import AmiSettings, AsteriskPbx, Cluster, Fence
from acd.bootstrap.settings import Settings
from acd.engine.board import Board
from acd.model.ids import Device, ServerId, server_of
from acd.ports import Clock, Pbx
from acd.runtime.control import ControlError, Handler

ALONE: Final = ServerId("")


def accounts(settings: Settings) -> dict[ServerId, AmiSettings]:
    """How to reach each server; one alone has no name.

    Raises:
        SettingMissing, BadAddress, OSError: as :meth:`~acd.bootstrap.settings.Settings.ami`.
    """
    return settings.ami_servers() or {ALONE: settings.ami()}


class Servers:
    """All links, and the switch that they are for the engine.

    Args:
        settings: one Asterisk, or several.
        devices: the phones that matter now.
        clock: our clock, seconds since the epoch.
        fence: keeps other engines out; None = there can be no other.

    Raises:
        SettingMissing, BadAddress, OSError: as :meth:`~acd.bootstrap.settings.Settings.ami`.
    """

    def __init__(
        self, settings: Settings, devices: Callable[[], Iterable[Device]], clock: Clock, fence: Fence | None = None
    ) -> None:
        self.links = {name: AsteriskPbx(account, devices, clock, fence) for name, account in accounts(settings).items()}
        self.switch: Pbx = self.links[ALONE] if ALONE in self.links else Cluster(self.links, clock)

    def audit(self) -> None:
        """Look at all phones now."""
        for link in self.links.values():
            link.audit()

    @property
    def up(self) -> dict[ServerId, bool]:
        """Of several servers: whether there is a link to each. Of one alone the engine's board says so."""
        return {name: link.linked for name, link in self.links.items() if name != ALONE}

    @property
    def clock_offset(self) -> float | None:
        """Seconds to add to Asterisk's clock to get ours; None = there is no link, or the servers' clocks differ."""
        offsets = {link.clock_offset for link in self.links.values()}
        return next(iter(offsets)) if len(offsets) == 1 else None


class ServerControl:
    """Answers what the command line asks and tells about several servers.

    Args:
        links: each server's link; none = there is one alone.
        board: the engine's picture of this moment.
    """

    def __init__(self, links: Callable[[], Mapping[ServerId, AsteriskPbx]], board: Callable[[], Board]) -> None:
        self._links = links
        self._board = board

    def handlers(self) -> dict[str, Handler]:
        return {"servers": self._look, "server_drain": self._drain}

    async def _look(self, _: Mapping[str, Any]) -> dict[str, Any]:
        calls = [server_of(call.call) for call in self._board().calls]
        return {
            "servers": [
                {
                    "server": name,
                    "link": link.link_state.value,
                    "reason": "" if link.clock_offset is not None else link.link_reason,
                    "calls": calls.count(name),
                    "drained": link.turned_away,
                }
                for name, link in self._several().items()
            ]
        }

    async def _drain(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name, on = ServerId(str(request.get("server", ""))), request.get("on")
        if not isinstance(on, bool):
            raise ControlError("'on' is true or false")
        links = self._several()
        if name not in links:
            raise ControlError(f"there is no server {name!r}; there are: {', '.join(links) or 'not several'}")
        if not links[name].turn_away(on):
            raise ControlError(f"server {name} cannot be told now: {links[name].link_reason or 'there is no link yet'}")
        return {"server": name, "drained": on}

    def _several(self) -> Mapping[ServerId, AsteriskPbx]:
        return {name: link for name, link in self._links().items() if name != ALONE}

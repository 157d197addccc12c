"""A tiny Asterisk that speaks AMI over a socket, to be as rude as a test needs it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from acd.asterisk.frames import Frame

Pairs = list[tuple[str, str]]
STATUS_COMPLETE: Pairs = [("Event", "StatusComplete"), ("EventList", "Complete")]


class FakeAsterisk:
    """Answers what the adapter asks. What it should say or do otherwise is set from outside, at any time."""

    def __init__(self) -> None:
        self.port = 0
        self.secret = "s3cret"
        self.in_use = False
        self.boots = True
        self.mute = False
        """Reads and says nothing: a half-open connection."""
        self.shutting_down = False
        self.clock: Callable[[], float] = time.time
        self.variables: dict[tuple[str, str], str] = {}
        """By channel ("" = global) and name."""
        self.channels: list[Pairs] = []
        """Entries of Status."""
        self.devices: dict[str, str] = {}
        self.redirect = "Redirect successful"
        self.keeps = False
        """Its own Queue() lets nobody go."""
        self.silent_to: set[str] = set()
        """Actions that get no answer."""
        self.forbidden: set[str] = set()
        """Actions that the account may not use."""
        self.before: dict[str, Callable[[], None]] = {}
        """Called when an action has come, before it is answered."""
        self.actions: list[dict[str, str]] = []
        """All actions ever received, over all sessions."""
        self.sessions = 0
        self._writers: list[asyncio.StreamWriter] = []

    # --- What a test does with it ---------------------------------------------------------------------------------

    def names(self) -> list[str]:
        return [action["Action"] for action in self.actions]

    def sent(self, name: str) -> list[dict[str, str]]:
        return [action for action in self.actions if action["Action"] == name]

    def say(self, *pairs: tuple[str, str]) -> None:
        """One message to whoever is connected."""
        self.raw(_text(pairs).encode("utf-8", "surrogateescape"))

    def event(self, name: str, *pairs: tuple[str, str], call: str = "1.1", linked: str = "") -> None:
        head = [("Event", name), ("Timestamp", f"{self.clock():.6f}")]
        channel = [("Channel", "PJSIP/trunk-00000001"), ("Uniqueid", call), ("Linkedid", linked or call)]
        self.say(*head, *channel, *pairs)

    def user_event(self, name: str, *pairs: tuple[str, str], call: str = "1.1", linked: str = "") -> None:
        nonce = self.variables.get(("", "ACD_NONCE"), "")
        self.event("UserEvent", ("UserEvent", name), ("Nonce", nonce), *pairs, call=call, linked=linked)

    def queued(self, call: str = "1.1", t0: float = 1000.0) -> None:
        self.user_event("AcdQueued", ("Line", "gentinfo"), ("T0", f"{t0:.3f}"), ("Num", "+3291"), call=call)

    def device(self, name: str, state: str) -> None:
        now = f"{self.clock():.6f}"
        self.say(("Event", "DeviceStateChange"), ("Timestamp", now), ("Device", name), ("State", state))

    def raw(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    def cut(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.transport.abort()

    def hang_up(self) -> None:
        """Close all connections, after what was said has arrived."""
        for writer in self._writers:
            writer.close()

    # --- AMI ------------------------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        self._writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                data = await reader.readuntil(b"\r\n\r\n")
                action = Frame(data[:-4]).headers
                self.actions.append(action)
                hook = self.before.pop(action["Action"], None)
                if hook is not None:
                    hook()
                if not self.mute and action["Action"] not in self.silent_to:
                    self._answer(writer, action)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.remove(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, action: dict[str, str]) -> None:
        def respond(word: str, *pairs: tuple[str, str], items: list[Pairs] | None = None) -> None:
            id = ("ActionID", action["ActionID"])
            text = _text([("Response", word), id, *pairs])
            text += "".join(_text([item[0], id, *item[1:]]) for item in items or ())
            writer.write(text.encode("utf-8", "surrogateescape"))

        if self.shutting_down:
            respond("Error", ("Message", "Asterisk is shutting down"))
            return
        if action["Action"] in self.forbidden:
            respond("Error", ("Message", "Permission denied"))
            return
        match action["Action"]:
            case "Login":
                self._login(respond, action)
            case "Ping":
                respond("Success", ("Ping", "Pong"), ("Timestamp", f"{self.clock():.6f}"))
            case "Getvar":
                self._getvar(respond, action)
            case "Setvar":
                self.variables[action.get("Channel", ""), action["Variable"]] = action["Value"]
                respond("Success", ("Message", "Variable Set"))
            case "Status":
                respond("Success", ("EventList", "start"), items=[*self.channels, STATUS_COMPLETE])
            case "DeviceStateList":
                items: list[Pairs] = [
                    [("Event", "DeviceStateChange"), ("Device", name), ("State", state)]
                    for name, state in self.devices.items()
                ]
                items.append([("Event", "DeviceStateListComplete"), ("EventList", "Complete")])
                respond("Success", ("EventList", "start"), items=items)
            case "PlayDTMF":
                respond("Success", ("Message", "DTMF successfully queued"))
                self._let_go(action["Channel"])
            case "Redirect":
                word = "Success" if self.redirect == "Redirect successful" else "Error"
                respond(word, ("Message", self.redirect))
            case _:
                respond("Error", ("Message", "Invalid/unknown command"))

    def _let_go(self, call: str) -> None:
        for entry in self.channels:
            if ("Uniqueid", call) in entry and not self.keeps:
                entry[:] = [(n, v.replace("ACD_STATE=fallback", "ACD_STATE=wait")) for n, v in entry]

    def _login(self, respond: Callable[..., None], action: dict[str, str]) -> None:
        if self.in_use:
            respond("Error", ("Message", "Login Already In Use"))
        elif action["Secret"] != self.secret:
            respond("Error", ("Message", "Authentication failed"))
        else:
            respond("Success", ("Message", "Authentication accepted"))
            if self.boots:
                self.say(("Event", "FullyBooted"), ("Status", "Fully Booted"))

    def _getvar(self, respond: Callable[..., None], action: dict[str, str]) -> None:
        channel = action.get("Channel", "")
        if channel and not any(("Uniqueid", channel) in entry for entry in self.channels):
            respond("Error", ("Message", "No such channel"))
            return
        value = self.variables.get((channel, action["Variable"]), "")
        respond("Success", ("Variable", action["Variable"]), ("Value", value))


def channel(call: str, linked: str = "", name: str = "PJSIP/trunk-00000001", **variables: str) -> Pairs:
    """An entry of Status. Variables that are not given are unset, as Asterisk writes it."""
    names = ("STATE", "ARRIVED", "DID", "NUM", "PATH", "LINE", "T0", "OFFER", "DEVICE", "UP", "CB_DECLINED")
    values = [("Variable", f"ACD_{n}={variables.pop(n.lower(), '(null)')}") for n in names]
    head = [("Event", "Status"), ("Channel", name), ("ChannelState", variables.pop("channelstate", "6"))]
    assert not variables
    return [*head, ("Language", "fr"), ("Uniqueid", call), ("Linkedid", linked or call), *values]


def _text(pairs: Any) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n"


@asynccontextmanager
async def fake_asterisk() -> AsyncIterator[FakeAsterisk]:
    fake = FakeAsterisk()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        fake.cut()
        server.close()
        await server.wait_closed()

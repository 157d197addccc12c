"""Three AMI clients that were written by others work against the simulated switch: each logs in, asks, hears an event
and leaves. In real time, over a real socket; the two that block run in threads."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asterisk.manager  # type: ignore[import-untyped]
import panoramisk  # type: ignore[import-untyped]
import pytest
from asterisk.ami import AMIClient, SimpleAction  # type: ignore[import-untyped]

from sim.ami_server import AmiServer
from sim.fallback import Queue
from sim.loop_time import LoopTime
from sim.switch import SimSwitch
from tests.sim.wire import FULL, LINE, PHONES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of the clients' own: setDaemon, isSet, notifyAll."""


@pytest.fixture
async def server() -> AsyncIterator[AmiServer]:
    time = LoopTime.real(asyncio.get_running_loop())
    server = AmiServer(SimSwitch(time, PHONES, {LINE: Queue(dict.fromkeys(PHONES, 0))}), [FULL])
    await server.start()
    yield server
    await server.stop()
    time.close()


def a_call_comes_in(server: AmiServer) -> str:
    call = server.switch.arrive("092101010", "+3290000001")
    server.switch.choose(call, LINE)
    return call.id


async def test_panoramisk(server: AmiServer) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    manager = panoramisk.Manager(
        host="127.0.0.1", port=server.port, username=FULL.name, secret=FULL.secret, ping_delay=0.05
    )
    manager.register_event("UserEvent", lambda manager, event: heard.put_nowait(event))
    await manager.connect()
    pong = await manager.send_action({"Action": "Ping"})
    assert pong.Ping == "Pong"
    call = a_call_comes_in(server)
    async with asyncio.timeout(10):
        first, second = await heard.get(), await heard.get()
    assert [first.UserEvent, second.UserEvent] == ["AcdArrived", "AcdQueued"]
    assert second.Uniqueid == call
    rows = await manager.send_action({"Action": "Status"})
    assert [row.event for row in rows if row.event] == ["Status", "StatusComplete"]
    gone = await manager.send_action({"Action": "Redirect", "Channel": "1.2", "Context": "acd-wait", "Exten": "s"})
    assert (gone.success, gone.Message) == (False, "Priority not specified")
    await manager.send_action({"Action": "Logoff"})
    manager.close()
    assert server.sessions == []


async def test_asterisk_ami(server: AmiServer) -> None:
    heard: list[str] = []
    queued = threading.Event()

    def listen(event: Any, source: Any) -> None:
        heard.append(event.keys["UserEvent"])
        if event.keys["UserEvent"] == "AcdQueued":
            queued.set()

    client = AMIClient(address="127.0.0.1", port=server.port)

    def connect() -> Any:
        client.add_event_listener(listen, white_list="UserEvent")
        login = client.login(username=FULL.name, secret=FULL.secret).response
        ping = client.send_action(SimpleAction("Ping")).response
        refused = client.send_action(SimpleAction("Hangup", Channel="1.2")).response
        return login, ping, refused

    login, ping, refused = await asyncio.to_thread(connect)
    assert (login.is_error(), ping.keys["Ping"]) == (False, "Pong")
    assert (refused.is_error(), refused.keys["Message"]) == (True, "No such channel")
    a_call_comes_in(server)
    assert await asyncio.to_thread(queued.wait, 10)
    assert heard == ["AcdArrived", "AcdQueued"]
    goodbye = await asyncio.to_thread(lambda: client.logoff().response)
    assert goodbye.status == "Goodbye"
    await asyncio.to_thread(client._thread.join, 10)
    client._socket.close()


class Pyst2(asterisk.manager.Manager):  # type: ignore[misc]
    """Asterisk closes right after its last words, and pyst2 at times takes notice of the end before the words. Then it
    logs off once more, and again when it is thrown away."""

    def end(self) -> None:
        self._connected.clear()
        self.close()

    def __del__(self) -> None: ...


async def test_pyst2(server: AmiServer) -> None:
    queued = threading.Event()
    heard: list[str] = []

    def listen(event: Any, manager: Any) -> None:
        heard.append(event.headers["UserEvent"])
        if heard[-1] == "AcdQueued":
            queued.set()

    manager = Pyst2()

    def connect() -> Any:
        manager.register_event("UserEvent", listen)
        manager.connect("127.0.0.1", server.port)
        login = manager.login(FULL.name, FULL.secret)
        ping = manager.ping()
        variable = manager.send_action({"Action": "Getvar", "Variable": "EPOCH"})
        return login, ping, variable

    login, ping, variable = await asyncio.to_thread(connect)
    assert login.headers["Message"] == "Authentication accepted"
    assert ping.headers["Ping"] == "Pong"
    assert int(variable.headers["Value"]) == pytest.approx(server.switch.time.now(), abs=5)
    a_call_comes_in(server)
    assert await asyncio.to_thread(queued.wait, 10)
    assert heard == ["AcdArrived", "AcdQueued"]

    def leave() -> None:
        with suppress(asterisk.manager.ManagerSocketException, ValueError):
            assert manager.logoff().headers["Response"] == "Goodbye"
        manager.end()

    await asyncio.to_thread(leave)
    assert server.sessions == []


async def test_pyst2_with_a_wrong_secret(server: AmiServer) -> None:
    manager = Pyst2()

    def connect() -> None:
        manager.connect("127.0.0.1", server.port)
        with pytest.raises((asterisk.manager.ManagerAuthException, asterisk.manager.ManagerSocketException)):
            manager.login(FULL.name, "wrong")
        manager.end()

    await asyncio.to_thread(connect)
    assert server.sessions == []

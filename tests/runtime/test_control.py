"""The control socket: whatever comes in is answered in one line, and nobody can make it hang or fall."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from acd.runtime import control
from acd.runtime.control import MAX_LINE, ControlError, ControlServer, ServiceNotRunning, ask


async def echo(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"said": request.get("say")}


async def refuse(request: Mapping[str, Any]) -> dict[str, Any]:
    raise ControlError("not today")


async def fall(request: Mapping[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError(request["secret"])


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    server = ControlServer(tmp_path / "c.sock", {"echo": echo, "refuse": refuse, "fall": fall})
    await server.start()
    yield tmp_path / "c.sock"
    await server.stop()


async def raw(path: Path, sent: bytes) -> dict[str, Any]:
    """Bytes instead of a request, and the answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(sent)
    if writer.can_write_eof():
        writer.write_eof()
    answer = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    decoded: dict[str, Any] = json.loads(answer)
    return decoded


async def test_a_request_and_its_answer(path: Path) -> None:
    assert await ask(path, "echo", say="dag, é") == {"said": "dag, é"}


async def test_only_its_own_user_may_open_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600  # noqa: ASYNC240


async def test_a_refusal_is_told_with_its_reason(path: Path) -> None:
    with pytest.raises(ControlError, match="not today"):
        await ask(path, "refuse")


async def test_a_handler_that_falls_tells_nothing_of_its_insides(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ControlError, match="its log says why"):
        await ask(path, "fall", secret="hush")
    assert await ask(path, "echo") == {"said": None}
    assert "ZeroDivisionError" in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\n",
        b"rubbish\n",
        b"[]\n",
        b'"echo"\n',
        b"17\n",
        b"null\n",
        b'{"do": []}\n',
        b'{"do": {}}\n',
        b'{"do": "rm"}\n',
        b'{"do": null}\n',
        b"\xff\xfe\x00\n",
        b"[" * 60_000 + b"\n",
        b'{"do":' * 10_000 + b"\n",
        b'{"do": "echo"',
        b"x" * (MAX_LINE + 10) + b"\n",
        b"1" * 5_000 + b"\n",
    ],
    ids=range(17),
)
async def test_whatever_is_no_request_is_answered_and_does_no_harm(path: Path, sent: bytes) -> None:
    assert set(await raw(path, sent)) == {"error"}
    assert await ask(path, "echo", say=1) == {"said": 1}


async def test_who_says_nothing_is_shown_the_door(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "PATIENCE", 0.05)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b'{"do": ')
    assert b"error" in await asyncio.wait_for(reader.readline(), 5)
    assert await reader.read() == b""
    writer.close()


async def test_who_leaves_in_mid_word_leaves_nothing_behind(path: Path) -> None:
    for _ in range(50):
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"do": "ec')
        writer.transport.abort()
    assert await ask(path, "echo", say=2) == {"said": 2}


async def test_what_is_left_of_a_killed_service_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    first = ControlServer(path, {"echo": echo})
    await first.start()
    assert first._server is not None
    first._server.close()
    assert path.exists(), "as after kill -9"
    second = ControlServer(path, {"echo": echo})
    await second.start()
    assert await ask(path, "echo", say=3) == {"said": 3}
    await second.stop()
    assert not path.exists()


async def test_a_second_service_leaves_the_first_one_its_socket(path: Path) -> None:
    with pytest.raises(ControlError, match="another service is running"):
        await ControlServer(path, {}).start()
    assert await ask(path, "echo", say=4) == {"said": 4}


async def test_a_name_that_no_socket_may_have_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120) / "c.sock"
    with pytest.raises(ControlError, match="too long"):
        await ControlServer(path, {}).start()


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(ServiceNotRunning, match="nothing answers at"):
        await ask(tmp_path / "c.sock", "echo")


@pytest.mark.parametrize("answer", [b"", b'{"a"'])
async def test_an_answer_that_is_none(tmp_path: Path, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / "c.sock")
    with pytest.raises(ControlError, match="ended without an answer"):
        await ask(tmp_path / "c.sock", "echo")
    await asyncio.sleep(0)
    server.close()
    await server.wait_closed()


async def test_somebody_elses_service_is_not_taken_for_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forbidden(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(asyncio, "open_unix_connection", forbidden)
    with pytest.raises(PermissionError):
        await ask(path, "echo")
    with pytest.raises(PermissionError):
        await ControlServer(path, {}).start()
    assert path.exists()  # noqa: ASYNC240


async def test_what_is_being_done_at_the_end_is_done(tmp_path: Path) -> None:
    asked, done = asyncio.Event(), asyncio.Event()

    async def work(_: Mapping[str, Any]) -> dict[str, Any]:
        asked.set()
        await done.wait()
        return {"done": True}

    server = ControlServer(tmp_path / "c.sock", {"work": work})
    await server.start()
    answer = asyncio.create_task(ask(tmp_path / "c.sock", "work"))
    await asked.wait()
    end = asyncio.create_task(server.stop())
    await asyncio.wait([end], timeout=0.1)
    assert not end.done()
    done.set()
    await end
    assert await answer == {"done": True}


async def test_a_request_that_never_ends_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = asyncio.Event()

    async def hang(_: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            given_up.set()

    monkeypatch.setattr(control, "LAST_ANSWERS", 0.05)
    server = ControlServer(tmp_path / "c.sock", {"hang": hang})
    await server.start()
    asked = asyncio.create_task(ask(tmp_path / "c.sock", "hang"))
    while not server._answering:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await server.stop()
    assert given_up.is_set()
    with pytest.raises(ControlError, match="ended without an answer"):
        await asked

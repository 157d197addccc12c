"""Recorded conversations on the real Asterisk: announced, refused by a key, found from the call, gone in time."""

import asyncio
import itertools
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest

from acd.bootstrap.recordings import Recordings
from acd.config import City, load
from acd.ivr.catalogue import NEEDED
from acd.model import events as ev
from acd.records import Archive, CallRow, CitizenBook
from acd.records.recordings import RecordingBook
from sim.lab import Habit, Lab, Phone
from sim.lab.service import LabService
from sim.lab.sound import RATE, heard, loudness, recorded, steady
from sim.lab.stalls import STALLED, Stalls
from tests.e2e.conftest import HERE, records, sounding, until
from tests.e2e.desk_page import PASSWORD, accounts
from tests.e2e.promises import owe, promises
from tests.web.house import csrf_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]
FOLDER = HERE / "recording"
CITIZEN, OPERATOR, ANNOUNCED, SECRET = 400, 1000, 660, 1850
"""Hz: what each of them says."""
TALK = 2.5
"""Seconds."""
SLOW = 0.7
"""Seconds for which the engine does nothing."""


_numbers = count(1)


@pytest.fixture(scope="module")
def recording_city() -> City:
    return load(FOLDER / "city.yaml")


@pytest.fixture(scope="module")
def lab(recording_city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    prompts = ("recording", "goodbye", "fallback", *(id for id in NEEDED if id.startswith("cb-")))
    # Long enough that a key that is pressed while it sounds is in time, whatever the machine does.
    tones = dict.fromkeys(prompts, 0.6) | {"recording": 1.6}
    with sounding(recording_city, FOLDER / "flows", tmp_path_factory.mktemp("recording"), tones, ANNOUNCED) as lab:
        yield lab
        assert lab.complaints() == []


@pytest.fixture
async def service(lab: Lab, tmp_path: Path) -> AsyncIterator[LabService]:
    for file in lab.recordings.glob("*"):
        file.unlink()
    async with LabService(lab, FOLDER / "city.yaml", tmp_path / "state") as service:
        yield service
    await until(lambda: lab.channels() == [], 15, "no channel is left")


async def talked(lab: Lab, service: LabService, did: str, *, key: str | None = None, kept: bool = False) -> CallRow:
    """One call of which both say their tone for :data:`TALK`, from when the engine knows that it is ``kept``."""
    number = f"+3247061000{next(_numbers)}"
    async with lab.phone("1001", Habit(after=0.1)) as anna, lab.citizen(number) as him:
        await service.operator("anna", "login", "ready")
        call = him.call(did)
        await until(lambda: call.answered_at is not None, 15, "the switch answers")
        if key is not None:
            await until(lambda: hears(him, ANNOUNCED), 15, "he is told")
            await call.digit(key)
        await until(lambda: anna.calls != [] and anna.calls[0].answered_at is not None, 20, "anna answers")
        await until(lambda: in_call(service), 15, "the engine knows that they talk")
        if kept:
            await until(lambda: begun(service), 15, "it is recorded")
        anna.speak(anna.calls[0], steady(OPERATOR), TALK)
        him.speak(call, steady(CITIZEN), TALK)
        await asyncio.sleep(TALK)
        await call.hang_up()
        return await ended(service, number)


def hears(phone: Phone, hertz: int) -> bool:
    return heard([packet for _, packet in phone.sound.packets], hertz) > 0


async def in_call(service: LabService) -> bool:
    states = {operator["operator"]: operator["state"] for operator in (await service.ask("status"))["operators"]}
    return bool(states["anna"] == "in_call")


async def begun(service: LabService) -> bool:
    return any(isinstance(one, ev.RecordingStarted) for one in await pauses_of(service))


async def ended(service: LabService, number: str) -> CallRow:
    """His call, once it is over. Asterisk tells a service that is new also of the calls before."""
    found: list[CallRow] = []

    async def over() -> bool:
        found[:] = [row for row in await records(service) if row.number == number and row.ended_at is not None]
        return bool(found)

    await until(over, 10, f"the call of {number} is over")
    return found[0]


async def closed(*files: Path) -> None:
    """Wait until Asterisk has written them to the end: how much is in them is written last."""
    await until(lambda: all(recorded(file) != [] for file in files), 15, "the files are closed")


def share(path: Path, hertz: int) -> float:
    """Part of the file's sound that is this tone, 0 to 1."""
    return loudness(recorded(path), hertz)


async def test_what_both_said_is_in_the_file_of_the_call_until_its_time_is_over(
    lab: Lab, service: LabService, recording_city: City
) -> None:
    asked_at = time.time()
    row = await talked(lab, service, "3292103010", kept=True)
    assert row.outcome == "answered"
    [file] = lab.recordings.glob("*.wav")
    assert file.name.startswith(f"{row.call}-")
    assert stat.S_IMODE(file.stat().st_mode) & 0o007 == 0
    book, now = RecordingBook(service.database), [time.time()]
    recordings = Recordings(book, lab.recordings, lambda: recording_city, lambda: now[0])
    try:

        async def over() -> bool:
            return [one.ended_at is not None for one in await book.of_call(row.call)] == [True]

        await until(over, 15, "its end is in the records")
        known_at = time.time()
        await closed(file)
        assert share(file, CITIZEN) > 0.1
        assert share(file, OPERATOR) > 0.1
        assert share(file, ANNOUNCED) < 0.02
        [one] = await book.of_call(row.call)
        assert (one.recording, one.line, one.operator) == (file.stem, "opname", "anna")
        assert one.ended_at is not None
        assert TALK <= one.ended_at - one.began_at <= known_at - asked_at
        assert (await recordings.reconcile()).in_order
        now[0] += 29 * 86_400
        assert await recordings.expire() == 0
        assert file.exists()
        now[0] += 2 * 86_400
        assert await recordings.expire() == 1
        assert not file.exists()
        [gone] = await book.of_call(row.call)
        assert gone.why == "expired"
        assert (await recordings.reconcile()).in_order
    finally:
        await book.close()


@pytest.mark.parametrize(("did", "key"), [("3292103011", None), ("3292103010", "1"), ("3292103010", "5")])
async def test_who_was_not_told_or_refused_leaves_no_file(
    lab: Lab, service: LabService, did: str, key: str | None
) -> None:
    row = await talked(lab, service, did, key=key)
    assert row.outcome == "answered"
    assert list(lab.recordings.iterdir()) == []
    book = RecordingBook(service.database)
    try:
        assert await book.standing() == []
    finally:
        await book.close()


@asynccontextmanager
async def desk_of_anna(service: LabService) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Her page: called with a path and what she sends there; without, what it shows."""
    await accounts(service, "anna")
    url = (await service.ask("status"))["web"]
    async with httpx.AsyncClient(base_url=url, headers={"Accept": "text/html"}) as browser:
        csrf = csrf_in((await browser.get("/login")).text)
        await browser.post("/login", data={"csrf": csrf, "name": "anna", "password": PASSWORD})
        headers = {"X-CSRF-Token": (await browser.get("/api/me")).json()["csrf"]}

        async def desk(path: str = "", **sent: str) -> str:
            answer = await (browser.post(path, json=sent, headers=headers) if path else browser.get("/desk"))
            assert answer.is_success, answer.text
            return answer.text

        yield desk


def shows(desk: Callable[..., Awaitable[str]], text: str) -> Callable[[], Awaitable[bool]]:
    async def shown() -> bool:
        return text in await desk()

    return shown


def packets(path: Path) -> list[list[int]]:
    """The samples of the file by 20 ms."""
    samples, size = recorded(path), RATE // 50
    return [samples[at : at + size] for at in range(0, len(samples), size)]


async def pauses_of(service: LabService) -> list[ev.Event]:
    archive = Archive(service.database)
    try:
        kinds = ev.RecordingStarted | ev.RecordingPaused | ev.RecordingResumed | ev.RecordingFinished
        return [one async for one in archive.events_since(0.0) if isinstance(one, kinds)]
    finally:
        await archive.close()


async def test_while_it_is_paused_silence_is_kept_in_its_place_also_when_he_is_passed_on(
    lab: Lab, service: LabService
) -> None:
    number = f"+3247061000{next(_numbers)}"
    async with (
        lab.phone("1001", Habit(after=0.1)) as anna,
        lab.citizen(number) as him,
        desk_of_anna(service) as desk,
    ):
        await service.operator("anna", "login", "ready")
        call = him.call("3292103010")
        await until(shows(desk, "Wordt opgenomen"), 20, "her page says that they are recorded")
        anna.speak(anna.calls[0], steady(OPERATOR), 30)
        him.speak(call, steady(CITIZEN), 30)
        await asyncio.sleep(1.5)
        await desk("/api/desk/state", do="pause_recording")
        await until(shows(desk, "Opname gepauzeerd"), 15, "it is paused")
        him.speak(call, steady(SECRET), 30)
        await asyncio.sleep(2.0)
        him.speak(call, steady(CITIZEN), 30)
        await asyncio.sleep(0.5)
        await desk("/api/desk/state", do="resume_recording")
        await until(shows(desk, "Wordt opgenomen"), 15, "it goes on")
        await asyncio.sleep(1.5)
        await desk("/api/desk/state", do="pause_recording")
        await until(shows(desk, "Opname gepauzeerd"), 15, "it is paused again")
        await desk("/api/phone/transfer", to="opname")
        await until(lambda: len(anna.calls) == 2 and anna.calls[1].answered_at is not None, 20, "he comes back to her")
        anna.speak(anna.calls[1], steady(OPERATOR), 30)

        async def paused_again() -> bool:
            return any(isinstance(one, ev.RecordingPaused) and one.by == "engine" for one in await pauses_of(service))

        await until(paused_again, 15, "what is recorded now is paused by the engine")
        assert "Opname gepauzeerd" in await desk()
        him.speak(call, steady(SECRET), 30)
        await asyncio.sleep(1.5)
        await call.hang_up()
        await ended(service, number)

    async def over() -> bool:
        return [type(one) for one in await pauses_of(service)].count(ev.RecordingFinished) == 2

    await until(over, 15, "both ends are in the ledger")
    story = await pauses_of(service)
    began, paused, resumed = story[:3]
    assert isinstance(began, ev.RecordingStarted)
    assert isinstance(paused, ev.RecordingPaused)
    assert isinstance(resumed, ev.RecordingResumed)
    assert [one.by for one in story if isinstance(one, ev.RecordingPaused)] == ["anna", "anna", "engine"]
    assert (paused.operator, resumed.by) == ("anna", "anna")
    assert resumed.paused == pytest.approx(resumed.resumed_at - paused.paused_at)
    first, second = sorted(lab.recordings.glob("*.wav"), key=lambda file: file.stat().st_mtime)
    assert first.stem == began.recording
    await closed(first, second)
    assert min(share(first, CITIZEN), share(first, OPERATOR)) > 0.1
    assert max(loudness(one, SECRET) for file in (first, second) for one in packets(file)) < 0.1
    # Where it is silent in the file is where he was silent, not when the engine heard of it: the mixer counts what
    # the phones sent. Between two stretches with their voices lies one as long as the pause.
    voiced = [at for at, packet in enumerate(packets(first)) if max(packet) > 3000]
    longest = max(later - earlier for earlier, later in itertools.pairwise(voiced)) / 50
    assert longest == pytest.approx(resumed.paused, abs=0.8)
    assert [max(packet) for packet in packets(second)[-50:]] == [0] * 50


async def test_what_is_recorded_after_a_transfer_is_silent_from_its_first_moment_however_slow_the_engine_is(
    lab: Lab, service: LabService
) -> None:
    number = f"+3247061000{next(_numbers)}"
    async with (
        lab.phone("1001", Habit(code=None)) as anna,
        lab.citizen(number) as him,
        desk_of_anna(service) as desk,
    ):
        await service.operator("anna", "login", "ready")
        call = him.call("3292103010")
        await until(lambda: anna.calls != [] and anna.calls[0].ringing.is_set(), 20, "her phone rings")
        anna.calls[0].answer()
        await until(shows(desk, "Wordt opgenomen"), 20, "they are recorded")
        him.speak(call, steady(SECRET), 60)
        await desk("/api/desk/state", do="pause_recording")
        await until(shows(desk, "Opname gepauzeerd"), 15, "it is paused")
        await desk("/api/phone/transfer", to="opname")
        await until(lambda: len(anna.calls) == 2 and anna.calls[1].ringing.is_set(), 20, "he comes back to her")
        with Stalls() as stalls:
            service.freeze()
            anna.calls[1].answer()
            anna.speak(anna.calls[1], steady(SECRET), 60)
            await asyncio.sleep(SLOW)
            service.thaw()

            async def begun_again() -> bool:
                return [type(one) for one in (await pauses_of(service))[3:]][1:] != []

            await until(begun_again, 15, "the engine knows of it, and that it is paused or over")
        await asyncio.sleep(1.0)
        await call.hang_up()
        await ended(service, number)
    _, second = sorted(lab.recordings.glob("*.wav"), key=lambda file: file.stat().st_mtime)
    await until(lambda: lab.channels() == [], 15, "it is over")
    samples = recorded(second)
    assert set(samples) <= {0}
    # The engine has two seconds; on a machine that stood still it may have been too late.
    assert samples or stalls.longest() > STALLED


async def test_who_is_called_back_is_told_and_recorded_and_found_from_his_promise(
    lab: Lab, service: LabService
) -> None:
    number = "+32470610099"
    async with lab.phone("1001", Habit(after=0.1)) as anna, lab.partner(Habit(after=0.1)) as him:
        await owe(service, number, time.time(), "opname")
        await service.operator("anna", "login", "ready")
        await until(lambda: him.calls != [] and him.calls[0].answered_at is not None, 30, "he is called back")
        anna.speak(anna.calls[0], steady(OPERATOR), 4.0)
        him.speak(him.calls[0], steady(CITIZEN), 4.0)
        await until(lambda: him.sound.packets != [], 15, "he hears that he is recorded, then anna")
        await until(lambda: list(lab.recordings.glob("*.wav")) != [], 15, "and is recorded")
        await asyncio.sleep(2.0)
        await him.calls[0].hang_up()
        await until(lambda: lab.channels() == [], 15, "it is over")
    [kept] = await promises(service)
    [attempt] = kept.attempts
    [file] = lab.recordings.glob("*.wav")
    assert file.name.startswith(f"acd-cb-{attempt.attempt}-")
    await closed(file)
    assert min(share(file, CITIZEN), share(file, OPERATOR)) > 0.1
    assert share(file, ANNOUNCED) < 0.02
    book, citizens = RecordingBook(service.database), CitizenBook(service.database, b"key")
    try:

        async def over() -> bool:
            return [one.ended_at is not None for one in await book.of_call(kept.promise.call)] == [True]

        await until(over, 15, "it is found from the call in which the promise was given")
        [one] = await book.of_call(kept.promise.call)
        assert (one.recording, one.line, one.operator, one.call) == (file.stem, "opname", "anna", None)
        assert f"acd-cb-{attempt.attempt}" in await citizens.calls((number,))
    finally:
        await book.close()
        await citizens.close()

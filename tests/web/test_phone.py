"""The operator's telephone in the web server: who gets in, what passes, and to whom he may send his caller."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from acd.engine.board import BoardDesk, DeskAttempt, DeskCall
from acd.model.account import AuditAction, Role
from acd.model.callback import AttemptStage
from acd.model.facts import OperatorAction, OperatorHangsUp, OperatorSendsOn, OperatorSendsToSurvey, PhoneState
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState, Wish
from acd.model.phones import PhoneAccess
from acd.model.policy import Operator, PhoneKind
from acd.web.app import create_app
from acd.web.phone import Targets, reach
from acd.web.server import WebServer
from acd.web.sip_proxy import ELSEWHERE, LARGEST_WORD, by_person
from tests.web.house import House, opened, signed_in

SECRET = "the password of the phone"
SIP = [Subprotocol("sip")]
LINES = {LineId("gentinfo"): {"nl": "Gentinfo"}}
ACCESS = PhoneAccess("", {Device("1001"): SECRET}, ("+32", "+31"), ("+3290",))


class Switch:
    """One operator, ``an``; his caller is ``7.1``."""

    def __init__(self, kind: PhoneKind = PhoneKind.BROWSER) -> None:
        self.url = ""
        self.kind = kind
        self.told: list[OperatorAction] = []
        self.ringing = False
        self.survey = False
        self.back: DeskAttempt | None = None
        """He calls a citizen back, and has no caller."""

    def operator(self, id: OperatorId) -> Operator | None:
        return Operator(id, "An Peeters", Device("1001"), {}, self.kind) if id == "an" else None

    def access(self) -> PhoneAccess:
        return PhoneAccess(self.url, ACCESS.secrets, ACCESS.transfer, ACCESS.refused)

    def desk(self, id: OperatorId) -> BoardDesk | None:
        answered_at = None if self.ringing else 1.0
        call = DeskCall(CallId("7.1"), LineId("gentinfo"), None, "nl", "", 0.0, answered_at, survey=self.survey)
        return BoardDesk(
            operator=id,
            name="An Peeters",
            linked=True,
            state=OperatorState.IN_CALL,
            wish=Wish.READY,
            reason=None,
            since=0.0,
            phone=PhoneState.BUSY,
            device="1001",
            lines=(),
            call=call if self.back is None else None,
            attempt=self.back,
            wrap_up_ends=None,
            may_extend=False,
        )

    def targets(self) -> Targets:
        return Targets(LINES, (), ACCESS.transfer)

    def tell(self, action: OperatorAction) -> None:
        self.told.append(action)


class Place:
    """The pages over a real socket, and behind them a switch that says everything back, in capitals."""

    def __init__(self, house: House, switch: Switch, server: WebServer) -> None:
        self.house, self.switch, self.server = house, switch, server
        self.heard: list[Any] = []
        self.behind: list[ServerConnection] = []

    @property
    def host(self) -> str:
        return self.server.url.removeprefix("http://")

    async def cookie(self, role: Role) -> str:
        async with signed_in(self.house, role) as browser:
            return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    @asynccontextmanager
    async def socket(self, cookie: str, origin: str | None = None, **more: Any) -> AsyncIterator[ClientConnection]:
        more.setdefault("subprotocols", SIP)
        headers = {"Cookie": cookie} if cookie else {}
        url, origin = f"ws://{self.host}/sip", origin or f"http://{self.host}"
        async with connect(url, origin=Origin(origin), additional_headers=headers, proxy=None, **more) as socket:
            yield socket


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with opened(tmp_path, names=("localhost", "127.0.0.1")) as house:
        switch = Switch()
        house.app = create_app(
            house.hub, hosts=["127.0.0.1", "localhost"], door=house.door, telephony=switch, notes=house.contacts
        )
        server = WebServer(house.app, house.hub, port=0)
        place = Place(house, switch, server)

        async def behind(socket: ServerConnection) -> None:
            place.behind.append(socket)
            async for word in socket:
                place.heard.append(word)
                await socket.send(str(word).upper())

        async with serve(behind, "127.0.0.1", 0, subprotocols=SIP) as asterisk:
            switch.url = f"ws://127.0.0.1:{asterisk.sockets[0].getsockname()[1]}/ws"
            await server.start()
            yield place
            await server.stop()


async def refused(place: Place, cookie: str, origin: str | None = None) -> bool:
    with pytest.raises(InvalidStatus) as answer:
        async with place.socket(cookie, origin):
            pass
    return answer.value.response.status_code == 403


async def test_words_pass_both_ways_for_a_signed_in_operator(place: Place) -> None:
    async with place.socket(await place.cookie(Role.OPERATOR)) as page:
        await page.send("register sip:acd.invalid")
        assert await page.recv() == "REGISTER SIP:ACD.INVALID"
    assert place.heard == ["register sip:acd.invalid"]


@pytest.mark.parametrize("who", [None, Role.SUPERVISOR, Role.ADMIN, Role.WALLBOARD])
async def test_nobody_else_gets_in(place: Place, who: Role | None) -> None:
    assert await refused(place, "" if who is None else await place.cookie(who))
    assert place.behind == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://["])
async def test_a_page_from_elsewhere_does_not_either(place: Place, origin: str) -> None:
    assert await refused(place, await place.cookie(Role.OPERATOR), origin)


async def test_an_operator_with_a_telephone_on_his_desk_does_not_either(place: Place) -> None:
    place.switch.kind = PhoneKind.SIP
    assert await refused(place, await place.cookie(Role.OPERATOR))


async def test_of_one_operator_the_newest_page_has_the_phone(place: Place) -> None:
    cookie = await place.cookie(Role.OPERATOR)
    async with place.socket(cookie) as first, place.socket(cookie) as second:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(first.recv(), 5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == ELSEWHERE
        await second.send("still here")
        assert await second.recv() == "STILL HERE"


async def test_when_the_switch_goes_the_page_is_told_to_try_again(place: Place) -> None:
    async with place.socket(await place.cookie(Role.OPERATOR)) as page:
        await page.send("hello")
        await page.recv()
        await place.behind[0].close()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(page.recv(), 5)
    place.switch.url = "ws://127.0.0.1:1/ws"
    async with place.socket(await place.cookie(Role.OPERATOR)) as page:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(page.recv(), 5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def test_when_the_page_goes_the_switch_hears_of_it(place: Place) -> None:
    async with place.socket(await place.cookie(Role.OPERATOR)) as page:
        await page.send("hello")
        await page.recv()
    await asyncio.wait_for(place.behind[0].wait_closed(), 5)


async def test_a_word_that_is_no_sip_message_any_more_ends_it(place: Place) -> None:
    async with place.socket(await place.cookie(Role.OPERATOR), max_size=None) as page:
        await page.send("x" * (LARGEST_WORD + 1))
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(page.recv(), 5)
    assert place.heard == []


async def test_the_card_is_the_operators_own_and_not_the_password(place: Place) -> None:
    async with signed_in(place.house, Role.OPERATOR) as browser:
        csrf = (await browser.get("/api/me")).json()["csrf"]
        answer = await browser.post("/api/phone/card", headers={"X-CSRF-Token": csrf})
        page = await browser.get("/desk/phone")
    assert answer.json()["device"] == "1001"
    assert len(answer.json()["ha1"]) == 32
    assert SECRET not in answer.text + page.text
    assert answer.json()["ha1"] not in page.text
    assert answer.headers["cache-control"] == "no-store"
    assert "microphone=(self)" in page.headers["permissions-policy"]
    assert ("olga", "phone_opened", "1001") in await place.house.audit()
    assert SECRET not in repr(place.switch.access())


async def test_with_a_phone_on_the_desk_the_engine_sends_on_and_hangs_up(place: Place) -> None:
    place.switch.kind = PhoneKind.SIP
    async with signed_in(place.house, Role.OPERATOR) as browser:
        csrf = {"X-CSRF-Token": (await browser.get("/api/me")).json()["csrf"]}
        sent = await browser.post("/api/phone/transfer", headers=csrf, json={"to": "09 210 10 10", "note": "haast"})
        assert sent.json() == {"to": "+3292101010", "by": "sip"}
        for to in ("0900 12345", "+1 900 555 0100", "", "1001", "x" * 50):
            assert (await browser.post("/api/phone/transfer", headers=csrf, json={"to": to})).status_code == 422
        assert (await browser.post("/api/phone/hangup", headers=csrf)).status_code == 204
        place.switch.ringing = True
        assert (await browser.post("/api/phone/hangup", headers=csrf)).status_code == 409
    who = OperatorId("an")
    assert place.switch.told == [OperatorSendsOn(who, "olga", "+3292101010"), OperatorHangsUp(who, "olga")]
    log = await place.house.store.log(before=1e12, limit=500)
    [noted] = [one for one in log if one.action is AuditAction.CALL_SENT_ON]
    assert (noted.who, noted.about, noted.detail) == ("olga", "7.1", "+"), "a number outside is not kept for good"


@pytest.mark.parametrize("kind", PhoneKind)
async def test_a_caller_is_sent_to_the_survey_where_there_is_one(place: Place, kind: PhoneKind) -> None:
    place.switch.kind = kind
    async with signed_in(place.house, Role.OPERATOR) as browser:
        csrf = {"X-CSRF-Token": (await browser.get("/api/me")).json()["csrf"]}
        refused = await browser.post("/api/phone/survey", headers=csrf)
        assert (refused.status_code, place.switch.told) == (409, [])
        place.switch.survey = True
        assert (await browser.get("/api/phone")).json()["talk"]["survey"] is True
        assert (await browser.post("/api/phone/survey", headers=csrf)).status_code == 204
        place.switch.ringing = True
        assert (await browser.post("/api/phone/survey", headers=csrf)).status_code == 409
    assert place.switch.told == [OperatorSendsToSurvey(OperatorId("an"), "olga")]
    assert ("olga", "call_sent_on", "7.1") in await place.house.audit()


@pytest.mark.parametrize("stage", [AttemptStage.DIALLED, AttemptStage.TALKING])
async def test_whom_he_calls_back_he_can_hang_up_on_and_not_send_on_from_here(
    place: Place, stage: AttemptStage
) -> None:
    place.switch.kind = PhoneKind.SIP
    place.switch.back = DeskAttempt(OfferId(7), CallbackId("9.1"), LineId("gentinfo"), stage)
    async with signed_in(place.house, Role.OPERATOR) as browser:
        csrf = {"X-CSRF-Token": (await browser.get("/api/me")).json()["csrf"]}
        talk = (await browser.get("/api/phone")).json()["talk"]
        assert (talk["call"], talk["back"], talk["calling"]) == (None, "9.1", stage is AttemptStage.DIALLED)
        assert (await browser.post("/api/phone/survey", headers=csrf)).status_code == 409
        assert (await browser.post("/api/phone/transfer", headers=csrf, json={"to": "1002"})).status_code == 409
        assert (await browser.post("/api/phone/hangup", headers=csrf)).status_code == 204
    assert place.switch.told == [OperatorHangsUp(OperatorId("an"), "olga")]
    assert ("olga", "call_hung_up", "9.1") in await place.house.audit()


@given(st.text(max_size=30))
def test_whatever_is_typed_reaches_a_line_a_colleague_or_an_allowed_number(typed: str) -> None:
    to = reach(typed, LINES, ACCESS)
    if to is None or to in LINES:
        return
    assert to.isascii()
    if to.startswith("+"):
        assert to.startswith(("+32", "+31"))
        assert not to.startswith("+3290")
        assert 9 <= len(to) <= 16
    else:
        assert to.isdecimal() and 3 <= len(to) <= 5


@pytest.mark.parametrize(
    ("word", "person"),
    [
        ("INVITE sip:1002@acd.invalid SIP/2.0\r\n\r\n", True),
        ("SIP/2.0 200 OK\r\nCSeq: 4 INVITE\r\n\r\n", True),
        ("SIP/2.0 200 OK\r\nCSeq: 4 OPTIONS\r\n\r\n", False),
        ("REGISTER sip:acd.invalid SIP/2.0\r\n\r\n", False),
        (b"BYE sip:1@2 SIP/2.0\r\n\r\n", True),
        ("\r\n\r\n", False),
    ],
)
def test_a_phone_that_registers_by_itself_is_no_sign_of_a_person(word: str | bytes, person: bool) -> None:
    assert by_person(word) is person

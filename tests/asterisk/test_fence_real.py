"""The fence at the real Asterisk: what a deposed leader says is obeyed by nobody, whenever he wakes up to say it."""

import asyncio
from collections.abc import Iterator

import pytest

from acd.asterisk.actions import redirect, setvar
from acd.asterisk.counters import Counters
from acd.asterisk.fence import Fence, standby_account
from acd.asterisk.session import AmiSession, LoginRefused, SessionEnded
from acd.asterisk.settings import AmiSettings
from acd.model.ids import CallId
from sim.lab import Lab
from tests.lab.stub import PATIENCE, patient, unheard, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

EARLIER, LATER = 1_700_000_001, 1_700_000_002


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def account(lab: Lab) -> AmiSettings:
    return patient(lab)


async def opened(settings: AmiSettings) -> AmiSession:
    session = AmiSession(settings, lambda frame: None, Counters())
    await session.open()
    return session


def not_deposed() -> None:
    pytest.fail("a leader in his own term is told that he is deposed")


async def test_a_later_leader_silences_the_one_before(lab: Lab, account: AmiSettings) -> None:
    before = await opened(account)
    await Fence(EARLIER, not_deposed).register(before)
    with pytest.raises(LoginRefused):
        await opened(account)
    async with lab.citizen() as citizen:
        call = citizen.call("092101010")
        await until(lambda: [c.context for c in lab.channels()] == ["acd-wait"])
        [waiting] = lab.channels()
        now = Fence(LATER, not_deposed)
        await now.clear(account)
        # He does not know yet: these go into the socket that he takes for his own.
        before.tell(redirect(CallId(waiting.uniqueid), "acd-after", "s"))
        before.tell(setvar("ACD_DRAIN", "1"))
        after = await opened(account)
        await now.register(after)
        await asyncio.wait({before.ended}, timeout=PATIENCE)
        # The fence's own channels go in their own time.
        await until(lambda: [c.context for c in lab.channels()] == ["acd-wait"])
        assert lab.globals().get("ACD_DRAIN", "") == ""
        assert before.ended.done()
        await call.hang_up()
        after.close()
    assert lab.globals()["ACD_TERM"] == str(LATER)


async def test_an_earlier_leader_ends_nobodys_session_and_is_told_that_he_is_deposed(
    lab: Lab, account: AmiSettings
) -> None:
    now = Fence(LATER, not_deposed)
    await now.clear(account)
    leader = await opened(account)
    await now.register(leader)
    told: list[bool] = []
    late = Fence(EARLIER, lambda: told.append(True))
    await late.clear(account)
    assert (await leader.ask((("Action", "Ping"),)))[0].success, "the leader's session lives"
    with pytest.raises(LoginRefused):
        await opened(account)
    # Even when the leader has no session at this moment.
    leader.close()
    await unheard(lab)
    alone = await opened(account)
    with pytest.raises(SessionEnded):
        await late.register(alone)
    alone.close()
    assert told == [True]
    with pytest.raises(SessionEnded):
        await late.clear(account)


async def test_a_leader_ends_his_own_dead_session(lab: Lab, account: AmiSettings) -> None:
    """The network swallowed it without a word: Asterisk takes it for alive."""
    fence = Fence(LATER, not_deposed)
    await fence.clear(account)
    dead = await opened(account)
    await fence.clear(account)
    again = await opened(account)
    assert (await again.ask((("Action", "Ping"),)))[0].success
    again.close()
    dead.close()


async def test_the_account_of_a_standby_may_begin_calls_and_nothing_else(lab: Lab, account: AmiSettings) -> None:
    session = await opened(standby_account(account))
    other = await opened(standby_account(account))
    for name in ("Getvar", "Setvar", "Redirect", "Hangup", "Status", "Command", "DBPut", "UserEvent", "GetConfig"):
        words = (("Action", name), ("Variable", "ACD_TERM"), ("Command", "core stop now"), ("Filename", "manager.conf"))
        assert "ermission denied" in (await session.ask(words))[0].message, name
    for application in ("System", "Exec", "TrySystem", "AGI"):
        words = (("Action", "Originate"), ("Channel", "Local/x@acd-wait"), ("Application", application), ("Data", "id"))
        assert not (await session.ask(words))[0].success
    session.close()
    other.close()


async def test_the_fence_leaves_no_complaint_and_no_channel_behind(lab: Lab) -> None:
    assert lab.channels() == []
    assert lab.complaints(["failed to authenticate", "Login Already In Use"]) == []

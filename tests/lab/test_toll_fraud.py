"""The last line against toll fraud, on the real Asterisk: no engine needs to be there for it."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from acd.model.outside import Outside
from sim.lab import Habit, Lab, Phone, lab_policy
from tests.lab.stub import NONCE, Stub, stub

pytestmark = pytest.mark.asterisk

OUTSIDE = Outside(transfers=("+32",), per_number=2, per_operator=4, calls=7, minutes=1, emergency=("112",))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(msgspec.structs.replace(lab_policy(), outside=OUTSIDE)) as lab:
        yield lab


async def dial(phone: Phone, *numbers: str) -> list[int | None]:
    """The final answer to each call; one that is answered lasts a moment."""
    codes = []
    for number in numbers:
        call = phone.call(number)
        await asyncio.wait_for(call.final.wait(), 10)
        if call.answered.is_set():
            await call.hang_up()
        codes.append(call.code)
    return codes


def count(lab: Lab, key: str) -> int:
    return int(lab.cli(f"database get acd-outside {key}").partition("Value: ")[2] or 0)


async def refusals(engine: Stub, why: str) -> int:
    await engine.event("AcdOutsideRefused", Why=why, Nonce=NONCE)
    return len([e for e in engine.events if e.get("UserEvent") == "AcdOutsideRefused" and e.get("Why") == why])


async def test_a_phone_reaches_only_what_is_allowed_and_no_more_often(lab: Lab) -> None:
    async with stub(lab) as engine, lab.partner(Habit()) as carrier, lab.phone("1001") as an, lab.phone("1002") as bo:
        await engine.setvar("ACD_NONCE", NONCE)
        # Premium, abroad, and the same in other words: refused before anything is rung.
        assert await dial(an, "+19005550100", "003120123456", "+31201234567") == [404, 404, 404]
        assert await dial(an, "+3290012345", "090012345", "+3270245245") == [403, 403, 403]
        assert carrier.calls == []
        # To one number twice in an hour.
        assert await dial(an, "+3293330001", "093330001") == [200, 200]
        assert (await dial(bo, "+3293330001"))[0] == 403
        assert await refusals(engine, "per_number") == 1
        # One operator four times; the other may still.
        assert await dial(an, "+3293330002", "+3293330003") == [200, 200]
        assert (await dial(an, "+3293330004"))[0] == 403
        refused = await engine.event("AcdOutsideRefused", Why="per_operator")
        assert refused["Phone"] == "1001"
        assert await dial(bo, "+3293330004", "+3293330005", "+3293330006") == [200, 200, 200]
        # And all together seven times a day, also over a restart of Asterisk.
        assert (await dial(bo, "+3293330007"))[0] == 403
        assert await refusals(engine, "calls") == 1
        assert len(carrier.calls) == count(lab, "calls") == 7
        # An emergency number is never refused, and not counted.
        assert await dial(an, "112") == [200]
        assert carrier.calls[-1].invite.first.startswith("INVITE sip:112@")
        assert count(lab, "calls") == 7
    lab.restart()
    async with lab.partner(Habit()) as carrier, lab.phone("1003") as fresh:
        assert (await dial(fresh, "+3293330008"))[0] == 403
        assert carrier.calls == []
        assert await dial(fresh, "112") == [200]


async def test_conversations_are_added_up_until_the_minutes_of_the_day_are_spent(lab: Lab) -> None:
    async with lab.partner(Habit()) as carrier, lab.phone("1001") as an:
        call = an.call("+3293330001")
        await asyncio.wait_for(call.answered.wait(), 10)
        await asyncio.sleep(2.2)
        await call.hang_up()
        async with asyncio.timeout(5):
            while not 2 <= count(lab, "seconds") <= 4:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        lab.cli("database put acd-outside seconds 60")
        assert (await dial(an, "+3293330002"))[0] == 403
        # A new day begins at nought.
        lab.cli("database put acd-outside day 20000101")
        assert await dial(an, "+3293330002") == [200]
        assert len(carrier.calls) == 2
        assert count(lab, "calls") == 1


async def test_who_has_the_engines_account_cannot_raise_the_limits(lab: Lab) -> None:
    async with stub(lab) as engine, lab.partner(Habit()) as carrier, lab.phone("1001") as an:
        assert await dial(an, "+3293330001") == [200]
        lab.cli("database put acd-outside calls 7")
        await engine.setvar("DB(acd-outside/calls)", "0")
        await engine.getvar("DB_DELETE(acd-outside/calls)")
        where = {"Context": "acd-spy", "Exten": "listen", "Priority": "1"}
        await engine.action(
            Action="Originate", Channel="Local/s@acd-outside-up", Variable="DB(acd-outside/calls)=0", **where
        )
        for data in ("DB(acd-outside/calls)=0", "x=${DB_DELETE(acd-outside/calls)}"):
            await engine.action(Action="Originate", Channel="Local/s@acd-wait", Application="Set", Data=data)
        await engine.action(Action="DBPut", Family="acd-outside", Key="calls", Val="0")
        await engine.action(Action="DBDelTree", Family="acd-outside")
        # Globals are his to set: no limit is one of them.
        for name in lab.globals():
            await engine.setvar(name, "999999")
        assert (await dial(an, "+3293330002"))[0] == 403
        assert len(carrier.calls) == 1
    assert count(lab, "calls") == 7

"""Twenty callers for one operator: who waits past the limit is offered a call back, and is called back. SIPp's own logs
are the judge, of the callers, of the operator's phone and of the phones of those who are rung.

Some say nothing to the offer, press rubbish, or hang up at any point of the dialogue; some want the first moment,
another one, or to be called as soon as it is calm. Then their phones answer, are busy, ring in vain, decline, are
picked up by a machine, or do not exist.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from acd.callbacks.days import part_of
from acd.model.callback import AttemptResult, CallbackState
from acd.model.events import CallbackOffered
from acd.model.ids import Device
from acd.model.outcome import Outcome
from acd.records import Archive, CallRow
from sim.lab import Lab
from sim.lab.service import LabService
from sim.lab.sipp import Farm, Manner, RingStory, Stories
from sim.lab.stalls import unless_stalled
from tests.e2e.conftest import all_ended, records, until
from tests.e2e.promises import QUEUES, Kept, in_good_hands, promises, short_spoken
from tests.e2e.test_sixty_calls import no_phone_rings_twice_at_once, the_same_ends

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]

TERUGBEL, TOESTEL = "3292102010", "3292102013"
DESK: Final = "1001"
FIRST_KEY: Final = 11.0
"""Seconds after the switch answered. The offer begins 5 to 7 s after it, and its key counts until 15 s after it: it may
begin some seconds late, or the key come late."""
NEXT_KEY: Final = 1.2
"""Seconds; each question is short, and waits 5 s."""
GAP: Final = 7200.0
"""Seconds between two attempts."""
_R = AttemptResult


class Group(NamedTuple):
    """Callers who do the same."""

    callers: int
    keys: str
    """Pressed one after the other, from the offer on."""
    leaves: float | None = None
    """Seconds after the last key (or since the switch answered) at which he hangs up."""
    promised: bool | None = True
    """None: either a whole promise or none."""
    phone: Manner | None = None
    """How his phone meets our call; None = he answers."""
    result: AttemptResult = _R.CONNECTED
    did: str = TERUGBEL

    @property
    def stays(self) -> bool:
        return self.promised is False and self.leaves is None


GROUPS: Final = (
    Group(2, "", promised=False),
    Group(1, "7", promised=False),
    Group(1, "195", promised=False),
    Group(1, "", leaves=FIRST_KEY, promised=False),
    Group(1, "1", leaves=0.6, promised=False),
    Group(1, "11", leaves=0.6, promised=False),
    Group(1, "113", leaves=0.05, promised=None),
    Group(1, "113", leaves=0.5, promised=None),
    Group(3, "111"),
    Group(2, "1121"),
    Group(1, "11221"),
    Group(1, "113", phone="BUSY", result=_R.BUSY),
    Group(1, "113", phone="SILENT", result=_R.NO_ANSWER, did=TOESTEL),
    Group(1, "113", phone="REFUSES", result=_R.REFUSED),
    Group(1, "113", phone="UNKNOWN", result=_R.WRONG_NUMBER),
    Group(1, "113", phone="MACHINE", result=_R.MACHINE, did=TOESTEL),
)


def prefix(index: int) -> str:
    """Each caller's number carries his group; SIPp appends his own digit."""
    return f"+3247{index:02}0000"


def group_of(number: str) -> Group:
    return GROUPS[int(number[5:7])]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with short_spoken(tmp_path) as lab:
        yield lab


async def test_whoever_waits_too_long_is_offered_a_call_back_and_is_called_back(lab: Lab, tmp_path: Path) -> None:
    assert sum(group.callers for group in GROUPS) == 20
    folders = (tmp_path / f"attempt-{number}" for number in count())
    # A machine that stands still for seconds lets no promise be written down in time, and rightly none is given.
    await unless_stalled(lambda: twenty_callers(lab, next(folders)))


async def twenty_callers(lab: Lab, folder: Path) -> None:
    async with LabService(lab, QUEUES, folder / "state") as service:
        with Farm(lab, folder / "sipp") as farm:
            await open_for_business(lab, service, farm)
            rows = await the_callers(service, farm)
            given = await promises(service)
            await the_calls_back(service, given)
            await until(lambda: lab.channels() == [], 30, "no channel is left in Asterisk")
            # Time for a phone to be rung that should not be.
            await asyncio.sleep(2)
            stories, kept = farm.stories(), await promises(service)
        assert len(await records(service)) == 20, "a call back is no call of a caller"
    every_caller_ended_as_sipp_saw(rows, stories, given)
    the_same_ends(rows, stories, lab, {each.number for each in given})
    whole_promises_only(rows, given)
    rings_are_attempts(stories, kept)
    every_phone_was_met_as_sipp_met_it(kept)
    assert all(in_good_hands(each.promise) for each in kept)
    no_phone_rings_twice_at_once(stories.rings)


async def open_for_business(lab: Lab, service: LabService, farm: Farm) -> None:
    """One operator, who is at lunch still, and the phones of all citizens."""
    desk = {Device(DESK): lab.phone_secrets[Device(DESK)]}
    farm.operators("desk", desk, ring=0.2, talk=3.0, patient_with="Terugbellen")
    manners = {group.phone: f"{prefix(index)[1:]}." for index, group in enumerate(GROUPS) if group.phone is not None}
    farm.called("citizens", manners, ring=0.4, talk=0.8)
    await service.operator("anna", "login")
    await service.operator("anna", "pause", reason="lunch")


async def the_callers(service: LabService, farm: Farm) -> list[CallRow]:
    """All twenty call and hear the offer. In the midst of it the operator comes back, and serves those who stay."""
    began, names = time.time(), [f"group-{index}" for index in range(len(GROUPS))]

    async def first_come(count: int) -> bool:
        return len(await records(service)) == count

    for index, (name, group) in enumerate(zip(names, GROUPS, strict=True)):
        keys = [(NEXT_KEY if number else FIRST_KEY, key) for number, key in enumerate(group.keys)]
        farm.citizens(name, group.did, prefix=prefix(index), count=group.callers, rate=20, hold=group.leaves, keys=keys)
        if group.stays:
            here = sum(group.callers for group in GROUPS[: index + 1])
            await until(partial(first_come, here), 30, "those who stay are the first in the line")

    async def all_hear() -> bool:
        return len(await offers(service, began)) == 20

    await until(all_hear, 30, "all twenty hear the offer")
    await service.operator("anna", "ready")
    await until(lambda: farm.done(*names), 60, "every caller has been served, or promised a call, or has hung up")
    farm.wait(*names, seconds=1)
    rows = await all_ended(service, 20)
    waited = sorted(offer.waited for offer in await offers(service, began))
    assert waited[0] >= 5.0, "nobody hears it before his time"
    return rows


async def offers(service: LabService, since: float) -> list[CallbackOffered]:
    archive = Archive(service.database)
    try:
        return [event async for event in archive.events_since(since) if isinstance(event, CallbackOffered)]
    finally:
        await archive.close()


async def the_calls_back(service: LabService, given: list[Kept]) -> None:
    """Who chose a moment is called now, as a supervisor can; the others are called by themselves."""
    now = time.time()
    for each in given:
        if each.promise.start_at > now:
            await service.ask("callback_act", callback=each.promise.callback, action="call_now", by="lab")

    async def over() -> bool:
        found = await promises(service)
        return all(each.attempts and each.attempts[-1].ended_at is not None for each in found)

    await until(over, 90, "every promise has had its attempt")


def every_caller_ended_as_sipp_saw(rows: list[CallRow], stories: Stories, given: list[Kept]) -> None:
    """Call by call: served by an operator, promised a call, or gone."""
    by_number = {str(row.number): row for row in rows}
    assert by_number.keys() == stories.citizens.keys()
    spoke = {ring.number for ring in stories.rings if ring.answered is not None and ring.device == DESK}
    promised = {each.number for each in given}
    seen: dict[str, tuple[Outcome | None, bool]] = {}
    for number, citizen in stories.citizens.items():
        row, group = by_number[number], group_of(number)
        if group.promised is False:
            wanted = Outcome.ANSWERED if group.stays else Outcome.ABANDONED
            assert (number in spoke) is group.stays
        elif group.promised or number in promised:
            wanted = Outcome.CALLBACK_ACCEPTED
        else:
            wanted = Outcome.ABANDONED
        if group.promised:
            assert not citizen.hung_up_himself, f"{number} heard that his promise stands"
        if row.outcome is not wanted:
            seen[number] = row.outcome, number in promised
    assert seen == {}


def whole_promises_only(rows: list[CallRow], given: list[Kept]) -> None:
    """Whoever is owed a call was counted so, and nobody else; he was promised what he chose."""
    accepted = {row.number for row in rows if row.outcome is Outcome.CALLBACK_ACCEPTED}
    assert accepted == {each.number for each in given}
    assert len(given) == len(accepted)
    for each in given:
        group, promise, asked = group_of(each.number), each.promise, min(row.arrived_at for row in rows)
        assert [change.what for change in each.changes][:1] == ["book"]
        assert promise.promised_at < promise.end_at <= promise.deadline
        if group.keys == "113":
            assert promise.start_at == pytest.approx(promise.promised_at, abs=1.0), "as soon as it is calm, that is now"
        else:
            assert promise.start_at > asked + 900, "a moment to come"
            assert promise.start_at % 1800 == 0
            assert promise.end_at - promise.start_at == 1800
    moments = {keys: {e.promise.start_at for e in given if group_of(e.number).keys == keys} for keys in ("111", "1121")}
    assert not moments["111"] & moments["1121"], "who wanted another moment got another"


def rings_are_attempts(stories: Stories, kept: list[Kept]) -> None:
    """SIPp's count of the INVITEs at each citizen's phone is that of the attempts in which he was rung; each ring lies
    in its own attempt, the operator's phone was rung for it first, and none comes after he was reached."""
    rung = Counter(ring.device for ring in stories.rings if ring.device.startswith("+"))
    assert rung == Counter({each.number: len(each.rung) for each in kept})
    for each in kept:
        rings = rings_at(each.number, stories.rings)
        desks = [r for r in stories.rings if r.device == DESK and r.number == each.number]
        desks = desks[len(desks) - len(each.attempts) :]
        for attempt, ring, desk in zip(each.rung, rings, desks, strict=True):
            assert attempt.ended_at is not None
            assert attempt.claimed_at <= desk.invited <= ring.invited <= attempt.ended_at
            assert desk.answered is not None and desk.answered <= ring.invited
            assert (ring.answered is not None) is (attempt.result in (_R.CONNECTED, _R.MACHINE))
            reached = each.promise.reached_at
            assert reached is None or ring.invited <= reached


def rings_at(number: str, rings: list[RingStory]) -> list[RingStory]:
    return sorted((ring for ring in rings if ring.device == number), key=lambda ring: ring.invited)


def every_phone_was_met_as_sipp_met_it(kept: list[Kept]) -> None:
    """And what follows is the rule."""
    for each in kept:
        group, promise = group_of(each.number), each.promise
        assert each.results == [group.result], each.number
        [attempt] = each.attempts
        assert promise.attempts == 1
        match group.result:
            case _R.CONNECTED:
                assert promise.state is CallbackState.REACHED
                assert attempt.answered_at == promise.reached_at
            case _R.REFUSED | _R.WRONG_NUMBER:
                assert (promise.state, promise.why) == (CallbackState.HANDED_OVER, group.result.value)
            case _ if promise.state is CallbackState.OPEN:
                assert attempt.ended_at is not None
                assert promise.start_at >= attempt.ended_at + GAP
                assert part_of(promise.start_at) is not part_of(attempt.ended_at)
            case _:
                assert (promise.state, promise.why) == (CallbackState.HANDED_OVER, "no_moment")

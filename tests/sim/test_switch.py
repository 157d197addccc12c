"""The simulated switch by itself: the waiting loop, Queue(), races, what is kept of a call."""

import pytest

from acd.model import commands as c
from acd.model import facts as f
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import Device, LineId, OfferId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from sim.calls import Call, ToDeflect, ToMusic, ToNowhere, ToOperator
from sim.fallback import Queue
from sim.kernel import Kernel
from sim.pbx import SimPbx
from sim.phones import BUSY, DEAD, RINGS, Always, Habit
from sim.switch import INSTANT, Refusal, SimSwitch

LINE, OTHER = LineId("gentinfo"), LineId("sportlijn")
ANN, BOB = Device("1001"), Device("1002")


class Town:
    """A switch with two lines and two phones; an engine that is there as long as ``beat`` is called."""

    def __init__(self, *, timing: object = INSTANT, engine: bool = True) -> None:
        self.time = Kernel(1_800_000_000.25)
        queues = {LINE: Queue({ANN: 0, BOB: 1}, 15, 30), OTHER: Queue({BOB: 0})}
        self.switch = SimSwitch(self.time, [ANN, BOB], queues, timing=timing)  # type: ignore[arg-type]
        self.pbx = SimPbx(self.switch)
        self.facts: list[f.Fact] = []
        self.beating = engine
        if engine:
            self.pbx.connect(self.facts.append)
            self._beat()
        self.run(0)

    def _beat(self) -> None:
        if self.beating:
            self.pbx.heartbeat()
            self.time.call_at(self.time.now() + 2, self._beat)

    def run(self, seconds: float) -> None:
        self.time.run_until(self.time.now() + seconds)

    def waits(self, line: LineId = LINE) -> Call:
        call = self.switch.arrive("092101010", "+3290000001")
        self.switch.choose(call, line)
        return call

    def habit(self, device: Device, habit: Habit) -> None:
        self.switch.phones[device].hands = Always(habit)

    def offer(self, call: Call, device: Device = ANN, offer: int = 1) -> None:
        self.pbx.send(c.Offer(call.id, OfferId(offer), OperatorId("op"), device, 15.0))


# --- The waiting loop ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "heard"), [(0.0, 2.0), (1.9, 2.0), (2.0, 4.0), (5.0, 6.0)])
def test_an_announcement_is_played_at_the_next_turn(after: float, heard: float) -> None:
    town = Town()
    call = town.waits()
    town.run(after)
    town.pbx.send(c.Announce(call.id, 3, (2, 5)))
    town.run(heard - after - 0.001)
    assert call.heard == []
    town.run(0.002)
    assert call.heard == ["acd/position-3", "acd/wait-2-5"]
    town.run(60)
    assert len(call.heard) == 2


def test_words_of_announcements() -> None:
    town = Town()
    call = town.waits()
    for position, wait in ((21, None), (None, (10, None))):
        town.pbx.send(c.Announce(call.id, position, wait))
        town.run(30)
    assert call.heard == ["acd/position-many", "acd/wait-10-more"]


def test_the_crisis_message_is_heard_once_by_those_who_wait_and_by_new_callers() -> None:
    town = Town()
    first = town.waits()
    town.run(3)
    town.pbx.send(c.SetCrisis("crisis-storm"))
    second = town.waits()
    town.run(30)
    town.pbx.send(c.SetCrisis(None))
    town.run(30)
    town.pbx.send(c.SetCrisis("crisis-flood"))
    town.run(30)
    assert first.heard == second.heard == ["acd/crisis-storm", "acd/crisis-flood"]


def test_waiting_costs_no_timers() -> None:
    town = Town()
    town.beating = False
    for _ in range(100):
        town.waits()
    town.run(2)
    before = town.time.fired
    town.run(3)
    assert town.time.fired == before


# --- The engine is away --------------------------------------------------------------------------------------------


def test_killed_engine_callers_are_in_queue_within_2_seconds() -> None:
    town = Town()
    town.habit(ANN, RINGS)
    town.habit(BOB, RINGS)
    calls = []
    for _ in range(5):
        calls.append(town.waits())
        town.run(0.7)
    town.pbx.disconnect()
    town.run(2.0)
    assert [call.where for call in calls] == [At.FALLBACK] * 5


def test_frozen_engine_callers_are_in_queue_within_9_seconds() -> None:
    town = Town()
    town.habit(ANN, RINGS)
    call = town.waits()
    town.run(10)
    town.beating = False
    town.run(4.9)
    assert call.leg is None
    town.run(4.1)
    assert call.where is At.FALLBACK


def test_an_engine_that_never_was_is_away_from_the_first_call_on() -> None:
    town = Town(engine=False)
    call = town.waits()
    town.run(2.3)
    assert call.where is At.TALK
    assert call.device == ANN


def test_queue_serves_in_the_order_of_joining_and_polls_once_a_second() -> None:
    town = Town(engine=False)
    town.habit(ANN, Habit(after=0.5, talk=5))
    town.habit(BOB, Habit(after=0.5, talk=300))
    calls = []
    for _ in range(4):
        calls.append(town.waits())
        town.run(1.1)
    town.run(60)
    served = [call for call in calls if call.up_at]
    assert served == calls[:3]
    ups = [call.up_at - calls[0].up_at for call in served if call.up_at and calls[0].up_at]
    # Bob has the higher penalty; Ann is rung again after her 5 s of talk and her 30 s of wrap-up, at the next poll.
    assert ups == pytest.approx([0, 1, 36], abs=1.01)
    assert (calls[0].device, calls[1].device, calls[2].device) == (ANN, BOB, ANN)


def test_queue_leaves_paused_busy_and_lost_phones_alone() -> None:
    town = Town()
    town.pbx.send(c.SetAllowed(ANN, (LINE,), False))
    town.switch.use_elsewhere(BOB, True)
    call = town.waits()
    town.pbx.disconnect()
    town.run(10)
    assert call.where is At.FALLBACK
    assert call.leg is None
    town.switch.use_elsewhere(BOB, False)
    town.switch.unregister(BOB)
    town.run(5)
    assert call.leg is None
    town.switch.register(BOB)
    town.run(1.5)
    assert call.device == BOB


def test_who_hangs_up_in_queue_leaves_a_note() -> None:
    town = Town()
    town.habit(ANN, RINGS)
    town.habit(BOB, RINGS)
    call = town.waits()
    town.pbx.disconnect()
    town.run(5)
    town.switch.hang_up(call)
    town.run(1)
    assert town.switch.fallback.callers == ()
    [note] = town.switch.notes
    assert (note.seen.call, note.seen.where, note.seen.entered_at) == (call.id, At.FALLBACK, call.entered_at)
    assert all(phone.leg is None for phone in town.switch.phones.values())


def test_a_frozen_engine_that_wakes_up_hears_of_each_end_once() -> None:
    town = Town()
    call = town.waits()
    town.beating = False
    town.run(7.9)
    town.switch.hang_up(call)
    assert len(town.switch.notes) == 1
    town.pbx.cut("late")
    town.pbx.mend()
    seen = town.facts[-1]
    assert isinstance(seen, f.SwitchSeen)
    assert seen.missed == ()
    assert sum(isinstance(fact, f.CallGone) for fact in town.facts) == 1


# --- Redirects -----------------------------------------------------------------------------------------------------


def test_a_second_redirect_is_refused_while_the_first_is_pending() -> None:
    town = Town()
    call = town.waits()
    assert town.switch.redirect(call.id, ToMusic()) is None
    assert town.switch.redirect(call.id, ToOperator(OfferId(1), ANN, 15)) is Refusal.NOT_UP
    town.run(0)
    assert town.switch.redirect(call.id, ToOperator(OfferId(1), ANN, 15)) is None


def test_a_redirect_may_come_too_late() -> None:
    town = Town()
    town.switch.timing = type(INSTANT)(redirect=0.003, hangup=0.001)
    call = town.waits()
    assert town.switch.redirect(call.id, ToOperator(OfferId(1), ANN, 15)) is None
    town.switch.hang_up(call)
    assert town.switch.redirect(call.id, ToMusic()) is Refusal.NOT_UP
    town.run(0.002)
    assert town.switch.redirect(call.id, ToMusic()) is Refusal.NO_CHANNEL
    town.run(1)
    names = [type(fact).__name__ for fact in town.facts]
    assert "OfferDialled" not in names
    assert names.count("CallGone") == 1


def test_a_redirect_of_a_bridged_caller_hangs_up_his_operator() -> None:
    """Trace 15: the weapon that an engine must not fire."""
    town = Town()
    call = town.waits()
    town.offer(call)
    town.run(5)
    assert call.talking
    assert town.switch.redirect(call.id, ToMusic()) is None
    town.run(0)
    assert town.switch.phones[ANN].leg is None
    assert call.where is At.WAIT
    ended, idle, queued = town.facts[-3:]
    assert isinstance(ended, f.TalkEnded)
    assert idle == f.PhoneChanged(ANN, f.PhoneState.IDLE)
    assert isinstance(queued, f.CallQueued)
    assert (queued.call, queued.entered_at) == (call.id, call.entered_at)
    assert (call.offer, call.up_at) == (None, None)


def test_a_redirect_to_nowhere_is_accepted_and_drops_the_caller() -> None:
    """Trace 48."""
    town = Town()
    call = town.waits()
    assert town.switch.redirect(call.id, ToNowhere("no-such-context", "s")) is None
    town.run(0)
    assert town.switch.calls == {}
    assert isinstance(town.facts[-1], f.CallGone)


def test_a_refusal_ends_with_the_message() -> None:
    town = Town()
    call = town.waits()
    town.switch.redirect(call.id, ToDeflect(LINE, OverflowTo.REFUSE))
    town.run(town.switch.timing.message - 0.1)
    assert call.where is At.REFUSED
    town.run(0.2)
    assert town.switch.calls == {}


# --- Phones --------------------------------------------------------------------------------------------------------


def test_a_phone_in_a_call_of_its_own_is_busy() -> None:
    town = Town()
    town.switch.use_elsewhere(ANN, True)
    call = town.waits()
    town.offer(call)
    town.run(1)
    assert town.facts[-1] == f.OfferFailed(call.id, OfferId(1), f.OfferFailure.BUSY)
    assert f.PhoneChanged(ANN, f.PhoneState.BUSY) in town.facts


def test_one_call_a_phone() -> None:
    town = Town()
    town.habit(ANN, RINGS)
    first, second = town.waits(), town.waits()
    town.offer(first)
    town.run(1)
    town.offer(second, ANN, 2)
    town.run(1)
    assert town.facts[-1] == f.OfferFailed(second.id, OfferId(2), f.OfferFailure.BUSY)
    assert first.leg is not None
    assert town.switch.phones[ANN].leg is first.leg


def test_a_dead_phone_never_looks_busy() -> None:
    town = Town()
    town.habit(ANN, DEAD)
    call = town.waits()
    town.offer(call)
    town.run(20)
    assert town.facts[-1] == f.OfferFailed(call.id, OfferId(1), f.OfferFailure.DEAD)
    assert not any(isinstance(fact, f.PhoneChanged) for fact in town.facts)


def test_an_operator_who_answers_as_the_caller_hangs_up_comes_too_late() -> None:
    town = Town()
    town.switch.timing = type(INSTANT)(hangup=0.001)
    town.habit(ANN, RINGS)
    call = town.waits()
    town.offer(call)
    town.run(1)
    town.switch.hang_up(call)
    town.switch.pick_up(ANN)
    town.run(1)
    names = [type(fact).__name__ for fact in town.facts]
    assert "OfferAnswered" not in names
    assert names[-2:] == ["CallGone", "PhoneChanged"]


# --- Menu, partner, memory -----------------------------------------------------------------------------------------


def test_the_menu_may_settle_a_call() -> None:
    town = Town()
    call = town.switch.arrive("092101010", None)
    town.switch.end_menu(call, Outcome.CLOSED, LINE)
    town.run(20)
    told = [fact for fact in town.facts if not isinstance(fact, f.SwitchSeen)]
    assert told[0] == f.CallArrived(call.id, call.arrived_at, "092101010", None)
    assert told[1] == f.MenuEnded(call.id, Outcome.CLOSED, LINE)
    assert [type(fact) for fact in told[2:]] == [f.CallGone]


def test_a_key_may_lead_on_from_what_was_said() -> None:
    town = Town()
    call = town.switch.arrive("092101010", None)
    town.switch.end_menu(call, Outcome.INFORMED)
    town.run(2)
    town.switch.choose(call, LINE)
    town.run(60)
    assert call.where is At.WAIT
    assert not any(isinstance(fact, f.MenuEnded) for fact in town.facts)


def test_maintenance_is_told_at_once() -> None:
    town = Town()
    town.pbx.send(c.SetDraining(True))
    call = town.switch.arrive("092101010", None)
    assert town.facts[-1] == f.MenuEnded(call.id, Outcome.REFUSED)
    town.run(20)
    assert [type(fact) for fact in town.facts[-3:]] == [f.CallArrived, f.MenuEnded, f.CallGone]


def test_a_caller_at_the_partners_is_told_from_one_on_the_way_there() -> None:
    town = Town()
    town.switch.partner = Always(Habit(after=2))
    on_the_way, there = town.waits(), town.waits()
    for call in (on_the_way, there):
        town.pbx.send(c.Deflect(call.id, LINE, OverflowTo.PARTNER))
    town.run(4)
    town.switch.hang_up(on_the_way)
    town.run(4)
    town.switch.hang_up(there)
    ends = {fact.call: fact.overflowing for fact in town.facts if isinstance(fact, f.CallGone)}
    assert ends == {on_the_way.id: True, there.id: False}


def test_a_partner_who_is_busy_gives_the_caller_back() -> None:
    town = Town()
    town.switch.partner = Always(BUSY)
    call = town.waits()
    town.pbx.send(c.Deflect(call.id, LINE, OverflowTo.PARTNER))
    town.run(10)
    assert call.where is At.WAIT
    assert town.facts[-1] == f.OverflowFailed(call.id)


def test_moments_have_three_decimals() -> None:
    town = Town()
    town.run(0.123456)
    call = town.waits()
    assert (call.arrived_at, call.entered_at) == (1_800_000_000.373, 1_800_000_000.373)


def test_a_restart_forgets_everything_but_the_phones() -> None:
    town = Town()
    waiting, talking = town.waits(), town.waits()
    town.offer(talking)
    town.run(5)
    town.pbx.send(c.SetCrisis("crisis-1"))
    town.pbx.restart()
    town.run(600)
    down, seen = [fact for fact in town.facts if isinstance(fact, f.LinkLost | f.SwitchSeen)][1:]
    assert isinstance(down, f.LinkLost)
    assert isinstance(seen, f.SwitchSeen)
    assert (seen.calls, seen.missed, seen.rebooted) == ((), (), True)
    assert seen.phones == {ANN: f.PhoneState.IDLE, BOB: f.PhoneState.IDLE}
    assert "ACD_CRISIS" not in town.switch.globals
    assert not any(isinstance(fact, f.CallGone) for fact in town.facts)
    assert waiting.dying
    assert talking.dying


def test_every_ten_seconds_a_caller_in_queue_is_looked_up_and_keeps_his_place_while_no_engine_is_there() -> None:
    town = Town()
    for device in (ANN, BOB):
        town.switch.unregister(device)
    first, second = town.waits(), town.waits()
    joined = first.entered_at
    town.pbx.disconnect()
    town.run(35)
    assert list(town.switch.fallback.callers) == [first, second]
    town.pbx.connect(town.facts.append)
    town.run(11)
    assert list(town.switch.fallback.callers) == []
    assert [call.where for call in (first, second)] == [At.WAIT, At.WAIT]
    assert first.entered_at == joined

"""Takes the steps of a scenario on a stage, and holds what was told against the story."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from acd.model import commands as c
from acd.model import facts as f
from acd.model.callback import CallbackPlan, Window
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId, SpyId
from tests.contract.language import (
    CALLED,
    Announces,
    AnswersBooking,
    Asks,
    Calls,
    CallsBack,
    Commanding,
    Commands,
    Connects,
    Deflects,
    Disconnects,
    Either,
    EndsCallBack,
    EndsSpy,
    EndsTalk,
    Freezes,
    HangsUp,
    Holds,
    IsAt,
    IsCutOff,
    IsOn,
    Offers,
    OffersCallback,
    PassesOn,
    Pauses,
    PicksUp,
    Presses,
    PutsDown,
    PutsThrough,
    Registers,
    Reroutes,
    Restarts,
    Rings,
    Scenario,
    SendsOn,
    Spies,
    Stage,
    Step,
    Unregisters,
    Until,
    Waits,
    Withdraws,
)

LAST_WORDS: Final = 10.0
"""Seconds that the end of a story is waited for."""
TOMORROW: Final = 86_400.0
AFTERWARDS: Final = 0.2
"""Seconds in which nothing more may be told."""


class Play:
    """One scenario on one stage."""

    def __init__(self, scenario: Scenario, stage: Stage) -> None:
        self.scenario = scenario
        self.stage = stage
        self.calls: dict[str, CallId] = {}

    async def run(self) -> None:
        """Play it and hold what was told against the story."""
        for step in self.scenario.steps:
            await self._take(step)
        await self._to_the_end()
        told = self.told()
        for who in {**self.scenario.story, **told}:
            check(who, told.get(who, []), self.scenario.story.get(who, ()))
        check_sense(self.stage.facts)

    def told(self) -> dict[str, list[str]]:
        """What was told, in words: caller, phone or ``link`` -> words in order."""
        names = {call: who for who, call in self.calls.items()}
        names |= dict.fromkeys(self._never_called(), CALLED)
        told: dict[str, list[str]] = {}
        for fact in self.stage.facts:
            for subject, word in words(fact):
                told.setdefault(names.get(CallId(subject), subject), []).append(word)
        return told

    async def _take(self, step: Step) -> None:
        stage = self.stage
        match step:
            case Calls():
                self.calls[step.who] = await stage.call(step.line)
            case HangsUp():
                await stage.hang_up(self.calls[step.who])
            case Presses():
                await stage.press(None if step.who == "partner" else self.calls[step.who], step.keys)
            case PicksUp():
                await stage.pick_up(step.device)
            case PutsDown():
                await stage.put_down(step.device)
            case SendsOn():
                await stage.send_on(step.device, step.to)
            case Holds():
                await stage.hold(step.device, step.on)
            case PutsThrough():
                await stage.put_through(step.device, step.to)
            case Registers():
                await stage.register(step.device)
            case Unregisters():
                await stage.unregister(step.device)
            case Connects():
                await stage.connect()
            case Disconnects():
                await stage.disconnect()
            case Freezes():
                stage.freeze()
            case IsCutOff():
                await stage.cut_off()
            case Restarts():
                await stage.restart()
            case Waits():
                await stage.sleep(step.seconds)
            case Until():
                await self._until(step)
            case IsAt():
                await self._wait(lambda: self._is_at(step), step)
            case IsOn():
                self._check_line(step)
            case Rings():
                await self._wait(lambda: stage.rings(step.device), step)
            case _:
                stage.send(self._command(step))

    def _command(self, step: Commanding) -> c.Command:
        if isinstance(step, Commands):
            return step.command
        if isinstance(step, CallsBack | EndsCallBack):
            return _call_back(step)
        if isinstance(step, EndsSpy):
            return c.EndSpy(SpyId(step.spy))
        if isinstance(step, Pauses):
            return self._pause(step)
        call = self._call(step.who)
        match step:
            case Offers():
                operator, device = OperatorId(f"op{step.device}"), Device(step.device)
                return c.Offer(call, OfferId(step.offer), operator, device, step.ring_time)
            case Withdraws():
                return c.Withdraw(call, OfferId(step.offer))
            case Announces():
                return c.Announce(call, 3, (2, 5))
            case Deflects():
                return c.Deflect(call, LineId(step.line), step.to)
            case OffersCallback():
                return c.OfferCallback(call, _plan(step))
            case AnswersBooking():
                return c.AnswerBooking(call, _slots(1)[0] if step.booked else None, 2 * TOMORROW)
            case Asks():
                return c.AskCall(call)
            case EndsTalk():
                return c.HangUpTalk(call)
            case PassesOn():
                return c.SendOn(call, step.to)
            case Reroutes():
                return c.Reroute(call, LineId(step.line))
            case Spies():
                return c.Spy(SpyId(step.spy), call, None, Device(step.device), step.mode, "An", 20)

    def _call(self, who: str) -> CallId:
        """Who never called is named as he joins a line; and whoever was called first is named after his attempt."""
        if who != CALLED:
            return self.calls.get(who) or CallId(who)
        return self._never_called()[0]

    def _never_called(self) -> list[CallId]:
        """Who was called back second, and sent on: of whom it is told that he waits and never that he came."""
        arrived = {fact.call for fact in self.stage.facts if isinstance(fact, f.CallArrived)}
        joined = [fact.call for fact in self.stage.facts if isinstance(fact, f.CallQueued)]
        return [call for call in joined if call not in arrived and not call.startswith("acd-cb-")]

    def _pause(self, step: Pauses) -> c.PauseRecording:
        """Of the recording that was told of last."""
        began = [fact for fact in self.stage.facts if isinstance(fact, f.RecordingBegan)][-1]
        assert step.who == f"attempt {began.attempt}" or self._call(step.who) == began.call
        return c.PauseRecording(began.recording, began.call, began.attempt, step.on)

    def _check_line(self, step: IsOn) -> None:
        look = [fact for fact in self.stage.facts if isinstance(fact, f.SwitchSeen)][-1]
        assert {seen.call: seen.line for seen in look.calls}[self.calls[step.who]] == step.line

    async def _until(self, step: Until) -> None:
        async def told() -> bool:
            return self.told().get(step.who, []).count(step.word) >= step.times

        await self._wait(told, step)

    async def _is_at(self, step: IsAt) -> bool:
        return await self.stage.where(self.calls[step.who]) is step.where

    async def _wait(self, condition: Callable[[], Awaitable[bool]], step: Until | IsAt | Rings) -> None:
        if not await self._comes(condition, step.within):
            raise AssertionError(f"not within {step.within:g} s: {step}; told: {self.told()}")

    async def _comes(self, condition: Callable[[], Awaitable[bool]], within: float) -> bool:
        waited = 0.0
        while not await condition():
            if waited >= within:
                return False
            await self.stage.sleep(0.05)
            waited += 0.05
        return True

    async def _to_the_end(self) -> None:
        """Let the last words of each story come, and whatever the stories do not have."""

        async def all_told() -> bool:
            told = self.told()
            return all(len(told.get(who, [])) >= _length(story) for who, story in self.scenario.story.items())

        await self._comes(all_told, LAST_WORDS)
        await self.stage.sleep(AFTERWARDS)


def _length(story: Sequence[str | Either]) -> int:
    return sum(len(part) if isinstance(part, Either) else 1 for part in story)


def _slots(many: int) -> tuple[Window, ...]:
    return tuple(Window(TOMORROW + 1800 * n, TOMORROW + 1800 * (n + 1)) for n in range(many))


def _plan(step: OffersCallback) -> CallbackPlan:
    existing = _slots(1)[0] if step.existing else None
    return CallbackPlan(step.number, _slots(step.slots), 2 * TOMORROW, existing)


def _call_back(step: CallsBack | EndsCallBack) -> c.Command:
    if isinstance(step, EndsCallBack):
        return c.EndCallBack(OfferId(step.attempt), by_operator=step.by_operator)
    return c.CallBack(
        attempt=OfferId(step.attempt),
        callback=CallbackId("1795301570.70"),
        line=LineId(step.line),
        number=step.number,
        language="nl",
        operator=OperatorId(f"op{step.device}"),
        device=Device(step.device),
        ring_time=step.ring_time,
        ring_citizen=step.ring_citizen,
        operator_first=step.operator_first,
        machine_detection=step.machine_detection,
    )


def words(fact: f.Fact) -> list[tuple[str, str]]:
    """Whom a fact is about, and what it says of him."""
    match fact:
        case f.SwitchSeen():
            seen = [(s.call, _seen(s)) for s in fact.calls]
            missed = [(m.seen.call, f"missed {m.seen.where}") for m in fact.missed]
            alive = [(f"attempt {a.attempt}", f"seen {a.stage} at {a.device}{_taped(a.tape)}") for a in fact.attempts]
            spies = [(f"spy {s.spy}", "seen, hears" if s.began else "seen") for s in fact.spies]
            return [("link", "up, rebooted" if fact.rebooted else "up"), *seen, *missed, *alive, *spies]
        case f.SpyBegan():
            return [(f"spy {fact.spy}", "hears")]
        case f.SpyOver():
            return [(f"spy {fact.spy}", fact.how.value)]
        case (
            f.RecordingBegan() | f.RecordingOver() | f.RecordingPaused() | f.RecordingResumed() | f.RecordingUnchanged()
        ):
            return [(fact.call or f"attempt {fact.attempt}", _word(fact))]
        case f.AttemptFact():
            return [(f"attempt {fact.attempt}", _word(fact))]
        case f.SurveyStarted() | f.SurveyAnswered() if fact.back is not None:
            return [(f"attempt {fact.back.attempt}", _word(fact))]
        case f.LinkLost():
            return [("link", "down")]
        case f.PhoneChanged():
            return [(fact.device, fact.state.value)]
        case _:
            pass
    call: str = fact.call  # type: ignore[attr-defined]
    return [(call, _word(fact))]


def _word(fact: f.Fact) -> str:
    match fact:
        case f.CallQueued():
            return f"queued {fact.line}"
        case f.OfferFailed():
            return f"failed {fact.offer} {fact.how}"
        case f.OfferDialled() | f.OfferRinging() | f.OfferAnswered() | f.OfferNotSent():
            return f"{_PLAIN[type(fact)]} {fact.offer}"
        case f.CallFound():
            return f"found {fact.where or 'nowhere'}" + ("" if fact.offer is None else f" {fact.offer}")
        case f.CallbackWanted():
            return f"wants {fact.choice}" + ("" if fact.number is None else f" at {fact.number}")
        case f.AttemptEnded():
            return f"ended {fact.result}" + ("" if fact.failure is None else f" {fact.failure}")
        case f.FallbackAnswered():
            return f"fallback answered {fact.device}"
        case f.TalkTransferred():
            return f"passed on to {fact.to}, {fact.how}"
        case f.ColleagueAnswered():
            return f"speaks with {fact.device}"
        case f.SurveyStarted():
            return "is asked" + (", sent" if fact.sent else "")
        case f.SurveyAnswered():
            return f"{fact.question} {fact.score}"
        case f.RecordingBegan():
            return "recorded" + (", was paused" if fact.paused else "")
        case f.CallGone() if fact.overflowing:
            return "gone, overflowing"
        case _:
            return _PLAIN[type(fact)]


_PLAIN: Final[Mapping[type[f.Fact], str]] = {
    f.CallArrived: "arrived",
    f.MenuEnded: "menu ended",
    f.OfferDialled: "dialled",
    f.OfferRinging: "ringing",
    f.OfferAnswered: "answered",
    f.OfferNotSent: "not sent",
    f.TalkEnded: "talk ended",
    f.TalkHeld: "on hold",
    f.TalkResumed: "off hold",
    f.OverflowAnswered: "partner answered",
    f.OverflowFailed: "partner failed",
    f.CallGone: "gone",
    f.RecordingOver: "recording over",
    f.RecordingPaused: "recording paused",
    f.RecordingResumed: "recording goes on",
    f.RecordingUnchanged: "recording unchanged",
    f.CallbackHeard: "hears the offer",
    f.CallbackDeclined: "declines",
    f.CallbackCancelled: "cancels",
    f.AttemptRinging: "rings",
    f.AttemptTaken: "taken",
    f.CitizenDialled: "citizen dialled",
    f.CitizenAnswered: "they speak",
}


def _seen(seen: f.CallSeen) -> str:
    with_phone = f" at {seen.device}" if seen.dialled else ""
    offer = f" {seen.offer}" if seen.dialled and seen.offer is not None else ""
    declined = "" if seen.declined_at is None else ", has declined"
    return f"seen {seen.where}{offer}{with_phone}{declined}{_taped(seen.tape)}"


def _taped(tape: f.RecordingSeen | None) -> str:
    if tape is None:
        return ""
    return ", recorded" if tape.paused_at is None else ", recording paused"


def check(who: str, told: list[str], story: Sequence[str | Either]) -> None:
    """What was told of him is the story, word by word."""
    rest = list(told)
    for part in story:
        size = len(part) if isinstance(part, Either) else 1
        now, rest = rest[:size], rest[size:]
        if set(now) != (part if isinstance(part, Either) else {part}) or len(now) != size:
            raise AssertionError(f"{who}: expected {part!r}, was told {now}\n  all: {told}\n  story: {list(story)}")
    if rest:
        raise AssertionError(f"{who}: more was told than the story has: {rest}\n  all: {told}")


def check_sense(facts: Sequence[f.Fact]) -> None:
    """What must hold in every story: nobody ends twice, nothing is told of the dead except the end of their operator's
    leg, and every moment agrees with what was told of it before."""
    entered: dict[CallId, float] = {}
    gone: set[CallId] = set()
    for fact in facts:
        match fact:
            case f.CallQueued():
                entered[fact.call] = fact.entered_at
            case f.SwitchSeen():
                for seen in (*fact.calls, *(missed.seen for missed in fact.missed)):
                    assert seen.call not in gone, f"{seen.call} came back from the dead"
                    if seen.call in entered:
                        assert seen.entered_at is not None
                        assert abs(seen.entered_at - entered[seen.call]) < 0.002
            case f.CallGone():
                assert fact.call not in gone, f"{fact.call} ended twice"
                gone.add(fact.call)
            case f.OfferAnswered() | f.FallbackAnswered():
                assert fact.answered_at >= entered.get(fact.call, 0.0)
            case _:
                pass
        late = not isinstance(
            fact, f.TalkEnded | f.CallGone | f.OfferNotSent | f.CallFound | f.RecordingOver | f.RecordingUnchanged
        )
        assert not (late and getattr(fact, "call", None) in gone), f"{fact} after the end of the call"

"""What a switch must tell an engine, whatever it is made of: the same scenarios for the simulated switch and for a real
Asterisk.

A scenario is data: who does what, and the story that the facts must tell. The order of the facts is part of the
contract for each caller and for each phone by itself. Between a caller and a phone Asterisk promises no order (its
device states come from another thread), and where it promises none for one caller the story says so with
:class:`Either`.

The stories were read off recorded sessions of Asterisk 22; the numbers in the comments are those of ``tests/traces``.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from acd.model import commands as c
from acd.model import facts as f
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.policy import OverflowTo
from sim.phones import ANSWERS, BROKEN, BUSY, DEAD, DND, RINGS, Habit

LINES: Final = ("gentinfo", "sportlijn", "lez")
PHONES: Final = ("1001", "1002", "1003")
"""All of them serve all of :data:`LINES`."""


class Stage(Protocol):
    """A switch with an engine's hand on it. All phones of the scenario are registered, no others are."""

    facts: list[f.Fact]
    """Told since the stage was set, in order."""

    async def call(self, line: str) -> CallId:
        """A citizen calls and joins ``line``. Returns when the switch has told so, if somebody listens."""

    async def hang_up(self, call: CallId) -> None:
        """The citizen hangs up."""

    async def pick_up(self, device: str) -> None: ...

    async def put_down(self, device: str) -> None:
        """The operator hangs up; while it rings: presses reject (603)."""

    async def send_on(self, device: str, line: str) -> None:
        """The operator at ``device`` sends his caller to another line (SIP REFER)."""

    async def register(self, device: str) -> None: ...

    async def unregister(self, device: str) -> None: ...

    async def connect(self) -> None:
        """A fresh engine connects. Returns when it was told what is in the switch."""

    async def disconnect(self) -> None:
        """The engine dies."""

    def freeze(self) -> None:
        """Its routing loop stops: no heartbeat any more. The session lives."""

    async def cut_off(self) -> None:
        """The connection breaks. Returns when the same engine is connected again."""

    async def restart(self) -> None:
        """The switch is killed and started again. Returns when the link is up."""

    def send(self, command: c.Command) -> None: ...

    async def where(self, call: CallId) -> At | None:
        """Where the caller is, as somebody sees who stands beside the switch; None = not there any more."""

    async def rings(self, device: str) -> bool:
        """Whether this phone (or the ``partner``'s) rings."""

    async def sleep(self, seconds: float) -> None: ...


# --- Steps ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calls:
    who: str
    line: str = "gentinfo"


@dataclass(frozen=True)
class HangsUp:
    who: str


@dataclass(frozen=True)
class Offers:
    who: str
    offer: int
    device: str
    ring_time: float = 3.0


@dataclass(frozen=True)
class Withdraws:
    who: str
    offer: int


@dataclass(frozen=True)
class Announces:
    who: str


@dataclass(frozen=True)
class Deflects:
    who: str
    to: OverflowTo
    line: str = "gentinfo"


@dataclass(frozen=True)
class Asks:
    who: str


@dataclass(frozen=True)
class Commands:
    command: c.Command


@dataclass(frozen=True)
class PicksUp:
    device: str


@dataclass(frozen=True)
class PutsDown:
    device: str


@dataclass(frozen=True)
class SendsOn:
    device: str
    line: str


@dataclass(frozen=True)
class Registers:
    device: str


@dataclass(frozen=True)
class Unregisters:
    device: str


@dataclass(frozen=True)
class Connects: ...


@dataclass(frozen=True)
class Disconnects: ...


@dataclass(frozen=True)
class Freezes: ...


@dataclass(frozen=True)
class IsCutOff: ...


@dataclass(frozen=True)
class Restarts: ...


@dataclass(frozen=True)
class Waits:
    seconds: float


@dataclass(frozen=True)
class Until:
    """Wait until this was told of him (or of a phone, or of the link)."""

    who: str
    word: str
    within: float = 30.0


@dataclass(frozen=True)
class IsAt:
    """Wait until the caller is there (None = gone), whoever is told of it."""

    who: str
    where: At | None
    within: float = 30.0


@dataclass(frozen=True)
class Rings:
    """Wait until this phone (or the ``partner``'s) rings, whoever is told of it."""

    device: str
    within: float = 30.0


Step = (
    Calls
    | HangsUp
    | Offers
    | Withdraws
    | Announces
    | Deflects
    | Asks
    | Commands
    | PicksUp
    | PutsDown
    | SendsOn
    | Registers
    | Unregisters
    | Connects
    | Disconnects
    | Freezes
    | IsCutOff
    | Restarts
    | Waits
    | Until
    | IsAt
    | Rings
)


class Either(frozenset[str]):
    """These words, in any order."""


@dataclass(frozen=True)
class Scenario:
    name: str
    steps: Sequence[Step]
    story: Mapping[str, Sequence[str | Either]]
    """Caller, phone or ``link`` -> what was told of him. Of whoever is not named nothing is told."""
    phones: Mapping[str, Habit] = field(default_factory=dict)
    partner: Habit = ANSWERS
    """How the partner contact centre answers."""


# --- Playing -------------------------------------------------------------------------------------------------------


LAST_WORDS: Final = 10.0
"""Seconds that the end of a story is waited for."""
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
            case PicksUp():
                await stage.pick_up(step.device)
            case PutsDown():
                await stage.put_down(step.device)
            case SendsOn():
                await stage.send_on(step.device, step.line)
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
            case Rings():
                await self._wait(lambda: stage.rings(step.device), step)
            case _:
                stage.send(self._command(step))

    def _command(self, step: Offers | Withdraws | Announces | Deflects | Asks | Commands) -> c.Command:
        if isinstance(step, Commands):
            return step.command
        call = self.calls[step.who]
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
            case Asks():
                return c.AskCall(call)

    async def _until(self, step: Until) -> None:
        async def told() -> bool:
            return step.word in self.told().get(step.who, [])

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


def words(fact: f.Fact) -> list[tuple[str, str]]:
    """Whom a fact is about, and what it says of him."""
    match fact:
        case f.SwitchSeen():
            seen = [(s.call, _seen(s)) for s in fact.calls]
            missed = [(m.seen.call, f"missed {m.seen.where}") for m in fact.missed]
            return [("link", "up, rebooted" if fact.rebooted else "up"), *seen, *missed]
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
        case f.FallbackAnswered():
            return f"fallback answered {fact.device}"
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
    f.OverflowAnswered: "partner answered",
    f.OverflowFailed: "partner failed",
    f.CallGone: "gone",
}


def _seen(seen: f.CallSeen) -> str:
    with_phone = f" at {seen.device}" if seen.dialled else ""
    offer = f" {seen.offer}" if seen.dialled and seen.offer is not None else ""
    return f"seen {seen.where}{offer}{with_phone}"


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
        late = not isinstance(fact, f.TalkEnded | f.CallGone | f.OfferNotSent | f.CallFound)
        assert not (late and getattr(fact, "call", None) in gone), f"{fact} after the end of the call"


# --- The scenarios -------------------------------------------------------------------------------------------------

_JOINED: Final = ("arrived", "queued gentinfo")
_RUNG: Final = (*_JOINED, "dialled 1", "ringing 1")
_TALK: Final = (*_RUNG, "answered 1")
_OVER: Final = Either({"gone", "talk ended"})
"""The caller hung up first: his end and the end of his operator's leg are two channels."""

SCENARIOS: Final = (
    # 01
    Scenario(
        "the caller abandons",
        [Calls("A"), Waits(0.3), HangsUp("A"), Until("A", "gone")],
        {"A": [*_JOINED, "gone"]},
    ),
    # 02
    Scenario(
        "connected, the caller hangs up",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Until("1001", "busy"),
            HangsUp("A"),
            Until("1001", "idle"),
        ],
        {"A": [*_TALK, _OVER], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 03
    Scenario(
        "connected, the operator hangs up",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Until("1001", "busy"),
            PutsDown("1001"),
            Until("A", "gone"),
            Until("1001", "idle"),
        ],
        {"A": [*_TALK, "talk ended", "gone"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 04
    Scenario(
        "the phone is busy",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 busy"), Asks("A"), Until("A", "found wait")],
        {"A": [*_JOINED, "dialled 1", "failed 1 busy", "found wait"], "1001": []},
        {"1001": BUSY},
    ),
    Scenario(
        "the phone rings, then says busy",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 busy"), Until("1001", "idle")],
        {"A": [*_RUNG, "failed 1 busy"], "1001": ["busy", "idle"]},
        {"1001": Habit(code=486, after=1.0)},
    ),
    # 05
    Scenario(
        "nobody answers",
        [Calls("A"), Offers("A", 1, "1001", 1), Until("A", "failed 1 ring_no_answer"), Until("1001", "idle")],
        {"A": [*_RUNG, "failed 1 ring_no_answer"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    # 06
    Scenario(
        "the phone is out of order (503)",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 fault")],
        {"A": [*_JOINED, "dialled 1", "failed 1 fault"], "1001": []},
        {"1001": BROKEN},
    ),
    # 07
    Scenario(
        "do not disturb (480)",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 rejected")],
        {"A": [*_JOINED, "dialled 1", "failed 1 rejected"], "1001": []},
        {"1001": DND},
    ),
    # 08
    Scenario(
        "the operator rejects (603)",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            PutsDown("1001"),
            Until("A", "failed 1 rejected"),
            Until("1001", "idle"),
        ],
        {"A": [*_RUNG, "failed 1 rejected"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    # 09
    Scenario(
        "the phone is not registered",
        [Calls("A"), Offers("A", 1, "1002"), Until("A", "failed 1 unreachable")],
        {"A": [*_JOINED, "failed 1 unreachable"], "1002": []},
    ),
    # 11
    Scenario(
        "the phone is dead",
        [Calls("A"), Offers("A", 1, "1001", 1), Until("A", "failed 1 dead"), HangsUp("A"), Until("A", "gone")],
        {"A": [*_JOINED, "dialled 1", "failed 1 dead", "gone"], "1001": []},
        {"1001": DEAD},
    ),
    # 11, 14
    Scenario(
        "the phone is dead, and the caller is taken back",
        [
            Calls("A"),
            Offers("A", 1, "1001", 10),
            Until("A", "dialled 1"),
            Waits(1),
            Withdraws("A", 1),
            IsAt("A", At.WAIT),
            Asks("A"),
            Until("A", "found wait"),
            Offers("A", 2, "1002"),
            Until("A", "answered 2"),
        ],
        {
            "A": [*_JOINED, "dialled 1", "found wait", "dialled 2", "ringing 2", "answered 2"],
            "1001": [],
            "1002": ["busy"],
        },
        {"1001": DEAD, "1002": ANSWERS},
    ),
    # 46
    Scenario(
        "the caller hangs up while it rings",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            Asks("A"),
            Until("A", "found ring 1"),
            HangsUp("A"),
            Until("1001", "idle"),
        ],
        {"A": [*_RUNG, "found ring 1", "gone"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    # 12
    Scenario(
        "an offer for a caller who is gone",
        [
            Calls("A"),
            HangsUp("A"),
            IsAt("A", None),  # The end is told by a channel that is not quite gone yet.
            Offers("A", 1, "1001"),
            Asks("A"),
            Until("A", "found nowhere"),
        ],
        {"A": [*_JOINED, "gone", Either({"not sent 1", "found nowhere"})], "1001": []},
        {"1001": ANSWERS},
    ),
    # 13
    Scenario(
        "two offers at once: the first holds",
        [Calls("A"), Offers("A", 1, "1001"), Offers("A", 2, "1002"), Until("A", "answered 1"), Waits(0.5)],
        {"A": [*_JOINED, "not sent 2", "dialled 1", "ringing 1", "answered 1"], "1001": ["busy"], "1002": []},
        {"1001": ANSWERS, "1002": ANSWERS},
    ),
    # 14
    Scenario(
        "an offer is withdrawn while it rings, and another phone answers",
        [
            Calls("A"),
            Offers("A", 1, "1001", 10),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            Withdraws("A", 1),
            Until("1001", "idle"),
            Offers("A", 2, "1002"),
            Until("A", "answered 2"),
        ],
        {"A": [*_RUNG, "dialled 2", "ringing 2", "answered 2"], "1001": ["busy", "idle"], "1002": ["busy"]},
        {"1001": RINGS, "1002": ANSWERS},
    ),
    # 15: what must not be done is not done.
    Scenario(
        "a withdrawal that comes too late leaves the talk alone",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Withdraws("A", 1),
            Until("A", "found talk 1"),
            Until("1001", "busy"),
            Waits(0.5),
            PutsDown("1001"),
            Until("A", "gone"),
        ],
        {"A": [*_TALK, "found talk 1", "talk ended", "gone"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 22
    Scenario(
        "an announcement does not move the caller",
        [
            Calls("A"),
            Announces("A"),
            Waits(2.5),
            Asks("A"),
            Until("A", "found wait"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
        ],
        {"A": [*_JOINED, "found wait", "dialled 1", "ringing 1", "answered 1"], "1001": ["busy"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "the crisis message does not move the caller",
        [
            Commands(c.SetCrisis("crisis-1")),
            Calls("A"),
            Waits(2.5),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Commands(c.SetCrisis(None)),
        ],
        {"A": _TALK, "1001": ["busy"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "the line is full",
        [Calls("A"), Deflects("A", OverflowTo.REFUSE), Until("A", "gone", 30)],
        {"A": [*_JOINED, "gone"]},
    ),
    Scenario(
        "the partner answers",
        [
            Calls("A"),
            Deflects("A", OverflowTo.PARTNER),
            Until("A", "partner answered"),
            Asks("A"),
            Until("A", "found partner"),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {"A": [*_JOINED, "partner answered", "found partner", "gone"]},
    ),
    Scenario(
        "the partner is busy: the caller waits again and can be served",
        [
            Calls("A"),
            Deflects("A", OverflowTo.PARTNER),
            Until("A", "partner failed"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
        ],
        {"A": [*_JOINED, "partner failed", "dialled 1", "ringing 1", "answered 1"], "1001": ["busy"]},
        {"1001": ANSWERS},
        partner=BUSY,
    ),
    Scenario(
        "the caller does not wait for the partner",
        [
            Calls("A"),
            Deflects("A", OverflowTo.PARTNER),
            Rings("partner"),
            HangsUp("A"),
            Until("A", "gone, overflowing"),
        ],
        {"A": [*_JOINED, "gone, overflowing"]},
        partner=RINGS,
    ),
    # 40
    Scenario(
        "the phone unregisters while it rings",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            Unregisters("1001"),
            Until("A", "failed 1 ring_no_answer"),
            Until("1001", "unreachable"),
            Offers("A", 2, "1001"),
            Until("A", "failed 2 unreachable"),
        ],
        {"A": [*_RUNG, "failed 1 ring_no_answer", "failed 2 unreachable"], "1001": ["busy", "unreachable"]},
        {"1001": RINGS},
    ),
    # 40, 42
    Scenario(
        "a phone goes and comes back",
        [Unregisters("1001"), Until("1001", "unreachable"), Registers("1001"), Until("1001", "idle")],
        {"1001": ["unreachable", "idle"]},
        {"1001": ANSWERS},
    ),
    # 21
    Scenario(
        "the operator sends the caller on to another line",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Until("1001", "busy"),
            SendsOn("1001", "sportlijn"),
            Until("A", "queued sportlijn"),
            Until("1001", "idle"),
            Offers("A", 2, "1002"),
            Until("A", "answered 2"),
        ],
        {
            "A": [*_TALK, "talk ended", "queued sportlijn", "dialled 2", "ringing 2", "answered 2"],
            "1001": ["busy", "idle"],
            "1002": ["busy"],
        },
        {"1001": ANSWERS, "1002": ANSWERS},
    ),
    # 45, 62
    Scenario(
        "a fresh engine finds one waiting, one ringing, one talking",
        [
            Calls("A"),
            Calls("B", "sportlijn"),
            Calls("C", "lez"),
            Offers("C", 1, "1001"),
            Until("C", "answered 1"),
            Offers("B", 2, "1002", 20),
            Until("B", "ringing 2"),
            Until("1001", "busy"),
            Until("1002", "busy"),
            Disconnects(),
            Connects(),
            PicksUp("1002"),
            Until("B", "answered 2"),
            PutsDown("1001"),
            Until("C", "gone"),
            Offers("A", 3, "1003"),
            Until("A", "answered 3"),
        ],
        {
            "A": [*_JOINED, "seen wait", "dialled 3", "ringing 3", "answered 3"],
            "B": ["arrived", "queued sportlijn", "dialled 2", "ringing 2", "seen ring 2 at 1002", "answered 2"],
            "C": [
                *("arrived", "queued lez", "dialled 1", "ringing 1", "answered 1"),
                *("seen talk 1 at 1001", "talk ended", "gone"),
            ],
            "1001": ["busy", "idle"],
            "1002": ["busy"],
            "1003": ["busy"],
            "link": ["up"],
        },
        {"1001": ANSWERS, "1002": RINGS, "1003": ANSWERS},
    ),
    Scenario(
        "the connection breaks under one waiting, one ringing, one talking",
        [
            Calls("A"),
            Calls("B", "sportlijn"),
            Calls("C", "lez"),
            Offers("C", 1, "1001"),
            Until("C", "answered 1"),
            Offers("B", 2, "1002", 20),
            Until("B", "ringing 2"),
            Until("1001", "busy"),
            Until("1002", "busy"),
            IsCutOff(),
            PicksUp("1002"),
            Until("B", "answered 2"),
            PutsDown("1001"),
            Until("C", "gone"),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {
            "A": [*_JOINED, "seen wait", "gone"],
            "B": ["arrived", "queued sportlijn", "dialled 2", "ringing 2", "seen ring 2 at 1002", "answered 2"],
            "C": [
                *("arrived", "queued lez", "dialled 1", "ringing 1", "answered 1"),
                *("seen talk 1 at 1001", "talk ended", "gone"),
            ],
            "1001": ["busy", "idle"],
            "1002": ["busy"],
            "link": ["down", "up"],
        },
        {"1001": ANSWERS, "1002": RINGS},
    ),
    # 60
    Scenario(
        "the engine dies: Queue() serves the caller, and the next engine finds him talking",
        [
            Calls("A"),
            Disconnects(),
            Rings("1001"),
            PicksUp("1001"),
            IsAt("A", At.TALK),
            Connects(),
            PutsDown("1001"),
            Until("A", "gone"),
        ],
        {"A": [*_JOINED, "seen talk at 1001", "talk ended", "gone"], "1001": ["idle"], "link": ["up"]},
        {"1001": RINGS},
    ),
    # 62
    Scenario(
        "callers in Queue() are taken over by the next engine",
        [
            Commands(c.SetAllowed(Device("1002"), (LineId("gentinfo"),), False)),
            Calls("A"),
            Disconnects(),
            Rings("1001"),
            Connects(),
            Offers("A", 1, "1002"),
            Until("A", "answered 1"),
            Until("1001", "idle"),
        ],
        {
            "A": [*_JOINED, "seen fallback", "dialled 1", "ringing 1", "answered 1"],
            "1001": ["idle"],
            "1002": ["busy"],
            "link": ["up"],
        },
        {"1001": RINGS, "1002": ANSWERS},
    ),
    Scenario(
        "Queue() connects somebody after the next engine has come",
        [
            Calls("A"),
            Disconnects(),
            Rings("1001"),
            Connects(),
            PicksUp("1001"),
            Until("A", "fallback answered 1001"),
            PutsDown("1001"),
            Until("A", "gone"),
        ],
        {
            "A": [*_JOINED, "seen fallback", "fallback answered 1001", "talk ended", "gone"],
            "1001": ["idle"],
            "link": ["up"],
        },
        {"1001": RINGS},
    ),
    Scenario(
        "a phone that the engine did not allow is left alone by Queue()",
        [
            Commands(c.SetAllowed(Device("1001"), (LineId("gentinfo"),), False)),
            Commands(c.SetAllowed(Device("1002"), (LineId("gentinfo"),), True)),
            Calls("A"),
            Disconnects(),
            Rings("1002"),
            PicksUp("1002"),
            IsAt("A", At.TALK),
            Connects(),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {"A": [*_JOINED, "seen talk at 1002", _OVER], "1002": ["idle"], "link": ["up"]},
        {"1001": ANSWERS, "1002": RINGS},
    ),
    Scenario(
        "Queue() serves in the order in which the callers joined their line",
        [
            Unregisters("1001"),
            Until("1001", "unreachable"),
            Calls("A"),
            Waits(1.1),  # The order is kept in whole seconds.
            Calls("B"),
            Waits(1.2),  # Now B is the first to notice that the engine is gone.
            Disconnects(),
            IsAt("A", At.FALLBACK),
            IsAt("B", At.FALLBACK),
            Registers("1001"),
            Rings("1001"),
            PicksUp("1001"),
            IsAt("A", At.TALK),
            Connects(),
        ],
        {
            "A": [*_JOINED, "seen talk at 1001"],
            "B": [*_JOINED, "seen fallback"],
            "1001": ["unreachable"],
            "link": ["up"],
        },
        {"1001": RINGS},
    ),
    # 61
    Scenario(
        "the engine freezes: Queue() serves the caller within 8 s",
        [
            Calls("A"),
            Freezes(),
            Until("A", "fallback answered 1001", 20),
            Until("1001", "busy"),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {"A": [*_JOINED, "fallback answered 1001", _OVER], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "whoever calls while no engine is there is served, and found by the next engine",
        [
            Disconnects(),
            Calls("A"),
            Rings("1001"),
            PicksUp("1001"),
            IsAt("A", At.TALK),
            Connects(),
            PutsDown("1001"),
            Until("A", "gone"),
        ],
        {"A": ["seen talk at 1001", "talk ended", "gone"], "1001": ["idle"], "link": ["up"]},
        {"1001": RINGS},
    ),
    Scenario(
        "calls that end unseen are told afterwards, once",
        [
            Calls("A"),
            Calls("B", "lez"),
            Offers("B", 1, "1001"),
            Until("B", "answered 1"),
            Until("1001", "busy"),
            Disconnects(),
            HangsUp("A"),
            HangsUp("B"),
            IsAt("A", None),
            IsAt("B", None),
            Connects(),
            Disconnects(),
            Connects(),
        ],
        {
            "A": [*_JOINED, "missed wait"],
            "B": ["arrived", "queued lez", "dialled 1", "ringing 1", "answered 1", "missed talk"],
            "1001": ["busy"],
            "link": ["up", "up"],
        },
        {"1001": ANSWERS},
    ),
    Scenario(
        "maintenance: new callers are told so, those inside are served",
        [
            Calls("A"),
            Commands(c.SetDraining(True)),
            Asks("A"),
            Until("A", "found wait"),
            Calls("B"),
            Until("B", "gone", 30),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Commands(c.SetDraining(False)),
        ],
        {
            "A": [*_JOINED, "found wait", "dialled 1", "ringing 1", "answered 1"],
            "B": ["arrived", "menu ended", "gone"],
            "1001": ["busy"],
        },
        {"1001": ANSWERS},
    ),
    # 52
    Scenario(
        "the switch dies with all its calls",
        [Calls("A"), Restarts(), Calls("B"), Waits(0.2)],
        {"A": _JOINED, "B": _JOINED, "link": ["down", "up, rebooted"]},
    ),
)

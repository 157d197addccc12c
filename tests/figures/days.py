"""Random days of a city for the figures: whole stories of calls and operators, on ordinary days and in nights in which
the clock changes, with citizens who call again, are called back, passed on, and are lost when the link is; and times in
which nothing could be seen."""

from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from hypothesis import strategies as st

from acd.figures.limits import OFFER_AFTER, SHORT_ABANDON, TARGET_WAIT, Limits
from acd.model import events as ev
from acd.model.callback import AttemptResult
from acd.model.events import Event
from acd.model.facts import TransferHow
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.zone import ZONE
from tests.figures.naive import Note, Settings
from tests.records.histories import WHY

_S = OperatorState
DAY = 86_400.0
BEGINS = [
    datetime(2027, 3, 1, 8, 59, tzinfo=ZONE),
    datetime(2027, 3, 1, 23, 50, tzinfo=ZONE),
    datetime(2027, 3, 28, 0, 30, tzinfo=ZONE),  # the night without an hour between two and three
    datetime(2027, 10, 31, 0, 30, tzinfo=ZONE),  # the night with two of them
    datetime(2026, 12, 31, 22, 0, tzinfo=ZONE),
]
LINES = [LineId("gentinfo"), LineId("sportlijn"), LineId("gone")]
NUMBERS = [None, "+32470000001", "+32470000002", "+32470000003"]
SECONDS = st.sampled_from([0.0, 4.0, 9.75, 10.0, 10.25, 19.0, 20.0, 30.0, 30.5, 149.0, 150.0, 155.0, 200.0]) | (
    st.integers(0, 4000).map(lambda quarter: quarter / 4)
)

LIMITS = Limits(
    {
        SHORT_ABANDON: {"gentinfo": 10.0, "sportlijn": 5.0},
        TARGET_WAIT: {"gentinfo": 30.0, "sportlijn": 20.0},
        OFFER_AFTER: {"gentinfo": 150.0, "sportlijn": None},
    }
)
SETTINGS = Settings(
    short={"gentinfo": 10.0, "sportlijn": 5.0},
    target={"gentinfo": 30.0, "sportlijn": 20.0},
    offer={"gentinfo": 150.0, "sportlijn": None},
)


class Day(NamedTuple):
    begin: float
    events: list[Event]
    notes: list[Note]


class _Story:
    """One call from its begin on, or one attempt to call back."""

    def __init__(self, draw: st.DrawFn, begin: float, n: int) -> None:
        self.draw = draw
        self.n = n
        self.call = CallId(f"19.{n:03}")
        self.operator = OperatorId(f"op{n % 3}")
        self.line = draw(st.sampled_from(LINES))
        self.at = begin + draw(st.integers(0, 40 * 3600)) + draw(SECONDS)
        if draw(st.integers(0, 3)) == 0:
            # Calls again some days later, about as long after as counts.
            self.at += draw(st.sampled_from([6.9, 7.0, 7.1])) * DAY
        self.events: list[Event] = []
        self.notes: list[Note] = []
        self.speaker = self.operator
        self.number = draw(st.sampled_from(NUMBERS))

    def say(self, *events: Event) -> None:
        self.events += events

    def later(self) -> float:
        self.at += self.draw(SECONDS)
        return self.at

    def tell(self) -> list[Event]:
        if self.draw(st.integers(0, 5)) == 0:
            self.repaired(known=False, arrived=self.at, entered=self.draw(st.sampled_from([None, self.later()])))
            return self.events
        self.say(ev.CallStarted(self.at, self.call, "3292101010", self.number, self.at))
        kinds = ["menu", "answered", "answered", "abandoned", "passed_on", "to_colleague", "promise", "open"]
        kinds += ["inferred", "lasted"]
        kind = self.draw(st.sampled_from(kinds))
        if kind == "menu":
            outcome = self.draw(st.sampled_from([Outcome.CLOSED, Outcome.LEFT_MENU, Outcome.INFORMED]))
            line = self.line if outcome is Outcome.CLOSED else None
            self.say(ev.OutcomeCounted(self.later(), self.call, line, outcome, None))
            self.say(ev.CallEnded(self.at, self.call, self.at))
            return self.events
        entered = self.enter()
        self.hear(entered)
        match kind:
            case "answered":
                self.answer(entered, first=True)
                self.hang_up()
            case "passed_on":
                self.answer(entered, first=True)
                self.pass_on("sportlijn")
                again = self.enter()
                if self.draw(st.booleans()):
                    self.answer(again, first=False)
                self.hang_up()
            case "to_colleague":
                self.answer(entered, first=True)
                self.pass_on("201")
                self.pick_up()
                self.hang_up()
            case "promise":
                self.promise(entered)
            case "inferred":
                arrived = self.events[0].at
                lost = self.draw(st.sampled_from([Outcome.ABANDONED, Outcome.SWITCH_FAILURE]))
                at = self.later()
                self.say(ev.OutcomeCounted(at, self.call, self.line, lost, at - entered, seen=False))
                self.say(ev.CallEnded(at, self.call, at))
                self.repaired(known=True, arrived=arrived, entered=entered, before=lost)
            case "lasted":
                arrived = self.events[0].at
                self.answer(entered, first=True)
                self.hang_up()
                gone = self.at - self.draw(SECONDS)
                self.told(
                    known=True, counts=True, arrived=arrived, entered=entered, gone=gone, outcome=Outcome.ANSWERED
                )
            case "abandoned":
                outcomes = [Outcome.ABANDONED, Outcome.ABANDONED_SHORT, Outcome.OVERFLOW_LOST, Outcome.REFUSED]
                outcome = self.draw(st.sampled_from([*outcomes, Outcome.OVERFLOW_ANSWERED, Outcome.SWITCH_FAILURE]))
                at = self.later()
                self.say(ev.OutcomeCounted(at, self.call, self.line, outcome, at - entered))
                self.hang_up()
            case _:
                pass
        return self.events

    def repaired(self, *, known: bool, arrived: float, entered: float | None, before: Outcome | None = None) -> None:
        """Nobody was looking: Asterisk's own record tells how it went, in one conversation, or two, or none."""
        talks = [self.later() for _ in range(0 if entered is None else self.draw(st.integers(0, 2)))]
        gone = self.later()
        lost = [Outcome.LEFT_MENU, Outcome.CLOSED] if entered is None else [Outcome.ABANDONED, Outcome.OVERFLOW_LOST]
        outcome = Outcome.ANSWERED if talks else self.draw(st.sampled_from(lost))
        for n, at in enumerate(talks or [None]):
            self.told(
                known=known or n > 0,
                counts=n == 0,
                arrived=arrived,
                entered=entered,
                gone=gone,
                outcome=outcome,
                answered=at,
                before=before if n == 0 else outcome,
            )

    def told(
        self,
        *,
        known: bool,
        counts: bool,
        arrived: float,
        entered: float | None,
        gone: float,
        outcome: Outcome,
        answered: float | None = None,
        before: Outcome | None = None,
    ) -> None:
        self.say(
            ev.CallRepaired(
                at=self.at + 60.0,
                call=self.call,
                known=known,
                counts=counts,
                did="3292101010",
                arrived_at=arrived,
                language="nl",
                path="welkom",
                line=None if entered is None else self.line,
                entered_at=entered,
                operator=None if answered is None else self.draw(st.sampled_from([None, self.operator])),
                answered_at=answered,
                talk_ended_at=None if answered is None else gone,
                fallback=answered is not None,
                gone_at=gone,
                outcome=outcome,
                before=before,
                waited=None if entered is None else max(0.0, (gone if answered is None else answered) - entered),
                switch_gone_at=gone,
            )
        )

    def enter(self) -> float:
        at = self.later()
        self.say(ev.CallEnteredLine(at, self.call, self.line, at, "nl", "welkom"))
        while self.draw(st.integers(0, 2)) == 0:
            before, self.line = self.line, self.draw(st.sampled_from(LINES))
            self.say(ev.CallRerouted(self.later(), self.call, self.line, before, "coach"))
        return at

    def hold(self) -> None:
        """Now and then; some are over only with the talk, and some are told twice."""
        while self.draw(st.integers(0, 1)) == 0:
            since = self.later()
            self.say(ev.CallHeld(since, self.call, self.speaker, since))
            match self.draw(st.sampled_from(["resumed", "again", "never"])):
                case "resumed":
                    self.say(ev.CallResumed(self.later(), self.call, self.speaker, self.at, self.at - since))
                case "again":
                    self.say(ev.CallHeld(self.later(), self.call, self.speaker, self.at))
                case _:
                    return

    def note(self, began: float) -> None:
        settled = self.draw(st.sampled_from([None, True, False]))
        requests = self.draw(st.sampled_from([0, 0, 0, 1, 2]))
        self.notes.append(Note(self.call, self.speaker, began, settled, requests))

    def pass_on(self, to: str) -> None:
        if self.draw(st.integers(0, 4)):
            how = self.draw(st.sampled_from(TransferHow))
            self.say(ev.CallTransferred(self.at, self.call, self.line, self.operator, to, how))

    def pick_up(self) -> None:
        """A colleague, or a phone that is no operator's; or he hangs up before."""
        if self.draw(st.integers(0, 4)) == 0:
            return
        colleague = self.draw(st.sampled_from([None, OperatorId("op7"), self.operator]))
        at = self.later()
        self.say(ev.CallPickedUp(at, self.call, self.line, colleague, at))
        if colleague is not None:
            self.speaker = colleague
            self.note(at)
            self.state(_S.IN_CALL)
            self.hold()
            self.wrap_up(ev.TalkFinished(at, self.call, colleague, at))

    def hear(self, entered: float) -> None:
        if self.draw(st.booleans()):
            at = self.later()
            self.say(ev.CallbackOffered(at, self.call, self.line, at, at - entered, False))

    def answer(self, entered: float, *, first: bool) -> None:
        # On the next line it may be a colleague.
        self.speaker = self.operator if first else self.draw(st.sampled_from([self.operator, OperatorId("op7")]))
        offer = OfferId(2 * self.n + (0 if first else 1) + 1)
        self.say(ev.CallOffered(self.later(), self.call, self.line, self.speaker, offer, WHY))
        self.state(_S.RESERVED)
        self.later()
        self.state(_S.RINGING)
        at = self.later()
        self.say(ev.CallAnswered(at, self.call, self.line, self.speaker, at, at - entered))
        self.state(_S.IN_CALL)
        if first:
            self.say(ev.OutcomeCounted(at, self.call, self.line, Outcome.ANSWERED, at - entered))
        self.note(at)
        self.hold()
        self.wrap_up(ev.TalkFinished(at, self.call, self.speaker, at))

    def wrap_up(self, finished: ev.TalkFinished | ev.AttemptFinished) -> None:
        # A machine whose clock is set back while they speak.
        end = self.later() if self.draw(st.integers(0, 9)) else self.at - 3600.0
        self.at = max(self.at, end)
        match finished:
            case ev.TalkFinished():
                self.say(ev.TalkFinished(self.at, finished.call, finished.operator, end))
            case _:
                result = AttemptResult.CONNECTED
                parts = finished.callback, finished.attempt, finished.line, finished.operator
                self.say(ev.AttemptFinished(self.at, *parts, result, end))
        if self.draw(st.booleans()):
            self.state(_S.WRAP_UP)
            self.later()
        self.state(self.draw(st.sampled_from([_S.AVAILABLE, _S.NOT_READY])))

    def promise(self, entered: float) -> None:
        promised = CallbackId(self.call)
        self.accept(promised, entered)
        while self.draw(st.integers(0, 2)) == 0:
            # Calls again, and the same promise is moved.
            self.call, at = CallId(f"{self.call}.1"), self.later()
            self.say(ev.CallStarted(at, self.call, "3292101010", self.number, at))
            self.say(ev.CallEnteredLine(at, self.call, self.line, at, "nl", "welkom"))
            self.accept(promised, at)
        if self.draw(st.booleans()):
            attempt, at = OfferId(10_000 + self.n), self.later()
            self.say(ev.AttemptStarted(at, promised, attempt, self.line, self.operator))
            self.say(ev.CitizenReached(at, promised, attempt, self.line, self.operator, at))
            self.state(_S.IN_CALL)
            result = AttemptResult.CONNECTED
            self.wrap_up(ev.AttemptFinished(at, promised, attempt, self.line, self.operator, result, at))

    def accept(self, promised: CallbackId, entered: float) -> None:
        at = self.later()
        deadline = at + self.draw(st.sampled_from([600.0, DAY, 30 * DAY]))
        self.say(ev.CallbackPromised(at, self.call, self.line, promised, at, deadline, deadline))
        self.say(ev.OutcomeCounted(at, self.call, self.line, Outcome.CALLBACK_ACCEPTED, at - entered))
        self.hang_up()

    def hang_up(self) -> None:
        self.say(ev.CallEnded(self.later(), self.call, self.at))

    def state(self, state: OperatorState) -> None:
        self.say(ev.OperatorChanged(self.at, self.speaker, _S.AVAILABLE, state, None, "engine", self.line))


def _link(draw: st.DrawFn, begin: float) -> list[Event]:
    """It comes up, is lost now and then, over midnights too, and the last time perhaps for good."""
    at, events = begin, list[Event]()
    if draw(st.booleans()):
        # Before it came up nothing was seen.
        events.append(ev.LinkCameUp(at, 0, 0))
    for _ in range(draw(st.integers(0, 3))):
        at += draw(st.integers(0, 30 * 3600)) + draw(SECONDS)
        events.append(ev.LinkWentDown(at, "lost"))
        at += draw(SECONDS) * draw(st.sampled_from([1, 60]))
        events.append(ev.LinkCameUp(at, 0, 0))
    return events if draw(st.booleans()) else events[:-1]


@st.composite
def days(draw: st.DrawFn) -> Day:
    """Some stories, in the order of time."""
    begin = draw(st.sampled_from(BEGINS)).timestamp()
    stories = [_Story(draw, begin, n) for n in range(draw(st.integers(1, 14)))]
    told = [(event.at, n, place, event) for n, story in enumerate(stories) for place, event in enumerate(story.tell())]
    told += [(event.at, -1, place, event) for place, event in enumerate(_link(draw, begin))]
    events = [event for *_, event in sorted(told, key=itemgetter(0, 1, 2))]
    return Day(begin, events, [note for story in stories for note in story.notes])

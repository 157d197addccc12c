"""Histories of calls: whole stories as the engine tells them, and events thrown together at random."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import fields as fields_of

from acd.model import events as ev
from acd.model.events import Event, Why
from acd.model.facts import CallWhereabouts, OfferFailure, TransferHow
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState, Wish
from acd.model.outcome import Outcome
from acd.model.outside import Limit
from acd.model.policy import OverflowTo
from acd.model.supervision import SpyEnd, SpyMode

Step = list[Event]
_S = OperatorState

NUMBER = "+32470123456"
LINE = LineId("gentinfo")
WHY = Why(
    line_rule="guard",
    waited=100.0,
    aged=130.0,
    waiting=3,
    queue_share=0.5,
    line_share=0.4,
    operator_rule="least_skilled",
    level=1,
    skills=2,
    idle=55.5,
    candidates=4,
)


def change(
    at: float,
    operator: str,
    before: OperatorState,
    state: OperatorState,
    reason: str | None = None,
    by: str = "engine",
    line: LineId | None = None,
) -> ev.OperatorChanged:
    return ev.OperatorChanged(at, OperatorId(operator), before, state, reason, by, line)


def waiting(call: str, at: float, line: LineId = LINE, number: str | None = NUMBER) -> list[Step]:
    """He chooses a line after 10 s."""
    id = CallId(call)
    return [
        [ev.CallStarted(at, id, "3292101010", number, at)],
        [ev.CallEnteredLine(at + 10, id, line, at + 10, "nl", "welkom>taal")],
    ]


def offered(call: str, at: float, operator: str, offer: int, line: LineId = LINE) -> list[Step]:
    id, op, number = CallId(call), OperatorId(operator), OfferId(offer)
    return [
        [ev.CallOffered(at, id, line, op, number, WHY), change(at, operator, _S.AVAILABLE, _S.RESERVED, line=line)],
        [ev.OperatorRang(at + 1, id, op, number), change(at + 1, operator, _S.RESERVED, _S.RINGING, line=line)],
    ]


def answered(call: str, at: float, operator: str = "an", offer: int = 1, line: LineId = LINE) -> list[Step]:
    """Waits from 10 s to 35 s after ``at``, talks until 135 s, hangs up."""
    id, op = CallId(call), OperatorId(operator)
    return [
        *waiting(call, at, line),
        *offered(call, at + 30, operator, offer, line),
        [
            ev.CallAnswered(at + 35, id, line, op, at + 35, 25.0),
            ev.OutcomeCounted(at + 35, id, line, Outcome.ANSWERED, 25.0),
            change(at + 35, operator, _S.RINGING, _S.IN_CALL, line=line),
        ],
        [
            ev.TalkFinished(at + 135, id, op, at + 135),
            change(at + 135, operator, _S.IN_CALL, _S.WRAP_UP, line=line),
            ev.CallEnded(at + 135, id, at + 135),
        ],
        [change(at + 165, operator, _S.WRAP_UP, _S.AVAILABLE)],
    ]


def abandoned(call: str, at: float, line: LineId = LINE) -> list[Step]:
    """Hangs up after 50 s in the line."""
    id = CallId(call)
    return [
        *waiting(call, at, line),
        [ev.OutcomeCounted(at + 60, id, line, Outcome.ABANDONED, 50.0), ev.CallEnded(at + 60, id, at + 60)],
    ]


def missed(call: str, at: float, operator: str, offer: int) -> list[Step]:
    """The operator does not answer; then the caller hangs up."""
    id, op = CallId(call), OperatorId(operator)
    reason = OfferFailure.RING_NO_ANSWER
    return [
        *waiting(call, at),
        *offered(call, at + 20, operator, offer),
        [ev.OfferEnded(at + 35, id, op, OfferId(offer), reason), change(at + 35, operator, _S.RINGING, _S.NOT_READY)],
        [ev.OutcomeCounted(at + 60, id, LINE, Outcome.ABANDONED, 50.0), ev.CallEnded(at + 60, id, at + 60)],
    ]


def closed(call: str, at: float) -> list[Step]:
    id = CallId(call)
    return [
        [ev.CallStarted(at, id, "3292101010", None, at)],
        [ev.OutcomeCounted(at + 2, id, None, Outcome.CLOSED, None)],
        [ev.CallEnded(at + 9, id, at + 9)],
    ]


def moved(call: str, at: float, line: LineId, to: LineId) -> list[Step]:
    """Joins a line 10 s after ``at``, is moved to another 20 s later, and gives up there after 50 s in all."""
    id = CallId(call)
    return [
        *waiting(call, at, line),
        [ev.CallRerouted(at + 30, id, to, line, "coach")],
        [ev.OutcomeCounted(at + 60, id, to, Outcome.ABANDONED, 50.0), ev.CallEnded(at + 60, id, at + 60)],
    ]


def passed_on(call: str, at: float, operator: str = "an", colleague: str = "bo", offer: int = 1) -> list[Step]:
    """Talks with the one from 35 s to 95 s after ``at``, 20 s of it on hold, and with the other until 155 s."""
    id, an, bo = CallId(call), OperatorId(operator), OperatorId(colleague)
    return [
        *answered(call, at, operator, offer)[:5],
        [ev.CallHeld(at + 75, id, an, at + 75)],
        [
            ev.CallTransferred(at + 95, id, LINE, an, "201", TransferHow.CONSULT),
            ev.CallResumed(at + 95, id, an, at + 95, 20.0),
            ev.TalkFinished(at + 95, id, an, at + 95),
            change(at + 95, operator, _S.IN_CALL, _S.WRAP_UP, line=LINE),
            ev.CallPickedUp(at + 95, id, LINE, bo, at + 95),
            change(at + 95, colleague, _S.AVAILABLE, _S.IN_CALL, line=LINE),
        ],
        [change(at + 105, operator, _S.WRAP_UP, _S.AVAILABLE)],
        [
            ev.TalkFinished(at + 155, id, bo, at + 155),
            change(at + 155, colleague, _S.IN_CALL, _S.WRAP_UP, line=LINE),
            ev.CallEnded(at + 155, id, at + 155),
        ],
        [change(at + 185, colleague, _S.WRAP_UP, _S.AVAILABLE)],
    ]


def overflowed(call: str, at: float) -> list[Step]:
    """At the partner's from 40 s to 70 s after ``at``, where nobody answers, and again from 100 s on: he speaks there
    from 110 s to 200 s."""
    id, partner = CallId(call), OverflowTo.PARTNER
    return [
        *waiting(call, at),
        [ev.CallDeflected(at + 40, id, LINE, partner, "waited")],
        [ev.CallReturned(at + 70, id)],
        [ev.CallDeflected(at + 100, id, LINE, partner, "waited")],
        [ev.OutcomeCounted(at + 110, id, LINE, Outcome.OVERFLOW_ANSWERED, 100.0)],
        [ev.CallEnded(at + 200, id, at + 200)],
    ]


def flat(steps: Sequence[Sequence[Event]]) -> list[Event]:
    return [event for step in steps for event in step]


# --- At random -----------------------------------------------------------------------------------------------------

texts = st.sampled_from(["", "nl", "'); DROP TABLE event;--", "\u00e9\u20ac\U0001f600"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=8
)
times = st.floats(min_value=0, max_value=2e9)
calls = st.sampled_from([CallId(f"17.{n}") for n in range(4)])
lines = st.sampled_from([LineId("gentinfo"), LineId("sportlijn")])
operators = st.sampled_from([OperatorId(name) for name in ("an", "bo", "cy")])
offers = st.integers(min_value=1, max_value=6).map(OfferId)
maybe_text = st.none() | texts
whys = st.builds(
    Why,
    line_rule=texts,
    operator_rule=texts,
    **dict.fromkeys(("waited", "aged", "queue_share", "line_share", "idle"), times),
)

_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "at": times,
    "call": calls,
    "line": lines,
    "operator": operators,
    "offer": offers,
    "why": whys,
    "number": maybe_text,
    "device": texts.map(Device),
    "message": maybe_text,
    "callback": calls,
    "attempt": offers,
    "spy": offers,
    "mode": st.sampled_from(SpyMode),
    "until": times,
    "score": st.integers(min_value=1, max_value=10),
    **dict.fromkeys(("question", "recording"), texts),
    **dict.fromkeys(("arrived_at", "entered_at", "gone_at", "answered_at", "ended_at", "started_at", "waited"), times),
    **dict.fromkeys(("switch_gone_at", "talk_ended_at"), times),
    **dict.fromkeys(
        ("heard_at", "start", "end", "deadline", "held_at", "resumed_at", "held", "paused_at", "paused"), times
    ),
    **dict.fromkeys(("did", "language", "path", "because", "reason", "by", "what"), texts),
}


def _random(kind: type[Event]) -> st.SearchStrategy[Event]:
    fields = {name: _FIELDS[name] for name in kind.__struct_fields__ if name in _FIELDS}
    match kind:
        case ev.CallAnswered | ev.TalkFinished | ev.CallHeld | ev.CallResumed | ev.CallPickedUp:
            fields["operator"] = st.none() | operators
        case ev.OutcomeCounted:
            fields["line"] = st.none() | lines
            fields["outcome"] = st.sampled_from(Outcome)
            fields["waited"] = st.none() | times
        case ev.OperatorChanged:
            fields["line"] = st.none() | lines
            fields["state"] = fields["before"] = st.sampled_from(OperatorState)
            fields["reason"] = maybe_text
        case ev.OperatorWished:
            fields["wish"] = st.sampled_from(Wish)
            fields["reason"] = maybe_text
        case ev.CallAdopted:
            fields["where"] = st.sampled_from(CallWhereabouts)
        case ev.CallDeflected:
            fields["to"] = st.sampled_from(OverflowTo)
        case ev.CallAnnounced:
            fields["wait"] = st.none() | st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9))
        case ev.OperatorLinesChanged:
            fields["lines"] = st.none() | st.lists(lines, min_size=1, max_size=2).map(tuple)
        case ev.LineOverridden:
            fields["open"] = st.none() | st.booleans()
        case ev.CallTransferred:
            fields["operator"] = st.none() | operators
            fields["to"] = texts
            fields["how"] = st.sampled_from(TransferHow)
        case ev.CallRerouted:
            fields["before"] = lines
        case ev.SpyStarted | ev.SpyEnded:
            fields["call"] = st.none() | calls
            fields["how"] = st.sampled_from(SpyEnd)
            fields = {name: fields[name] for name in kind.__struct_fields__}
        case ev.OfferEnded:
            fields["how"] = st.none() | st.sampled_from(OfferFailure)
        case ev.OutsideRefused:
            fields["why"] = st.sampled_from(Limit)
            fields["operator"] = st.none() | operators
        case ev.MoveRefused | ev.CallbackImpossible:
            fields["why"] = texts
        case _:
            pass
    if wild := [field.name for field in fields_of(kind) if field.type is float and field.name not in fields]:
        raise LookupError(f"{kind.__name__}: whatever number there is for {wild} is no moment and no length")
    return st.builds(kind, **fields)


KINDS: list[type[Event]] = list(ev.AnyEvent.__args__)
any_event: st.SearchStrategy[Event] = st.one_of([_random(kind) for kind in KINDS])


STORIES = ("answered", "abandoned", "missed", "closed", "moved", "passed_on", "overflowed", "cut")


@st.composite
def legal(draw: st.DrawFn) -> list[Step]:
    """Some stories, their steps mixed, each story in its own order."""
    offer = iter(range(1, 100))
    stories: list[list[Step]] = []
    for n in range(draw(st.integers(1, 6))):
        call, at, operator = f"18.{n}", draw(times), f"op{n}"
        match draw(st.sampled_from(STORIES)):
            case "answered":
                stories.append(answered(call, at, operator, next(offer)))
            case "abandoned":
                stories.append(abandoned(call, at))
            case "missed":
                stories.append(missed(call, at, operator, next(offer)))
            case "closed":
                stories.append(closed(call, at))
            case "moved":
                stories.append(moved(call, at, LINE, LineId("sportlijn")))
            case "passed_on":
                stories.append(passed_on(call, at, operator, "colleague", next(offer)))
            case "overflowed":
                stories.append(overflowed(call, at))
            case _:
                whole = passed_on(call, at, operator, "colleague", next(offer))
                stories.append(whole[: draw(st.integers(1, len(whole)))])
    mixed: list[Step] = []
    while stories:
        story = draw(st.sampled_from(stories))
        mixed.append(story.pop(0))
        stories = [left for left in stories if left]
    return mixed


illegal: st.SearchStrategy[list[Step]] = st.lists(st.lists(any_event, min_size=1, max_size=4), max_size=12)
any_history: st.SearchStrategy[list[Step]] = st.one_of(legal(), illegal)

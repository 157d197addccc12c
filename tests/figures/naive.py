"""The figures counted a second time, straight from the events, with plain loops: no table, no SQL, no term.

Written from the definitions in the documentation alone; whatever this and the product disagree on is a bug of one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from acd.model import events as ev
from acd.model.events import Event

BRUSSELS = ZoneInfo("Europe/Brussels")
WEEK = 7 * 24 * 3600.0

Pair = tuple[float, float]
"""Above and below the line."""
Key = tuple[str, str | None, str | None]
"""Period, line and operator; None = not told apart by it, or of nobody known."""
Counted = dict[Key, dict[str, Pair]]
"""By key, then by figure."""


@dataclass
class Call:
    id: str
    arrived: float
    number: str | None = None
    line: str | None = None
    entered: float | None = None
    answered: float | None = None
    ended: float | None = None
    outcome: str | None = None
    outcome_at: float | None = None
    seen: bool = True
    """Its outcome was, as it happened."""
    waited: float | None = None
    heard: float | None = None
    heard_waited: float | None = None
    promise: str | None = None
    passed_on: bool = False
    requested: bool = False
    settled: bool | None = None
    decided_line: str | None = None

    def on(self, line: str) -> None:
        """He is on this line now; the line of his outcome stays the call's."""
        self.line = self.decided_line or line


@dataclass
class Note:
    """What an operator wrote of a call."""

    call: str
    operator: str
    began: float
    settled: bool | None
    requests: int = 0
    """How often he noted that a colleague is to call back."""


@dataclass
class Talk:
    began: float
    line: str
    operator: str | None
    call: object = None
    ended: float | None = None
    wrap_up: float = 0.0
    holds: list[tuple[float, float | None]] = field(default_factory=list)
    """From when to when; the last one may last as long as the talk."""

    @property
    def held(self) -> float:
        assert self.ended is not None
        return sum(max(0.0, (self.ended if until is None else until) - since) for since, until in self.holds)

    @property
    def seconds(self) -> float:
        assert self.ended is not None
        return max(0.0, self.ended - self.began)


@dataclass
class Promise:
    line: str
    given: float
    deadline: float
    reached: float | None = None

    @property
    def kept(self) -> bool:
        return self.reached is not None and self.reached <= self.deadline


class History:
    """What happened, as a patient reader of the ledger would note it down."""

    def __init__(self, events: Iterable[Event], notes: Iterable[Note] = ()) -> None:
        self.calls: dict[str, Call] = {}
        self.talks: list[Talk] = []
        self.promises: dict[str, Promise] = {}
        self.states: list[tuple[str, str, float, float | None]] = []
        """Operator, state, begin, end."""
        self.gaps: list[tuple[float | None, float | None]] = []
        """From when to when nothing could be seen; None = nothing was seen before, or it lasts."""
        self._open_talks: dict[object, Talk] = {}
        self._last_talk: dict[str, Talk] = {}
        self._state_now: dict[str, int] = {}
        self._wrapping: dict[str, Talk | None] = {}
        for event in events:
            self._read(event)
        for note in sorted(notes, key=lambda note: (note.began, note.operator)):
            if note.settled is not None:
                self.calls[note.call].settled = note.settled
            if note.requests:
                self.calls[note.call].requested = True

    def _read(self, event: Event) -> None:
        match event:
            case ev.CallStarted():
                self.calls[event.call] = Call(event.call, event.arrived_at, event.number)
            case ev.CallEnteredLine():
                call = self.calls[event.call]
                call.on(event.line)
                call.entered = event.entered_at
            case ev.CallAnswered():
                call = self.calls[event.call]
                call.answered = event.answered_at
                call.on(event.line)
                self._speak(event.call, Talk(event.answered_at, event.line, event.operator))
            case ev.OutcomeCounted():
                call = self.calls[event.call]
                if call.outcome is None:
                    call.outcome, call.outcome_at, call.waited = event.outcome.value, event.at, event.waited
                    call.line, call.decided_line, call.seen = event.line or call.line, event.line, event.seen
            case ev.CallbackOffered():
                call = self.calls[event.call]
                if call.heard is None:
                    call.heard, call.heard_waited = event.heard_at, event.waited
            case ev.CallbackPromised():
                self.calls[event.call].promise = event.callback
                if event.callback in self.promises:
                    # He called again: it is the same promise, for another moment.
                    self.promises[event.callback].deadline = event.deadline
                else:
                    self.promises[event.callback] = Promise(event.line, event.at, event.deadline)
            case ev.CitizenReached():
                self.promises[event.callback].reached = event.answered_at
                self._speak(event.attempt, Talk(event.answered_at, event.line, event.operator))
            case ev.TalkFinished():
                self._hush(event.call, event.ended_at)
            case ev.AttemptFinished():
                self._hush(event.attempt, event.ended_at)
            case ev.CallEnded():
                self.calls[event.call].ended = event.gone_at
                self._hush(event.call, event.gone_at)
            case ev.OperatorChanged():
                self._change(event)
            case ev.LinkWentDown():
                self.gaps.append((event.at, None))
            case ev.LinkCameUp():
                began = self.gaps.pop()[0] if self.gaps else None
                self.gaps.append((began, event.at))
            case _:
                self._read_of_passing_on(event)

    def _read_of_passing_on(self, event: Event) -> None:
        match event:
            case ev.CallRerouted():
                self.calls[event.call].on(event.line)
            case ev.CallRepaired():
                self._repair(event)
            case ev.CallTransferred():
                self.calls[event.call].passed_on = True
            case ev.CallPickedUp():
                call = self.calls[event.call]
                if event.operator is not None:
                    call.answered = event.answered_at
                self._speak(event.call, Talk(event.answered_at, event.line, event.operator))
            case ev.CallHeld() if event.call in self._open_talks:
                holds = self._open_talks[event.call].holds
                if not holds or holds[-1][1] is not None:
                    holds.append((event.held_at, None))
            case ev.CallResumed() if event.call in self._open_talks:
                holds = self._open_talks[event.call].holds
                if holds and holds[-1][1] is None:
                    holds[-1] = holds[-1][0], event.resumed_at
            case _:
                pass

    def _repair(self, event: ev.CallRepaired) -> None:
        """Asterisk tells afterwards what we have not seen; what we have seen stands."""
        call = self.calls.setdefault(event.call, Call(event.call, event.arrived_at))
        joined = event.entered_at
        if joined is not None and event.line is not None and (call.entered is None or joined >= call.entered + 1):
            call.on(event.line)
            call.entered = joined
        spoken = [talk for talk in self.talks if talk.call == event.call]
        if event.answered_at is not None and event.line is not None:
            if call.answered is None or call.answered < event.answered_at:
                call.answered = event.answered_at
            ended = event.talk_ended_at
            self.talks.append(Talk(event.answered_at, event.line, event.operator, event.call, ended))
        elif spoken and spoken[-1].ended is not None and spoken[-1].ended > event.gone_at:
            spoken[-1].ended = max(spoken[-1].began, event.gone_at)
        call.ended = event.gone_at
        if event.counts and not (call.outcome is not None and call.seen):
            at = event.gone_at if event.answered_at is None else event.answered_at
            call.outcome, call.outcome_at, call.waited = event.outcome.value, at, event.waited
            call.line, call.decided_line, call.seen = event.line or call.line, event.line, False

    def _speak(self, of: object, talk: Talk) -> None:
        self._hush(of, talk.began)
        talk.call = of
        self.talks.append(talk)
        self._open_talks[of] = talk
        if talk.operator is not None:
            self._last_talk[talk.operator] = talk

    def _hush(self, of: object, at: float) -> None:
        talk = self._open_talks.pop(of, None)
        if talk is not None:
            talk.ended = at

    def _change(self, event: ev.OperatorChanged) -> None:
        who = event.operator
        if who in self._state_now:
            place = self._state_now[who]
            operator, state, began, _ = self.states[place]
            self.states[place] = (operator, state, began, event.at)
            talk = self._wrapping.pop(who, None)
            if state == "wrap_up" and talk is not None:
                talk.wrap_up = max(0.0, event.at - began)
        self._state_now[who] = len(self.states)
        self.states.append((who, event.state.value, event.at, None))
        if event.state.value == "wrap_up":
            talk = self._wrapping[who] = self._last_talk.get(who)
            if talk is not None:
                talk.wrap_up = 0.0


# --- Periods ---------------------------------------------------------------------------------------------------------


def named(grain: str, at: float) -> str:
    clock = datetime.fromtimestamp(at, BRUSSELS)
    match grain:
        case "total":
            return ""
        case "15min" | "30min" | "60min":
            width = int(grain[:2])
            return clock.replace(minute=clock.minute // width * width, second=0, microsecond=0).isoformat(
                timespec="minutes"
            )
        case "hour":
            return f"{clock:%H}"
        case "weekday":
            return str(clock.isoweekday())
        case "slot":
            return f"{clock.isoweekday()} {clock:%H}:{clock.minute // 30 * 30:02}"
        case "week":
            return f"{clock.isocalendar().year}-W{clock.isocalendar().week:02}"
        case "month":
            return f"{clock:%Y-%m}"
        case _:
            return f"{clock:%Y-%m-%d}"


# --- Counting --------------------------------------------------------------------------------------------------------


@dataclass
class Settings:
    """Of each line: t0, target wait, and when a call back is offered (None = never)."""

    short: dict[str | None, float]
    target: dict[str | None, float]
    offer: dict[str | None, float | None]


def count(
    history: History, settings: Settings, now: float, grain: str, since: float, until: float, by: Sequence[str] = ()
) -> Counted:
    """A call is that of whoever spoke with the caller first, a talk that of whoever spoke in it; a promise is nobody's,
    and an idle operator is idle for all his lines.

    Args:
        by: "line" and "operator", or one of them, or none.
    """

    def key_of(at: float, line: str | None, operator: str | None) -> Key:
        return named(grain, at), line if "line" in by else None, operator if "operator" in by else None

    counted: Counted = defaultdict(dict)
    first = first_to_speak(history)
    calls: dict[Key, list[Call]] = defaultdict(list)
    for call in history.calls.values():
        if since <= call.arrived < until:
            calls[key_of(call.arrived, call.line, first.get(call.id))].append(call)
    for key, some in calls.items():
        counted[key] |= of_calls(some, history, settings, now)
    talks: dict[Key, list[Talk]] = defaultdict(list)
    for talk in history.talks:
        if since <= talk.began < until:
            talks[key_of(talk.began, talk.line, talk.operator)].append(talk)
    for key, spoken in talks.items():
        counted[key] |= of_talks([talk for talk in spoken if talk.ended is not None])
    if "operator" not in by:
        promises: dict[Key, list[Promise]] = defaultdict(list)
        for promise in history.promises.values():
            if since <= promise.given < until:
                promises[key_of(promise.given, promise.line, None)].append(promise)
        for key, given in promises.items():
            due = [promise for promise in given if promise.deadline <= now]
            kept = [promise for promise in due if promise.kept]
            counted[key] |= {"kept_promise": (len(kept), len(due)), "promises": (len(given), len(given))}
    if "line" not in by:
        for (period, operator), pair in of_time(history, now, grain, since, until, "operator" in by).items():
            counted[period, None, operator]["occupancy"] = pair
    return counted


def first_to_speak(history: History) -> dict[str, str | None]:
    """By call; None = at a phone that nobody knows."""
    found: dict[str, Talk] = {}
    for talk in history.talks:
        if isinstance(talk.call, str) and (talk.call not in found or talk.began < found[talk.call].began):
            found[talk.call] = talk
    return {call: talk.operator for call, talk in found.items()}


def of_calls(calls: Sequence[Call], history: History, settings: Settings, now: float) -> dict[str, Pair]:
    def n(those: Callable[[Call], bool]) -> int:
        return sum(1 for call in calls if those(call))

    def answered(call: Call) -> bool:
        return call.outcome == "answered"

    def abandoned(call: Call) -> bool:
        return call.outcome in ("abandoned", "abandoned_short")

    def short(call: Call) -> bool:
        return abandoned(call) and call.waited is not None and call.waited < settings.short.get(call.line, 10.0)

    def within(call: Call, seconds: float | None = None) -> bool:
        limit = settings.target.get(call.line, 30.0) if seconds is None else seconds
        return call.waited is not None and call.waited <= limit

    def reached(call: Call) -> bool:
        return call.outcome == "callback_accepted" and call.promise is not None and history.promises[call.promise].kept

    def still_waiting(call: Call) -> bool:
        limit = settings.offer.get(call.line)
        if limit is None:
            return False
        if call.outcome is not None:
            return call.waited is not None and call.waited >= limit
        return call.entered is not None and now - call.entered >= limit + 5

    def heard(call: Call) -> bool:
        limit = settings.offer.get(call.line)
        if limit is None or call.heard is None or call.heard_waited is None:
            return False
        late = call.outcome_at is not None and call.heard > call.outcome_at
        return call.heard_waited < limit + 5 and not late

    def passed_on(call: Call) -> bool:
        assert call.outcome_at is not None
        again = any(at is not None and at > call.outcome_at for at in (call.answered, call.entered))
        return call.passed_on or call.requested or again

    def known_again(call: Call) -> bool:
        return answered(call) and call.number is not None and call.arrived + WEEK <= now

    def came_back(call: Call) -> bool:
        return any(
            other.number == call.number
            and other.line == call.line
            and (call.arrived, call.id) < (other.arrived, other.id)
            and other.arrived <= call.arrived + WEEK
            for other in history.calls.values()
        )

    def helped(call: Call) -> bool:
        return call.outcome in ("answered", "overflow_answered", "informed") or reached(call)

    a, b, s = n(answered), n(abandoned), n(short)
    a_t, b_t = n(lambda c: answered(c) and within(c)), n(lambda c: abandoned(c) and within(c))
    a_20 = n(lambda c: answered(c) and within(c, 20.0))
    accepted = n(lambda c: c.outcome == "callback_accepted")
    waits_a = [c.waited for c in calls if answered(c) and c.waited is not None]
    waits_b = [c.waited for c in calls if abandoned(c) and c.waited is not None]
    waits = [c.waited for c in calls if c.outcome is not None and c.waited is not None]
    citizens = {(named("day", c.arrived), c.number) for c in calls if c.number is not None}
    happy = {(named("day", c.arrived), c.number) for c in calls if c.number is not None and helped(c)}
    still = [c for c in calls if still_waiting(c)]
    again = [c for c in calls if known_again(c)]
    noted = [c for c in calls if answered(c) and c.settled is not None]
    found: dict[str, Pair] = {
        "reachability": (a, a + b),
        "strict_answer_rate": (a, n(lambda c: c.outcome not in (None, "closed"))),
        "reached": (a + n(reached), a + b + accepted),
        "service_level": (a_t, a + b - s),
        "service_level@20": (a_20, a + b - s),
        "app_queue_sl": (a_t, a),
        "app_queue_sl2": (a_t + b_t, a + b),
        "answered_in_time": (a_t, a + b),
        "offer_compliance": (sum(map(heard, still)), len(still)),
        "fcr_settled": (len([c for c in noted if c.settled]), len(noted)),
        "fcr_not_passed_on": (n(lambda c: answered(c) and not passed_on(c)), a),
        "fcr_no_repeat": (sum(not came_back(c) for c in again), len(again)),
        "called_again": (sum(map(came_back, again)), len(again)),
        "citizen_reachability": (len(happy), len(citizens)),
        "asa": (sum(waits_a), len(waits_a)),
        "mean_patience": (sum(waits_b), len(waits_b)),
        "longest_wait": (max(waits, default=0.0), len(waits)),
    }
    counts = {
        "offered": len(calls),
        "answered": a,
        "abandoned": b,
        "abandoned_short": s,
        "abandoned_long": b - s,
        "answered_within": a_t,
        "abandoned_within": b_t,
        "undecided": n(lambda c: c.outcome is None),
        **{
            outcome: n(lambda c, outcome=outcome: c.outcome == outcome)  # type: ignore[misc]
            for outcome in (
                *("callback_accepted", "overflow_answered", "overflow_lost", "closed", "left_menu"),
                *("informed", "refused", "switch_failure"),
            )
        },
    }
    return found | {id: (number, number) for id, number in counts.items()}


def of_talks(talks: Sequence[Talk]) -> dict[str, Pair]:
    n = len(talks)
    seconds, wrap_up = sum(talk.seconds for talk in talks), sum(talk.wrap_up for talk in talks)
    return {
        "aht": (seconds + wrap_up, n),
        "mean_talk": (seconds, n),
        "mean_hold": (sum(talk.held for talk in talks), n),
        "mean_wrap_up": (wrap_up, n),
        "handled": (n, n),
    }


def unseen(history: History, now: float, grain: str, since: float, until: float) -> dict[str, float]:
    """Seconds by period in which nothing could be seen, quarter by quarter."""
    seconds: dict[str, float] = defaultdict(float)
    for began, ended in history.gaps:
        begin, end = max(began or since, since), min(now if ended is None else ended, until)
        quarter = begin // 900 * 900
        while quarter < end:
            seconds[named(grain, quarter)] += max(0.0, min(end, quarter + 900) - max(begin, quarter))
            quarter += 900
    return seconds


def in_gap(history: History, call: Call) -> bool:
    """Whether a part of it fell in a time in which nothing could be seen; of one that lasts, its begin."""
    last = call.arrived if call.ended is None else call.ended
    return any((began or 0.0) < last and (ended is None or ended > call.arrived) for began, ended in history.gaps)


def waits(history: History, since: float, until: float, width: float) -> dict[tuple[int, str | None], int]:
    """Calls by piece of ``width`` seconds that they waited, and by outcome."""
    found: dict[tuple[int, str | None], int] = defaultdict(int)
    for call in history.calls.values():
        if call.waited is not None and since <= call.arrived < until:
            found[int(call.waited // width), call.outcome] += 1
    return found


def by_state(history: History, now: float, grain: str, since: float, until: float) -> dict[tuple[str, str, str], float]:
    """Seconds by period, operator and state, quarter by quarter."""
    seconds: dict[tuple[str, str, str], float] = defaultdict(float)
    for operator, state, began, ended in history.states:
        begin, end = max(began, since), min(now if ended is None else ended, until)
        quarter = begin // 900 * 900
        while quarter < end:
            seconds[named(grain, quarter), operator, state] += max(0.0, min(end, quarter + 900) - max(begin, quarter))
            quarter += 900
    return seconds


def of_time(
    history: History, now: float, grain: str, since: float, until: float, by_operator: bool
) -> dict[tuple[str, str | None], Pair]:
    """Quarter by quarter: no period of ours begins or ends within one."""
    busy: dict[tuple[str, str | None], float] = defaultdict(float)
    idle: dict[tuple[str, str | None], float] = defaultdict(float)
    for operator, state, began, ended in history.states:
        begin, end = max(began, since), min(now if ended is None else ended, until)
        quarter = begin // 900 * 900
        while quarter < end:
            seconds = min(end, quarter + 900) - max(begin, quarter)
            if seconds > 0 and state in ("in_call", "reserved", "ringing", "wrap_up"):
                busy[named(grain, quarter), operator if by_operator else None] += seconds
            elif seconds > 0 and state == "available":
                idle[named(grain, quarter), operator if by_operator else None] += seconds
            quarter += 900
    return {key: (busy[key], busy[key] + idle[key]) for key in {*busy, *idle}}

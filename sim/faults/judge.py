"""The judge: holds what the telephones noted and what the database says against what the product promises.

It uses nothing of the product: no figures, no engine, no log of it. It knows which fault was there when, because some
promises are about that, and because a fault may take what nobody can keep: an Asterisk that ends takes its calls along.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sim.faults.evidence import SERVED_WITHIN, Caller, CallRow, Evidence, Incident, Ring

SLACK: Final = 0.5
"""Seconds that a busy machine may take for itself: SIPp, phones, Asterisk and the engine share it."""
CROSSING: Final = 0.5
"""Seconds within which two who hang up do so at once."""
SAME_MOMENT: Final = 2.0
"""Seconds by which a record may differ from the telephone."""
ORDER: Final = 1.5
"""Seconds: whoever came no more than this before another came with him. The switch's own queue counts whole seconds."""
LOOKS: Final = 1.5
"""Seconds between two looks of who waits in the switch's own queue, slack included."""
GOING_OVER: Final = 2.0
"""Seconds in which those who wait go over into the switch's own queue, each at his next turn of the music."""
DROPPED: Final = 0.1
"""Seconds: a talk that the phone ended before this was none."""
GIVES_UP: Final = 32.0
"""Seconds after which an INVITE without an answer is given up (RFC 3261, timer B)."""
DIALOGUE: Final = 6.0
"""Seconds in which a caller says that he wants to be called back, and hears that it stands."""
NO_WORD: Final = 11.0
"""Seconds in which he hears that it cannot be promised, with something broken: the switch waits 7 s for the word of the
engine."""
FOR_EVER: Final = float("inf")
MESSAGE: Final = (1.0, 8.0)
"""Seconds that a caller stays who only hears that the line is full."""


class Promise(StrEnum):
    """What the product promises; the README has the same."""

    NOT_CUT = "no talking call is cut by us"
    NOT_DROPPED = "no waiting caller is dropped"
    SERVED = "callers are served in time, whatever is broken"
    ORDER = "in the true order of arrival"
    RECORDED = "no call without its record, no answered one without its answer"
    CALLED_BACK = "no promise to call back is lost, and nobody is rung twice for it"
    OVERLOAD = "at overload the excess hears so and is counted"


@dataclass(frozen=True)
class Broken:
    """A promise that was broken, and how."""

    promise: Promise
    what: str


class Judge:
    """Judges one run."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self._losses = sorted((i for i in evidence.incidents if i.calls_lost), key=lambda i: i.began)
        self._callers = {caller.number: caller for caller in evidence.callers}
        self._rows = defaultdict(list)
        for row in sorted(evidence.calls, key=lambda row: not row.number):
            self._rows[row.number or self._whose(row)].append(row)
        self._rings: dict[str, list[Ring]] = defaultdict(list)
        self._back: dict[str, list[Ring]] = defaultdict(list)
        self._at: dict[str, list[Ring]] = defaultdict(list)
        for ring in sorted(evidence.rings, key=lambda ring: ring.invited):
            if self._is_callers(ring):
                self._rings[ring.number].append(ring)
            else:
                self._back[ring.number].append(ring)
            self._at[ring.device].append(ring)
        self._promised = {row.number for row in evidence.promises}
        self.longest: dict[str, float] = defaultdict(float)
        """Longest that a caller waited beside a free operator: by kind of fault, while it was there and after it."""

    def judge(self) -> list[Broken]:
        """Everything that was broken."""
        checks: tuple[tuple[Promise, Callable[[], Iterator[str]]], ...] = (
            (Promise.NOT_CUT, self._cut),
            (Promise.NOT_CUT, self._cut_when_called_back),
            (Promise.NOT_DROPPED, self._dropped),
            (Promise.SERVED, self._unserved),
            (Promise.ORDER, self._passed_over),
            (Promise.RECORDED, self._unrecorded),
            (Promise.CALLED_BACK, self._not_called_back),
            (Promise.CALLED_BACK, self._rung_too_often),
            (Promise.OVERLOAD, self._overload),
        )
        return [Broken(promise, what) for promise, check in checks for what in check()]

    def _whose(self, row: CallRow) -> str:
        """Asterisk's own record, from which gaps are repaired, has no numbers: such a call is that of the caller of its
        line who came in that moment and has no record; of several, of whom it fits best."""
        came = [
            (abs(self._came(caller) - row.arrived_at), caller.number)
            for caller in self.evidence.callers
            if row.arrived_at is not None
            and abs(self._came(caller) - row.arrived_at) < CROSSING
            and self.evidence.line_of(caller.number) == row.line
            and not self._rows[caller.number]
        ]
        return min(came)[1] if came else ""

    def _came(self, caller: Caller) -> float:
        """While Asterisk is away a telephone calls again and again until it is heard."""
        return caller.up if caller.up is not None and self._lost(caller.called, caller.up) else caller.called

    # --- Talks and waits -----------------------------------------------------------------------------------------

    def _is_callers(self, ring: Ring) -> bool:
        """Not that of a call back: the citizen is in a call of his own."""
        caller = self._callers.get(ring.number)
        return caller is not None and (caller.ended is None or ring.invited <= caller.ended + CROSSING)

    def _lost(self, began: float, ended: float) -> bool:
        """Asterisk ended in between."""
        return any(loss.began - CROSSING <= ended and began <= loss.over for loss in self._losses)

    def _cut(self) -> Iterator[str]:
        for number, rings in self._rings.items():
            caller = self._callers[number]
            for ring in rings:
                if (
                    ring.answered is None
                    or not _is_talk(ring)
                    or ring.by_phone
                    or self._lost(ring.answered, ring.ended or ring.answered)
                ):
                    continue
                if ring.ended is None:
                    if caller.ended is not None and not self._lost(ring.answered, caller.ended):
                        yield f"{number}: his line was dead for {ring.device}, who was not told"
                elif not (caller.by_himself and caller.ended is not None and caller.ended <= ring.ended + CROSSING):
                    yield f"{number} spoke with {ring.device} for {ring.ended - ring.answered:.1f} s and was cut off"

    def _cut_when_called_back(self) -> Iterator[str]:
        for citizen, operator in self._talks_back():
            assert citizen.answered is not None
            if self._lost(citizen.answered, citizen.ended or citizen.answered):
                continue
            if citizen.ended is None or operator.ended is None:
                if (citizen.ended is None) is not (operator.ended is None):
                    yield f"{citizen.device} or {operator.device} was not told that the other one is gone"
            elif not citizen.by_phone and not operator.by_phone:
                yield f"{citizen.device} was called back by {operator.device}, and both were cut off"

    def _talks_back(self) -> Iterator[tuple[Ring, Ring]]:
        """The two legs of each call back in which both spoke, the citizen's first."""
        for citizen in self.evidence.called_back:
            for operator in self._back[citizen.device]:
                if _is_talk(citizen) and _is_talk(operator) and self._overlap(citizen, operator) >= DROPPED:
                    yield citizen, operator

    def _overlap(self, one: Ring, other: Ring) -> float:
        """Seconds for which both were answered."""
        began = max(one.answered or 0.0, other.answered or 0.0)
        return min(self.evidence.ended if leg.ended is None else leg.ended for leg in (one, other)) - began

    def _dropped(self) -> Iterator[str]:
        for caller in self.evidence.callers:
            if caller.up is None:
                if caller.called + GIVES_UP < self.evidence.ended and not self._lost(
                    caller.called, caller.called + GIVES_UP
                ):
                    yield f"{caller.number} called and got no answer"
            elif caller.ended is None:
                if not self._lost(caller.up, self.evidence.ended):
                    yield f"{caller.number} is on the line still"
            elif not (
                caller.by_himself
                or self._spoke(caller)
                or self._refused(caller)
                or caller.number in self._promised
                or self._lost(caller.up, caller.ended)
            ):
                yield f"{caller.number} waited for {caller.ended - caller.up:.1f} s and was hung up on"

    def _spoke(self, caller: Caller) -> bool:
        return any(_is_talk(ring) for ring in self._rings[caller.number])

    def _refused(self, caller: Caller) -> bool:
        return any(row.outcome == "refused" for row in self._rows[caller.number])

    def _waits(self, caller: Caller) -> Iterator[tuple[float, float]]:
        """When he waited and no phone rang for him."""
        if caller.up is None:
            return
        since, end = caller.up, self.evidence.ended if caller.ended is None else caller.ended
        if self._refused(caller):
            return
        for loss in self._losses:
            if since <= loss.over and end >= loss.began:
                end = min(end, loss.began)
        for ring in self._rings[caller.number]:
            if ring.invited > since:
                yield since, min(ring.invited, end)
            since = self.evidence.ended if ring.ended is None else ring.ended
            if _is_talk(ring):
                return
        if since < end:
            yield since, end

    def _wants(self, caller: Caller) -> Iterator[tuple[float, float]]:
        """When he waited to be served: until he began to accept that he is called back. Whoever was not offered it, and
        is promised nothing, waits on; so much is left out as the dialogue would have taken, or did take, with something
        broken, until it was known that nothing can be promised."""
        begins = (caller.up or 0.0) + self.evidence.promising.get(self.evidence.line_of(caller.number), FOR_EVER)
        told = max((row.not_promised_at or 0.0 for row in self._rows[caller.number]), default=0.0)
        broken = any(i.began <= told and i.over >= begins for i in self.evidence.incidents)
        # An engine that is away writes down nothing of it.
        away = any(
            i.switch_serves and i.began <= begins + NO_WORD and i.over >= begins for i in self.evidence.incidents
        )
        ends = max(begins + DIALOGUE, min(told, begins + NO_WORD) if broken else 0.0, begins + NO_WORD if away else 0.0)
        if caller.number in self._promised:
            ends = FOR_EVER
        for begin, end in self._waits(caller):
            for since, until in ((begin, min(end, begins)), (max(begin, ends), end)):
                if since < until:
                    yield since, until

    def _free(self, device: str, present: tuple[tuple[float, float], ...]) -> Iterator[tuple[float, float]]:
        """When nobody was at his phone, and it was in order."""
        away = [(r.invited, self.evidence.ended if r.ended is None else r.ended) for r in self._at[device]]
        broken = [i for i in self.evidence.incidents if device in i.devices]
        away += [(began, over + GOING_OVER) for i in broken for began, over in i.out or ((i.began, i.over),)]
        for begin, end in present:
            since = begin
            for out, back in sorted(away):
                if out > since:
                    yield since, min(out, end)
                since = max(since, back)
                if since >= end:
                    break
            if since < end:
                yield since, end

    def _unserved(self) -> Iterator[str]:
        """Who waited beside a free operator of his line for longer than he may, all faults considered."""
        for line in sorted(set(self.evidence.lines.values())):
            waits = sorted((begin, end, c.number) for c in self._of(line) for begin, end in self._wants(c))
            longest = max((end - begin for begin, end, _ in waits), default=0.0)
            begins = [begin for begin, _, _ in waits]
            for desk in self.evidence.desks:
                if line not in desk.lines:
                    continue
                for since, until in self._free(desk.device, desk.present):
                    for begin, end, number in waits[bisect_left(begins, since - longest) : bisect_left(begins, until)]:
                        for span, limit, when in self._spans(max(begin, since), min(end, until)):
                            self.longest[when] = max(self.longest[when], span)
                            if span > limit + SLACK:
                                yield f"{number} waited {span:.1f} s on {line} beside {desk.device}, free, {when}"

    def _spans(self, begin: float, end: float) -> Iterator[tuple[float, float, str]]:
        """The time from ``begin`` to ``end``, cut where a fault begins or is over, each part with what is allowed."""
        for incident in sorted(self.evidence.incidents, key=lambda i: i.began):
            if incident.over <= begin or incident.began >= end:
                continue
            if incident.began > begin:
                yield incident.began - begin, SERVED_WITHIN, "with nothing broken"
            until = min(end, incident.over)
            more = SERVED_WITHIN if incident.back is not None and until > incident.back else 0.0
            yield until - max(begin, incident.began), incident.within + more, f"during: {incident.kind}"
            if end <= incident.over:
                return
            yield end - incident.over, SERVED_WITHIN, f"after: {incident.kind}"
            return
        if end > begin:
            yield end - begin, SERVED_WITHIN, "with nothing broken"

    def _of(self, line: str) -> Iterator[Caller]:
        return (caller for caller in self.evidence.callers if self.evidence.line_of(caller.number) == line)

    def _passed_over(self) -> Iterator[str]:
        """Who waited while another one of his line, who came after him, was rung for."""
        for line in sorted(set(self.evidence.lines.values())):
            callers = [caller for caller in self._of(line) if caller.up is not None]
            waits = [(c.up or 0.0, begin, end, c.number) for c in callers for begin, end in self._wants(c)]
            for caller in callers:
                for ring in self._rings[caller.number]:
                    if self._goes_over(ring.invited):
                        continue
                    crossing = self._crossing(ring.invited)
                    for up, begin, end, number in waits:
                        here = begin + CROSSING < ring.invited < end - crossing
                        after = (caller.up or 0.0) - up
                        if here and number != caller.number and after > ORDER:
                            who = f"{caller.number}, who came {after:.1f} s after him"
                            yield f"{number} of {line} was passed over for {who}"

    def _crossing(self, at: float) -> float:
        """In the switch's own queue each caller looks for himself, once a second, whether a phone is free."""
        return LOOKS if any(i.switch_serves and i.began <= at <= i.over for i in self.evidence.incidents) else CROSSING

    def _goes_over(self, at: float) -> bool:
        """Those who wait are on their way from the engine to the switch's own queue, or back."""
        return any(
            i.began <= at <= min(i.over, i.began + i.within + GOING_OVER) or i.over <= at <= i.over + SERVED_WITHIN
            for i in self.evidence.incidents
            if i.switch_serves
        )

    # --- Records -------------------------------------------------------------------------------------------------

    def _unrecorded(self) -> Iterator[str]:
        for number, caller in self._callers.items():
            if caller.up is None:
                continue
            rows = self._rows[number]
            if len(rows) != 1:
                yield f"{number} has {len(rows)} records"
                continue
            row, talks = rows[0], [ring for ring in self._rings[number] if ring.answered is not None]
            if caller.ended is not None and (row.ended_at is None or row.outcome is None):
                yield f"{number} has gone, and his record says nothing of it"
            elif not any(self._to_nobody(ring) for ring in talks):
                yield from self._of_talks(number, row, talks)
        for number in self._rows.keys() - self._callers.keys():
            yield f"{number} never called, and has a record"

    def _of_talks(self, number: str, row: CallRow, talks: list[Ring]) -> Iterator[str]:
        """What his record says wrong of the conversations that the phones noted."""
        outcome = "answered" if self._served_after_all(row, number) else row.outcome
        if any(_is_talk(ring) for ring in talks) and outcome != "answered":
            yield f"{number} spoke with {talks[-1].device}, and his record says {row.outcome}"
        elif outcome == "answered" and not talks:
            yield f"{number} spoke with nobody, and his record says answered"
        elif talks and row.device not in {ring.device for ring in talks}:
            yield f"{number} spoke with {talks[-1].device}, and his record says {row.device}"
        elif talks and not self._near(row.answered_at, talks):
            yield f"{number} was answered at another moment than his record says"

    def _served_after_all(self, row: CallRow, number: str) -> bool:
        """His promise was written and counted, the link was lost before he heard so, and an operator took his call: he
        is owed nothing any more. The outcome stays the one that was counted first."""
        promises = [promise.state for promise in self.evidence.promises if promise.number == number]
        return row.outcome == "callback_accepted" and promises == ["settled"]

    def _to_nobody(self, ring: Ring) -> bool:
        """Picked up while Asterisk was on its way out, or away: whether it heard of that nobody can say."""
        return ring.answered is not None and any(loss.began <= ring.answered <= loss.over for loss in self._losses)

    def _near(self, at: float | None, talks: list[Ring]) -> bool:
        moments = [ring.answered for ring in talks if ring.answered is not None]
        if any(i.clocks and i.began - 60 <= m <= i.over + 60 for i in self.evidence.incidents for m in moments):
            return True
        return at is not None and min(abs(at - moment) for moment in moments) <= SAME_MOMENT

    def _not_called_back(self) -> Iterator[str]:
        """Whoever was told that he is owed a call has a promise in the records; it is kept, or in good hands."""
        promised = Counter(row.number for row in self.evidence.promises)
        for number, rows in self._rows.items():
            if any(row.outcome == "callback_accepted" for row in rows) and not promised[number]:
                yield f"{number} was promised a call, and nobody knows of it"
        for row in self.evidence.promises:
            if row.state == "claimed":
                yield f"{row.number} is owed a call that is being made for ever"
            elif row.state == "handed_over" and not row.why:
                yield f"{row.number} is owed a call that somebody has for no reason"
            elif row.state == "open" and row.end_at > row.deadline:
                yield f"{row.number} is owed a call after its deadline"

    def _rung_too_often(self) -> Iterator[str]:
        """His phone rings once for each attempt that the records have, and for nothing else; and no more once
        he has been spoken to."""
        promised = Counter(row.number for row in self.evidence.promises)
        dialled = Counter(row.number for row in self.evidence.attempts if row.dialled_at is not None)
        rung = Counter(ring.device for ring in self.evidence.called_back)
        for number, times in rung.items():
            if not promised[number]:
                yield f"{number} was rung, and is owed nothing"
            elif times > dialled[number]:
                yield f"{number} was rung {times} times for {dialled[number]} attempts"
        reached: dict[str, float] = {}
        for citizen, _ in self._talks_back():
            reached.setdefault(citizen.device, citizen.invited)
        for ring in self.evidence.called_back:
            if ring.invited > reached.get(ring.device, ring.invited):
                yield f"{ring.device} was rung again after he had been spoken to"

    # --- Overload ------------------------------------------------------------------------------------------------

    def _overload(self) -> Iterator[str]:
        waits = {line: self._waiting(line) for line in self.evidence.capacity}
        for number, rows in self._rows.items():
            caller = self._callers.get(number)
            if caller is None or caller.up is None or not any(row.outcome == "refused" for row in rows):
                continue
            line = self.evidence.line_of(number)
            here = sum(begin - CROSSING <= caller.up <= end + CROSSING for begin, end in waits[line])
            if self._without_engine(caller.up):
                here += self._rung(line, caller.up)
            if here < self.evidence.capacity[line]:
                yield f"{number} was refused with {here} waiting on {line}"
            stayed = None if caller.ended is None else caller.ended - caller.up
            if not caller.by_himself and (stayed is None or not MESSAGE[0] <= stayed <= MESSAGE[1] + GOING_OVER):
                yield f"{number} was refused, and cannot have heard why: he was there for {stayed or 0.0:.1f} s"
        for line, capacity in self.evidence.capacity.items():
            most = _most(waits[line])
            # Whoever has just come in is not refused yet; whoever is being rung has a place no more.
            if most > capacity:
                yield f"{most} waited on {line}, which has room for {capacity}"
        for hearing in self.evidence.heard:
            rows = self._rows[hearing.number]
            if any(row.outcome == "refused" for row in rows) and hearing.full < MESSAGE[0]:
                yield f"{hearing.number} was refused and did not hear that the line is full"

    def _without_engine(self, at: float) -> bool:
        """Asterisk serves by itself: in its queue whoever is being rung for has a place."""
        return any(i.switch_serves and i.began <= at <= i.over + SERVED_WITHIN for i in self.evidence.incidents)

    def _rung(self, line: str, at: float) -> int:
        """For how many callers of this line a phone rang as somebody came in then, until he had his answer."""
        rings = (ring for caller in self._of(line) for ring in self._rings[caller.number])
        ends = ((r.invited, r.answered or r.ended or self.evidence.ended) for r in rings)
        return sum(begin <= at + GOING_OVER + CROSSING and end >= at for begin, end in ends)

    def _waiting(self, line: str) -> list[tuple[float, float]]:
        return [wait for caller in self._of(line) for wait in self._waits(caller)]


def _is_talk(ring: Ring) -> bool:
    """They spoke: an answer that was taken back at once is none, nor one that crossed with the end of the ringing."""
    return ring.answered is not None and (ring.ended is None or ring.ended - ring.answered >= DROPPED)


def _most(waits: list[tuple[float, float]]) -> int:
    """Most of them at once, for more than a moment."""
    steps = sorted(
        [(begin + CROSSING, 1) for begin, end in waits if end - begin > 2 * CROSSING]
        + [(end - CROSSING, -1) for begin, end in waits if end - begin > 2 * CROSSING]
    )
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def kinds(incidents: list[Incident]) -> Counter[str]:
    """How many of each."""
    return Counter(incident.kind for incident in incidents)

"""The call back: an idle operator is reserved for a due promise, the keeper claims it, the switch makes the call.

Nobody is rung before the keeper has said that the promise is ours (``CallbackClaimed``), and each step is written down
(``NoteAttempt``) before it counts. Who waits on the line always comes first: an operator is taken for a promise only
when enough others stay idle, and he is given back when a caller needs him before his phone rings.
"""

from collections.abc import Collection, Iterable
from typing import Final

from acd.engine import desks, dues
from acd.engine.people import Desk, Lane
from acd.engine.promise import Attempt
from acd.engine.state import State, TimerKind
from acd.engine.tape import seen_tape
from acd.model.callback import AttemptResult, AttemptStage, DueCallback
from acd.model.commands import BOOKING_PATIENCE, CallBack, ClaimCallback, EndAttempt, EndCallBack, NoteAttempt
from acd.model.events import AttemptFinished, AttemptStarted, CitizenReached
from acd.model.facts import (
    AttemptEnded,
    AttemptFact,
    AttemptRinging,
    AttemptSeen,
    AttemptStored,
    AttemptTaken,
    CallbackClaimed,
    CallbackNotClaimed,
    CitizenAnswered,
    CitizenDialled,
    OfferFailure,
)
from acd.model.ids import OfferId, ServerId
from acd.model.operator import AT_WORK, OperatorMove, OperatorState, rest

_CLAIM_PATIENCE: Final = BOOKING_PATIENCE + 1.0
"""Seconds after which a claim without an answer is given up; nobody has been rung for it."""

_TAKEN_PATIENCE: Final = 10.0
"""Seconds from the operator's pick-up until the citizen's phone is rung."""

_MACHINE_TEST: Final = 10.0
"""Seconds that listening for an answering machine may take beyond the ringing."""
_RECORDING_ASKED: Final = 15.0
"""Seconds in which a citizen who was called first hears that he is recorded, before an operator is rung."""

_END_PATIENCE: Final = 3.0
"""Seconds after which an attempt that we ended is over without a word of the switch."""

_ORDER: Final = {stage: rank for rank, stage in enumerate(AttemptStage)}
_NOT_TAKEN: Final = (OperatorState.RESERVED, OperatorState.RINGING)
_AVAILABLE: Final = OperatorState.AVAILABLE


def start_due(state: State) -> None:
    """Begin as many attempts as operators can be spared for. Everybody who waits has got his operator already."""
    while (chosen := dues.most_urgent(state)) is not None:
        begin(state, *chosen)


def begin(state: State, due: DueCallback, lane: Lane, desk: Desk) -> None:
    """Reserve the operator, then claim the promise for him."""
    attempt = Attempt(state.next_offer(), due.callback, lane.line, desk.id)
    state.attempts[attempt.id] = attempt
    take(attempt, desk)
    state.move_desk(desk, OperatorMove.OFFER)
    state.commands.append(ClaimCallback(due.callback, attempt.id, desk.id))
    state.set_timer(state.now + _CLAIM_PATIENCE, TimerKind.ATTEMPT_SILENT, attempt)


def take(attempt: Attempt, desk: Desk) -> None:
    """From here on these two belong together."""
    attempt.desk, attempt.operator = desk, desk.id
    desk.attempt, desk.line = attempt, attempt.line.id


# --- The claim -----------------------------------------------------------------------------------------------------


def claimed(state: State, fact: CallbackClaimed) -> None:
    """The attempt is written down: now the operator's phone may ring, unless somebody who waits needs him, or he is no
    longer available."""
    attempt = state.attempts.get(fact.attempt)
    if attempt is None or attempt.stage is not None:
        return
    dues.claimed(state, attempt.line.id, attempt.callback)
    desk = attempt.desk
    if desk is None or not state.linked or needed(state, desk) or rest(desk.wish, desk.phone) is not _AVAILABLE:
        let_go(state, attempt)
        return
    attempt.stage = AttemptStage.CLAIMED
    state.events.append(AttemptStarted(state.now, attempt.callback, attempt.id, attempt.line.id, desk.id))
    rule = attempt.rule
    state.commands.append(
        CallBack(
            attempt=attempt.id,
            callback=attempt.callback,
            line=attempt.line.id,
            number=fact.number,
            language=fact.language,
            operator=desk.id,
            device=desk.config.device,
            ring_time=attempt.line.ring_time,
            ring_citizen=rule.ring_citizen,
            operator_first=rule.operator_first,
            machine_detection=rule.machine_detection,
        )
    )
    watch(state, attempt, patience(state, attempt))


def needed(state: State, desk: Desk) -> bool:
    """A caller waits whom he could serve."""
    lanes = (state.lanes.get(line) for line in desk.config.lines)
    return any(lane is not None and lane.waiting for lane in lanes)


def give_back(state: State) -> bool:
    """Somebody waits whom an operator could serve that is kept for a promise whose claim nobody has answered yet, for a
    second or for five: he is given back at once, of several the one with the least urgent promise. Whether there was
    one."""
    for attempt in reversed(state.attempts.values()):
        if attempt.stage is None and attempt.desk is not None and needed(state, attempt.desk):
            let_go(state, attempt)
            return True
    return False


def not_claimed(state: State, fact: CallbackNotClaimed) -> None:
    attempt = state.attempts.get(fact.attempt)
    if attempt is not None and attempt.stage is None:
        forget(state, attempt)
        release(state, attempt, None)


def let_go(state: State, attempt: Attempt) -> None:
    """Nobody was rung, and nobody will be. The keeper may have claimed it, or still do so: it is open again then."""
    state.commands.append(EndAttempt(attempt.id, AttemptResult.OPERATOR, state.now))
    forget(state, attempt)
    release(state, attempt, None)


def forget(state: State, attempt: Attempt) -> None:
    """The attempt is over; the promise, if it is due again, is not tried again at once."""
    attempt.token += 1
    del state.attempts[attempt.id]
    dues.rest(state, attempt.callback)


def release(state: State, attempt: Attempt, failure: OfferFailure | None, wrap_up: float = 0.0) -> None:
    """The operator is done with it.

    Args:
        failure: why his phone did not connect.
        wrap_up: seconds that he has after a talk, from now on.
    """
    desk = attempt.desk
    if desk is None:
        return
    attempt.desk = None
    if desk.state not in _NOT_TAKEN:
        desks.wrap_up(state, desk, wrap_up)
    elif failure is None:
        desks.free(state, desk, OperatorMove.OFFER_ENDED)
    else:
        desks.after_failed_offer(state, desk, failure)


# --- What the switch says of it ------------------------------------------------------------------------------------


def under_way(state: State, fact: AttemptFact) -> Attempt | None:
    """The attempt. One that was given up and is alive after all is ended: its promise is in other hands."""
    attempt = state.attempts.get(fact.attempt)
    if attempt is None and given_up(state, fact.attempt):
        state.commands.append(EndCallBack(fact.attempt))
    return None if attempt is None or attempt.stage is None else attempt


def given_up(state: State, id: OfferId) -> bool:
    """By us, or by an engine before us: what the records knew to be under way at our start is ours."""
    return id in state.given_up or id < state.first_offer


def ringing(state: State, fact: AttemptRinging) -> None:
    attempt = under_way(state, fact)
    if attempt is not None:
        reach(state, attempt, AttemptStage.RINGING, state.now)


def taken(state: State, fact: AttemptTaken) -> None:
    attempt = under_way(state, fact)
    if attempt is not None:
        reach(state, attempt, AttemptStage.TAKEN, fact.taken_at)


def dialled(state: State, fact: CitizenDialled) -> None:
    attempt = under_way(state, fact)
    if attempt is not None:
        reach(state, attempt, AttemptStage.DIALLED, state.now)


def answered(state: State, fact: CitizenAnswered) -> None:
    """The promise is kept. One that was given up is told as well: a talk is not cut off."""
    attempt = state.attempts.get(fact.attempt)
    if attempt is not None and attempt.stage is not None:
        reach(state, attempt, AttemptStage.TALKING, fact.answered_at)


def reach(state: State, attempt: Attempt, stage: AttemptStage, at: float) -> None:
    """It has come so far: written down first, then shown. Of two steps in another order the farther one counts."""
    assert attempt.stage is not None
    attempt.failure = None
    if _ORDER[stage] > _ORDER[attempt.stage]:
        attempt.stage = stage
        state.commands.append(NoteAttempt(attempt.id, stage, at))
        if stage is AttemptStage.TALKING:
            reached(state, attempt, at)
    if attempt.desk is not None:
        work(state, attempt, attempt.desk, stage)
    if not attempt.ending or attempt.stage is AttemptStage.TALKING:
        watch(state, attempt, patience(state, attempt, stage))


def reached(state: State, attempt: Attempt, at: float) -> None:
    line, operator = attempt.line.id, attempt.operator
    state.events.append(CitizenReached(state.now, attempt.callback, attempt.id, line, operator, at))


def work(state: State, attempt: Attempt, desk: Desk, stage: AttemptStage) -> None:
    """What the operator does follows from the step. With the citizen first, his own phone rings after the other's."""
    if desk.state is OperatorState.IN_CALL:
        return
    if stage is AttemptStage.RINGING:
        if desk.state is not OperatorState.RINGING:
            state.move_desk(desk, OperatorMove.RING)
    elif stage is not AttemptStage.CLAIMED and (stage is not AttemptStage.DIALLED or attempt.rule.operator_first):
        state.move_desk(desk, OperatorMove.ANSWER)


def ended(state: State, fact: AttemptEnded) -> None:
    attempt = state.attempts.get(fact.attempt)
    state.given_up.discard(fact.attempt)
    if attempt is not None and attempt.stage is not None:
        finish(state, attempt, fact.result, fact.ended_at, fact.failure)


def finish(
    state: State, attempt: Attempt, result: AttemptResult, ended_at: float, failure: OfferFailure | None = None
) -> None:
    """Tell the keeper how it ended, and let the operator go, after a talk with the line's time for his notes."""
    if attempt.stage is AttemptStage.TALKING:
        result = AttemptResult.CONNECTED
    elif result is AttemptResult.CONNECTED:
        reached(state, attempt, ended_at)
    state.commands.append(EndAttempt(attempt.id, result, ended_at))
    state.events.append(
        AttemptFinished(state.now, attempt.callback, attempt.id, attempt.line.id, attempt.operator, result, ended_at)
    )
    forget(state, attempt)
    talked = result is AttemptResult.CONNECTED
    release(state, attempt, failure or attempt.failure, ended_at + attempt.line.wrap_up - state.now if talked else 0.0)


# --- Silence -------------------------------------------------------------------------------------------------------


def watch(state: State, attempt: Attempt, seconds: float | None) -> None:
    """Whatever was awaited before has come; the next thing has its own time."""
    attempt.token += 1
    if seconds is not None:
        state.set_timer(state.now + seconds, TimerKind.ATTEMPT_SILENT, attempt)


def patience(state: State, attempt: Attempt, step: AttemptStage = AttemptStage.CLAIMED) -> float | None:
    """Seconds within which the next step must be heard of; None = a talk lasts as long as it lasts."""
    if attempt.stage is AttemptStage.TALKING:
        return None
    citizen = attempt.rule.ring_citizen + _MACHINE_TEST + state.policy.offer_margin
    if not attempt.rule.operator_first:
        # Nothing is heard between his answer and that of the operator, whose phone rings after his.
        citizen += _RECORDING_ASKED + attempt.line.ring_time
    match step:
        case AttemptStage.CLAIMED if attempt.rule.operator_first:
            return state.policy.confirm_timeout + state.policy.ringing_timeout
        case AttemptStage.RINGING:
            return attempt.line.ring_time + state.policy.offer_margin
        case AttemptStage.TAKEN:
            return _TAKEN_PATIENCE
        case _:
            return citizen


def silent(state: State, attempt: Attempt) -> None:
    """Nothing more was heard of it: hang up what there is of it; without a word even then, nobody knows its end."""
    if attempt.stage is None:
        let_go(state, attempt)
    elif not state.linked or attempt.unseen:
        return  # The look at the switch will tell.
    elif attempt.ending:
        give_up(state, attempt)
    else:
        if attempt.stage is AttemptStage.CLAIMED and attempt.rule.operator_first:
            attempt.failure = OfferFailure.DEAD
        end(state, attempt)


def give_up(state: State, attempt: Attempt) -> None:
    """Nobody knows its end; should it be alive after all, it must not go on."""
    state.given_up.add(attempt.id)
    finish(state, attempt, AttemptResult.UNKNOWN, state.now)


def end(state: State, attempt: Attempt) -> None:
    attempt.ending = True
    state.commands.append(EndCallBack(attempt.id))
    watch(state, attempt, _END_PATIENCE)


def give_way(state: State, desk: Desk) -> Desk | None:
    """The operator speaks with a caller whom we did not give him: the ring for this attempt ends. None if he has picked
    up for it already; then it is his."""
    attempt = desk.attempt
    assert attempt is not None
    if desk.state not in _NOT_TAKEN:
        return None
    attempt.desk = desk.attempt = None
    if attempt.stage is None:
        let_go(state, attempt)
    else:
        end(state, attempt)
    return desk


# --- After a gap ---------------------------------------------------------------------------------------------------


def restored(state: State, stored: Iterable[AttemptStored]) -> None:
    """What was under way in the records; the first look at the switch says what is alive."""
    for known in stored:
        attempt = Attempt(known.attempt, known.callback, state.line(known.line), known.operator)
        attempt.stage, attempt.unseen = known.stage, True
        state.attempts[attempt.id] = attempt


def part(state: State, alive: Collection[OfferId], server: ServerId | None, *, whole: bool) -> None:
    """Those of which the switch knows nothing are over, nobody saw how. Who is not claimed yet has not begun.

    Args:
        server: of several, the one that was looked at, or given up.
        whole: no server is missing.
    """
    for attempt in list(state.attempts.values()):
        shown = server is None or (attempt.unseen and (whole or attempt.server == server))
        if shown and attempt.stage is not None and attempt.id not in alive:
            give_up(state, attempt)


def server_lost(state: State, attempts: Iterable[OfferId], server: ServerId) -> None:
    """They may go on; nothing is known of them until their server shows them."""
    for id in attempts:
        attempt = state.attempts.get(id)
        if attempt is not None:
            attempt.unseen, attempt.server = True, server


def adopt(state: State, seen: AttemptSeen) -> None:
    """It is alive, at that phone and as far as the switch shows. What is over in our eyes is ended, if we have given it
    up, but a talk is not cut off."""
    attempt = state.attempts.get(seen.attempt)
    if attempt is None and state.given_out(seen.attempt):
        if given_up(state, seen.attempt) and seen.stage is not AttemptStage.TALKING:
            state.commands.append(EndCallBack(seen.attempt))
        return
    if attempt is None:
        attempt = Attempt(seen.attempt, seen.callback, state.line(seen.line), None)
        state.attempts[attempt.id] = attempt
    attempt.ending = attempt.unseen = False
    attempt.tape = seen_tape(attempt.tape, seen.tape)
    if attempt.stage is None:
        attempt.stage = AttemptStage.CLAIMED
    desk = attempt.desk or state.by_device.get(seen.device)
    if desk is not None and attempt.desk is None and may_take(desk, seen.stage):
        take(attempt, desk)
        if desk.state is not OperatorState.WRAP_UP:
            state.move_desk(desk, OperatorMove.RING)
    reach(state, attempt, seen.stage, state.now if seen.answered_at is None else seen.answered_at)
    if attempt.desk is None and attempt.stage is not AttemptStage.TALKING:
        # His phone rings beside other work, or it is nobody's any more.
        end(state, attempt)


def may_take(desk: Desk, stage: AttemptStage) -> bool:
    return desk.state not in AT_WORK or (desk.state is OperatorState.WRAP_UP and stage is AttemptStage.TALKING)

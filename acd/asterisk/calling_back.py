"""The engine's commands for the promise to call back, on one session."""

from collections.abc import Callable, Iterable

import structlog

from acd.asterisk import actions
from acd.asterisk.actions import Action
from acd.asterisk.attempts import Attempts
from acd.asterisk.clock import SwitchClock
from acd.asterisk.frames import Frame
from acd.asterisk.session import AmiSession
from acd.model.callback import AttemptResult
from acd.model.commands import AnswerBooking, CallBack, EndCallBack, OfferCallback
from acd.model.facts import AttemptEnded, Fact, OfferFailure
from acd.model.ids import OfferId

log = structlog.get_logger("acd.asterisk")

PromiseMove = OfferCallback | AnswerBooking | CallBack | EndCallBack


class CallingBack:
    """Carries them out.

    Args:
        tell: takes each fact.
        clock: of this Asterisk.
    """

    def __init__(self, session: AmiSession, tell: Callable[[Fact], None], clock: SwitchClock) -> None:
        self.attempts = Attempts(tell, self._hang_up, clock)
        self._session = session
        self._clock = clock

    def carry_out(self, command: PromiseMove) -> None:
        """Start carrying it out.

        Raises:
            UnsafeValue: a name or a number is none; nothing was sent.
        """
        match command:
            case OfferCallback():
                self._set(actions.offer_callback(command, self._clock.now()))
            case AnswerBooking():
                self._set(actions.answer_booking(command, self._clock.now()))
            case CallBack():
                self._call_back(command)
            case EndCallBack():
                self._end_call_back(command)

    def _set(self, variables: Iterable[Action]) -> None:
        """In this order. A caller who is gone meanwhile is told to be gone by himself."""
        for action in variables:
            self._session.tell(action)

    def _call_back(self, command: CallBack) -> None:
        """Ask what the operator's phone shall show, then call. An attempt is never begun twice."""
        actions.call_back(command, "")
        if not self.attempts.begin(command.attempt, operator_first=command.operator_first):
            log.error("this attempt to call back was begun before", attempt=command.attempt)
            return

        def titled(frames: list[Frame] | None) -> None:
            if frames is not None:
                self._session.tell(actions.call_back(command, frames[0].get("Value")), originated)

        def originated(frames: list[Frame] | None) -> None:
            # Without an answer nobody knows; the session is over, and the next look will tell.
            if frames is not None and not frames[0].success:
                log.warning("Asterisk does not call back", attempt=command.attempt, message=frames[0].message)
                self.attempts.end(command.attempt, AttemptResult.OPERATOR, self._clock.now(), OfferFailure.LOST)

        self._session.tell(actions.title(command.line), titled)

    def _end_call_back(self, command: EndCallBack) -> None:
        """The leg that was called first ends all; with the citizen first that is his, and not the operator's."""
        leg = self.attempts.talking_leg(command.attempt) if command.by_operator else None
        if leg is not None:
            self._session.tell(actions.hang_up(leg))
        else:
            self.attempts.unwanted(command.attempt)
            self._hang_up(command.attempt)

    def _hang_up(self, attempt: OfferId) -> None:
        def answered(frames: list[Frame] | None) -> None:
            if frames is not None and not frames[0].success and not self._session.draining:
                self.attempts.not_there(attempt, self._clock.now())

        self._session.tell(actions.end_call_back(attempt), answered)


def not_called(attempt: OfferId, now: float, *, fit: bool) -> AttemptEnded:
    """The switch never carried it out; nobody was rung. One that is not fit to be sent must not be tried again at once,
    and for ever: it is for a person to look at its number."""
    if not fit:
        return AttemptEnded(attempt, AttemptResult.WRONG_NUMBER, now)
    return AttemptEnded(attempt, AttemptResult.OPERATOR, now, OfferFailure.LOST)

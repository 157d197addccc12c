"""A supervisor's phone in somebody's conversation: commands out, and of the events those about it, on one session.

``acd-spy-<number>`` is his channel. The dialplan says when he hears them (``AcdSpyBegun``); that it is over is said by
the ``Hangup`` of that channel, or by ``OriginateResponse`` when there never was one. Each end is told once.
"""

from collections.abc import Callable, Iterable

import structlog

from acd.asterisk import actions
from acd.asterisk.clock import SwitchClock
from acd.asterisk.events import ChannelOver
from acd.asterisk.frames import Frame
from acd.asterisk.session import AmiSession
from acd.asterisk.spy_events import SpyBegun, SpyOriginated, spy_of
from acd.asterisk.tracker import Tracker
from acd.asterisk.values import AmiEvent
from acd.model.commands import EndSpy, Spy
from acd.model.facts import Fact, SpyBegan, SpyOver
from acd.model.ids import SpyId
from acd.model.supervision import SpyEnd, SpySeen

log = structlog.get_logger("acd.asterisk")

SpyMove = Spy | EndSpy


class Spying:
    """All of them on one session.

    Args:
        tell: takes each fact.
        tracker: knows the operators' channels.
        clock: of this Asterisk.
    """

    def __init__(self, session: AmiSession, tell: Callable[[Fact], None], tracker: Tracker, clock: SwitchClock) -> None:
        self._session = session
        self._tell = tell
        self._tracker = tracker
        self._clock = clock
        self._alive: dict[SpyId, SpyEnd] = {}
        """And how it ends if his channel goes now."""

    def adopt(self, found: Iterable[SpySeen]) -> None:
        """Know those that were found alive. Tells nothing: the finder does."""
        self._alive = {seen.spy: SpyEnd.OVER if seen.began else SpyEnd.NOT_ANSWERED for seen in found}

    def carry_out(self, command: SpyMove) -> None:
        """Start carrying it out.

        Raises:
            UnsafeValue: a name is none; nothing was sent.
        """
        match command:
            case Spy():
                self._spy(command)
            case EndSpy():
                self._hang_up(command.spy)

    def take(self, event: AmiEvent) -> None:
        """Take in one event. Harmless for events of other things."""
        match event:
            case SpyBegun() if self._alive.get(event.spy, SpyEnd.OVER) is not SpyEnd.OVER:
                self._alive[event.spy] = SpyEnd.OVER
                self._tell(SpyBegan(event.spy, self._clock.ours(event.begun)))
            case SpyOriginated(success=False):
                self._end(event.spy, self._clock.ours(event.at), SpyEnd.NOT_ANSWERED)
            case SpyOriginated() if self._alive.get(event.spy) is SpyEnd.NOT_ANSWERED:
                # He has picked up; if he hears nobody now, there was nobody left.
                self._alive[event.spy] = SpyEnd.FAILED
            case ChannelOver():
                spy = spy_of(event.channel)
                if spy is not None:
                    self._over(spy, self._clock.ours(event.at))
            case _:
                pass

    def _spy(self, command: Spy) -> None:
        on = self._leg(command)
        if on is None:
            self._tell(SpyOver(command.spy, self._clock.now(), SpyEnd.FAILED))
            return
        action = actions.spy(command, on)
        self._alive[command.spy] = SpyEnd.NOT_ANSWERED

        def originated(frames: list[Frame] | None) -> None:
            # Without an answer nobody knows; the session is over, and the next look will tell.
            if frames is not None and not frames[0].success:
                log.warning("Asterisk does not ring the supervisor", spy=command.spy, message=frames[0].message)
                self._end(command.spy, self._clock.now(), SpyEnd.FAILED)

        self._session.tell(action, originated)

    def _leg(self, command: Spy) -> str | None:
        """The operator's channel."""
        if command.call is not None:
            return self._tracker.operators_leg(command.call)
        return None if command.attempt is None else actions.first_leg(command.attempt)

    def _hang_up(self, spy: SpyId) -> None:
        def answered(frames: list[Frame] | None) -> None:
            if frames is not None and not frames[0].success and not self._session.draining:
                self._alive.setdefault(spy, SpyEnd.OVER)
                self._end(spy, self._clock.now(), SpyEnd.OVER)

        self._session.tell(actions.end_spy(spy), answered)

    def _over(self, spy: SpyId, at: float) -> None:
        """His channel is gone."""
        if spy in self._alive:
            self._end(spy, at, self._alive[spy])

    def _end(self, spy: SpyId, at: float, how: SpyEnd) -> None:
        if self._alive.pop(spy, None) is not None:
            self._tell(SpyOver(spy, at, how))

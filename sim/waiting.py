"""The waiting loop (``acd-wait``), and how the dialplan knows whether the engine is there (``acd-away``).

Waiting costs nothing: the loop of a caller turns only when there is something to say to him or to decide for him. It
turns at the moments at which Asterisk's would.
"""

import math
from typing import TYPE_CHECKING, Final

from acd.model.facts import CallWhereabouts as At
from sim.calls import Call
from sim.kernel import Timer

if TYPE_CHECKING:
    from sim.switch import SimSwitch

LOOP: Final = 2.0
"""Seconds of one turn."""


class WaitingRoom:
    """The callers with the music.

    Args:
        stale_after: a heartbeat older than this, in seconds, means that the engine is away; None = a session is enough
            (for simulations without a heartbeat).
    """

    def __init__(self, switch: "SimSwitch", stale_after: float | None) -> None:
        self._switch = switch
        self._stale_after = stale_after
        self._watch: Timer | None = None

    def enter(self, call: Call) -> None:
        """Music, and the loop from its start."""
        call.where = At.WAIT
        call.context, call.exten = "acd-wait", "s"
        call.plan(None)
        call.loop_from = self._switch.time.now()
        self.wake(call)

    def wake(self, call: Call) -> None:
        """Let the next turn of his loop count, if there is something for him in it."""
        if call.where is not At.WAIT or call.timer is not None:
            return
        if call.say or call.offered or call.booked or self._crisis_for(call) or self.engine_away:
            time = self._switch.time
            turns = max(0, math.floor((time.now() - call.loop_from) / LOOP))
            call.timer = time.call_at(call.loop_from + (turns + 1) * LOOP, self._turn, call)

    def wake_all(self) -> None:
        """Something changed for everybody."""
        for call in self._switch.calls.values():
            self.wake(call)

    def _turn(self, call: Call) -> None:
        """The crisis message, else an announcement, else a promise that stands after all, else the question whether the
        engine is there, else the offer to be called back."""
        call.timer = None
        if call.dying:
            return
        if crisis := self._crisis_for(call):
            call.crisis_heard = crisis
            self._play(call, [f"acd/{crisis}"])
        elif call.say:
            prompts, call.say = call.say, ""
            self._play(call, prompts.split("&"))
        elif call.booked:
            self._switch.dialogues.confirm(call)
        elif self.engine_away:
            self._switch.fallback.enter(call)
        elif call.offered:
            self._switch.dialogues.begin(call)
        self.wake(call)

    def _crisis_for(self, call: Call) -> str:
        crisis = self._switch.globals.get("ACD_CRISIS", "")
        return crisis if crisis != call.crisis_heard else ""

    def _play(self, call: Call, prompts: list[str]) -> None:
        call.heard += prompts
        call.loop_from = self._switch.time.now() + self._switch.timing.prompt * len(prompts)

    # --- Is the engine there? -------------------------------------------------------------------------------------

    @property
    def engine_away(self) -> bool:
        """No session, or a heartbeat too old. Whole seconds on both sides, as in the dialplan."""
        if not self._switch.sessions:
            return True
        return self._stale_after is not None and self._heartbeat_age() > self._stale_after

    def heartbeat(self) -> None:
        """``ACD_HB`` was set: look again when it would be stale."""
        if self._stale_after is None or self._watch is not None:
            return
        wait = max(1.0, self._stale_after + 1 - self._heartbeat_age())
        time = self._switch.time
        self._watch = time.call_at(math.floor(time.now()) + wait, self._look)

    def close(self) -> None:
        """Asterisk is dead."""
        if self._watch is not None:
            self._watch.cancel()

    def _look(self) -> None:
        self._watch = None
        if self.engine_away:
            self.wake_all()
        else:
            self.heartbeat()

    def _heartbeat_age(self) -> int:
        beat = self._switch.globals.get("ACD_HB", "")
        return int(self._switch.time.now()) - (int(beat) if beat.isdecimal() else 0)

"""Recorded conversations: ``acd-record`` and ``acd-recorded``. Everybody hears the announcement and agrees to it."""

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from acd.model.facts import RecordingSeen
from acd.model.ids import CallId, LineId, OfferId
from acd.model.policy import RecordingRule
from sim.phones import Leg

if TYPE_CHECKING:
    from sim.switch import SimSwitch


PAUSED: Final = "ACD_REC_PAUSED"
"""Variable of the citizen's channel: since when the operator has paused the recording."""
SILENCED_WITHIN: Final = 2.0
"""Seconds in which the engine must have paused one whose talk before was."""


class Recorder:
    """Of one switch.

    Args:
        rules: of each line that records.
    """

    def __init__(self, switch: "SimSwitch", rules: Mapping[LineId, RecordingRule]) -> None:
        self._switch = switch
        self._rules = rules
        self._rng = random.Random(0)
        self.made: dict[str, Leg] = {}
        """Those being made, by name: each on its leg."""
        self._aloud: set[str] = set()
        """Of these, those that should begin silent and do not yet."""

    def begin(self, leg: Leg, line: LineId | None, of: tuple[CallId | None, OfferId | None]) -> None:
        """The leg was answered."""
        rule = None if line is None else self._rules.get(line)
        if rule is None or line is None or self._switch.waiting.engine_away or self._rng.random() >= rule.share:
            return
        call, attempt = of
        leg.recording = f"{call if call is not None else f'acd-cb-{attempt}'}-{leg.uid}"
        leg.muted = False
        self.made[leg.recording] = leg
        paused = call is not None and bool(self._switch.calls[call].variables.get(PAUSED))
        self._switch.out.recording(leg, of, line, self._switch.stamp(), paused)
        leg.recorded_of = of
        if paused:
            self._aloud.add(leg.recording)
            time = self._switch.time
            time.call_at(time.now() + SILENCED_WITHIN, self._give_up, leg, leg.recording)

    def mute(self, leg: Leg, *, on: bool) -> None:
        """What is written of it is silence, or sound again."""
        leg.muted = on
        self._aloud.discard(leg.recording)

    def _give_up(self, leg: Leg, recording: str) -> None:
        """What should begin silent is not kept aloud."""
        if recording in self._aloud and leg.recording == recording:
            self.end(leg)

    def end(self, leg: Leg) -> None:
        if leg.recording:
            self._switch.out.recorded(leg, leg.recorded_of, self._switch.stamp())
            self.made.pop(leg.recording, None)
            self._aloud.discard(leg.recording)
            leg.recording = ""

    def forget(self) -> None:
        """Asterisk is dead."""
        self.made.clear()
        self._aloud.clear()

    def note(self, leg: Leg, value: str) -> None:
        """Write on the citizen's channel since when it is paused; empty = it runs."""
        call, attempt = leg.recorded_of
        if call is not None:
            self._switch.calls[call].variables[PAUSED] = value
        elif attempt is not None:
            self._switch.calling_back.attempts[attempt].rec_paused = value

    def seen(self, of: tuple[CallId | None, OfferId | None]) -> RecordingSeen | None:
        """What the channels tell of the recording of a conversation."""
        leg = next((leg for leg in self.made.values() if leg.recorded_of == of), None)
        if leg is None:
            return None
        call, attempt = of
        if call is not None:
            value = self._switch.calls[call].variables.get(PAUSED)
        else:
            value = None if attempt is None else self._switch.calling_back.attempts[attempt].rec_paused
        return RecordingSeen(leg.recording, float(value) if value else None)

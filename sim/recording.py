"""Recorded conversations: ``acd-record`` and ``acd-recorded``. Everybody hears the announcement and agrees to it."""

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from acd.model.ids import CallId, LineId, OfferId
from acd.model.policy import RecordingRule
from sim.phones import Leg

if TYPE_CHECKING:
    from sim.switch import SimSwitch


class Recorder:
    """Of one switch.

    Args:
        rules: of each line that records.
    """

    def __init__(self, switch: "SimSwitch", rules: Mapping[LineId, RecordingRule]) -> None:
        self._switch = switch
        self._rules = rules
        self._rng = random.Random(0)

    def begin(self, leg: Leg, line: LineId | None, of: tuple[CallId | None, OfferId | None]) -> None:
        """The leg was answered."""
        rule = None if line is None else self._rules.get(line)
        if rule is None or line is None or self._switch.waiting.engine_away or self._rng.random() >= rule.share:
            return
        call, attempt = of
        leg.recording = f"{call if call is not None else f'acd-cb-{attempt}'}-{leg.uid}"
        self._switch.out.recording(leg, of, line, self._switch.stamp())
        leg.recorded_of = of

    def end(self, leg: Leg) -> None:
        if leg.recording:
            self._switch.out.recorded(leg, leg.recorded_of, self._switch.stamp())

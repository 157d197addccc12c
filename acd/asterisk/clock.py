"""Asterisk's clock, which is not ours and may be set while calls wait.

Each moment that Asterisk tells is what its clock showed then. Channels keep such readings for as long as the call
lasts (``ACD_ARRIVED``, ``ACD_T0``, ...), and each look at what there is reads them again.
"""

import time
from collections.abc import Callable, Collection
from typing import Final

SAME_CLOCK: Final = 0.1
"""Seconds. Hosts kept by NTP differ by less: below this, Asterisk's clock is ours."""
_SLACK: Final = 3.0
"""Seconds. What comes no later than 2 s counts as in time; the rest is for the comparison of the clocks."""


class SwitchClock:
    """Readings of Asterisk's clock, in our time. It outlives the sessions.

    A reading keeps the translation that it was given first (:meth:`stays`), whatever happens to the clock later. One
    that is new to us was made since we last heard Asterisk. When the clock was set meanwhile, the new clock has made it
    if that puts it after that moment and not in the future; else the old one.

    Args:
        now: our clock, seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.offset = 0.0
        """Seconds to add to Asterisk's clock to get ours, as measured last."""
        self._known: float | None = None
        """The offset when we last knew all there was; None: that never was so."""
        self._heard_at = now()
        self._looking = True
        self._kept: dict[str, dict[float, float]] = {}

    def heard(self) -> None:
        """Asterisk speaks."""
        if not self._looking:
            self._heard_at = self.now()

    def measured(self, offset: float, *, anew: bool) -> None:
        """The clocks were compared. ``anew``: in a new session, which has yet to look at what there is."""
        self.offset = offset
        if anew:
            self._looking = True
        elif not self._looking:
            self._known = offset

    def all_known(self) -> None:
        """The look is done."""
        self._known, self._looking = self.offset, False

    def ours(self, reading: float) -> float:
        """The moment of a reading, seconds since the epoch."""
        moment = reading + self.offset
        if self._looking and self._known is not None and abs(self.offset - self._known) > SAME_CLOCK:
            new = self._heard_at - _SLACK <= moment <= self.now() + _SLACK
            return moment if new else reading + self._known
        return moment

    def theirs(self, moment: float) -> float:
        """What Asterisk's clock shows at one of our moments."""
        return moment - self.offset

    def stays(self, owner: str, reading: float) -> float:
        """:meth:`ours`, of a reading that a channel keeps: the same each time it is read."""
        kept = self._kept.setdefault(owner, {})
        if reading not in kept:
            kept[reading] = self.ours(reading)
        return kept[reading]

    def forget(self, owner: str) -> None:
        """The channel is gone."""
        self._kept.pop(owner, None)

    def forget_all_but(self, owners: Collection[str]) -> None:
        """No other channel is left."""
        self._kept = {owner: kept for owner, kept in self._kept.items() if owner in owners}

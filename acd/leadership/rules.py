"""When to take the lead and when to give it up. Time is an argument; nothing here waits or asks.

None of this keeps two from acting at once: that is the work of the fences (the session at Asterisk, the term in the
database), which hold whatever an engine believes. These rules only see to it that there is a leader, and soon.
"""

from enum import StrEnum
from typing import Final

from acd.model.leadership import Seen

LOOK_EVERY: Final = 0.2
"""Seconds between two looks at the database; each is a beat as well."""
LEASE: Final = 1.5
"""Seconds without a beat after which a leader is dead, frozen or cut off. A shorter pause of the machine or of the
database deposes nobody."""
SLOW: Final = 0.5
"""Seconds. A look that took longer, or came so much later, says nothing of the others: it was us, or the database."""
FREE_LOOKS: Final = 2
"""Looks in a row that find the lock free before it is taken: a leader whose connection broke gets it back."""
LINK_GRACE: Final = 0.8
"""Seconds without Asterisk after which a leader makes way for one who has it all that time. More than a sign of life
and two looks: when Asterisk itself stands still, the other's word that he has it is by then no longer given."""
FIRST_LINK_GRACE: Final = 10.0
"""The same for one who has not had it yet: two engines that both fail do not pass the lead to and fro."""


class Claim(StrEnum):
    """Why a standby takes the lead."""

    FREE = "free"
    """Nobody has it: the leader ended, or was killed."""
    SILENT = "silent"
    """The leader does not beat any more."""


class Standby:
    """Watches the leader.

    Args:
        me: our own instance.
    """

    def __init__(self, me: str) -> None:
        self._me = me
        self._beats: dict[str, tuple[int, float]] = {}
        """Of each engine the number of its beats, and since when it stands at that."""
        self._alive: dict[str, float] = {}
        """When each has last beaten under our eyes."""
        self._looked_at: float | None = None
        self._free = 0
        self._not_before = float("-inf")

    def lost_sight(self, now: float) -> None:
        """Our connection to the database broke. Perhaps the leader's did as well, when the server was restarted: he
        gets the first go."""
        self._beats, self._looked_at, self._free = {}, None, 0
        self._not_before = now + LEASE

    def saw(self, seen: Seen, asked_at: float, now: float, *, sees_switch: bool) -> Claim | None:
        """What follows from a look that was asked for at ``asked_at`` and answered ``now``."""
        self._note(seen, asked_at, now)
        self._free = 0 if seen.locked else self._free + 1
        # Without one who has the switch any leader is better than none: for the pages, for the promises.
        if not sees_switch and self._better(seen, now) is not None:
            return None
        if not seen.locked:
            ready = self._free >= FREE_LOOKS or seen.engine(seen.leader) is None
            return Claim.FREE if ready and now >= self._not_before else None
        if sees_switch and self._silent(seen.leader, now) >= LEASE:
            return Claim.SILENT
        return None

    def heir(self, seen: Seen, asked_at: float, now: float) -> str | None:
        """The name of another engine that lives and has the switch."""
        self._note(seen, asked_at, now)
        return self._better(seen, now)

    def _note(self, seen: Seen, asked_at: float, now: float) -> None:
        if now - asked_at > SLOW or (self._looked_at is not None and asked_at - self._looked_at > SLOW):
            self._beats = {}
        self._looked_at = now
        for engine in seen.engines:
            known = self._beats.get(engine.instance)
            if known is not None and known[0] == engine.beats:
                continue
            if known is not None:
                self._alive[engine.instance] = now
            self._beats[engine.instance] = (engine.beats, now)
        # One whose row is not there yet, or no more, is as silent as one who stands still.
        if seen.leader is not None and seen.engine(seen.leader) is None:
            self._beats.setdefault(seen.leader, (0, now))

    def _silent(self, instance: str | None, now: float) -> float:
        if instance is None or instance not in self._beats:
            return 0.0
        return now - self._beats[instance][1]

    def _better(self, seen: Seen, now: float) -> str | None:
        for engine in seen.engines:
            if engine.sees_switch and engine.instance != self._me and self._beating(engine.instance, now):
                return engine.name
        return None

    def _beating(self, instance: str, now: float) -> bool:
        """It has beaten under our eyes: a row that somebody left behind does not."""
        return self._alive.get(instance, float("-inf")) > now - LEASE


class Leader:
    """Watches itself.

    Args:
        me: our own instance.
        term: the one we lead in.
        now: when it began.
    """

    def __init__(self, me: str, term: int, now: float) -> None:
        self._me, self._term = me, term
        self._others = Standby(me)
        self._linked_at = now
        self._ever_linked = False
        self.heir: str | None = None
        """The name of an engine that stands by and could take over now."""

    def lost_sight(self, now: float) -> None:
        """The database is away. We go on: whoever takes our place ends our session at Asterisk first."""
        self._others.lost_sight(now)
        self.heir = None

    def saw(self, seen: Seen, asked_at: float, now: float, *, linked: bool | None) -> str | None:
        """Why we lead no longer; None = we do.

        Args:
            linked: whether Asterisk answers; None = it was not asked yet, because the records come first.
        """
        if seen.term != self._term or seen.leader != self._me:
            other = seen.engine(seen.leader)
            return f"{other.name if other else 'another engine'} leads since"
        heir = self.heir = self._others.heir(seen, asked_at, now)
        if linked is None:
            self._linked_at = now
        elif linked:
            self._linked_at, self._ever_linked = now, True
        elif heir is None and self._ever_linked:
            self._linked_at = now
        elif heir is not None and now - self._linked_at > (LINK_GRACE if self._ever_linked else FIRST_LINK_GRACE):
            return f"Asterisk cannot be reached from here, and {heir} can reach it"
        return None

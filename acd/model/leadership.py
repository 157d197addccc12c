"""Who leads: of several engines on one database, one acts and the others stand by.

A term is one engine's time as leader. Its number is given out by the database, and each is higher than all before it:
what carries a lower number comes from somebody who was deposed.
"""

import msgspec


class Engine(msgspec.Struct, frozen=True):
    """One running process, as it describes itself to the others."""

    instance: str
    """Made anew at each start."""
    name: str
    """What people call it."""
    url: str
    """Where its pages are; empty = it did not say."""
    sees_switch: bool
    """It has a session with Asterisk."""
    beats: int = 0
    """How often it has said so. One whose number stands still is dead, frozen or cut off."""


class Seen(msgspec.Struct, frozen=True):
    """What the database shows at one moment."""

    term: int
    """The newest that was given out; 0 = none."""
    leader: str | None
    """The instance that it was given to."""
    locked: bool
    """Somebody's session holds the leader's lock."""
    engines: tuple[Engine, ...] = ()
    """All that have been heard of lately, the leader among them."""
    schema: str | None = None
    """The revision of the tables; None = there are none yet."""

    def engine(self, instance: str | None) -> Engine | None:
        return next((engine for engine in self.engines if engine.instance == instance), None)


class Term(msgspec.Struct, frozen=True):
    """One engine's time as leader."""

    number: int
    previous: int
    """The term before it; 0 = none."""
    takeovers: int
    """How often the lead has gone from one engine to another."""


class Deposed(Exception):
    """This engine no longer leads: {why}."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this engine no longer leads: {why}")

"""How a call ends. One call of one citizen ends in exactly one outcome; counts add up:
offered = sum of outcomes + still open."""

from enum import StrEnum


class Outcome(StrEnum):
    """Mutually exclusive endings of a call."""

    ANSWERED = "answered"
    """An operator spoke with the caller; counted at the moment of answer, not at hang-up."""
    ABANDONED_SHORT = "abandoned_short"
    """The caller hung up while waiting, before the line's short-abandon limit (default 10 s)."""
    ABANDONED = "abandoned"
    """The caller hung up while waiting, later than that."""
    CALLBACK_ACCEPTED = "callback_accepted"
    """A callback was booked and confirmed to the caller; counted when the promise is in the database."""
    OVERFLOW_ANSWERED = "overflow_answered"
    """Sent to the partner contact centre and answered there."""
    OVERFLOW_LOST = "overflow_lost"
    """Sent to the partner contact centre and hung up before anybody answered."""
    CLOSED = "closed"
    """Called outside opening hours or on a holiday. Recorded all the same."""
    LEFT_MENU = "left_menu"
    """Hung up in the menu, before any line was chosen."""
    INFORMED = "informed"
    """The menu itself answered: a recorded answer played to its end, then the caller left."""
    REFUSED = "refused"
    """The line was full or nobody was logged in, and the line told the caller so."""
    SWITCH_FAILURE = "switch_failure"
    """Lost through the telephone system or this software."""

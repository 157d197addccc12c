"""What a supervisor may do besides watching, in words that engine, records and pages share."""

from enum import StrEnum

import msgspec

from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId, SpyId


class SpyMode(StrEnum):
    """What the supervisor's voice does in a conversation that he is put into."""

    LISTEN = "listen"
    """He hears both, nobody hears him."""
    WHISPER = "whisper"
    """The operator hears him, the citizen does not."""
    BARGE = "barge"
    """Both hear him."""


class SpyEnd(StrEnum):
    """How listening in came to its end."""

    OVER = "over"
    """One of them hung up: supervisor, operator or citizen."""
    NOT_ANSWERED = "not_answered"
    """The supervisor's own phone was not picked up, or could not be rung."""
    FAILED = "failed"
    """There was nothing to listen to any more."""
    UNSEEN = "unseen"
    """It ended while nobody looked."""


class Objection(StrEnum):
    """Why something cannot be done now. The values are keys of texts."""

    NO_LINK = "no_link"
    """The link to the switch is down."""
    NO_CALL = "no_call"
    """There is no such call any more."""
    NO_LINE = "no_line"
    SAME_LINE = "same_line"
    """He waits on that line already."""
    RINGS = "rings"
    """His call rings at an operator's."""
    TALKS = "talks"
    IN_DIALOGUE = "in_dialogue"
    """He hears the offer to be called back, or has accepted it."""
    IN_DOUBT = "in_doubt"
    """The switch is being asked where he is."""
    NOT_WAITING = "not_waiting"
    """He is in the menu, with the partner or on his way out."""
    NO_OPERATOR = "no_operator"
    NOT_LOGGED_IN = "not_logged_in"
    NO_REASON = "no_reason"
    """The reason for not ready is none of the city's."""
    NO_LINES = "no_lines"
    """An operator without any line would get no calls and nobody would know why."""
    NOT_CHANGED = "not_changed"
    """His lines are those of the settings: there is nothing to take back."""
    NOT_TALKING = "not_talking"
    """There is no conversation to listen to."""
    NO_PHONE = "no_phone"
    """No operator has that phone."""
    SAME_PHONE = "same_phone"
    """The operator talks on that very phone."""
    PHONE_BUSY = "phone_busy"
    PHONE_AWAY = "phone_away"
    """It is not registered or does not respond."""
    NO_SPY = "no_spy"
    """Nobody listens in under that number."""


class LinesStored(msgspec.Struct, frozen=True):
    """Lines that a supervisor gave an operator for now."""

    operator: OperatorId
    lines: tuple[LineId, ...]
    until: float
    """Seconds since the epoch, as all moments here."""
    at: float
    by: str


class LineStored(msgspec.Struct, frozen=True):
    """A line that a supervisor has opened or closed against its hours."""

    line: LineId
    open: bool
    at: float
    by: str


class SpyStored(msgspec.Struct, frozen=True):
    """Somebody listened in, and the records know of no end."""

    spy: SpyId
    operator: OperatorId
    device: Device
    mode: SpyMode
    by: str
    started_at: float
    call: CallId | None = None
    attempt: OfferId | None = None


class SpySeen(msgspec.Struct, frozen=True):
    """A supervisor's phone, found alive in the switch, that rings for a conversation or is in one."""

    spy: SpyId
    began: bool

"""The recording of a conversation, as the engine remembers it while it is made."""

from acd.model.facts import RecordingSeen


class Tape:
    """One recording."""

    __slots__ = ("asked_by", "missing", "paused_at", "recording", "refused")

    def __init__(self, recording: str, paused_at: float | None = None) -> None:
        self.recording = recording
        self.paused_at = paused_at
        """None = what is said is written."""
        self.asked_by = ""
        """Who wanted it to be otherwise last."""
        self.refused = False
        """The switch did not do that."""
        self.missing = False
        """Nothing is written of it."""


def seen_tape(before: Tape | None, seen: RecordingSeen | None) -> Tape | None:
    """What the switch shows counts."""
    if seen is None:
        return None
    tape = before if before is not None and before.recording == seen.recording else Tape(seen.recording)
    tape.paused_at = seen.paused_at
    return tape

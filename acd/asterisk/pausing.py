"""A recording is paused, or goes on: one action, and once Asterisk has taken it a word on the citizen's channel.

The word is there for whoever comes after us: an engine that is new reads it, and when the citizen is passed on the
dialplan tells that the recording of his next talk should be silent, too (``AcdRecording``).
"""

from collections.abc import Callable

import structlog

from acd.asterisk import actions
from acd.asterisk.clock import SwitchClock
from acd.asterisk.frames import Frame
from acd.asterisk.session import AmiSession
from acd.model.commands import PauseRecording
from acd.model.facts import Fact, RecordingPaused, RecordingResumed, RecordingUnchanged
from acd.model.ids import CallId

PAUSED = "ACD_REC_PAUSED"

log = structlog.get_logger("acd.asterisk")


def pause(session: AmiSession, command: PauseRecording, tell: Callable[[Fact], None], clock: SwitchClock) -> None:
    """Start carrying it out.

    Args:
        tell: takes the fact that answers it.
        clock: of this Asterisk.

    Raises:
        UnsafeValue: a name is none; nothing was sent.
    """
    channel, told_on = _channels(command)
    recording, call, attempt = command.recording, command.call, command.attempt
    now = clock.now()

    def answered(frames: list[Frame] | None) -> None:
        if frames is None:
            # Nobody knows; the session is over, and the next look will tell.
            return
        if not frames[0].success:
            log.warning("Asterisk does not change the recording", recording=recording, message=frames[0].message)
            tell(unchanged(command))
            return
        value = f"{clock.theirs(now):.3f}" if command.on else ""
        for one in told_on:
            session.tell(actions.setvar(PAUSED, value, CallId(one)))
        tell(
            RecordingPaused(recording, call, attempt, now)
            if command.on
            else RecordingResumed(recording, call, attempt, now)
        )

    session.tell(actions.pause_recording(channel, on=command.on), answered)


def unchanged(command: PauseRecording) -> RecordingUnchanged:
    return RecordingUnchanged(command.recording, command.call, command.attempt)


def _channels(command: PauseRecording) -> tuple[str, tuple[str, ...]]:
    """The one that is recorded, by which the recording is named after its owner; and where the citizen is. Of who is
    called back that is the recorded one, or with him first the first."""
    if command.call is not None:
        return command.recording.removeprefix(f"{command.call}-"), (command.call,)
    first = "" if command.attempt is None else actions.first_leg(command.attempt)
    channel = command.recording.removeprefix(f"{first}-")
    return channel, (channel, first)

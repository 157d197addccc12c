"""A recorded session, told again: bytes in, facts out. Pure; no clock, no socket."""

from collections.abc import Callable, Iterable, Iterator

from acd.asterisk.clock import SwitchClock
from acd.asterisk.events import DeviceState, EventReader
from acd.asterisk.frames import Frame, FrameParser
from acd.asterisk.phones import Phones
from acd.asterisk.recording import Piece
from acd.asterisk.resync import read_devices, read_note, read_status
from acd.asterisk.tracker import Tracker
from acd.model.facts import CallMissed, Fact, PhoneChanged, SwitchSeen

Rewrite = Callable[[Frame], Iterable[Frame]]


def replay(pieces: Iterable[Piece], rewrite: Rewrite = lambda frame: (frame,)) -> Iterator[tuple[float, Fact]]:
    """The facts of a recorded session, each with its second since the start of the recording.

    A look at what there is becomes one ``SwitchSeen``, as it was for the engine. Moments stay in Asterisk's clock.

    Args:
        pieces: see :func:`~acd.asterisk.recording.read_recording`.
        rewrite: applied to each message first, for recordings of another dialplan.

    Raises:
        ProtocolError: the recording is no AMI.
        Forged: it holds a message that neither Asterisk nor our dialplan wrote.
        Unreadable: an event of ours that makes no sense.
    """
    parser: FrameParser | None = None
    teller = _Teller()
    for piece in pieces:
        if not piece.received:
            continue
        if parser is None:
            # The second and later parts of a long session begin without the greeting.
            parser = FrameParser(banner=not piece.data.startswith((b"Event: ", b"Response: ")))
        parser.receive(piece.data)
        while (frame := parser.next()) is not None:
            for message in rewrite(frame):
                teller.take(message)
            yield from ((piece.t, fact) for fact in teller.facts)
            teller.facts.clear()


class _Teller:
    """Does for a recording what the link does for a live session: lists are known by the names of their events."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._now = 0.0
        self._reader = EventReader()
        self._clock = SwitchClock(lambda: self._now)
        self._tracker = Tracker(self.facts.append, self._clock)
        self._phones = Phones()
        self._looking = False
        self._status: list[Frame] = []
        self._devices: list[Frame] = []
        self._missed: list[CallMissed] = []

    def take(self, frame: Frame) -> None:
        match frame.event:
            case "Status" if not self._looking:
                self._status.append(frame)
            case "Status":
                pass
            case "StatusComplete":
                self._looking = True
            case "DeviceStateChange" if "ActionID" in frame.headers:
                self._devices.append(frame)
            case "DeviceStateListComplete":
                self._list_came()
            case "" if frame.get("Variable").startswith("ACD_UNSEEN_"):
                note = read_note(frame.get("Value"), self._clock)
                self._missed.extend(() if note is None else (note,))
            case _:
                self._take_event(frame)

    def _take_event(self, frame: Frame) -> None:
        event = self._reader.read(frame)
        if event is None:
            return
        self._now = event.at or self._now
        if not isinstance(event, DeviceState):
            self._tracker.take(event)
        elif self._phones.change(event.device, event.state):
            self.facts.append(PhoneChanged(event.device, self._phones[event.device]))

    def _list_came(self) -> None:
        """The list of phones is the last of a look; alone it is an audit."""
        states = read_devices(self._devices)
        changed = [device for device, state in states.items() if self._phones.change(device, state)]
        if self._looking:
            calls = read_status(self._status, self._clock)
            for call in calls:
                self._tracker.adopt(call.seen, call.legs)
            phones = {device: self._phones[device] for device in states}
            self.facts.append(SwitchSeen(tuple(call.seen for call in calls), tuple(self._missed), phones))
        else:
            self.facts.extend(PhoneChanged(device, self._phones[device]) for device in changed)
        self._looking, self._status, self._devices, self._missed = False, [], [], []

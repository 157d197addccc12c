"""What SIPp and Asterisk say of the calls, each for itself, read with nothing of the product's own code.

SIPp writes a line a happening: ``<date> <time> <seconds since the epoch> <what> <caller's number> [<device>]``.
Asterisk's call detail records (:data:`CDR`) have a row for each leg that a caller was put on, and one for the rest of
his call.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

CDR: Final = ("uniqueid", "src", "dstchannel", "start", "answer", "end", "disposition", "lastapp")
"""Columns of Asterisk's record, in their order."""


_WORDS: Final = ("call", "up", "own", "other", "invite", "cancel", "over", "bye")
"""``call``: he dials; ``own`` and ``other``: who hung up. The others with a device: what a phone that is rung does."""


class BadWitness(ValueError):
    """{file}:{line}: {why}."""

    def __init__(self, file: Path, line: int, why: str) -> None:
        super().__init__(f"{file}:{line}: {why}")


@dataclass
class Heard:
    """One caller, as his phone and those of the others tell it. Seconds since the epoch."""

    number: str
    up: float | None = None
    """The switch answered."""
    ended: float | None = None
    himself: bool = False
    """He hung up; False: he was hung up."""
    rings: list[tuple[str, float]] = field(default_factory=list)
    """Who was rung for him, and when."""
    talks: list[tuple[str, float]] = field(default_factory=list)
    """Who answered him, and when."""
    ends: list[tuple[str, float]] = field(default_factory=list)
    """Which phone's part in it was over, and when."""

    def end_of(self, device: str, since: float) -> float | None:
        """When what this phone answered then was over; None = nobody wrote it down."""
        return next((at for one, at in self.ends if one == device and at >= since), None)


def read_sipp(folder: Path) -> dict[str, Heard]:
    """By the caller's number.

    Raises:
        BadWitness: a line is not what the scenarios write.
    """
    heard: dict[str, Heard] = {}
    for at, what, words in sorted(_happenings(folder)):
        one = heard.setdefault(words[0], Heard(words[0]))
        match what, words[1:]:
            case "up", []:
                one.up = at
            case "own" | "other", []:
                one.ended, one.himself = at, what == "own"
            case "invite", [device]:
                one.rings.append((device, at))
            case "up", [device]:
                one.talks.append((device, at))
            case "over" | "bye", [device]:
                one.ends.append((device, at))
            case _:
                pass
    return heard


def _happenings(folder: Path) -> Iterable[tuple[float, str, list[str]]]:
    for file in sorted(folder.glob("*.log")):
        for number, text in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
            parts = text.split()
            try:
                at, what, *words = float(parts[2]), *parts[3:]
            except (ValueError, IndexError):
                raise BadWitness(file, number, f"no happening: {text[:60]!r}") from None
            if not words or what not in _WORDS:
                raise BadWitness(file, number, f"no happening: {text[:60]!r}")
            yield at, what, words


@dataclass
class Detailed:
    """One call by Asterisk's own account."""

    uniqueid: str
    number: str
    started: float
    ended: float
    talks: list[str] = field(default_factory=list)
    """Devices that answered, in order."""


def read_cdr(file: Path) -> dict[str, Detailed]:
    """By Asterisk's id of the caller's channel. Its moments are whole seconds.

    Raises:
        BadWitness: a row is not one of ours.
    """
    calls: dict[str, Detailed] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines), 1):
            if len(row) != len(CDR):
                raise BadWitness(file, number, f"{len(row)} columns instead of {len(CDR)}")
            of = dict(zip(CDR, row, strict=True))
            try:
                started, ended = _moment(of["start"]), _moment(of["end"])
            except ValueError:
                raise BadWitness(file, number, f"no moment: {of['start']!r}, {of['end']!r}") from None
            call = calls.setdefault(of["uniqueid"], Detailed(of["uniqueid"], of["src"], started, ended))
            call.started, call.ended = min(call.started, started), max(call.ended, ended)
            if of["dstchannel"] and of["disposition"] == "ANSWERED":
                call.talks.append(of["dstchannel"].removeprefix("PJSIP/").rsplit("-", 1)[0])
    return calls


def _moment(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()

"""Asterisk's own record of the calls: the file that its ``cel_custom`` writes, read line by line.

``dialplan/acd.conf`` (``acd-told``) says there of each call that it has arrived, joined a line, was answered and is
gone, each time with all that its channel knows, whether the engine listens or not. A line that is damaged is told with
its place, and costs no other line.
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from acd.asterisk.resync import NOTE, whereabouts
from acd.model.facts import CallWhereabouts
from acd.model.ids import CallId, Device, LineId
from acd.model.told import BadLine, CallTold, TalkTold, Told

_OURS: Final = ("AcdArrived", "AcdQueued", "AcdUp", "AcdGone")
_CALL: Final = re.compile(r"[A-Za-z0-9_.\-]{1,150}", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z0-9_+>.\-]{0,200}", re.ASCII)
_MOMENTS: Final = ("ARRIVED", "T0", "UP", "gone")


class CelLine(NamedTuple):
    """One line of ours."""

    at: float
    event: str
    note: dict[str, str]
    """Only what is not empty."""


class NotALine(Exception):
    """{why}; the message says what is wrong with the line."""


def read_told(path: Path, since: float) -> Told:
    """What Asterisk wrote down from ``since`` (its clock) on.

    Args:
        path: the file that is written now; those that were set aside lie beside it, under its name and something more.

    Raises:
        OSError: a file cannot be read.
    """
    bad: list[BadLine] = []
    files = _files(path, since)
    return Told(told_by(_lines(files, since, bad)), tuple(bad), len(files))


def _lines(files: Iterable[Path], since: float, bad: list[BadLine]) -> Iterator[CelLine]:
    """One at a time: all lines of a long day together are some five times what they tell of its calls."""
    for file in files:
        for number, text in enumerate(_texts(file), 1):
            try:
                line = read_line(text)
            except NotALine as error:
                bad.append(BadLine(file, number, str(error)))
                continue
            if line is not None and line.at >= since:
                yield line


def _files(path: Path, since: float) -> list[Path]:
    found = [path, *path.parent.glob(f"{path.name}[.-]*")]
    recent = [file for file in found if file.is_file() and file.stat().st_mtime >= since]
    return sorted(recent, key=lambda file: file.stat().st_mtime)


def _texts(file: Path) -> Iterator[str]:
    if file.suffix == ".gz":
        with gzip.open(file, "rt", encoding="utf-8", errors="replace", newline="\n") as lines:
            yield from lines
    else:
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            yield from lines


def read_line(text: str) -> CelLine | None:
    """One line; None when it tells of something else.

    Raises:
        NotALine: it is damaged.
    """
    if not text.endswith("\n"):
        raise NotALine("the line is not complete")
    try:
        [row] = csv.reader([text], strict=True)
        at, event, extra = row
    except (ValueError, csv.Error):
        raise NotALine("not three fields: moment, event, and what it tells") from None
    moment = _number(at, "the moment")
    if event not in _OURS:
        return None
    return CelLine(moment, event, _note(extra))


def _note(extra: str) -> dict[str, str]:
    try:
        text = msgspec.json.decode(extra, type=dict[str, str])["extra"]
    except (msgspec.MsgspecError, KeyError):
        raise NotALine("what it tells is not JSON with 'extra'") from None
    parts = text.split("|")
    if len(parts) != len(NOTE):
        raise NotALine(f"{len(parts)} parts instead of {len(NOTE)}")
    note = {name: part for name, part in zip(NOTE, parts, strict=True) if part}
    if not _CALL.fullmatch(note.get("call", "")):
        raise NotALine("it does not say of which call")
    for name, part in note.items():
        if not _WORD.fullmatch(part):
            raise NotALine(f"{name} is not what the dialplan writes")
    for name in _MOMENTS:
        if name in note:
            _number(note[name], name)
    return note


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e11:
        raise NotALine(f"{what} is no moment: {text[:40]!r}")
    return value


def told_by(lines: Iterable[CelLine]) -> dict[CallId, CallTold]:
    """The calls of which these lines tell, in the order in which Asterisk wrote them: that of each call's own dialplan,
    also when its clock was set."""
    calls: dict[CallId, CallTold] = {}
    for line in lines:
        id = CallId(line.note["call"])
        told = calls.setdefault(id, CallTold(call=id, last_at=line.at))
        told.last_at = line.at
        _take(told, line.note)
        if line.event == "AcdGone":
            told.gone_at = _moment(line.note, "gone") or line.at
    return calls


def _take(told: CallTold, note: dict[str, str]) -> None:
    told.where = whereabouts(note.get("STATE", told.where.value))
    told.arrived_at = _moment(note, "ARRIVED") or told.arrived_at
    told.did, told.path = note.get("DID", told.did), note.get("PATH", told.path)
    told.language = note.get("lang", told.language)
    told.line = LineId(note["LINE"]) if "LINE" in note else told.line
    entered_at = _moment(note, "T0")
    if entered_at is not None and entered_at != told.entered_at:
        # Whom an operator passes on to a line waits again.
        _end_talk(told, entered_at)
        told.entered_at = entered_at
    answered_at = _moment(note, "UP")
    if answered_at is not None and answered_at not in [talk.answered_at for talk in told.talks]:
        _end_talk(told, answered_at)
        told.talks.append(_talk(told, note, answered_at))
    _place(told)


def _place(told: CallTold) -> None:
    """Of whose joining there is no line (it is damaged, or a move came before it was written): his end tells where he
    had waited."""
    talk = told.talks[-1] if told.talks else None
    if talk is None or talk.entered_at is not None or told.entered_at is None:
        return
    if told.entered_at <= talk.answered_at:
        talk.line, talk.entered_at = told.line, told.entered_at


def _talk(told: CallTold, note: dict[str, str], answered_at: float) -> TalkTold:
    return TalkTold(
        line=told.line,
        entered_at=told.entered_at,
        answered_at=answered_at,
        device=Device(note["DEVICE"]) if "DEVICE" in note else None,
        # A colleague to whom he was passed on has no offer either.
        fallback="OFFER" not in note and not told.talks,
        partner=told.where is CallWhereabouts.PARTNER,
    )


def _end_talk(told: CallTold, at: float) -> None:
    if told.talks and told.talks[-1].ended_at is None and at > told.talks[-1].answered_at:
        told.talks[-1].ended_at = at


def _moment(note: dict[str, str], name: str) -> float | None:
    return float(note[name]) if name in note else None

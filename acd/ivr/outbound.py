"""Where a call back may go, and where an operator may send his caller: the contexts ``acd-outbound`` and
``acd-transfer-out`` of the dialplan.

``Gosub(acd-outbound,<number>,1)`` returns what ``Dial()`` takes, or nothing for a number that may not be called.
Numbers are E.164 with ``+``. Each pattern has a fixed length: none of them can match anything else than digits. Of two
patterns Asterisk takes the more precise one, so a refused prefix wins from an allowed one that it begins with.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

SHORTEST: Final = 8
LONGEST: Final = 15
"""Digits of a number with its country code (ITU-T E.164)."""


class DialFormat(StrEnum):
    """How the carrier wants to be told a number."""

    E164 = "e164"
    """+32470123456"""
    INTERNATIONAL = "international"
    """0032470123456"""
    NATIONAL = "national"
    """0470123456 in the own country, international elsewhere."""


def outbound_dialplan(
    context: str, allowed: Iterable[str], refused: Iterable[str], country: str, dial_format: DialFormat
) -> Iterator[str]:
    """Lines of dialplan.

    Args:
        context: its name.
        allowed, refused: prefixes, ``+`` and digits.
        country: code of the own country, digits.
    """
    yield f"[{context}]"
    for prefix in allowed:
        target = _target(prefix, country, dial_format)
        yield from (f"exten => {pattern},1,Return(PJSIP/{target}@acd-trunk)" for pattern in _patterns(prefix))
    for prefix in refused:
        yield from (f"exten => {pattern},1,Return()" for pattern in _patterns(prefix))
    yield "exten => _[+0-9].,1,Return()"


def _patterns(prefix: str) -> Iterator[str]:
    digits = len(prefix) - 1
    return (f"_{prefix}{'X' * (length - digits)}" for length in range(max(SHORTEST, digits + 1), LONGEST + 1))


def dialled_dialplan(context: str, leads_to: str, allowed: Iterable[str], country: str) -> Iterator[str]:
    """The numbers outside that an operator may dial, in all three ways of writing them. What leads nowhere is refused
    before his caller has moved; ``outside`` looks again, at the refused prefixes too.

    Args:
        context: its name.
        leads_to: context with an extension ``outside*<E.164 number>``.
        allowed, country: as for :func:`outbound_dialplan`.
    """
    yield f"[{context}]"
    for prefix in allowed:
        ways = {prefix: "", f"00{prefix[1:]}": "+${EXTEN:2}"}
        if prefix.startswith(f"+{country}"):
            ways[f"0{prefix[1 + len(country) :]}"] = f"+{country}${{EXTEN:1}}"
        for written, number in ways.items():
            for rest in range(max(1, SHORTEST - len(prefix) + 1), LONGEST - len(prefix) + 2):
                # Z is any digit but 0: with two of them a number begins that is not of the own country.
                pattern = f"_{written}{'Z' if written == '0' else 'X'}{'X' * (rest - 1)}"
                yield f"exten => {pattern},1(start),Goto({leads_to},outside*{number or '${EXTEN}'},1)"


def emergency_dialplan(context: str, numbers: Iterable[str]) -> Iterator[str]:
    """``Gosub(acd-emergency,<short number>,1)`` returns what ``Dial()`` takes, or nothing for any other number."""
    yield f"[{context}]"
    yield from (f"exten => {number},1,Return(PJSIP/{number}@acd-trunk)" for number in numbers)
    yield "exten => _X.,1,Return()"


def _target(prefix: str, country: str, dial_format: DialFormat) -> str:
    match dial_format:
        case DialFormat.E164:
            return "${EXTEN}"
        case DialFormat.NATIONAL if prefix.startswith(f"+{country}"):
            return f"0${{EXTEN:{1 + len(country)}}}"
        case _:
            return "00${EXTEN:1}"

"""What happens to each call, operator and promise, a line each in the service's log. No numbers, no words of anybody:
what else there is to know of an event is in the records, behind their own doors."""

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cache
from typing import Final

import structlog

from acd.model import events as e

TOLD: Final = frozenset(
    {
        *("call", "line", "operator", "offer", "callback", "attempt", "spy", "device"),
        *("outcome", "state", "result", "how", "mode", "where", "because", "wish"),
        *("waited", "fallback", "seen", "reachable", "open", "on", "calls", "missed"),
    }
)
"""The fields that may be told: ids, states and counts."""
_SILENT: Final = (e.CallAnnounced,)
"""Too many, and nobody asks."""

log = structlog.get_logger()


def log_events(events: Sequence[e.Event]) -> None:
    """A listener of the driver's."""
    for event in events:
        if not isinstance(event, _SILENT):
            name, fields = _shape(type(event))
            log.info(name, **{field: _plain(value) for field in fields if (value := getattr(event, field)) is not None})


@cache
def _shape(kind: type[e.Event]) -> tuple[str, tuple[str, ...]]:
    """``CallAnswered`` -> ``call.answered``, and which of its fields are told."""
    first, *rest = re.findall(r"[A-Z][a-z]*", kind.__name__)
    names: Iterable[str] = kind.__struct_fields__
    return f"{first}.{'_'.join(rest)}".lower(), tuple(name for name in names if name in TOLD)


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case float():
            return round(value, 3)
        case _:
            return value

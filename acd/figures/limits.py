"""The settings of the lines that figures go by. Today's hold for the past, too: a limit that is changed changes every
report, whatever was counted as short when it happened."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from acd.model.policy import Line

SHORT_ABANDON: Final = "short_abandon"
TARGET_WAIT: Final = "target_wait"
OFFER_AFTER: Final = "offer_after"

DEFAULTS: Final[Mapping[str, float | None]] = {SHORT_ABANDON: 10.0, TARGET_WAIT: 30.0, OFFER_AFTER: None}
"""Of a line that is in queues.yaml no more, and of calls that joined none. Seconds; None = it has none."""


class Limits(msgspec.Struct, frozen=True):
    """Seconds by limit and line."""

    lines: Mapping[str, Mapping[str, float | None]] = {}
    """Limit -> line -> seconds; None = this line has none."""

    @classmethod
    def of_lines(cls, lines: Iterable[Line]) -> "Limits":
        lines = tuple(lines)
        return cls(
            {
                SHORT_ABANDON: {line.id: line.short_abandon for line in lines},
                TARGET_WAIT: {line.id: line.target_wait for line in lines},
                OFFER_AFTER: {line.id: None if line.callback is None else line.callback.after for line in lines},
            }
        )

    def of(self, name: str, line: str | None) -> float | None:
        """Seconds; None = there is no such limit on that line.

        Raises:
            KeyError: there is no limit of that name.
        """
        default = DEFAULTS[name]
        return default if line is None else self.lines.get(name, {}).get(line, default)

    def all_of(self, line: str | None) -> tuple[tuple[str, float | None], ...]:
        """Every limit of a line, by its name."""
        return tuple((name, self.of(name, line)) for name in DEFAULTS)

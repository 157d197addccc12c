"""What ``queues.conf`` says."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from acd.model.policy import Line, Policy

DEFAULT_RETRY: Final = 5
"""Seconds that Asterisk makes of ``retry=0``."""


class Strategy(StrEnum):
    """Which free member is rung, among those of the lowest penalty."""

    RRMEMORY = "rrmemory"
    """In turn."""
    LEASTRECENT = "leastrecent"
    """Whose last call ended longest ago, in whole seconds."""
    FEWESTCALLS = "fewestcalls"
    RANDOM = "random"
    LINEAR = "linear"
    """In the order of the configuration, always from its start."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for all queues. The defaults are those of the queues that the product generates."""

    strategy: Strategy = Strategy.RRMEMORY
    retry: int = 1
    """Seconds that a caller sleeps after a try in vain; 0 counts as 5."""
    autofill: bool = True
    """False (Asterisk's own default): only the first caller of a queue is ever served."""
    shared_lastcall: bool = True
    """False (Asterisk's own default): the wrap-up after a call for one queue does not hold for the others."""
    autopause: bool = False
    """Pause whoever does not answer, on all queues, until he says that he is there."""
    leave_when_empty: bool = False
    """Callers leave when the last member has logged out."""
    seed: int = 0
    """Of ``random``."""

    @property
    def sleep(self) -> int:
        return self.retry or DEFAULT_RETRY

    def __post_init__(self) -> None:
        if self.retry < 0:
            raise ValueError(f"retry must not be negative: {self.retry}")


AS_GENERATED: Final = Settings()


def in_whole_seconds(policy: Policy) -> Policy:
    """The same city as ``queues.conf`` can say it: ``timeout`` and ``wrapuptime`` are whole seconds."""
    return msgspec.structs.replace(policy, lines={id: _whole(line) for id, line in policy.lines.items()})


def _whole(line: Line) -> Line:
    ring_time = float(max(1, math.ceil(line.ring_time)))
    return msgspec.structs.replace(line, ring_time=ring_time, wrap_up=float(round(line.wrap_up)))

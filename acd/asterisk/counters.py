"""What the link has been through, for metrics and for tests."""

from dataclasses import dataclass


@dataclass
class Counters:
    """Since the start of the process."""

    sessions: int = 0
    """Logins that came as far as knowing all that is in the switch."""
    bytes: int = 0
    frames: int = 0
    actions: int = 0
    facts: int = 0
    forged: int = 0
    """Messages that neither Asterisk nor our dialplan wrote: an attack, or a fault in the trunk's configuration."""
    refused_logins: int = 0
    stale: int = 0
    """Sessions dropped because events came late: we, or the network, stood still."""
    silent: int = 0
    """Sessions dropped because nothing came at all."""
    unanswered: int = 0
    """Actions without an answer; each ended its session."""
    handler_errors: int = 0
    """Events or answers that our own code could not take in: faults to be mended."""
    phone_corrections: int = 0
    """Phones whose state the audit found to be other than told."""

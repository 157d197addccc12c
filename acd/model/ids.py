"""Names of things. All are plain text at run time; the types keep them apart in the code."""

from typing import NewType

CallId = NewType("CallId", str)
"""Asterisk's ``Uniqueid`` of the caller's channel. It survives every Redirect."""

ServerId = NewType("ServerId", str)
"""Name of one of several Asterisk servers: its ``systemname``. Lower-case letters, digits and ``_``."""


def server_of(call: CallId) -> ServerId:
    """The server on which a call lives: Asterisk puts its ``systemname`` and a dash before each ``Uniqueid``. Empty
    when it has none. Of one server alone it says nothing."""
    name, dash, _ = call.partition("-")
    return ServerId(name if dash else "")


LineId = NewType("LineId", str)
"""Key of a line in ``queues.yaml``: ``gentinfo``, ``sportlijn``, ... Lower-case letters, digits and ``_``."""

OperatorId = NewType("OperatorId", str)
"""Key of an operator in ``queues.yaml``. Lower-case letters, digits and ``_``."""

Device = NewType("Device", str)
"""Name of a PJSIP endpoint without the technology: ``1001`` for ``PJSIP/1001``. Letters, digits and ``_``."""

OfferId = NewType("OfferId", int)
"""Number of one attempt to connect one citizen to one operator: a caller who waits, or one who is called back. Never
used again, also after a restart."""

SpyId = NewType("SpyId", int)
"""Number of one time that a supervisor listened in. Given out with the offers, so it is none of theirs either."""

CallbackId = NewType("CallbackId", str)
"""Name of one promise to call a citizen back: the ``CallId`` of the call in which it was given. So a call can give one
promise only, and a promise that is written twice is the same one."""

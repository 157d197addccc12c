"""Names of things. All are plain text at run time; the types keep them apart in the code."""

from typing import NewType

CallId = NewType("CallId", str)
"""Asterisk's ``Uniqueid`` of the caller's channel. It survives every Redirect."""

LineId = NewType("LineId", str)
"""Key of a line in ``queues.yaml``: ``gentinfo``, ``sportlijn``, ... Lower-case letters, digits and ``_``."""

OperatorId = NewType("OperatorId", str)
"""Key of an operator in ``queues.yaml``. Lower-case letters, digits and ``_``."""

Device = NewType("Device", str)
"""Name of a PJSIP endpoint without the technology: ``1001`` for ``PJSIP/1001``. Letters, digits and ``_``."""

OfferId = NewType("OfferId", int)
"""Number of one attempt to connect one caller to one operator. Never used again, also after a restart."""

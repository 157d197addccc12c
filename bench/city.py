"""The city of the comparison, and the two ways of serving its callers: the product, and Asterisk's own ``Queue()``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from acd.config import load
from acd.model.policy import Policy
from sim.lab import Lab

NUMBER: Final = "3292100001"
"""What citizens call. It leads straight to the line, without a menu."""
LINE: Final = "info"
QUIET: Final = {"musiconhold.conf": "[general]\n"}
"""Instead of music: a caller who waits costs Asterisk nothing to speak of."""

_HEAD: Final = """\
city: Bench
defaults:
  hours: {mon-sun: 24h}
  public_holidays: false
  city_closing_days: false
  wrap_up: 0
  ring_time: 15
  capacity: 1000
  announcements: {first: 0}
reasons:
  pauze: {nl: Pauze}
lines:
"""

_QUEUE: Final = """
[bench]
strategy={strategy}
musicclass=acd
timeout=15
retry=1
wrapuptime=0
ringinuse=no
joinempty=yes
leavewhenempty=no
announce-frequency=0
announce-position=no
announce-holdtime=no
"""

_OURS: Final = """\
[acd-public]
exten => {number},1,Gosub(acd-arrive,s,1({number},nl))
 same => n,Goto(acd-queue,{line},1)
"""

_THEIRS: Final = """\
[acd-public]
exten => {number},1,Gosub(acd-number,s,1)
 same => n,Answer(,i)
 same => n,Queue(bench,cI)
 same => n,Hangup()
"""


def write_city(file: Path, operators: int, lines: int = 1) -> Policy:
    """Write a ``queues.yaml`` and load it: ``operators`` with phones 1001, 1002, ...; each serves every line."""
    names = [LINE, *(f"{LINE}{i}" for i in range(2, lines + 1))]
    rows = [_HEAD, *(f"  {name}: {{names: {{nl: {name}}}}}\n" for name in names), "operators:\n"]
    skills = ", ".join(f"{name}: 1" for name in names)
    rows += (f"  op{d}: {{name: Op {d}, device: {d}, lines: {{{skills}}}}}\n" for d in range(1001, 1001 + operators))
    file.write_text("".join(rows))
    return load(file).policy


def our_lab(policy: Policy) -> Lab:
    """Asterisk with the product's own dialplan. The engine is not started."""
    return _lab(policy, _OURS.format(number=NUMBER, line=LINE))


def their_lab(policy: Policy, strategy: str) -> Lab:
    """The same Asterisk with the same phones; callers enter ``Queue()`` after the same reading of their number.

    The queue is set up to be as quick as it can be: ``autofill`` (in ``queues.conf``), ``retry=1``, no announcements,
    nothing to write down, no AMI session.
    """
    members = "\n".join(f"member = PJSIP/{operator.device}" for operator in policy.operators.values())
    queue = _QUEUE.format(strategy=strategy) + members + "\n"
    return _lab(policy, _THEIRS.format(number=NUMBER), {"acd-queues.conf": queue})


def waiting_lab(policy: Policy) -> Lab:
    """Asterisk with a number for each line (3292100001, 3292100002, ...) and silence instead of music."""
    rows = ["[acd-public]"]
    for index, line in enumerate(policy.lines, int(NUMBER)):
        rows += [f"exten => {index},1,Gosub(acd-arrive,s,1({index},nl))", f" same => n,Goto(acd-queue,{line},1)"]
    return _lab(policy, "\n".join(rows) + "\n", QUIET)


def _lab(policy: Policy, dialplan: str, files: Mapping[str, str] | None = None) -> Lab:
    lab = Lab(policy, dialplan=dialplan, files=files)
    # SIPp takes a password that begins with 0x for a number.
    lab.phone_secrets = {device: f"p{secret}" for device, secret in lab.phone_secrets.items()}
    return lab

"""The simulator: a telephone switch, citizens and operators made of software, under the production engine.

========  ============================================  =======================================
level     switch                                        time
========  ============================================  =======================================
A         :mod:`sim.pbx` on :mod:`sim.kernel`           a heap, no asyncio: years in seconds
B         :mod:`sim.pbx` under the real driver          asyncio, virtual loop time
C         :mod:`sim.ami_server` and the real adapter    a loopback socket that speaks AMI
D         a real Asterisk 22 in a folder, ``sim.lab``   real
========  ============================================  =======================================

One switch (:class:`sim.switch.SimSwitch`) stands behind A, B and C. It behaves as Asterisk 22 was seen to behave, and
tells *happenings* (:class:`sim.happenings.Observer`); :mod:`sim.pbx` renders them as facts, :mod:`sim.ami_server` as
AMI bytes. Nothing in ``acd`` imports this package.
"""

from pathlib import Path

from acd.compiled import refuse_stale

_HERE = Path(__file__).parent
refuse_stale(_HERE, _HERE / "model")

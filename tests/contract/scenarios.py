"""What a switch must tell an engine, whatever it is made of: the same scenarios for the simulated switch and for a real
Asterisk.

A scenario is data: who does what, and the story that the facts must tell. The order of the facts is part of the
contract for each caller and for each phone by itself. Between a caller and a phone Asterisk promises no order (its
device states come from another thread), and where it promises none for one caller the story says so with
:class:`~tests.contract.language.Either`.

The stories were read off recorded sessions of Asterisk 22; the numbers in the comments are those of ``tests/traces``.
"""

from typing import Final

from tests.contract.away import AWAY
from tests.contract.called_back import CALLED_BACK, CITIZEN_FIRST
from tests.contract.passed_on import PASSED_ON
from tests.contract.promised import PROMISED
from tests.contract.recorded import RECORDED
from tests.contract.served import SERVED
from tests.contract.supervised import SUPERVISED
from tests.contract.surveyed import SURVEYED

SCENARIOS: Final = (
    *SERVED,
    *AWAY,
    *PROMISED,
    *CALLED_BACK,
    *CITIZEN_FIRST,
    *SUPERVISED,
    *PASSED_ON,
    *SURVEYED,
    *RECORDED,
)

"""What Dial() said, and what it means for the operator. Traces 04 to 11, 29 and 40 tell the same through the bytes."""

import pytest

from acd.asterisk.tracker import why_failed
from acd.model.facts import OfferFailure as How

CASES = [
    ("BUSY", 17, True, False, How.BUSY),
    ("NOANSWER", 0, True, True, How.RING_NO_ANSWER),
    ("NOANSWER", 0, False, True, How.DEAD),
    ("NOANSWER", 19, True, False, How.REJECTED),
    ("NOANSWER", 19, False, False, How.REJECTED),
    ("NOANSWER", 19, True, True, How.RING_NO_ANSWER),
    ("CHANUNAVAIL", 21, True, False, How.REJECTED),
    ("CHANUNAVAIL", 3, False, False, How.UNREACHABLE),
    ("CHANUNAVAIL", 20, False, False, How.UNREACHABLE),
    ("CHANUNAVAIL", 0, True, False, How.FAULT),
    ("CONGESTION", 34, True, False, How.FAULT),
    ("CANCEL", 0, True, False, How.FAULT),
    ("", 0, False, False, How.FAULT),
]


@pytest.mark.parametrize(("dial_status", "cause", "rang", "used_up", "expected"), CASES)
def test_how_an_offer_failed(dial_status: str, cause: int, rang: bool, used_up: bool, expected: How) -> None:
    assert why_failed(dial_status, cause, rang=rang, ring_time_used_up=used_up) is expected

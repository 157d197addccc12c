"""What Dial() said, and what it means for the operator. Traces 04 to 11, 29 and 40 tell the same through the bytes."""

import pytest

from acd.asterisk.tracker import why_failed
from acd.model.facts import OfferFailure as How

CASES = [
    ("BUSY", 17, True, How.BUSY),
    ("NOANSWER", 0, True, How.RING_NO_ANSWER),
    ("NOANSWER", 0, False, How.DEAD),
    ("NOANSWER", 19, True, How.REJECTED),
    ("NOANSWER", 19, False, How.REJECTED),
    ("CHANUNAVAIL", 21, True, How.REJECTED),
    ("CHANUNAVAIL", 3, False, How.UNREACHABLE),
    ("CHANUNAVAIL", 20, False, How.UNREACHABLE),
    ("CHANUNAVAIL", 0, True, How.FAULT),
    ("CONGESTION", 34, True, How.FAULT),
    ("CANCEL", 0, True, How.LOST),
    ("", 0, False, How.FAULT),
]


@pytest.mark.parametrize(("dial_status", "cause", "rang", "expected"), CASES)
def test_how_an_offer_failed(dial_status: str, cause: int, rang: bool, expected: How) -> None:
    assert why_failed(dial_status, cause, rang=rang) is expected

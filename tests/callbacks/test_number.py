"""Whom we call back, and whom we ask for another number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.callbacks.number import dialable, every_form


@pytest.mark.parametrize(
    ("written", "number"),
    [
        # A mobile, as the trunk, the citizen and a foreign exchange write it.
        ("0470123456", "+32470123456"),
        ("0470/12 34 56", "+32470123456"),
        ("0470.12.34.56", "+32470123456"),
        ("+32470123456", "+32470123456"),
        ("+32 (0)470 12-34-56", "+32470123456"),
        ("0032470123456", "+32470123456"),
        ("32470123456", "+32470123456"),
        ("0455123456", "+32455123456"),
        ("0468123456", "+32468123456"),
        # Landlines of 2-digit and 3-digit zones.
        ("092101010", "+3292101010"),
        ("3292101010", "+3292101010"),
        ("02 812 34 56", "+3228123456"),
        ("014 21 21 21", "+3214212121"),
        (" 0470123456 ", "+32470123456"),
    ],
)
def test_belgian_landlines_and_mobiles_are_called(written: str, number: str) -> None:
    assert dialable(written) == number


@pytest.mark.parametrize(
    ("why", "written"),
    [
        ("withheld", None),
        ("withheld", ""),
        ("withheld", "anonymous"),
        ("withheld", "Restricted"),
        ("foreign", "+31612345678"),
        ("foreign", "0033612345678"),
        ("foreign", "+447911123456"),
        ("foreign", "+18765551234"),
        ("satellite", "+881612345678"),
        ("short", "112"),
        ("short", "1700"),
        ("short", "+321700"),
        ("short", "14 09"),
        ("short", "1409"),
        ("premium", "0900 12 345"),
        ("premium", "+3290312345"),
        ("premium", "070 12 34 56"),
        ("shared cost", "078 15 12 34"),
        ("toll-free", "0800 12 345"),
        ("too short", "047012345"),
        ("too short", "0"),
        ("too short", "00"),
        ("too long", "04701234567"),
        ("too long", "+324701234567"),
        ("too long", "0" * 31),
        ("too long", "9" * 5000),
        ("no trunk prefix", "470123456"),
        ("no such zone", "0123456789012"),
        ("machine to machine", "0770123456789"),
        ("rubbish", "++32470123456"),
        ("rubbish", "+"),
        ("rubbish", "0470#123456"),
        ("rubbish", "0470*23456"),
        ("hostile", "0470123456\r\nAction: Originate"),
        ("hostile", "0470123456@trunk"),
        ("hostile", "0470123456,20,S(1)"),
        ("hostile", "tel:+32470123456;ext=5"),
        ("other digits", "٠٤٧٠١٢٣٤٥٦"),
        ("other digits", "０４７０１２３４５６"),
    ],
)
def test_whatever_else_is_asked_for_another_number(why: str, written: str | None) -> None:
    assert dialable(written) is None, why


@given(st.text(max_size=40) | st.text(alphabet="+0123456789 ./()-", max_size=20))
def test_what_is_dialled_is_plain_digits_and_stays_itself(text: str) -> None:
    number = dialable(text)
    if number is not None:
        assert number.isascii() and number.startswith("+32") and number[1:].isdigit() and 10 <= len(number[1:]) <= 11
        assert dialable(number) == number
        assert dialable("0" + number[3:]) == dialable("00" + number[1:]) == dialable(number[1:]) == number


@given(st.from_regex(r"04[5-9][0-9]{7}", fullmatch=True) | st.from_regex(r"09[2-3][0-9]{6}", fullmatch=True))
def test_usual_numbers_are_not_turned_away_by_the_writing(national: str) -> None:
    number = dialable(national)
    assert dialable(f"+32 (0){national[1:]}") == number
    assert number in (None, "+32" + national[1:])


@pytest.mark.parametrize("typed", ["+32470123456", "0470 12 34 56", "0032 470/12.34.56", "32470123456"])
def test_who_asks_for_his_data_is_found_however_the_trunk_wrote_him(typed: str) -> None:
    assert every_form(typed) == ("+32470123456", "32470123456", "0032470123456", "0470123456", "470123456")


def test_also_from_abroad_and_never_by_rubbish() -> None:
    assert every_form("+33 6 12 34 56 78") == ("+33612345678", "33612345678", "0033612345678")
    assert [every_form(typed) for typed in ("", "anonymous", "1", "'; --", "+" * 20, "9" * 31)] == [None] * 6

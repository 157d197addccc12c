"""Which numbers are called back: Belgian landlines, mobiles and internet numbers, nothing else.

A promise costs the city a call, and whoever waits long enough could ask for one to any number. So:

- **foreign** numbers are not called, whatever the caller id or the keypad says: who calls from a foreign mobile keys in
  a Belgian number, or waits. Calls abroad are dear, and numbers that earn by being called are mostly foreign.
- **premium, shared-cost, toll-free and universal** numbers (0900, 070, 078, 0800) are no citizen's own phone.
- **short** numbers (112, 1700, 14 09) have no trunk prefix 0, and nobody who waits sits behind one.

Written as people and trunks write them: ``0470 12 34 56``, ``+32 (0)9 210 10 10``, ``0032...``, and ``32...`` as trunks
deliver it. A national number without its 0 is refused rather than guessed: it is as likely one with a digit missing.
"""

import re
from typing import Final

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_possible_number,
    is_valid_number,
    number_type,
    parse,
)

COUNTRY: Final = "BE"
COUNTRY_CODE: Final = 32
LONGEST: Final = 30
"""Characters, blanks and signs included: more is no number."""

_CALLED: Final = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
)
_WRITTEN: Final = re.compile(r"\+?[0-9 ./()-]+")
_SIGNS: Final = re.compile(r"[ ./()-]")
_PREFIX: Final = re.compile(r"\+|00|(?=32[0-9]{8})")
"""What stands before a country code."""


def dialable(text: str | None) -> str | None:
    """The number in E.164 (``+32470123456``) when it may be called back; None = ask for another.

    Args:
        text: a caller id, or digits keyed in. Anything: "anonymous", None for a withheld one, rubbish.
    """
    if text is None or len(text) > LONGEST or not _WRITTEN.fullmatch(text.strip(" ")):
        return None
    digits = _SIGNS.sub("", text)
    if prefix := _PREFIX.match(digits):
        digits = "+" + digits[prefix.end() :]
    elif not digits.startswith("0"):
        return None
    try:
        number = parse(digits, COUNTRY)
    except NumberParseException:
        return None
    if number.country_code != COUNTRY_CODE or not is_valid_number(number) or number_type(number) not in _CALLED:
        return None
    return format_number(number, PhoneNumberFormat.E164)


def every_form(text: str) -> tuple[str, ...] | None:
    """The number as trunks and people may have written it, the E.164 one first; None = it is no number. Unlike
    :func:`dialable` of any country and kind: whoever asks what is known about him may have any phone."""
    if len(text) > LONGEST or not _WRITTEN.fullmatch(text.strip(" ")):
        return None
    digits = _SIGNS.sub("", text)
    if prefix := _PREFIX.match(digits):
        digits = "+" + digits[prefix.end() :]
    try:
        number = parse(digits, COUNTRY)
    except NumberParseException:
        return None
    if not is_possible_number(number):
        return None
    e164 = format_number(number, PhoneNumberFormat.E164)
    forms = [e164, e164[1:], f"00{e164[1:]}"]
    if number.country_code == COUNTRY_CODE:
        national = e164.removeprefix(f"+{COUNTRY_CODE}")
        forms += [f"0{national}", national]
    return tuple(forms)

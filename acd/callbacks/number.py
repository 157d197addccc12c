"""Telephone numbers by the numbering plan."""

import phonenumbers


def dialable(text: str | None) -> str | None:
    """The number in E.164 with ``+`` when it can be called back from Belgium, else None."""
    if text is None:
        return None
    try:
        number = phonenumbers.parse(text, "BE")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

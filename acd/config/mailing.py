"""Values of ``queues.yaml`` that speak of mail: addresses, the server, the moment of the day."""

from collections.abc import Mapping
from typing import Annotated, Any

from acd.config.fields import Misfits, word
from acd.model.mailing import Security

MailAddress = Annotated[
    str, word(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", "an address such as council@city.example")
]
MailHost = Annotated[str, word(r"[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}", "a mail server, such as smtp.city.example")]
MailUser = Annotated[str, word(r"[A-Za-z0-9._%+@-]{1,128}", "the name of an account")]
Moment = Annotated[str, word(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a moment of the day, such as 07:00")]
MAIL_LANGUAGE = word(r"nl|en|fr", "nl, en or fr")
PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_HERE = ("localhost", "127.0.0.1", "::1")


def mail_parts(raw: Mapping[str, Any]) -> Misfits:
    """A password has an account and one place; what is sent in the open stays on this machine."""
    places = [key for key in ("password_file", "password_env") if raw.get(key)]
    if raw.get("user") and len(places) != 1:
        yield ("user",), "needs one of: password_file; password_env"
    if places and not raw.get("user"):
        yield (places[0],), "needs a user"
    if raw.get("security") == Security.NONE and raw.get("host") not in _HERE:
        yield ("security",), "'none' is for a server on this machine alone: use starttls or tls"

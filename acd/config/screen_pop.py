"""The address of the city's own page about a caller: a template of ``queues.yaml`` with this call's values filled in.

Only the placeholders of :data:`PLACEHOLDERS` exist, and only behind the host: what a caller or a trunk sends can choose
neither where the operator's browser goes nor add a parameter, because every value is percent-encoded whole.
"""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from acd.config.city import CityLine
from acd.model.ids import CallId

PLACEHOLDERS: Final = ("number", "call", "line", "language")

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f\\\"<>^`|]")


def screen_pop(line: CityLine, call: CallId, *, number: str | None, language: str = "") -> str | None:
    """Where the operator finds the caller in the city's own programs; None = the line names no such page.

    Args:
        number: E.164; None = withheld: its place stays empty.
        language: that the caller chose.
    """
    if line.screen_pop is None:
        return None
    values = {"number": number or "", "call": call, "line": line.id, "language": language}
    return _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), line.screen_pop)


def template_fault(template: str) -> str | None:
    """What is wrong with a template, in plain words; None = nothing."""
    if fault := url_fault(_PLACEHOLDER.sub("x", template)):
        return fault
    for found in _PLACEHOLDER.finditer(template):
        if found[1] not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            return f"{{{found[1]}}} is no placeholder; there are: {known}"
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        return "has a brace that is no placeholder"
    head = re.match(r"[^/]*//[^/?#]*", template)
    if head is None or "{" in head[0]:
        return "may have placeholders behind the host name only"
    return None


def url_fault(url: str) -> str | None:
    """What is wrong with an address of the web, in plain words; None = nothing."""
    if len(url) > 500 or _UNFIT.search(url):
        return "is not an address: it is too long, or has a space or a sign that an address cannot have"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not an address such as https://crm.example/page"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must be an address such as https://crm.example/page"
    if parts.username is not None or parts.password is not None:
        return "must not hold a name or password"
    return None

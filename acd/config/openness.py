"""Values of ``queues.yaml`` that speak of other programs of the city: addresses, and where a secret lies."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from acd.config.faults import shown
from acd.config.fields import Field, Misfits, word
from acd.config.screen_pop import template_fault, url_fault
from acd.model.hook import NewsKind

_URL_SCHEMA: Final = {"type": "string", "pattern": "^https?://"}


def _address(fault_of: Callable[[str], str | None]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"must be an address such as https://crm.example/page, not {shown(value)}")
        if fault := fault_of(value):
            raise ValueError(fault)
        return value

    return read


ScreenPop = Annotated[str, Field(_address(template_fault), _URL_SCHEMA)]
HookUrl = Annotated[str, Field(_address(url_fault), _URL_SCHEMA)]
SecretFile = Annotated[str, word(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,59}", "the name of a file beside this one")]
EnvironmentName = Annotated[str, word(r"[A-Z][A-Z0-9_]{0,59}", "the name of an environment variable, such as ACD_CRM")]


def hook_parts(raw: Mapping[str, Any]) -> Misfits:
    """There is one secret; what is sent in the open stays inside; who is told about operators may know who they are."""
    if bool(raw.get("secret_file")) == bool(raw.get("secret_env")):
        yield (), "needs one of: secret_file; secret_env"
    url = raw.get("url")
    if isinstance(url, str) and url.startswith("http://") and raw.get("private") is not True:
        yield ("url",), "must begin with https://; http is for 'private: true' alone"
    events = raw.get("events")
    if isinstance(events, list) and NewsKind.OPERATOR_CHANGED in events and raw.get("personal") is not True:
        yield ("events",), f"{NewsKind.OPERATOR_CHANGED} tells who does what: it needs 'personal: true'"

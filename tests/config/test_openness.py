"""Webhooks and the city's own page about a caller, in ``queues.yaml``."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.config import City, screen_pop
from acd.model.hook import Hook, NewsKind
from acd.model.ids import CallId, LineId
from tests.config.samples import INFO, SMALL, city, faults, with_line

TEMPLATE = "https://crm.example/find?n={number}&c={call}&l={line}&t={language}#x"
HOOK = """\
webhooks:
  crm:
    url: https://crm.example/acd
    secret_file: crm.secret
    events: [call.offered, callback.given_up]
"""


def popped(template: str, call: str = "17.1", number: str | None = "+32470123456", language: str = "nl") -> str | None:
    line = with_line(f"screen_pop: '{template}'").lines[INFO]
    return screen_pop(line, CallId(call), number=number, language=language)


def test_the_page_about_a_caller() -> None:
    assert popped(TEMPLATE) == "https://crm.example/find?n=%2B32470123456&c=17.1&l=info&t=nl#x"
    assert popped("https://crm.example/{number}", number=None) == "https://crm.example/"
    assert screen_pop(city(SMALL).lines[INFO], CallId("17.1"), number=None) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_comes_from_outside_stays_one_value(number: str, call: str) -> None:
    number, call = (text.encode("utf-8", "replace").decode() for text in (number, call))
    line = POPPING.lines[INFO]
    url = screen_pop(line, CallId(call), number=number)
    assert url is not None
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "crm.example", "/find", "x")
    expected = {"n": [number], "c": [call], "l": ["info"], "t": [""]}
    assert parse_qs(parts.query, keep_blank_values=True) == expected


POPPING: City = with_line(f"screen_pop: '{TEMPLATE}'")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("javascript:alert({number})", "must be an address"),
        ("https://{number}.example/", "behind the host name only"),
        ("https://crm.example:{call}/", "not an address"),
        ("{number}://crm.example/", "must be an address"),
        ("https://crm.example/?n={naam}", "{naam} is no placeholder"),
        ("https://crm.example/?n={number", "a brace that is no placeholder"),
        ("https://crm.example/?n={number!r}", "{number!r} is no placeholder"),
        ("https://an:secret@crm.example/", "must not hold a name or password"),
        ("https://crm.example/ ?n={number}", "not an address"),
        ("//crm.example/", "must be an address"),
        ("https:crm.example", "must be an address"),
    ],
)
def test_a_template_that_could_lead_elsewhere_is_refused_with_its_line(template: str, says: str) -> None:
    [fault] = faults(SMALL.replace("    dids: [3292101010]\n", f"    screen_pop: '{template}'\n"))
    assert fault.startswith("queues.yaml:7: lines.info.screen_pop: ")
    assert says in fault


def test_a_webhook() -> None:
    assert dict(city(SMALL).webhooks) == {}
    [hook] = city(SMALL + HOOK).webhooks.values()
    kinds = frozenset({NewsKind.CALL_OFFERED, NewsKind.CALLBACK_GIVEN_UP})
    assert hook == Hook("crm", "https://crm.example/acd", kinds, secret_file="crm.secret")


def test_a_webhook_of_some_lines_inside_the_city() -> None:
    more = "    lines: [sport]\n    personal: true\n    private: true\n"
    [hook] = city(SMALL + HOOK.replace("https:", "http:") + more).webhooks.values()
    assert (hook.lines, hook.personal, hook.private) == (frozenset({LineId("sport")}), True, True)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    secret_file: crm.secret\n", "", "webhooks.crm: needs one of: secret_file; secret_env"),
        ("crm.secret\n", "crm.secret\n    secret_env: CRM\n", "needs one of: secret_file; secret_env"),
        ("crm.secret", "../crm.secret", "must be the name of a file beside this one"),
        ("https://crm", "http://crm", "must begin with https://"),
        ("https://crm.example/acd", "ftp://crm.example/acd", "must be an address"),
        ("call.offered", "call.ofered", "call.offered"),
        ("call.offered", "operator.changed", "needs 'personal: true'"),
        ("[call.offered, callback.given_up]", "[]", "events"),
        ("crm.secret\n", "crm.secret\n    lines: [sprot]\n", "did you mean 'sport'?"),
        ("    events", "    evnets: [1]\n    events", "evnets"),
    ],
)
def test_a_webhook_with_a_fault_is_told(old: str, new: str, says: str) -> None:
    assert old in HOOK
    told = faults(SMALL + HOOK.replace(old, new))
    assert any(says in fault and "webhooks.crm" in fault for fault in told), told

import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

import acd.web
from acd.model.account import AuditAction, Role, Scope
from acd.model.callback import AttemptResult, CallbackState
from acd.model.citizen import ON_REQUEST
from acd.model.contact import RequestAct, RequestKind, RequestState
from acd.model.facts import OfferFailure, PhoneState
from acd.model.mailing import Cadence
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import OperatorRule, QueueRule
from acd.model.promise import CALLER, SYSTEM, Because
from acd.model.recording import Reason
from acd.model.supervision import Objection, SpyMode
from acd.model.worklist import Act, Kind, Recorded
from acd.web import texts
from acd.web.calls import What
from acd.web.desk.panels import Phase
from acd.web.floor_deeds import DEEDS, Wanted
from acd.web.floor_view import WAITS
from acd.web.reports.asked import GRAINS
from acd.web.shell import NAV
from acd.web.texts import KEYS, Lang, duration, percent, text

ROOM = Path(acd.web.__file__).parent


class Anything(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_text_is_there_in_three_languages_with_the_same_values(key: str) -> None:
    translations = texts._TEXTS[key]
    assert len(translations) == len(Lang)
    assert all(translations)
    values = [{name for _, name, _, _ in Formatter().parse(one) if name} for one in translations]
    assert values[0] == values[1] == values[2]


def test_no_key_has_two_texts() -> None:
    keys = [key for table in TABLES for key in re.findall(r'^    "([a-z_0-9]+)": \(', (ROOM / table).read_text(), re.M)]
    assert sorted(key for key, n in Counter(keys).items() if n > 1) == []


def test_every_text_is_used_and_every_used_text_exists() -> None:
    sources = [path for path in [*ROOM.glob("templates/*.html"), *ROOM.rglob("*.py")] if path.name not in TABLES]
    source = "\n".join(path.read_text() for path in sources)
    built = {f"{group}_{end}" for group, ends in BUILT.items() for end in ends}
    scripts = "\n".join(path.read_text() for path in ROOM.glob("frontend/src/*.js"))
    used = set(re.findall(r'"([a-z_]+)"', source)) | set(re.findall(r"\bphone_[a-z_]+", scripts)) | built
    assert sorted(KEYS - used) == []
    called = set(re.findall(r'\bt\("([a-z_]+)"[,)]', source)) | set(
        re.findall(r'text\((?:self._)?lang, "([a-z_]+)"', source)
    )
    assert sorted((called | built) - KEYS) == []


TABLES = ("texts.py", "desk_texts.py", *sorted(file.name for file in Path(acd.web.__file__).parent.glob("texts_*.py")))
STORY = [
    "call_started",
    "call_entered_line",
    "call_offered",
    "operator_rang",
    "offer_ended",
    "call_answered",
    "call_announced",
    "call_deflected",
    "call_returned",
    "callback_offered",
    "callback_turned_down",
    "callback_promised",
    "callback_impossible",
    "outcome_counted",
    "talk_finished",
    "call_ended",
    "call_adopted",
    "recording_started",
    "recording_finished",
    "recording_paused",
    "recording_resumed",
    "recording_unchanged",
]
"""The events of a call."""
HINTED = (Phase.OUT, Phase.AVAILABLE, Phase.OTHER_CALL, Phase.UNREACHABLE)
BUILT: dict[str, list[str]] = {
    "state": ["connecting", "live", "reconnecting", "stale", *CallbackState],
    "order": ["fixed", "worst"],
    "theme": ["auto", "light", "dark"],
    "level": ["ok", "warn", "alarm"],
    "nav": ["wallboard", *(path[1:] for path in NAV)],
    "role": list(Role),
    "scope": list(Scope),
    "audit": list(AuditAction),
    "kind": list(Kind),
    "result": list(AttemptResult),
    "act": [text for act in Act for text in (act, f"{act}_explained")],
    "told": [*Act, *(f"request_{act}" for act in RequestAct)],
    "phase": [text for phase in Phase for text in (phase, *([f"{phase}_hint"] if phase in HINTED else []))],
    "device": [*PhoneState, "was_lost"],
    "system": [*OfferFailure, "login", "page_lost", "phone_lost"],
    "speaks": list(Lang),
    "request": [
        *(f"state_{state}" for state in RequestState),
        *(f"kind_{kind}" for kind in RequestKind),
        *(text for act in RequestAct for text in (act, f"{act}_explained")),
        *("missing", "long", "moment_wrong", "number_wrong", "number_missing", "line_missing"),
    ],
    "step": list(Recorded),
    "by": [CALLER, SYSTEM],
    "hear": list(Reason),
    "mail": list(Cadence),
    "why": [*Because, "caller", "cancel", ON_REQUEST],
    "phone_is": list(OperatorState),
    "phone": ["ringing", "answering", "talking", "held", "calling"],
    "refused": [*Objection, "no_message"],
    "is": list(OperatorState),
    "call": [*(state.value for state in WAITS), "listens"],
    "want": list(Wanted),
    "mode": list(SpyMode),
    "spied": [*SpyMode, "rings"],
    "do": [
        *DEEDS,
        *(f"{deed}_{end}" for deed in DEEDS if deed != "stop" for end in ("title", "explained")),
        "it",
    ],
    "said": [
        *Wanted,
        *(f"{want}_later" for want in Wanted if want is not Wanted.LOGIN),
        *("lines", "lines_back", "moved", "moved_rings", "crisis_on", "crisis_off", "spy_stopped"),
        *("line_open", "line_closed", "line_hours_open", "line_hours_closed"),
        *SpyMode,
    ],
    "report": [
        *(f"{start}_{grain.name.lower()}" for start in ("grain", "per") for grain in GRAINS),
        *(f"month_{month}" for month in range(1, 13)),
        *(f"kind_{kind}" for kind in ("answered", "abandoned", "other", "kept", "broken", "open")),
        *(f"head_{key}" for key in ("offered", "answered", "abandoned")),
    ],
    "reason": ["login", *(how for how in OfferFailure if how is not OfferFailure.LOST)],
    "weekday": [str(day) for day in range(7)],
    "day": [str(day) for day in range(7)],
    "doing": [state for state in OperatorState if state is not OperatorState.LOGGED_OUT],
    "what": list(What),
    "outcome": [*Outcome, "none"],
    "rule": ["only_line", "guard", *QueueRule, "only_operator", *OperatorRule],
    "because": ["full", "unstaffed", "waited"],
    "story": [*STORY, "call_answered_fallback"],
    "fault": [
        text for kind in ("forbidden", "not_found", "unavailable", "other") for text in (kind, f"{kind}_explained")
    ],
}
"""Keys that are put together."""


def test_unknown_text_or_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        text(Lang.NL, "no_such_text")
    with pytest.raises(KeyError):
        text(Lang.NL, "late")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0 %"), (0.949999, "94 %"), (0.95, "95 %"), (0.29, "29 %"), (0.9999, "99 %"), (1, "100 %")],
)
def test_percentages_never_flatter(value: float, shown: str) -> None:
    assert percent(Lang.NL, value).replace("\N{NARROW NO-BREAK SPACE}", " ") == shown
    assert percent(Lang.EN, value) == shown.replace(" ", "")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.99, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (-1, "0:00")]
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown

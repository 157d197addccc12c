import re
from pathlib import Path
from string import Formatter

import pytest

import acd.web
from acd.model.account import AuditAction, Role
from acd.model.callback import AttemptResult, CallbackState
from acd.model.facts import OfferFailure
from acd.model.operator import OperatorState
from acd.model.promise import CALLER, SYSTEM, Because
from acd.model.supervision import Objection, SpyMode
from acd.model.worklist import Act, Kind, Recorded
from acd.web import texts
from acd.web.floor_deeds import DEEDS, Wanted
from acd.web.floor_view import WAITS
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


def test_every_text_is_used_and_every_used_text_exists() -> None:
    sources = [path for path in [*ROOM.glob("templates/*.html"), *ROOM.glob("*.py")] if path.name not in TABLES]
    source = "\n".join(path.read_text() for path in sources)
    built = {f"{group}_{end}" for group, ends in BUILT.items() for end in ends}
    used = set(re.findall(r'"([a-z_]+)"', source)) | built
    assert sorted(KEYS - used) == []
    called = set(re.findall(r'\bt\("([a-z_]+)"[,)]', source)) | set(
        re.findall(r'text\((?:self._)?lang, "([a-z_]+)"', source)
    )
    assert sorted((called | built) - KEYS) == []


TABLES = ("texts.py", "desk_texts.py", "texts_floor.py")
UNTOLD = (OfferFailure.UNREACHABLE, OfferFailure.DEAD, OfferFailure.LOST)
"""An operator is never not ready for these: his phone's state says it."""
BUILT: dict[str, list[str]] = {
    "state": ["connecting", "live", "reconnecting", "stale", *CallbackState],
    "order": ["fixed", "worst"],
    "theme": ["auto", "light", "dark"],
    "level": ["ok", "warn", "alarm"],
    "nav": ["wallboard", *(path[1:] for path in NAV)],
    "role": list(Role),
    "audit": list(AuditAction),
    "kind": list(Kind),
    "result": list(AttemptResult),
    "act": [text for act in Act for text in (act, f"{act}_explained")],
    "told": list(Act),
    "step": list(Recorded),
    "by": [CALLER, SYSTEM],
    "why": [*Because, "caller", "cancel"],
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
    "reason": ["login", *(how for how in OfferFailure if how not in UNTOLD)],
    "weekday": [str(day) for day in range(7)],
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

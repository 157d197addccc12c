"""The file that ships, and how a file becomes a city."""

import copy
import json
import pickle
from datetime import date

import msgspec
import pytest

from acd.config import City, ClosingDays, Interval, Threshold, load
from acd.config.city import CityLine, Thresholds
from acd.config.schema import (
    AnnouncementsBlock,
    CityBlock,
    LineBlock,
    OfferRuleBlock,
    OffersBlock,
    OperatorBlock,
    RoutingBlock,
    ThresholdsBlock,
)
from acd.model.ids import Device, LineId, OperatorId
from acd.model.policy import (
    Announcements,
    Line,
    OfferRule,
    OfferRules,
    Operator,
    OverflowTo,
    Policy,
    QueueRule,
    Routing,
)
from tests.config.samples import INFO, SHIPPED, SMALL, SPORT, city, edited, with_line


@pytest.fixture(scope="module")
def gent() -> City:
    return load(SHIPPED)


def test_the_shipped_file_has_the_eight_lines_of_gent(gent: City) -> None:
    names = {id: line.names["nl"] for id, line in gent.policy.lines.items()}

    assert gent.warnings == ()
    assert names == {
        "gentinfo": "Gentinfo",
        "sportlijn": "Sportlijn",
        "lez": "LEZ-lijn",
        "bjb": "BoekJeBezoeklijn",
        "toerisme": "Toerismelijn",
        "nachtopvang": "Nachtopvanglijn",
        "toeleiders": "Toeleiderslijn",
        "gentspoort": "GentSpoortlijn",
    }
    assert list(gent.lines) == list(gent.policy.lines)
    assert gent.lines[LineId("gentinfo")].dids == ("3292101010",)
    assert sum(line.calls_per_day for line in gent.policy.lines.values()) == 425
    night = gent.lines[LineId("nachtopvang")]
    assert all(night.hours)
    assert gent.policy.lines[night.id].priority > gent.policy.lines[LineId("gentinfo")].priority


def test_twenty_operators_with_phones_1001_to_1020_cover_every_line(gent: City) -> None:
    operators = gent.policy.operators.values()

    assert [operator.device for operator in operators] == [str(device) for device in range(1001, 1021)]
    for line in gent.lines:
        assert sum(line in operator.lines for operator in operators) >= 2, f"one illness closes {line}"
        assert any(operator.lines.get(line) == 1 for operator in operators)


def test_the_shipped_file_says_the_defaults_of_the_engine(gent: City) -> None:
    """What the city reads in the file is what it would get without it."""
    assert gent.policy.routing == Routing()
    assert gent.policy.offers == OfferRules()
    assert gent.lines[LineId("sportlijn")].thresholds == Thresholds()
    assert gent.policy.lines[LineId("sportlijn")].announcements == Announcements()


def test_a_file_without_settings_gives_the_engines_defaults() -> None:
    policy = city(SMALL).policy

    names = {"nl": "Sport", "en": "Sport", "fr": "Sport"}
    assert policy == Policy(
        lines={INFO: Line(id=INFO, names=dict.fromkeys(names, "Info")), SPORT: Line(id=SPORT, names=names)},
        operators=policy.operators,
        reasons=("pauze",),
    )
    an = OperatorId("an")
    assert policy.operators[an] == Operator(id=an, name="An", device=Device("1001"), lines={INFO: 1, SPORT: 2})


@pytest.mark.parametrize(
    ("struct", "block"),
    [
        (Line, LineBlock),
        (Announcements, AnnouncementsBlock),
        (Operator, OperatorBlock),
        (Routing, RoutingBlock),
        (OfferRule, OfferRuleBlock),
        (OfferRules, OffersBlock),
        (Policy, CityBlock),
        (CityLine, LineBlock),
        (Thresholds, ThresholdsBlock),
    ],
)
def test_every_setting_can_be_set_in_the_file(struct: type[msgspec.Struct], block: type) -> None:
    fields = {field.name for field in msgspec.structs.fields(struct)} - {"id"}
    assert fields <= set(block.model_fields)  # type: ignore[attr-defined]


def test_every_setting_of_a_line_arrives() -> None:
    loaded = with_line(
        "priority: 3\ntarget_wait: 20\ntarget_share: 0.7\ntarget_reachability: 0.9\nshort_abandon: 5s\nwrap_up: 1m\n"
        "ring_time: 20\ncapacity: 7\nwhen_full: partner\nwhen_unstaffed: refuse\noverflow_after: 150s\n"
        "calls_per_day: 12.5\nhandle_time: 0.1h\npartner: '+3278000000'\ngreeting: welcome-info\nflow: menu\n"
        "number: 09 210 10 10\npublic_holidays: false\ncity_closing_days: false\ndids: [3292101010, '092101011']\n"
        "announcements: {first: 0, every: 2m, position: false, wait: false}"
    )

    assert loaded.policy.lines[INFO] == Line(
        id=INFO,
        names={"nl": "Info", "en": "Info", "fr": "Info"},
        priority=3,
        target_wait=20.0,
        target_share=0.7,
        target_reachability=0.9,
        short_abandon=5.0,
        wrap_up=60.0,
        ring_time=20.0,
        capacity=7,
        when_full=OverflowTo.PARTNER,
        when_unstaffed=OverflowTo.REFUSE,
        overflow_after=150.0,
        calls_per_day=12.5,
        handle_time=360.0,
        announcements=Announcements(first=0.0, every=120.0, position=False, wait=False),
    )
    line = loaded.lines[INFO]
    assert (line.dids, line.number, line.flow, line.greeting, line.partner) == (
        ("3292101010", "092101011"),
        "09 210 10 10",
        "menu",
        "welcome-info",
        "+3278000000",
    )
    assert (line.public_holidays, line.city_closing_days) == (False, False)


def test_the_settings_of_the_engine_arrive() -> None:
    loaded = city(
        SMALL + "routing: {queue_rule: longest_waiting, guard: 2m}\n"
        "offers: {busy: {back_after: never, limit: 4}}\nconfirm_timeout: 2\nringing_timeout: 4s\noffer_margin: 5\n"
    )

    assert loaded.policy.routing == Routing(queue_rule=QueueRule.LONGEST_WAITING, guard=120.0)
    assert loaded.policy.offers == OfferRules(busy=OfferRule(back_after=None, limit=4))
    assert (loaded.policy.confirm_timeout, loaded.policy.ringing_timeout, loaded.policy.offer_margin) == (2.0, 4.0, 5.0)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("45", 45), ("4.5", 4.5), ("45s", 45), ("45 s", 45), ("2m", 120), ("1.5m", 90), ("1h", 3600)],
)
def test_durations(written: str, seconds: float) -> None:
    assert with_line(f"wrap_up: {written}").policy.lines[INFO].wrap_up == seconds


def test_defaults_hold_for_every_line_until_a_line_says_otherwise() -> None:
    text = edited("defaults:\n", "defaults:\n  wrap_up: 45\n  announcements: {first: 5, every: 30}\n")
    text = edited("    dids: [3292101010]\n", "    announcements: {every: 0}\n    wrap_up: 10\n", text)
    lines = city(text).policy.lines

    assert (lines[INFO].wrap_up, lines[SPORT].wrap_up) == (10, 45)
    assert lines[INFO].announcements == Announcements(first=5.0, every=0.0)
    assert lines[SPORT].announcements == Announcements(first=5.0, every=30.0)


def test_a_line_that_gives_hours_gives_its_whole_week() -> None:
    loaded = with_line("hours: {sat: '09:00-12:00, 13:00-17:00'}")

    assert loaded.lines[INFO].hours == ((), (), (), (), (), (Interval(540, 720), Interval(780, 1020)), ())
    assert loaded.lines[SPORT].hours == ((Interval(540, 1020),),) * 5 + ((), ())


def test_a_colour_may_change_without_the_other_figures() -> None:
    loaded = with_line("thresholds: {longest_wait: {amber: 30s, red: 1m}}")

    assert loaded.lines[INFO].thresholds == Thresholds(longest_wait=Threshold(amber=30.0, red=60.0))


def test_a_partner_may_come_from_the_defaults() -> None:
    text = edited("defaults:\n", "defaults:\n  partner: 3278000000\n  when_full: partner\n")
    assert [line.partner for line in city(text).lines.values()] == ["3278000000", "3278000000"]


def test_missing_translations_are_the_dutch_name() -> None:
    loaded = city(edited("{nl: Sport}", "{nl: Sportlijn, fr: Ligne sport}"))
    assert loaded.policy.lines[SPORT].names == {"nl": "Sportlijn", "en": "Sportlijn", "fr": "Ligne sport"}
    assert loaded.reasons == {"pauze": {"nl": "Pauze", "en": "Pauze", "fr": "Pauze"}}


def test_closing_days() -> None:
    loaded = city(edited("yearly: 11 juli", "first: 2026-12-24, last: 2027-01-01"))
    names = {"nl": "Feest", "en": "Feest", "fr": "Feest"}
    assert loaded.closing_days == (ClosingDays(names=names, first=date(2026, 12, 24), last=date(2027, 1, 1)),)


def test_a_city_cannot_be_changed(gent: City) -> None:
    with pytest.raises(AttributeError):
        gent.name = "Brugge"  # type: ignore[misc]
    mappings = [gent.lines, gent.policy.lines, gent.policy.operators, gent.reasons]
    for mapping in (*mappings, gent.policy.lines[LineId("gentinfo")].names):
        for change in ("__setitem__", "update", "pop", "clear", "setdefault", "popitem", "__delitem__", "__ior__"):
            with pytest.raises(TypeError, match="load the file again"):
                getattr(mapping, change)("x", "y")


def test_a_city_can_be_copied_and_sent_to_the_pages(gent: City) -> None:
    assert copy.deepcopy(gent) == gent
    assert pickle.loads(pickle.dumps(gent)) == gent
    assert json.loads(msgspec.json.encode(gent))["lines"]["gentinfo"]["dids"] == ["3292101010"]


def test_loading_twice_gives_equal_cities(gent: City) -> None:
    assert load(str(SHIPPED)) == gent

"""What a reload changes, in a line each."""

import pytest

from acd.config import describe_changes, load
from tests.config.samples import SHIPPED, SMALL, city, edited

LINE = "    dids: [3292101010]\n"
CLOSING = "  - {yearly: 11 juli, names: {nl: Feest}}\n"


def test_the_same_file_changes_nothing() -> None:
    assert describe_changes(load(SHIPPED), load(SHIPPED)) == []


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("city: Gent", "city: Stad Gent", ["city Gent -> Stad Gent"]),
        (LINE, LINE + "    wrap_up: 20\n", ["line info: wrap_up 30 -> 20"]),
        (LINE, LINE + "    target_share: 0.9\n", ["line info: target_share 0.8 -> 0.9"]),
        (LINE, LINE + "    announcements: {every: 90}\n", ["line info: announcements.every 60 -> 90"]),
        (LINE, LINE + "    public_holidays: false\n", ["line info: public_holidays true -> false"]),
        (LINE, LINE + "    partner: 3278000000\n", ["line info: partner none -> 3278000000"]),
        (LINE, "    dids: []\n", ["line info: dids 3292101010 -> none"]),
        (LINE, LINE + "    when_full: wait\n", ["line info: when_full refuse -> wait"]),
        ("{nl: Info}", "{nl: Informatie, en: Info, fr: Info}", ["line info: names.nl Info -> Informatie"]),
        (
            "mon-fri: 09:00-17:00",
            "mon-thu: 09:00-17:00, fri: '09:00-12:00, 13:00-16:00'",
            [f"line {line}: hours.fri 09:00-17:00 -> 09:00-12:00, 13:00-16:00" for line in ("info", "sport")],
        ),
        (
            LINE,
            LINE + "    thresholds: {waiting: {amber: 1, red: 2}}\n",
            ["line info: thresholds.waiting.amber 3 -> 1", "line info: thresholds.waiting.red 6 -> 2"],
        ),
        ("reasons:", "  lies: {name: Lies, device: 1003, lines: {info: 1}}\nreasons:", ["operator lies: added"]),
        ("  bart: {name: Bart, device: 1002, lines: {info: 1}}\n", "", ["operator bart: removed"]),
        ("device: 1002", "device: 1009", ["operator bart: device 1002 -> 1009"]),
        ("sport: 2}", "sport: 1}", ["operator an: lines.sport 2 -> 1"]),
        (", sport: 2}", "}", ["operator an: lines.sport 2 -> none"]),
        ("{nl: Pauze}", "{nl: Pauze}\n  lunch: {nl: Lunch}", ["reason lunch: added"]),
        ("{nl: Pauze}", "{nl: Pauze, en: Break}", ["reason pauze: names.en Pauze -> Break"]),
        (CLOSING, "  []\n", ["closing_days every 11/7 (Feest) -> none"]),
        (CLOSING, CLOSING + "routing: {guard: 2m}\n", ["routing.guard 90 -> 120"]),
        (CLOSING, CLOSING + "offers: {busy: {back_after: never}}\n", ["offers.busy.back_after 15 -> none"]),
        (CLOSING, CLOSING + "offer_margin: 5\n", ["offer_margin 3 -> 5"]),
    ],
)
def test_each_change_is_one_line(old: str, new: str, changes: list[str]) -> None:
    assert describe_changes(city(SMALL), city(edited(old, new))) == changes


def test_a_line_that_comes_or_goes() -> None:
    text = edited("  sport:\n    names: {nl: Sport}\n", "  lez:\n    names: {nl: LEZ}\n")
    text = edited(", sport: 2", ", lez: 2", text)

    assert describe_changes(city(SMALL), city(text)) == [
        "line sport: removed",
        "line lez: added",
        "operator an: lines.sport 2 -> none",
        "operator an: lines.lez none -> 2",
    ]

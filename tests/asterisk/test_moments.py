"""Moments in words: what a caller hears of when he will be called back."""

from datetime import datetime
from pathlib import Path

import pytest

from acd.asterisk.moments import said_deadline, said_number, said_promise, said_window
from acd.ivr.catalogue import load_catalogue
from acd.model.callback import Window
from acd.model.zone import ZONE

TEXTS = load_catalogue(Path(__file__).parents[2] / "ivr_flows/prompts").texts
NOW = "2026-11-30 14:00"
"""A Monday."""


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def spoken(prompts: list[str], language: str = "nl") -> str:
    return " ".join(TEXTS[language][prompt.removeprefix("acd/")] for prompt in prompts)


def window(day: str, start: str, end: str) -> Window:
    return Window(at(f"{day} {start}"), at(f"{day} {end}"))


@pytest.mark.parametrize(
    ("language", "slot", "latest"),
    [
        ("nl", "morgen, dinsdag tussen tien uur en half elf", "ten laatste woensdag om zeventien uur"),
        ("en", "tomorrow, Tuesday between ten A M and ten thirty A M", "at the latest Wednesday at five P M"),
        ("fr", "demain, mardi entre dix heures et dix heures et demie", "au plus tard mercredi à dix-sept heures"),
    ],
)
def test_the_moments_of_the_issue(language: str, slot: str, latest: str) -> None:
    assert spoken(said_window(window("2026-12-01", "10:00", "10:30"), at(NOW)), language) == slot
    assert spoken(said_deadline(at("2026-12-02 17:00"), at("2026-11-28 14:00")), language) == latest


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-30", "vandaag"),
        ("2026-12-01", "morgen, dinsdag"),
        ("2026-12-02", "overmorgen, woensdag"),
        ("2026-12-03", "donderdag"),
        ("2026-12-06", "zondag"),
        ("2026-12-07", "maandag zeven december"),
        ("2027-01-01", "vrijdag één januari"),
    ],
)
def test_days_are_named_as_people_name_them(day: str, words: str) -> None:
    assert (
        spoken(said_window(window(day, "15:00", "15:30"), at(NOW)))
        == f"{words} tussen vijftien uur en vijftien uur dertig"
    )


def test_a_promise_is_never_heard_narrower_or_later_than_it_is() -> None:
    """Ends are rounded up, the latest moment down."""
    assert spoken(said_window(window("2026-11-30", "15:02", "15:31"), at(NOW))).endswith(
        "en vijftien uur vijfenveertig"
    )
    assert spoken(said_deadline(at("2026-11-30 16:59"), at(NOW))).endswith("om zestien uur vijfenveertig")


def test_as_soon_as_it_is_calm_is_said_so() -> None:
    deadline = at("2026-12-02 17:00")
    calm = said_promise(Window(at(NOW), deadline), deadline, at(NOW))
    assert spoken(calm) == "zodra het kalm is ten laatste overmorgen, woensdag om zeventien uur"


def test_tomorrow_is_tomorrow_in_brussels_also_at_night_and_when_clocks_change() -> None:
    slot = window("2026-10-25", "09:00", "09:30")
    assert spoken(said_window(slot, at("2026-10-24 23:59"))).startswith("morgen, zondag")
    assert spoken(said_window(slot, at("2026-10-25 00:01"))).startswith("vandaag tussen negen uur en half tien")


def test_a_number_is_read_as_it_is_dialled_in_belgium() -> None:
    assert spoken(said_number("+3292101010")) == "nul negen twee één nul één nul één nul"
    assert spoken(said_number("+31201234567")).startswith("nul nul drie één twee nul")


@pytest.mark.parametrize("language", TEXTS)
def test_every_prompt_of_every_moment_is_there(language: str) -> None:
    """Each half-hour of a fortnight, and each deadline."""
    now = at("2026-10-20 08:00")
    for half_hour in range(48 * 14):
        slot = Window(now + 1800 * half_hour, now + 1800 * (half_hour + 1))
        assert spoken(said_promise(slot, slot.end + 1, now), language)

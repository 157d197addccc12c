"""The dialogue of the promise to call back, as long as it really sounds."""

import shutil
import wave
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from acd.asterisk.moments import said_deadline, said_number, said_window
from acd.ivr import load_catalogue
from acd.ivr.sound import decibels, read_sound
from acd.ivr.speech import Speaker, _Build
from acd.model.callback import Window
from acd.model.zone import ZONE

PROMPTS = Path(__file__).parents[2] / "ivr_flows/prompts"
LONGEST = 40.0
"""Seconds from the first word of the offer until he has heard that his appointment is confirmed, when he hears every
question to its end."""
SLOTS = [("2026-12-01 10:00", "2026-12-01 10:30"), ("2026-12-02 14:00", "2026-12-02 14:30")]

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs a voice")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def dialogue(start: str, end: str) -> list[str]:
    """All that he hears: the offer, his mobile number, the moment, the confirmation."""
    now = at("2026-11-30 14:00")
    return [
        *("acd/cb-offer", "acd/cb-number", *said_number("+32470123456"), "acd/cb-number-choice", "acd/cb-slot"),
        *said_window(Window(at(start), at(end)), now),
        *said_deadline(at("2026-12-02 17:00"), now),
        *("acd/cb-slot-choice", "acd/cb-moment", "acd/cb-booked"),
    ]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what the dialogue needs is rendered."""
    folder = tmp_path_factory.mktemp("dialogue")
    wanted = {prompt.removeprefix("acd/") for slot in SLOTS for prompt in dialogue(*slot)}
    for language, texts in load_catalogue(PROMPTS).texts.items():
        (folder / language).mkdir()
        build_some(folder, language, {id: texts[id] for id in wanted})
    return folder


def build_some(folder: Path, language: str, texts: dict[str, str]) -> None:
    build = _Build(Speaker(), None, folder)
    for id, text in texts.items():
        assert build.prompt(language, id, text) == "rendered"


def seconds(sounds: Path, language: str, prompts: Sequence[str]) -> float:
    total = 0.0
    for prompt in prompts:
        with wave.open(str(sounds / language / f"{prompt}.wav")) as file:
            total += file.getnframes() / file.getframerate()
    return total


@pytest.mark.parametrize("language", ["nl", "en", "fr"])
@pytest.mark.parametrize("slot", SLOTS, ids=["tomorrow morning", "the afternoon after"])
def test_an_appointment_is_confirmed_within_40_seconds(sounds: Path, language: str, slot: tuple[str, str]) -> None:
    assert 25 < seconds(sounds, language, dialogue(*slot)) < LONGEST


@pytest.mark.parametrize("language", ["nl", "en", "fr"])
def test_every_sentence_of_it_is_heard(sounds: Path, language: str) -> None:
    for prompt in dialogue(*SLOTS[0]):
        samples = read_sound(sounds / language / f"{prompt}.wav")
        assert decibels(samples) > -40, prompt
        assert len(samples) > 0.2 * 8000, prompt

"""What a citizen hears: the whole dialogue with the product's own prompts, on the real Asterisk, in each language. He
listens to every question to its end, and says yes; it must take him under 40 s until he hears "bevestigd". And each
prompt by itself, as it lies on the disk: it is there to be heard, as long as its text is, and not distorted."""

import asyncio
import re
import subprocess
import time
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from acd.ivr.catalogue import CALL_BACK, load_catalogue
from acd.ivr.sound import RATE, as_alaw, decibels, levelled, read_sound
from acd.ivr.speech import SENTENCE_ENDS, VOICES, Speaker
from sim.lab import Lab, Phone
from sim.lab.service import LabService
from tests.e2e.conftest import PROMPTS, until
from tests.e2e.promises import QUEUES, city_lab, promises

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

LINES = {"nl": "3292102010", "en": "3292102011", "fr": "3292102012"}
PAUSE = 1.0
"""Seconds without sound after which a question is over."""
LONGEST = 40.0
"""Seconds from the first word of the offer to the confirmation."""
QUIETEST: Final = -26.0
"""dB below full scale, pauses counted in; speech has -20 dB without them."""
LOUDEST: Final = 30_000
"""Of a sample: nothing is louder than -1 dB below full scale, but for the steps of the A-law."""
FASTEST: Final = 30.0
SLOWEST: Final = 8.0
"""Letters of a text that are spoken in a second."""
SHORTEST: Final = 0.15
"""Seconds of one word."""
PAUSES: Final = 0.6
"""Seconds around what is said, and of a word of one letter."""
_EVERY: Final = array("h", range(-32768, 32768))
LINEAR: Final = dict(zip(as_alaw(_EVERY), _EVERY, strict=True))
"""One of the samples that each code of the A-law stands for."""


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heard") / "sounds"
    speak(folder)
    return folder


@pytest.fixture(scope="module")
def lab(sounds: Path) -> Iterator[Lab]:
    with city_lab(sounds.parent, sounds) as lab:
        yield lab


def speak(folder: Path) -> None:
    """What this dialogue may be put together from; all of the catalogue would take a minute."""
    part = re.compile(r"cb-.*|number-[0-9]|clock-..[03]0|day-.*")
    texts = load_catalogue(PROMPTS).texts
    wanted = [(language, id, said[id]) for language, said in texts.items() for id in said if part.fullmatch(id)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda prompt: render(folder, *prompt), wanted))


def render(folder: Path, language: str, id: str, text: str) -> None:
    """As the product renders a prompt."""
    file = folder / language / "acd" / f"{id}.alaw"
    file.parent.mkdir(parents=True, exist_ok=True)
    wav = file.with_suffix(".wav")
    subprocess.run(Speaker().argv(VOICES[language], wav, text), input=text.encode(), check=True)
    file.write_bytes(as_alaw(levelled(read_sound(wav), part=not text.endswith(SENTENCE_ENDS))))
    wav.unlink()


async def test_the_dialogue_is_confirmed_within_40_s_in_every_language(lab: Lab, tmp_path: Path) -> None:
    async with LabService(lab, QUEUES, tmp_path) as service:
        took = await asyncio.gather(*(confirmed_after(lab, language) for language in LINES))
        assert {kept.promise.language for kept in await promises(service)} == set(LINES)
    heard = dict(zip(LINES, took, strict=True))
    print({language: round(seconds, 1) for language, seconds in heard.items()})  # noqa: T201
    assert max(heard.values()) < LONGEST, heard


@pytest.mark.parametrize("language", LINES)
def test_every_prompt_of_it_can_be_heard_and_is_not_distorted(sounds: Path, language: str) -> None:
    texts = load_catalogue(PROMPTS).texts[language]
    files = sorted((sounds / language / "acd").glob("*.alaw"))
    assert {f"cb-{name}" for name in CALL_BACK} <= {file.stem for file in files}
    for file in files:
        samples, text = [LINEAR[code] for code in file.read_bytes()], texts[file.stem]
        seconds = len(samples) / RATE
        assert decibels(samples) > QUIETEST, file
        assert max(map(abs, samples)) < LOUDEST, file
        assert SHORTEST + len(text) / FASTEST < seconds < PAUSES + len(text) / SLOWEST, (file, seconds, text)


async def confirmed_after(lab: Lab, language: str) -> float:
    """Seconds that are spoken from the first word of the offer to the first word of the confirmation, by the sound that
    he hears: the pause after which he answers a question does not count, nor do those of the machine."""
    number = f"+324706100{list(LINES).index(language):02}"
    async with lab.citizen(number) as him:
        call = him.call(LINES[language])
        await reaches(lab, language, "offer")
        began = answered = heard(him)
        for _ in range(3):
            await until(partial(is_silent, him, answered), 30, "the question is over")
            answered = heard(him)
            await call.digit("1")
        await reaches(lab, language, "booked")
        confirmed = heard(him)
        await asyncio.wait_for(call.ended.wait(), 60)
        assert call.ended_by_us is False, "he has heard it to the end"
        moment = (lab.folder / "data/sounds" / language / "acd/cb-moment.alaw").stat().st_size / RATE
        assert heard(him) - answered - moment > 2.0, "what is confirmed is spoken"
    return confirmed - began


async def reaches(lab: Lab, language: str, state: str) -> None:
    """The caller of this line hears that part of the dialogue."""

    def there() -> bool:
        trunk = [channel.name for channel in lab.channels() if "trunk" in channel.name]
        mine = (channel for channel in trunk if lab.variable(channel, "ACD_DID") == LINES[language])
        return any(lab.variable(channel, "ACD_STATE") == state for channel in mine)

    await until(lambda: asyncio.to_thread(there), 30, f"he is at {state}")


def heard(phone: Phone) -> float:
    """Seconds of sound so far."""
    return sum(len(packet) for _, packet in phone.sound.packets) / RATE


def is_silent(phone: Phone, since: float) -> bool:
    """It has heard something after so many seconds of sound, and now nothing any more."""
    return heard(phone) > since and time.time() - phone.sound.packets[-1][0] > PAUSE

"""What a citizen hears: the whole dialogue with the product's own prompts, on the real Asterisk, in each language. He
listens to every question to its end, and says yes; it must take him under 40 s until he hears "bevestigd"."""

import asyncio
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acd.ivr.catalogue import load_catalogue
from acd.ivr.sound import as_alaw, levelled, read_sound
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


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("heard")
    speak(folder / "sounds")
    with city_lab(folder, folder / "sounds") as lab:
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
        took = await asyncio.gather(*(confirmed_after(lab, language, did) for language, did in LINES.items()))
        assert {kept.promise.language for kept in await promises(service)} == set(LINES)
    heard = dict(zip(LINES, took, strict=True))
    print({language: round(seconds, 1) for language, seconds in heard.items()})  # noqa: T201
    assert max(heard.values()) < LONGEST, heard


async def confirmed_after(lab: Lab, language: str, did: str) -> float:
    """Seconds of dialogue from the first word of the offer to the first word of the confirmation: without the pause
    after which he answers each of the three questions."""
    number = f"+324706100{list(LINES).index(language):02}"
    async with lab.citizen(number) as him:
        call = him.call(did)
        await until(lambda: state(lab, did, "offer"), 20, "he hears the offer")
        began = time.time()
        for _ in range(3):
            await until(lambda: is_silent(him), 30, "the question is over")
            await call.digit("1")
            await asyncio.sleep(PAUSE)
        await until(lambda: state(lab, did, "booked"), 15, "he hears that it is confirmed")
        confirmed = time.time()
        await asyncio.wait_for(call.ended.wait(), 30)
        assert call.ended_by_us is False, "he has heard it to the end"
        said = sum(len(packet) for at, packet in him.sound.packets if at >= confirmed) / 8000
        assert said > 2.0, "what is confirmed is spoken"
    return confirmed - began - 3 * PAUSE


def state(lab: Lab, did: str, wanted: str) -> bool:
    trunk = (channel.name for channel in lab.channels() if "trunk" in channel.name)
    return any(lab.variable(c, "ACD_DID") == did and lab.variable(c, "ACD_STATE") == wanted for c in trunk)


def is_silent(phone: Phone) -> bool:
    return bool(phone.sound.packets) and time.time() - phone.sound.packets[-1][0] > PAUSE

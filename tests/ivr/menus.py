"""A city whose menu has every kind of node, short enough to be walked through on a real Asterisk."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from acd.config import City, parse
from acd.ivr import Flows, load_flows
from sim.lab.sound import tone
from tests.ivr.city import prompts

QUEUES = b"""
city: Testgem
defaults: {public_holidays: false, city_closing_days: false, hours: {mon-sun: 24h}}
lines:
  gentinfo: {names: {nl: Gentinfo}, dids: [3292101010]}
  sportlijn: {names: {nl: Sportlijn}}
  night: {names: {nl: Nacht}, dids: [3292101013], hours: {mon-sun: closed}}
operators:
  an: {name: An, device: 1001, lines: {gentinfo: 1, sportlijn: 1, night: 1}}
reasons:
  pauze: {nl: Pauze}
"""

MAIN = """
answers: gentinfo
languages: [nl, fr]
nodes:
  start: {play: hello, then: tongue}
  tongue: {language: language, keys: {1: nl, 2: fr}, timeout: 1, repeats: 0, then: alarm}
  alarm: {crisis: play, then: times}
  times: {hours: gentinfo, open: choose}
  choose:
    menu: choose
    keys:
      1: queue gentinfo
      2: other
      3: told
      4: silent
      5: police
      6: nightly
      7: helpdesk
      "#": hangup goodbye
    timeout: 1
    repeats: 1
    on_timeout: queue sportlijn
    on_invalid: hangup goodbye
  other: {menu: other, keys: {"*": choose, 0: other, 1: info answer}, timeout: 1, repeats: 0, otherwise: queue gentinfo}
  told: {info: answer, keys: {"*": choose}, timeout: 4}
  silent: {play: unrecorded, then: mute}
  mute: {menu: unrecorded, keys: {1: queue gentinfo}, timeout: 6, repeats: 0, otherwise: hangup}
  police: {transfer: police, ring: 5, then: queue sportlijn}
  helpdesk: {transfer: helpdesk, ring: 5, then: queue sportlijn}
  nightly: {hours: night, open: queue night, closed: late}
  late: {closed: closed, line: night, keys: {1: queue gentinfo}, timeout: 1}
"""
LANGUAGES = ("nl", "fr")
NIGHT = "answers: night\nlanguages: [nl]\nnodes:\n  start: {hours: night, open: queue night}\n"
DESTINATIONS = "police: {number: 3292666111}\nhelpdesk: {extension: 1001}\n"

TONES = {
    "hello": (500, 0.3),
    "language": (700, 0.3),
    "choose": (900, 1.0),
    "other": (1100, 0.6),
    "answer": (1300, 1.0),
    "closed": (1500, 0.6),
    "goodbye": (1700, 0.4),
    "invalid-key": (1900, 0.4),
    "crisis-storm": (2100, 0.5),
}
"""What stands for each prompt: Hertz and seconds."""
LONG = 5.0
"""Seconds of "choose" in French: nobody hears it to its end who presses a key."""


def menu_city() -> City:
    return parse(QUEUES)


def menu_flows(folder: Path, city: City) -> Flows:
    """All prompts have a text, but nobody recorded ``unrecorded``."""
    for name, text in {"main": MAIN, "night": NIGHT, "destinations": DESTINATIONS}.items():
        (folder / f"{name}.yaml").write_text(text)
    return load_flows(folder, city.lines, prompts([*TONES, "holiday", "unrecorded"], LANGUAGES))


def record(folder: Path) -> Path:
    """A sounds directory with a tone for each prompt."""
    for language in LANGUAGES:
        for id, (hertz, seconds) in TONES.items():
            said = LONG if (language, id) == ("fr", "choose") else seconds
            tone(folder / language / "acd" / f"{id}.wav", hertz, said)
    return folder


async def until(holds: Callable[[], bool], within: float = 15.0) -> None:
    """Ask again and again until it holds."""
    deadline = time.monotonic() + within
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, f"not within {within:g} s"
        await asyncio.sleep(0.1)

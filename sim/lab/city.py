"""A real Asterisk for a whole city: its lines, menus and prompts, as its own files say, but never closed."""

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from acd.config import ZONE, City, Interval
from acd.config.city import DAY_MINUTES, FrozenDict
from acd.ivr import build_prompts, dialplan, load_catalogue, load_flows
from sim.lab.asterisk import Lab, cache_folder

ALWAYS: Final = ((Interval(0, DAY_MINUTES),),) * 7


def always_open(city: City) -> City:
    """The same city without opening hours, so that it can be called at any time."""
    lines = {
        id: msgspec.structs.replace(line, hours=ALWAYS, public_holidays=False, city_closing_days=False, closing_days=())
        for id, line in city.lines.items()
    }
    return msgspec.structs.replace(city, lines=FrozenDict(lines))


def city_lab(city: City, flows: Path) -> Lab:
    """A lab with the city's menus and spoken prompts. The prompts are rendered once, in about 20 s, and kept.

    Raises:
        FlowError: the menus have faults.
        LabError: there is no Asterisk, or no root.
    """
    sounds = cache_folder() / "demo-sounds"
    build_prompts(flows / "prompts", None, sounds)
    menus = load_flows(flows, city.lines, load_catalogue(flows / "prompts"))
    return Lab(city.policy, dialplan=dialplan(menus, city, datetime.now(ZONE).date()), sounds=sounds)

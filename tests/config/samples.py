"""A small queues.yaml without a fault, to be spoiled."""

from pathlib import Path

import pytest

from acd.config import City, ConfigError, parse
from acd.model.ids import LineId

SHIPPED = Path(__file__).parents[2] / "queues.yaml"

INFO, SPORT = LineId("info"), LineId("sport")

SMALL = """\
city: Gent
defaults:
  hours: {mon-fri: 09:00-17:00}
lines:
  info:
    names: {nl: Info}
    dids: [3292101010]
  sport:
    names: {nl: Sport}
operators:
  an: {name: An, device: 1001, lines: {info: 1, sport: 2}}
  bart: {name: Bart, device: 1002, lines: {info: 1}}
reasons:
  pauze: {nl: Pauze}
closing_days:
  - {yearly: 11 juli, names: {nl: Feest}}
"""


def edited(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    return text.replace(old, new)


def city(text: str) -> City:
    return parse(text.encode())


def with_line(settings: str) -> City:
    """The small city, with ``settings`` (one ``key: value`` a line) in the line ``info``."""
    return city(edited("    dids: [3292101010]\n", "".join(f"    {line}\n" for line in settings.splitlines())))


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text if isinstance(text, bytes) else text.encode())
    return str(caught.value).splitlines()

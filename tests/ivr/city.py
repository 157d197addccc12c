"""A small city for the tests of the menus, and what its files hold unless a test says otherwise."""

from collections.abc import Iterable
from pathlib import Path

from acd.config import City, parse
from acd.ivr import Catalogue, Flows, load_flows

QUEUES = """
city: Testgem
lines:
  gentinfo:
    names: {nl: Gentinfo}
    dids: [3292101010]
    hours: {mon-fri: "09:00-17:00"}
  sportlijn:
    names: {nl: Sportlijn}
    hours: {mon-fri: "09:00-12:00, 13:00-17:00"}
    public_holidays: false
operators:
  an: {name: An, device: 1001, lines: {gentinfo: 1, sportlijn: 1}}
reasons:
  pauze: {nl: Pauze}
"""
PROMPTS = ("hello", "choose", "answer", "closed", "holiday", "goodbye", "invalid-key", "language")


def small_city(more: str = "") -> City:
    return parse((QUEUES + more).encode())


def prompts(ids: Iterable[str] = PROMPTS, languages: Iterable[str] = ("nl", "en")) -> Catalogue:
    return Catalogue({language: dict.fromkeys(ids, "tekst") for language in languages})


def flows_of(folder: Path, text: str, *, city: City | None = None, name: str = "main.yaml") -> Flows:
    """The flows of a city whose only flow is ``text``."""
    (folder / name).write_text(text, "utf-8")
    return load_flows(folder, (city or small_city()).lines, prompts())

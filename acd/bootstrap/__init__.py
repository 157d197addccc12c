"""Puts the rooms together: the service, and the tools that a city's administrator needs beside it."""

from acd.bootstrap.service import Service
from acd.bootstrap.settings import SettingMissing, Settings, configure_log
from acd.bootstrap.tools import CheckReport, build_dialplan, check, recorded_facts, render_prompts

__all__ = [
    "CheckReport",
    "Service",
    "SettingMissing",
    "Settings",
    "build_dialplan",
    "check",
    "configure_log",
    "recorded_facts",
    "render_prompts",
]

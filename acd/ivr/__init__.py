"""The menus of the city: checked, spoken and compiled to Asterisk's own dialplan."""

from acd.ivr.catalogue import Catalogue, load_catalogue, recording_faults, survey_faults
from acd.ivr.dialplan import dialplan
from acd.ivr.faults import FlowError
from acd.ivr.loader import load_captions, load_flows
from acd.ivr.nodes import Flow, Flows
from acd.ivr.speech import BuildReport, Speaker, build_prompts

__all__ = [
    "BuildReport",
    "Catalogue",
    "Flow",
    "FlowError",
    "Flows",
    "Speaker",
    "build_prompts",
    "dialplan",
    "load_captions",
    "load_catalogue",
    "load_flows",
    "recording_faults",
    "survey_faults",
]

"""Editors check the file with the same rules as the loader."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

import acd.config
from acd.config import json_schema
from tests.config.samples import SHIPPED, SMALL, edited, faults

COMMITTED = SHIPPED.parent / "acd" / "config" / "queues.schema.json"


def errors(text: str) -> list[str]:
    """What an editor would underline, read by a YAML reader of its own."""
    data: Any = YAML(typ="safe", pure=True).load(text.replace("2027-05-07", "'2027-05-07'"))
    return [error.json_path for error in Draft202012Validator(json_schema()).iter_errors(data)]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_the_committed_schema_is_current() -> None:
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == json_schema(), "run: python -m acd.config > " + str(
        COMMITTED.relative_to(SHIPPED.parent)
    )


def test_the_first_line_of_the_file_leads_an_editor_to_the_schema() -> None:
    first = SHIPPED.read_text(encoding="utf-8").splitlines()[0]
    key, _, path = first.partition("$schema=")
    assert key == "# yaml-language-server: "
    assert (SHIPPED.parent / path).resolve() == COMMITTED.resolve()


@pytest.mark.parametrize("text", [SHIPPED.read_text(encoding="utf-8"), SMALL], ids=["shipped", "small"])
def test_good_files_pass(text: str) -> None:
    assert errors(text) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    dids: [3292101010]\n", "    colour: red\n"),
        ("    dids: [3292101010]\n", "    ring_time: 99\n"),
        ("    dids: [3292101010]\n", "    ring_time: soon\n"),
        ("    dids: [3292101010]\n", "    priority: 10\n"),
        ("    dids: [3292101010]\n", "    when_full: maybe\n"),
        ("    dids: [3292101010]\n", "    dids: [a]\n"),
        ("mon-fri: 09:00-17:00", "ma-vr: 09:00-17:00"),
        ("mon-fri: 09:00-17:00", "mon-fri: 9-17"),
        ("{nl: Info}", "{en: Info}"),
        ("  sport:\n", "  Sport-lijn:\n"),
        ("sport: 2}", "sport: 0}"),
        ("device: 1001", "device: PJSIP/1001"),
        ("yearly: 11 juli", "yearly: 07-11"),
        ("city: Gent\n", ""),
        ("reasons:\n  pauze: {nl: Pauze}\n", ""),
    ],
)
def test_what_an_editor_refuses_the_loader_refuses_too(old: str, new: str) -> None:
    text = edited(old, new)
    assert errors(text)
    assert faults(text)


def test_each_setting_is_explained_in_the_editor() -> None:
    """The blocks explain themselves where a setting's name is not enough."""
    properties = json_schema()["$defs"]["LineBlock"]["properties"]
    undescribed = {name for name, schema in properties.items() if "description" not in schema}
    assert undescribed <= {"names", "announcements", "thresholds", "target_share"}


def test_the_room_gives_what_it_promises() -> None:
    assert all(hasattr(acd.config, name) for name in acd.config.__all__)

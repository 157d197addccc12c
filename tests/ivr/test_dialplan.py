"""The dialplan of the city's own menus, and that no text of a file can become dialplan."""

import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acd.config import City, load, parse
from acd.ivr import FlowError, Flows, dialplan, load_catalogue, load_flows
from acd.ivr.switch import Site, frame_files, switch_config
from acd.model.ids import LineId
from tests.ivr.city import QUEUES, flows_of, prompts, small_city
from tests.ivr.dialplan_text import Step, read

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 22)
FRAME = ("acd-arrive", "acd-ask", "acd-choose", "acd-crisis", "acd-queue")
"""Contexts of the frame that the menus lead to."""


@pytest.fixture(scope="module")
def city() -> City:
    return load(ROOT / "queues.yaml")


@pytest.fixture(scope="module")
def flows(city: City) -> Flows:
    return load_flows(ROOT / "ivr_flows", city.lines, load_catalogue(ROOT / "ivr_flows/prompts"))


def test_every_number_of_the_city_has_its_menu_and_every_menu_its_context(flows: Flows, city: City) -> None:
    plan = read(dialplan(flows, city, TODAY))
    dids = {did: id for id, line in city.lines.items() for did in line.dids}
    assert plan["acd-public"].keys() == dids.keys()
    for did, line in dids.items():
        assert plan["acd-public"][did] == [
            Step("", "Gosub", f"acd-arrive,s,1({did},nl)"),
            Step("", "Set", "CHANNEL(hangup_handler_push)=acd-flow-gone,s,1"),
            Step("", "Goto", f"acd-flow-{line},start,1"),
        ]
        assert plan[f"acd-flow-{line}"].keys() >= flows.flows[line].nodes.keys()
        assert plan["acd-hours"][line]


def test_the_same_files_give_the_same_text(flows: Flows, city: City) -> None:
    assert dialplan(flows, city, TODAY) == dialplan(flows, city, TODAY)


def test_a_greeting_of_the_line_is_played_before_the_caller_waits(tmp_path: Path) -> None:
    yaml = "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {queue: gentinfo}\n"
    city = small_city()
    silent = read(dialplan(flows_of(tmp_path, yaml), city, TODAY))["acd-flow-main"]["start"]
    assert [step.app for step in silent] == ["Gosub", "Goto"]
    greeted = _with_greeting("hello")
    steps = read(dialplan(flows_of(tmp_path, yaml, city=greeted), greeted, TODAY))["acd-flow-main"]["start"]
    assert steps[1:] == [Step("", "Playback", "acd/hello"), Step("", "Goto", "acd-queue,gentinfo,1")]
    with pytest.raises(FlowError, match=r"lines.gentinfo.greeting: prompt 'hallo' is missing in nl.yaml"):
        flows_of(tmp_path, yaml, city=_with_greeting("hallo"))


def _with_greeting(prompt: str) -> City:
    return parse(QUEUES.replace("dids: [3292101010]", f"dids: [3292101010]\n    greeting: {prompt}").encode())


def test_the_path_is_the_only_thing_that_grows_and_it_is_bounded(flows: Flows, city: City) -> None:
    plan = read(dialplan(flows, city, TODAY))
    guard = next(step for step in plan["acd-flow-pass"]["s"] if step.app == "GotoIf")
    assert guard.args == "$[${LEN(${ACD_PATH})} + ${LEN(${ARG1})} >= 200]?full"


EVIL = "${SHELL(touch x)}"
HOSTILE = st.one_of(
    st.text(st.sampled_from(list("${}[]()\"',;\\|&=<>!#*-+:. \n\tévil_0")), min_size=1, max_size=20),
    st.sampled_from([EVIL, "a)\n[acd-public]", "1,Dial(PJSIP/112)", "x;y", "$[1=1]", "nl)&x", "_X.", "é", "\u0661"]),
)
PLACES = (
    "answers: {0}\nlanguages: [nl]\nnodes:\n  start: {{queue: gentinfo}}\n",
    "answers: gentinfo\nlanguages: [{0}]\nnodes:\n  start: {{queue: gentinfo}}\n",
    "name: {0}\nanswers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{queue: gentinfo}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{play: {0}, then: hangup}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{play: hello, then: {0}}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{play: hello, then: {0}}}\n  {0}: {{queue: gentinfo}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{menu: choose, keys: {{{0}: hangup}}, otherwise: hangup}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{menu: choose, keys: {{1: {0}}}, otherwise: hangup}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{menu: choose, keys: {{1: hangup}}, timeout: {0}, "
    "otherwise: hangup}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{language: language, keys: {{1: {0}}}, then: hangup}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{queue: {0}}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{hours: {0}, open: hangup}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{transfer: {0}}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{closed: closed, line: {0}}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{hangup: {0}}}\n",
    "answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {{transfer: police}}\n#{0}\n",
)


@pytest.mark.parametrize("place", range(len(PLACES)))
@settings(max_examples=25)
@example(text=EVIL)
@given(text=HOSTILE)
def test_no_text_of_a_file_becomes_dialplan(place: int, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    folder.mkdir(exist_ok=True)
    (folder / "destinations.yaml").write_text("police: {number: 3292666111}\n")
    template = PLACES[place]
    quoted = text.replace("\n", "") if template.endswith("#{0}\n") else json.dumps(text)
    city = small_city()
    try:
        compiled = dialplan(flows_of(folder, template.format(quoted), city=city), city, TODAY)
    except FlowError:
        return
    # Only a text that the format calls harmless gets here; everything it wrote must be made of harmless characters.
    extra = set(read(compiled)["acd-flow-main"].keys())
    assert all(name.replace("_", "").isalnum() and name.isascii() for name in extra)
    for steps in read(compiled)["acd-flow-main"].values():
        for step in steps:
            assert not set("\n;\\'|") & set(step.args)
            assert step.app in {"Gosub", "Goto", "GotoIf", "Playback", "Set", "Dial", "Hangup", "NoOp"}
    assert EVIL not in compiled


APPLICATIONS = """
    AMD Answer CELGenUserEvent ChanSpy DBdeltree Dial Gosub Goto GotoIf Hangup HangupCauseClear MixMonitor NoOp
    Playback Queue Read Return Set StartMusicOnHold StopMixMonitor System Transfer UserEvent Wait
"""
"""All that the dialplan uses. Before another one joins them: can a value in its arguments name an application, a
program or a file? Whoever has an AMI password sets every value. ``ExecIf()`` was such a one."""
RUN_PROGRAMS = {"System": {"acd-fence"}, "MixMonitor": {"acd-record-begin"}}
"""Where alone they are; their variables are filtered in the very line (tests/lab/test_injection.py enters it)."""
AGAIN = re.compile(r"\b(EVAL|EVALEXTEN|SHELL|ENV|FILE|CURL|REALTIME|AST_CONFIG)\(")
"""Functions that carry out what stands in a value, or reach out of Asterisk."""


def test_no_application_of_the_dialplan_carries_out_what_a_value_names(flows: Flows, city: City) -> None:
    secrets = {operator.device: "geheim" for operator in city.policy.operators.values()}
    site = Site(
        ami_secret="not-a-real-one",
        phone_secrets=secrets,
        trunk_hosts=("192.0.2.1",),
        trunk_contact="sip:192.0.2.1:5060",
    )
    partners = {LineId(id): "+3290000000" for id in city.lines}
    files = {**frame_files(), **switch_config(city.policy, site, partners), "flows": dialplan(flows, city, TODAY)}
    used: dict[str, set[str]] = {}
    for text in files.values():
        context = ""
        for line in text.splitlines():
            if found := re.match(r"\[([\w-]+)\]", line):
                context = found[1]
            if found := re.match(r"\s*(?:exten => [^,]+,[12]|same => n)(?:\(\w+\))?,(\w+)", line):
                used.setdefault(found[1], set()).add(context)
                assert not AGAIN.search(line), line
            else:
                assert not re.match(r"\s*(?:exten|same)\b", line), f"not understood: {line}"
    assert used.keys() == set(APPLICATIONS.split())
    assert {application: used[application] for application in RUN_PROGRAMS} == RUN_PROGRAMS


@pytest.mark.parametrize(
    "number", ["112;x", "${EXTEN}", "+3292", "0032 9 266 61 11", "12", "1234567890123456", "\u0661\u0661\u0661", "a1"]
)
def test_a_destination_is_digits_and_nothing_else(number: str, tmp_path: Path) -> None:
    (tmp_path / "destinations.yaml").write_text(f"police: {{number: '{number}'}}\n", "utf-8")
    with pytest.raises(FlowError, match=r"police\.number: must be 3 to 15 digits and nothing else"):
        load_flows(tmp_path, {}, prompts())


def test_a_flow_cannot_take_its_name_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "a],x.yaml").write_text("answers: gentinfo\nlanguages: [nl]\nnodes:\n  start: {queue: gentinfo}\n")
    with pytest.raises(FlowError, match="the file's name becomes the name of the flow"):
        load_flows(tmp_path, small_city().lines, prompts())


def test_asterisklint_finds_nothing(flows: Flows, city: City, tmp_path: Path) -> None:
    """An independent reader of dialplan: unknown applications, jumps into nothing, unbalanced brackets."""
    frame = "[general]\n[globals]\n" + "".join(
        f"[{name}]\nexten => _[a-z].,1,Return()\nexten => s,1,Return()\n" for name in FRAME
    )
    (tmp_path / "extensions.conf").write_text(frame + dialplan(flows, city, TODAY), "utf-8")
    assert _lint(tmp_path) == []
    broken = dialplan(flows, city, TODAY).replace("Goto(uren,1)", "Goto(oren,1)", 1)
    (tmp_path / "extensions.conf").write_text(frame + broken, "utf-8")
    assert len(_lint(tmp_path)) == 1, "it would have seen a fault"


def _lint(folder: Path) -> list[str]:
    program = shutil.which("asterisklint", path=str(Path(sys.executable).parent))
    assert program, "asterisklint is not installed"
    done = subprocess.run([program, "dialplan-check", "extensions.conf"], cwd=folder, capture_output=True, check=False)
    return (done.stdout + done.stderr).decode().splitlines()

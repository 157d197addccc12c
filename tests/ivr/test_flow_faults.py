"""Menus that would fail a caller, and what whoever wrote them is told: which file, which line, what is wrong."""

from pathlib import Path

import msgspec
import pytest

from acd.config import CityLine
from acd.config.faults import Fault
from acd.ivr import FlowError, load_catalogue, load_flows
from acd.ivr.catalogue import NEEDED
from tests.ivr.city import flows_of, prompts, small_city

HEAD = "answers: gentinfo\nlanguages: [nl, en]\nnodes:\n"

# Name of the case -> text of the flow, then (line, place, message) of every fault that it must show.
BROKEN: dict[str, tuple[str, list[tuple[int, str, str]]]] = {
    "unknown node": (
        HEAD + "  start: {play: hello, then: chose}\n  choose: {queue: gentinfo}\n",
        [(4, "nodes.start", "there is no node 'chose'; did you mean 'choose'?")],
    ),
    "unreachable node": (
        HEAD + "  start: {queue: gentinfo}\n  orphan: {queue: sportlijn}\n",
        [(5, "nodes.orphan", "is never reached from 'start'")],
    ),
    "unreachable ring": (
        HEAD + "  start: {queue: gentinfo}\n  one: {menu: choose, keys: {1: two}, otherwise: hangup}\n"
        "  two: {menu: choose, keys: {1: one}, otherwise: hangup}\n",
        [
            (5, "nodes.one", "is never reached from 'start'"),
            (5, "nodes.hangup", "is never reached from 'start'"),
            (6, "nodes.two", "is never reached from 'start'"),
        ],
    ),
    "loop without an exit": (
        HEAD + "  start: {play: hello, then: again}\n  again: {play: hello, then: start}\n",
        [(4, "nodes.start", "goes round for ever when the caller presses nothing: start > again > start")],
    ),
    "time-out that repeats for ever": (
        HEAD + "  start: {menu: choose, keys: {1: queue gentinfo}, on_timeout: start, on_invalid: hangup}\n",
        [(4, "nodes.start", "goes round for ever when the caller presses nothing: start > start")],
    ),
    "ring through opening hours": (
        HEAD + "  start: {hours: gentinfo, open: queue gentinfo, closed: sorry}\n  sorry: {play: hello, then: start}\n",
        [(4, "nodes.start", "goes round for ever when the caller presses nothing: start > sorry > start")],
    ),
    "transfer that is tried for ever": (
        HEAD + "  start: {transfer: police, then: start}\n",
        [(4, "nodes.start", "goes round for ever when the caller presses nothing: start > start")],
    ),
    "long loop": (
        HEAD + "  start: {play: hello, then: one}\n"
        "  one: {menu: choose, keys: {1: start}, on_timeout: two, on_invalid: one}\n"
        "  two: {menu: choose, keys: {1: one}, on_timeout: three, on_invalid: one}\n"
        "  three: {play: hello, then: start}\n",
        [
            (
                4,
                "nodes.start",
                "goes round for ever when the caller presses nothing: start > one > two > three > start",
            ),
        ],
    ),
    "two menus that send a silent caller to each other": (
        HEAD + "  start: {menu: choose, keys: {1: one}, otherwise: hangup}\n"
        "  one: {menu: choose, keys: {1: one, 2: two}, on_timeout: two, on_invalid: one}\n"
        "  two: {menu: choose, keys: {1: one}, on_timeout: one, on_invalid: one}\n",
        [(5, "nodes.one", "goes round for ever when the caller presses nothing: one > two > one")],
    ),
    "missing prompt": (
        HEAD + "  start: {play: helo, then: queue gentinfo}\n",
        [(4, "nodes.start.play", "prompt 'helo' is missing in nl.yaml, en.yaml; did you mean 'hello'?")],
    ),
    "prompt that is no prompt": (
        HEAD + "  start:\n    play: [hello, 'Dag allemaal!']\n    then: queue gentinfo\n",
        [
            (
                5,
                "nodes.start.play",
                "'Dag allemaal!' cannot be a prompt: small letters and digits, words joined by '-', "
                "at most 48 characters",
            )
        ],
    ),
    "unknown line": (
        HEAD + "  start: {queue: sportlyn}\n",
        [(4, "nodes.start.queue", "there is no line 'sportlyn' in queues.yaml; did you mean 'sportlijn'?")],
    ),
    "unknown line in a step": (
        HEAD + "  start:\n    menu: choose\n    keys:\n      1: queue gentinfoo\n    otherwise: hangup\n",
        [(7, "nodes.start.keys.1.queue", "there is no line 'gentinfoo' in queues.yaml; did you mean 'gentinfo'?")],
    ),
    "key twice": (
        HEAD
        + "  start:\n    menu: choose\n    keys:\n      1: queue gentinfo\n      1: hangup\n    otherwise: hangup\n",
        [(8, "nodes.start.keys.1", "is written twice; first in line 7")],
    ),
    "key twice in two spellings": (
        HEAD + "  start:\n    menu: choose\n    keys:\n      1: hangup\n      '1': hangup\n    otherwise: hangup\n",
        [(8, "nodes.start.keys.1", "is written twice; first in line 7")],
    ),
    "no such key": (
        HEAD + "  start: {menu: choose, keys: {12: hangup, A: hangup}, otherwise: hangup}\n",
        [
            (4, "nodes.start.keys.12", "is no key of a telephone: use 0 to 9, '*' or '#'"),
            (4, "nodes.start.keys.A", "is no key of a telephone: use 0 to 9, '*' or '#'"),
        ],
    ),
    "unknown field": (
        HEAD + "  start: {menu: choose, keys: {1: hangup}, tiemout: 4, otherwise: hangup}\n",
        [(4, "nodes.start.tiemout", "unknown field in a node of the kind 'menu'; did you mean 'timeout'?")],
    ),
    "unknown field of the flow": (
        "answer: gentinfo\nlanguages: nl\nnodes:\n  start: {queue: gentinfo}\n",
        [
            (1, "answer", "unknown field in a flow; did you mean 'answers'?"),
            (1, "answers", "is missing: the lines whose callers come in here"),
        ],
    ),
    "no start": (
        HEAD + "  begin: {queue: gentinfo}\n",
        [(3, "nodes", "there is no node 'start', where the call begins")],
    ),
    "empty menu": (
        HEAD + "  start: {menu: choose, keys: {}, otherwise: hangup}\n",
        [(4, "nodes.start.keys", "must be a block of 'key: name' lines, at least one, not an empty block")],
    ),
    "menu without a way when nobody chooses": (
        HEAD + "  start: {menu: choose, keys: {1: hangup}, on_timeout: hangup}\n",
        [
            (
                4,
                "nodes.start.on_invalid",
                "is missing: where to go then; 'otherwise' covers both no key and a wrong one",
            )
        ],
    ),
    "unknown destination": (
        HEAD + "  start: {transfer: plice}\n",
        [
            (
                4,
                "nodes.start.transfer",
                "there is no destination 'plice' in destinations.yaml; did you mean 'police'?",
            )
        ],
    ),
    "two things at once": (
        HEAD + "  start: {play: hello, queue: gentinfo, then: hangup}\n",
        [(4, "nodes.start", "does more than one thing: play, queue; make each a node of its own")],
    ),
    "nothing at all": (
        HEAD + "  start: {que: gentinfo}\n",
        [
            (
                4,
                "nodes.start",
                "does not say what it does: play, hours, language, menu, info, queue, crisis, transfer, closed, "
                "hangup; did you mean 'queue'?",
            )
        ],
    ),
    "language that is not offered": (
        HEAD + "  start: {language: language, keys: {1: nl, 3: fr}, then: queue gentinfo}\n",
        [(4, "nodes.start.keys.3", "language 'fr' is not among the languages of this flow")],
    ),
    "numbers out of range": (
        HEAD + "  start: {menu: choose, keys: {1: hangup}, timeout: 0, repeats: 99, otherwise: hangup}\n",
        [
            (4, "nodes.start.timeout", "must be a number of seconds from 1 to 60, not '0'"),
            (4, "nodes.start.repeats", "must be a number of times from 0 to 9, not '99'"),
        ],
    ),
    "captions in other languages": (
        HEAD + "  start:\n    queue: gentinfo\n    captions:\n      nl: Wachten\n      de: Warten\n      EN: Wait\n",
        [
            (8, "nodes.start.captions.de", "is no language of the pages: nl, en, fr"),
            (9, "nodes.start.captions.EN", "is no language of the pages: nl, en, fr; did you mean 'en'?"),
        ],
    ),
    "captions without the Dutch one": (
        HEAD + "  start: {queue: gentinfo, captions: {fr: Attente}}\n",
        [(4, "nodes.start.captions.nl", "is missing: the Dutch text stands for the others, too")],
    ),
    "captions that say nothing": (
        HEAD + "  start:\n    queue: gentinfo\n    captions: {nl: '', en: 12, fr: [Attente]}\n",
        [
            (6, "nodes.start.captions.en", "must be text, not '12'"),
            (6, "nodes.start.captions.fr", "must be text, not a list"),
            (6, "nodes.start.captions.nl", "must be text, not ''"),
        ],
    ),
    "captions that are no captions": (
        HEAD + "  start:\n    queue: gentinfo\n    captions: Wachten\n",
        [(6, "nodes.start.captions", "must be a block of 'language: text' lines, not 'Wachten'")],
    ),
    "a caption that turns the line round, and one that is a story": (
        HEAD + '  start:\n    queue: gentinfo\n    captions:\n      nl: "\\u202Enee"\n      en: ' + "w" * 61 + "\n",
        [
            (7, "nodes.start.captions.nl", "contains an invisible character (U+202E)"),
            (8, "nodes.start.captions.en", "is too long: 61 characters, at most 60"),
        ],
    ),
    "captions of a whole flow": (
        "captions: {nl: Hoofdnummer}\n" + HEAD + "  start: {queue: gentinfo}\n",
        [(1, "captions", "unknown field in a flow")],
    ),
    "not a step": (
        HEAD + "  start: {play: hello, then: ask gentinfo}\n",
        [(4, "nodes.start.then", "'ask gentinfo' is neither a node nor a step such as 'queue <line>'")],
    ),
    "a name that Asterisk reads otherwise": (
        HEAD + "  start: {play: hello, then: hangup}\n  h: {queue: gentinfo}\n  a-b: {queue: gentinfo}\n",
        [
            (
                5,
                "nodes.h",
                "cannot be the name of a node: small letters and digits, words joined by '_', 2 to 32 characters",
            ),
            (5, "nodes.h", "is never reached from 'start'"),
            (
                6,
                "nodes.a-b",
                "cannot be the name of a node: small letters and digits, words joined by '_', 2 to 32 characters",
            ),
            (6, "nodes.a-b", "is never reached from 'start'"),
        ],
    ),
    "no value": (
        HEAD + "  start:\n    play:\n    then: hangup\n",
        [(5, "nodes.start.play", "has no value: a prompt of the catalogue")],
    ),
    "no flow at all": (
        "- start\n",
        [(1, "", "must be a block of 'key: value' lines, not a list")],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_says_what_is_wrong_and_where(case: str, tmp_path: Path) -> None:
    text, expected = BROKEN[case]
    (tmp_path / "destinations.yaml").write_text("police: {number: 3292666111}\n")
    (tmp_path / "main.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FlowError) as caught:
        load_flows(tmp_path, small_city().lines, prompts())
    file = str(tmp_path / "main.yaml")
    found = [fault for fault in caught.value.faults if fault.file == file]
    assert sorted(found) == sorted(Fault(file, line, path, message) for line, path, message in expected)
    assert all(str(fault) in str(caught.value) for fault in found)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (
            HEAD + "  start:\n    play: hello\n   then: hangup\n  other: {queue: gentinfoo}\n",
            6,
            "is indented differently",
        ),
        (HEAD + "  start: [play\n  other: {queue: gentinfoo}\n", 4, "a '[' is opened here and not closed"),
        (HEAD + "  start: {queue: 'gentinfo}\n", 4, "never closed"),
        ("answers: \udce9\n", 1, "is not UTF-8"),
        ("answers: &a gentinfo\nlanguages: *a\nnodes: {}\n", 2, "aliases"),
        ("", 1, "the file is empty"),
    ],
)
def test_text_that_is_no_yaml_is_told_with_its_line(text: str, line: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FlowError) as caught:
        load_flows(tmp_path, small_city().lines, prompts())
    assert [fault for fault in caught.value.faults if fault.line == line and says in fault.message]
    if "gentinfoo" in text and "[" not in text:
        assert any("there is no line 'gentinfoo'" in fault.message for fault in caught.value.faults)


def test_all_faults_of_all_files_come_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "destinations.yaml").write_text("police: {number: 0032-9}\nHulp: {extension: 4001}\n")
    (tmp_path / "one.yaml").write_text(HEAD + "  start: {queue: x1}\n  lost: {play: nope, then: nowhere}\n")
    (tmp_path / "two.yaml").write_text("answers: [gentinfo, gentinfo2]\nlanguages: xx1\nnodes: {}\n")
    with pytest.raises(FlowError) as caught:
        load_flows(tmp_path, small_city().lines, prompts())
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults] == [
        "destinations.yaml:1: police.number: must be 3 to 15 digits and nothing else, not '0032-9'",
        "destinations.yaml:2: Hulp: cannot be the name of a destination: small letters and digits, words joined by "
        "'_', 2 to 32 characters",
        "one.yaml:4: nodes.start.queue: there is no line 'x1' in queues.yaml",
        "one.yaml:5: nodes.lost: is never reached from 'start'",
        "one.yaml:5: nodes.lost: there is no node 'nowhere'",
        "one.yaml:5: nodes.lost.play: prompt 'nope' is missing in nl.yaml, en.yaml",
        "two.yaml:1: answers: line 'gentinfo' is answered by flow 'one' already",
        "two.yaml:1: answers: there is no line 'gentinfo2' in queues.yaml; did you mean 'gentinfo'?",
        "two.yaml:2: languages: 'xx1' is no language: two small letters, such as nl",
        "two.yaml:3: nodes: there is no node 'start', where the call begins",
    ]


def test_a_number_that_nobody_would_answer_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FlowError) as caught:
        flows_of(tmp_path, HEAD.replace("gentinfo", "sportlijn") + "  start: {queue: gentinfo}\n")
    assert [(f.file, f.message) for f in caught.value.faults] == [
        (str(tmp_path), "no flow answers 3292101010: name line 'gentinfo' under 'answers'")
    ]


def test_queues_yaml_may_name_the_flow_of_a_line(tmp_path: Path) -> None:
    city = small_city().lines
    text = HEAD.replace("gentinfo", "sportlijn") + "  start: {queue: gentinfo}\n"
    (tmp_path / "main.yaml").write_text(text)
    named = {id: line if id != "gentinfo" else _with_flow(line, "main") for id, line in city.items()}
    assert load_flows(tmp_path, named, prompts()).numbers == {"3292101010": "main"}
    wrong = {id: line if id != "gentinfo" else _with_flow(line, "mian") for id, line in city.items()}
    with pytest.raises(FlowError, match=r"queues.yaml:1: lines.gentinfo.flow: there is no flow 'mian'; did you mean"):
        load_flows(tmp_path, wrong, prompts())


def _with_flow(line: CityLine, flow: str) -> CityLine:
    return msgspec.structs.replace(line, flow=flow)


def test_the_catalogue_names_every_text_that_cannot_be_spoken(tmp_path: Path) -> None:
    needed = "".join(f"{id}: tekst\n" for id in NEEDED if id not in ("closed", "wait-2-5"))
    (tmp_path / "nl.yaml").write_text(needed + "Groet: Dag\nempty: ''\nsilent: '...'\nnumber: 12\nempty: x\n")
    (tmp_path / "dutch.yaml").write_text(needed + "closed: a\nwait-2-5: b\n")
    with pytest.raises(FlowError) as caught:
        load_catalogue(tmp_path)
    first = needed.count("\n") + 1
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults] == [
        "dutch.yaml:1: the file's name must be a language of two small letters, such as nl.yaml",
        "nl.yaml:1: prompt 'closed' is missing: the system needs it",
        "nl.yaml:1: prompt 'wait-2-5' is missing: the system needs it",
        f"nl.yaml:{first}: Groet: cannot be the name of a prompt: small letters and digits, words joined by '-', "
        "at most 48 characters",
        f"nl.yaml:{first + 1}: empty: says nothing",
        f"nl.yaml:{first + 2}: silent: says nothing",
        f"nl.yaml:{first + 3}: number: must be text, not '12'",
        f"nl.yaml:{first + 4}: empty: is written twice; first in line {first + 1}",
    ]


def test_a_catalogue_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="there is no catalogue"):
        load_catalogue(tmp_path / "nowhere")

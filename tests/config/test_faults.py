"""Whoever edits queues.yaml learns in one go what is wrong, where, and what to do."""

from pathlib import Path

import pytest

from acd.config import ConfigError, Fault, load, parse
from tests.config.samples import SMALL, city, edited, faults

TWENTY = Path(__file__).with_name("twenty_faults.yaml")


def test_every_planted_fault_is_told_in_one_go_with_its_line() -> None:
    lines = enumerate(TWENTY.read_text().splitlines(), start=1)
    planted = {n: line.split("#!")[1].strip() for n, line in lines if "#!" in line and not line.startswith("#")}
    assert len(planted) >= 20

    with pytest.raises(ConfigError) as caught:
        load(TWENTY)

    told = {fault.line: f"{fault.path}: {fault.message}" for fault in caught.value.faults}
    assert len(caught.value.faults) == len(planted), "a fault is told twice"
    assert told.keys() == planted.keys()
    assert [f"{line}: {told[line]}" for line in planted if planted[line] not in told[line]] == []


def test_the_message_is_one_line_a_fault_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        load(TWENTY)

    lines = str(caught.value).splitlines()
    assert lines[0] == f"{TWENTY}:2: city: must not be empty"
    assert lines == [str(fault) for fault in caught.value.faults]
    assert [fault.line for fault in caught.value.faults] == sorted(fault.line for fault in caught.value.faults)


def test_a_fault_is_file_line_path_and_message() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(edited("{name: An,", "{name: 5,").encode(), "gent.yaml")

    assert caught.value.faults == (
        ("gent.yaml", 11, "operators.an.name", "must be text (in quotes if need be), not 5"),
    )
    assert isinstance(caught.value.faults[0], Fault)


LINE = "    dids: [3292101010]\n"
HOURS = "  hours: {mon-fri: 09:00-17:00}\n"
CLOSING = "  - {yearly: 11 juli, names: {nl: Feest}}\n"
BART = "{name: Bart, device: 1002, lines: {info: 1}}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # Keys
        ("city: Gent\n", "", "1: city: is missing"),
        (LINE, "    colour: red\n", "7: lines.info.colour: unknown key"),
        (LINE, "    wrapup: 30\n", "7: lines.info.wrapup: unknown key; did you mean 'wrap_up'?"),
        ("lines:\n", "line:\n", "1: lines: is missing"),
        ("lines:\n", "line:\n", "4: line: unknown key; did you mean 'lines'?"),
        (
            LINE,
            LINE + "    thresholds: {waitin: {amber: 1, red: 2}}\n",
            "8: lines.info.thresholds.waitin: unknown key; did",
        ),
        (
            CLOSING,
            "  - {yearly: 11 juli, nams: {nl: F}, names: {nl: F}}\n",
            "16: closing_days[0].nams: unknown key; did",
        ),
        (LINE, LINE + LINE, "8: lines.info.dids: is written twice; first in line 7"),
        ("reasons:", "lines:\n  info: {names: {nl: X}}\nreasons:", "13: lines: is written twice; first in line 4"),
        ("reasons:", "lines:\n  info: {names: {nl: X}}\nreasons:", "14: lines.info: is written twice"),
        # Wrong types
        (LINE, "    capacity: many\n", "7: lines.info.capacity: must be a whole number, not 'many'"),
        (LINE, "    capacity: 3.5\n", "7: lines.info.capacity: must be a whole number, not 3.5"),
        (LINE, "    capacity: 0060\n", "7: lines.info.capacity: must be a whole number, not '0060'"),
        (LINE, "    capacity:\n", "7: lines.info.capacity: has no value"),
        (LINE, "    capacity: [3]\n", "7: lines.info.capacity: must be a whole number, not a list"),
        (LINE, "    public_holidays: no\n", "7: lines.info.public_holidays: must be true or false, not 'no'"),
        (LINE, "    target_share: true\n", "7: lines.info.target_share: must be a number, not true"),
        (
            LINE,
            "    announcements: 20s\n",
            "7: lines.info.announcements: must be a block of 'key: value' lines, not '20s'",
        ),
        (LINE, "    dids: 3292101010\n", "7: lines.info.dids: must be a list, not 3292101010"),
        (LINE, "    when_full: partnr\n", "not 'partnr'; did you mean 'partner'?"),
        (
            "  an: {name: An,",
            "  an: {name: true,",
            "operators.an.name: must be text (in quotes if need be), not true",
        ),
        ("{nl: Pauze}", "[Pauze]", "14: reasons.pauze: must be a block of 'key: value' lines, not a list"),
        # Out of range
        (LINE, "    ring_time: 4\n", "7: lines.info.ring_time: must be from 5 to 60 seconds, not 4"),
        (LINE, "    ring_time: 61s\n", "7: lines.info.ring_time: must be from 5 to 60 seconds, not 61"),
        (LINE, "    wrap_up: -1\n", "7: lines.info.wrap_up: must be from 0 to 3600 seconds, not -1"),
        (LINE, "    wrap_up: 2h\n", "7: lines.info.wrap_up: must be from 0 to 3600 seconds, not 7200"),
        (LINE, "    wrap_up: 2d\n", "7: lines.info.wrap_up: must be seconds (30) or a duration like 30s, 2m or 1h"),
        (LINE, "    wrap_up: '30'\n", "7: lines.info.wrap_up: must be seconds (30) or a duration like 30s, 2m or 1h"),
        (LINE, "    priority: 10\n", "7: lines.info.priority: must be at most 9, not 10"),
        (LINE, "    priority: -1\n", "7: lines.info.priority: must be at least 0, not -1"),
        (LINE, "    capacity: 0\n", "7: lines.info.capacity: must be at least 1, not 0"),
        (LINE, "    calls_per_day: 0\n", "7: lines.info.calls_per_day: must be more than 0, not 0"),
        (LINE, "    target_share: 95\n", "7: lines.info.target_share: is a share from 0 to 1: write 95 % as 0.95"),
        ("sport: 2}", "sport: 0}", "11: operators.an.lines.sport: must be at least 1, not 0"),
        (LINE, "    thresholds: {waiting: {amber: 5, red: 2}}\n", "waiting.red: must not be less than amber (5)"),
        (LINE, "    thresholds: {longest_wait: {amber: 2m, red: 90}}\n", "wait.red: must not be less than amber (120)"),
        (LINE, "    thresholds: {reachability: {amber: 0.8, red: 0.9}}\n", "red: must not be more than amber (0.8)"),
        # Names, ids, numbers
        ("{nl: Info}", "{nl: ''}", "6: lines.info.names.nl: must not be empty"),
        ("{nl: Info}", "{nl: '  '}", "6: lines.info.names.nl: must not be empty"),
        ("{nl: Info}", "{en: Info}", "6: lines.info.names.nl: is missing"),
        ("{nl: Info}", "{nl: " + 81 * "x" + "}", "6: lines.info.names.nl: is too long: at most 80 characters"),
        ("{nl: Pauze}", "{en: Break}", "14: reasons.pauze.nl: is missing"),
        (
            "  pauze: {nl: Pauze}\n",
            "  ring_no_answer: {nl: X}\n",
            "14: reasons.ring_no_answer: 'ring_no_answer' is set by",
        ),
        ("  sport:\n", "  Sport-lijn:\n", "8: lines.Sport-lijn: must be 2 to 40 lower-case letters, digits and _"),
        ("  sport:\n", f"  {41 * 's'}:\n", "must be 2 to 40 lower-case letters, digits and _"),
        ("  sport:\n", "  s:\n", "8: lines.s: must be 2 to 40 lower-case letters, digits and _, beginning with a let"),
        ("  sport:\n", "  _sport:\n", "8: lines._sport: must be 2 to 40 lower-case letters, digits and _, beginning"),
        ("  bart:", "  Bart:", "12: operators.Bart: must be 1 to 40 lower-case letters, digits and _, not 'Bart'"),
        ("  pauze:", "  koffie-pauze:", "14: reasons.koffie-pauze: must be 1 to 40 lower-case letters, digits and _"),
        ("device: 1001", "device: PJSIP/1001", "11: operators.an.device: must be 1 to 40 letters, digits and _"),
        ("device: 1001", "device: ''", "11: operators.an.device: must be 1 to 40 letters, digits and _, not ''"),
        ("device: 1001", "device: 1002", "12: operators.bart.device: 1002 is the device of operators.an already"),
        ("device: 1001", "device: '1002'", "12: operators.bart.device: 1002 is the device of operators.an already"),
        (LINE, "    dids: [+3292101010]\n", "7: lines.info.dids[0]: must be the digits that the trunk delivers"),
        (LINE, "    dids: [09 210 10 10]\n", "7: lines.info.dids[0]: must be the digits that the trunk delivers"),
        (LINE, "    dids: [1, -3292101010]\n", "7: lines.info.dids[1]: must be the digits that the trunk delivers"),
        (
            LINE,
            LINE.replace("]", ", '3292101010']"),
            "7: lines.info.dids[1]: 3292101010 is a number of lines.info already",
        ),
        (
            "{nl: Sport}\n",
            "{nl: Sport}\n" + LINE,
            "10: lines.sport.dids[0]: 3292101010 is a number of lines.info already",
        ),
        (LINE, "    partner: sip:x@y\n", "7: lines.info.partner: must be a telephone number in digits"),
        (LINE, "    greeting: ../x\n", "7: lines.info.greeting: must be the id of a prompt"),
        # Hours
        (HOURS, "  capacity: 5\n", "5: lines.info.hours: opening hours are missing, here and in 'defaults'"),
        (HOURS, "  hours: 09:00-17:00\n", "3: defaults.hours: must be a block of 'key: value' lines"),
        (HOURS, "  hours: {mon: 17:00-09:00}\n", "3: defaults.hours.mon: 17:00-09:00 ends before it begins"),
        (HOURS, "  hours: {mon: 09:00-09:00}\n", "3: defaults.hours.mon: 09:00-09:00 ends before it begins"),
        (HOURS, "  hours: {mon: '09:00-12:00, 11:59-17:00'}\n", "mon: 09:00-12:00 and 11:59-17:00 overlap"),
        (HOURS, "  hours: {mon: [13:00-17:00, 09:00-14:00]}\n", "mon: 09:00-14:00 and 13:00-17:00 overlap"),
        (
            HOURS,
            "  hours: {mon: [09:00-12:00,\n    5]}\n",
            "4: defaults.hours.mon[1]: must be hours such as 09:00-17:00, not 5",
        ),
        (HOURS, "  hours: {mon: 09:00-25:00}\n", "3: defaults.hours.mon: must be hours such as 09:00-17:00, not"),
        (
            HOURS,
            "  hours: {mon: 0900-1700}\n",
            "3: defaults.hours.mon: must be hours such as 09:00-17:00, not '0900-1700'",
        ),
        (HOURS, "  hours: {mon: 9:00}\n", "3: defaults.hours.mon: must be hours such as 09:00-17:00, not '9:00'"),
        (
            HOURS,
            "  hours: {mon: 900}\n",
            "3: defaults.hours.mon: must be hours such as 09:00-17:00, 24h or closed, not 900",
        ),
        (HOURS, "  hours: {munday: 24h}\n", "3: defaults.hours.munday: must be a day or days: mon, tue, wed, thu, fri"),
        (HOURS, "  hours: {fri-mon: 24h}\n", "3: defaults.hours.fri-mon: fri-mon ends before it begins"),
        (HOURS, "  hours: {mon-fri: 24h, wed: closed}\n", "3: defaults.hours.wed: wed is given by mon-fri already"),
        # Dates
        (
            CLOSING,
            "  - {date: 2027-02-29, names: {nl: X}}\n",
            "16: closing_days[0].date: 2027-02-29 is not in the calendar",
        ),
        (
            CLOSING,
            "  - {date: 24/12/2026, names: {nl: X}}\n",
            "16: closing_days[0].date: must be a date such as 2026-12-24",
        ),
        (
            CLOSING,
            "  - {yearly: 30 februari, names: {nl: X}}\n",
            "16: closing_days[0].yearly: 30 februari is not in the",
        ),
        (
            CLOSING,
            "  - {yearly: 07-11, names: {nl: X}}\n",
            "16: closing_days[0].yearly: must be a day and a month such as",
        ),
        (
            CLOSING,
            "  - {first: 2027-01-02, last: 2027-01-01, names: {nl: X}}\n",
            "last: 2027-01-01 is before 2027-01-02",
        ),
        (
            CLOSING,
            "  - {first: 2027-01-02, names: {nl: X}}\n",
            "16: closing_days[0]: needs one of: date; yearly; first and",
        ),
        (
            CLOSING,
            "  - {yearly: 1 mei, date: 2027-05-01, names: {nl: X}}\n",
            "16: closing_days[0]: needs one of: date; yearly",
        ),
        # What must fit together
        (
            BART,
            BART.replace("info", "infos"),
            "12: operators.bart.lines.infos: there is no such line; did you mean 'info'?",
        ),
        (
            LINE,
            "    when_full: partner\n",
            "7: lines.info.when_full: sends callers to the partner, but the line has no",
        ),
        (LINE, "    when_unstaffed: partner\n", "7: lines.info.when_unstaffed: sends callers to the partner, but the"),
        (
            LINE,
            "    overflow_after: 150s\n",
            "7: lines.info.overflow_after: sends callers to the partner, but the line",
        ),
        (
            HOURS,
            HOURS + "  when_full: partner\n",
            "6: lines.info.when_full: sends callers to the partner, but the line has",
        ),
        # Syntax
        (LINE, "\tdids: [3292101010]\n", "7: lines.info: a tab: indent with spaces"),
        (LINE, "    dids: [3292101010\n", "7: lines.info: a '[' is opened here and not closed, or a ',' is missing"),
        (LINE, "     dids: [3292101010]\n", "7: lines.info: this is indented differently from the lines around it"),
        (LINE, "   dids: [3292101010]\n", "7: lines.info: this is indented differently from the lines around it"),
        ("{nl: Info}", "{nl: 'Info}", "6: lines.info: a quote is opened here and never closed"),
        ("{nl: Info}", "{nl: Info: de lijn}", "6: lines.info: a '{' is opened here and not closed"),
        ("{nl: Info}", "{nl: @info}", "6: lines.info: '@' cannot stand here; text that begins with it needs quotes"),
        ("city: Gent\n", "city: Gent: de stad\n", "1: city: a ':' too many: text with ': ' in it needs quotes"),
        ("reasons:", "---\nreasons:", "13: a second document begins here: the file holds one"),
    ],
)
def test_each_fault_is_told_at_its_place(old: str, new: str, told: str) -> None:
    report = faults(edited(old, new))

    assert any(told in line for line in report), "\n".join(report)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINE, "    wrapup: 30\n"),
        (HOURS, "  hours: {mon: 17:00-09:00}\n"),
        (HOURS, HOURS + "  ring_time: 2m\n"),
        (HOURS, HOURS + "  thresholds: {waiting: {amber: 5, red: 2}}\n"),
        ("{nl: Info}", "{nl: 'Info}"),
        (LINE, "\tdids: [3292101010]\n"),
        (CLOSING, "  - {date: 2027-02-29, names: {nl: X}}\n"),
        ("sport: 2}", "sport: 0}"),
        ("sport: 2}", "Sport: 2}"),
        ("{nl: Pauze}", "!!python/object:os.system {nl: Pauze}"),
    ],
)
def test_one_mistake_is_one_fault(old: str, new: str) -> None:
    assert len(faults(edited(old, new))) == 1


def test_what_does_not_fit_is_told_together_with_what_is_wrong_elsewhere() -> None:
    text = edited("lines: {info: 1}}", "lines: {nowhere: x}}")
    text = edited("city: Gent", "city: [", text)
    text = edited("{nl: Sport}", "{nl: Sport}\n    hours: {mon-fri: 9-17, mon: 24h}", text)

    assert [line.split(":")[1] for line in faults(text)] == ["1", "10", "10", "13", "13"]


def test_two_broken_blocks_are_told_at_once_and_do_not_hide_the_rest() -> None:
    text = edited("{nl: Info}", '{nl: "Info}')
    text = edited("{name: Bart,", "{name: 'Bart,", text)
    text = edited("{nl: Pauze}", "{nl: 3}", text)

    assert [line.split(":")[1] for line in faults(text)] == ["6", "12", "14"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  sport:\n", "  sport\n", "8: lines: a ':' is missing after the key"),
        ("  sport:\n", "<<<<<<< HEAD\n  sport:\n", "8: a ':' is missing after the key"),
        ("city: Gent\n", "city Gent\n", "1: a ':' is missing after the key"),
        (HOURS, "  hours\n    mon: 24h\n", "3: defaults: a ':' is missing after the key"),
    ],
)
def test_what_refers_to_a_block_that_was_left_out_is_no_fault(old: str, new: str, told: str) -> None:
    """The rest of the file is still read: the reason in the last lines is told too."""
    report = faults(edited(old, new, edited("{nl: Pauze}", "{nl: 3}")))

    assert len(report) == 2, report
    assert told in report[0]
    assert "reasons.pauze.nl" in report[1]


def test_two_sections_of_one_name_are_read_both() -> None:
    text = edited("reasons:", "lines:\n  lez: {names: {nl: LEZ}}\nreasons:")
    text = edited("lines: {info: 1}}", "lines: {lez: 1}}", text)

    assert faults(text) == ["queues.yaml:13: lines: is written twice; first in line 4"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_says_so(text: str) -> None:
    assert faults(text) == ["queues.yaml:1: the file is empty"]


def test_a_file_that_is_not_there_is_a_fault_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"queues\.yaml:1: cannot be read: No such file or directory"):
        load(tmp_path / "queues.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_line_nobody_can_serve_is_a_warning() -> None:
    loaded = city(edited(", sport: 2", ""))

    assert [str(warning) for warning in loaded.warnings] == [
        "queues.yaml:8: lines.sport: no operator has this line: nobody can serve its callers"
    ]


def test_an_operator_without_lines_and_a_line_that_never_opens_are_warnings() -> None:
    text = edited("lines: {info: 1}}", "lines: {}}")
    text = edited("{nl: Sport}", "{nl: Sport}\n    hours: {mon-sun: closed}", text)

    assert [(warning.line, warning.path) for warning in city(text).warnings] == [
        (10, "lines.sport.hours"),
        (13, "operators.bart.lines"),
    ]


def test_the_small_file_itself_has_nothing_wrong() -> None:
    assert city(SMALL).warnings == ()

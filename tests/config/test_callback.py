"""The callback of a line, who works when, and a year's volume: read from the file, or told with line and advice."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from acd.config import CallbackTerms, City, Duty, Interval, Shift, describe_changes, load
from acd.config.schema import CallbackBlock, ShiftBlock
from acd.model.ids import LineId, OperatorId
from acd.model.policy import CallbackRule
from tests.config.samples import INFO, SHIPPED, SMALL, SPORT, city, edited, faults, with_line
from tests.config.test_schema import errors

AN, BART = OperatorId("an"), OperatorId("bart")
LINE = "    dids: [3292101010]\n"
DEFAULTS = "  hours: {mon-fri: 09:00-17:00}\n"
SHIFT = "shifts:\n  - {operators: [an, bart], days: 'mon-wed, fri', hours: 09:00-17:00, breaks: 12:00-12:30}\n"


def callback(settings: str) -> City:
    return with_line(f"callback: {settings}")


@pytest.mark.parametrize("struct", [CallbackRule, CallbackTerms])
def test_every_setting_of_a_promise_can_be_set_in_the_file(struct: type[msgspec.Struct]) -> None:
    assert set(struct.__struct_fields__) <= set(CallbackBlock.model_fields)


def test_every_setting_arrives() -> None:
    loaded = callback(
        "{after: 2m, early_after: 5, early_when: 3m, again_after: 0, reserve: 1, operator_first: false, "
        "ring_citizen: 20s, machine_detection: false, working_days: 3, calling_hours: {mon: 10:00-16:00}, attempts: 2, "
        "gap: 3h, occupancy: 0.6, share: 0.4}"
    )

    assert loaded.policy.lines[INFO].callback == CallbackRule(
        after=120.0,
        early_after=5.0,
        early_when=180.0,
        again_after=0.0,
        reserve=1,
        operator_first=False,
        ring_citizen=20.0,
        machine_detection=False,
    )
    assert loaded.lines[INFO].callback == CallbackTerms(
        working_days=3,
        calling_hours=((Interval(600, 960),), (), (), (), (), (), ()),
        attempts=2,
        gap=10_800.0,
        occupancy=0.6,
        share=0.4,
    )


def test_a_line_without_the_block_never_defers_a_caller() -> None:
    assert (city(SMALL).policy.lines[INFO].callback, city(SMALL).lines[INFO].callback) == (None, None)


def test_an_empty_block_is_flanders_promise() -> None:
    loaded = callback("{}")
    assert loaded.policy.lines[INFO].callback == CallbackRule()
    assert loaded.lines[INFO].callback == CallbackTerms()
    assert (CallbackRule().after, CallbackTerms().working_days) == (150.0, 2)


def promise(loaded: City, line: LineId) -> tuple[float, int]:
    rule, terms = loaded.policy.lines[line].callback, loaded.lines[line].callback
    assert rule and terms
    return rule.after, terms.working_days


@pytest.mark.parametrize(
    ("defaults", "own", "expected"),
    [
        ("{}", "{preset: 1700}", (150, 2)),
        ("{}", "{preset: '1700'}", (150, 2)),
        ("{}", "{preset: charter}", (150, 1)),
        ("{preset: charter}", "{}", (150, 1)),
        ("{preset: charter}", "{working_days: 3}", (150, 3)),
        ("{preset: charter, after: 100}", "{}", (100, 1)),
        # A preset on the line is meant: it stands above what the defaults say one by one.
        ("{after: 100, working_days: 5}", "{preset: charter}", (150, 1)),
        ("{after: 100, working_days: 5}", "{preset: charter, after: 120}", (120, 1)),
        ("never", "{preset: charter}", (150, 1)),
    ],
)
def test_the_nearer_word_wins(defaults: str, own: str, expected: tuple[float, int]) -> None:
    text = edited(DEFAULTS, f"{DEFAULTS}  callback: {defaults}\n")
    assert promise(city(edited(LINE, f"    callback: {own}\n", text)), INFO) == expected


def test_never_on_a_line_beats_the_defaults() -> None:
    text = edited(LINE, "    callback: never\n", edited(DEFAULTS, f"{DEFAULTS}  callback: {{}}\n"))
    loaded = city(text)
    assert (loaded.policy.lines[INFO].callback, loaded.lines[INFO].callback) == (None, None)
    assert loaded.lines[SPORT].callback == CallbackTerms()


def test_a_lines_calling_hours_are_its_whole_week() -> None:
    text = edited(DEFAULTS, f"{DEFAULTS}  callback: {{calling_hours: {{mon-fri: 10:00-16:00}}}}\n")
    terms = city(edited(LINE, "    callback: {calling_hours: {sat: 9:00-12:00}}\n", text)).lines[INFO].callback
    assert terms and terms.calling_hours == ((), (), (), (), (), (Interval(540, 720),), ())


def test_the_lines_of_the_night_shelter_never_defer() -> None:
    gent = load(SHIPPED)
    never = {id for id, line in gent.lines.items() if line.callback is None}
    assert never == {"nachtopvang", "toeleiders"}
    assert never == {id for id, line in gent.policy.lines.items() if line.callback is None}
    assert gent.policy.lines[LineId("gentinfo")].callback == CallbackRule()
    assert gent.lines[LineId("gentinfo")].callback == CallbackTerms(), "the file explains the engine's own defaults"
    assert {operator for shift in gent.shifts for operator in shift.operators} == set(gent.policy.operators)


def test_a_years_volume_is_spread_over_the_days_on_which_the_line_is_open() -> None:
    """Gentinfo had 106,314 calls in 2022. 261 weekdays a year, less about 8 holidays on weekdays and 11 July."""
    per_day = with_line("calls_per_year: 106314").policy.lines[INFO].calls_per_day
    assert 106_314 / 254 < per_day < 106_314 / 251
    every_day = with_line(
        "calls_per_year: 365.25\nhours: {mon-sun: 24h}\npublic_holidays: false\ncity_closing_days: false"
    )
    assert every_day.policy.lines[INFO].calls_per_day == 1.0


def test_a_lines_yearly_volume_beats_the_daily_one_of_the_defaults() -> None:
    text = edited(LINE, "    calls_per_year: 2530\n", edited(DEFAULTS, f"{DEFAULTS}  calls_per_day: 77\n"))
    lines = city(text).policy.lines
    assert lines[SPORT].calls_per_day == 77
    assert 9 < lines[INFO].calls_per_day < 11


# --- Shifts and the planner's file -----------------------------------------------------------------------------------


def test_shifts_arrive() -> None:
    assert set(Shift.__struct_fields__) == set(ShiftBlock.model_fields)
    assert city(SMALL + SHIFT).shifts == (
        Shift(operators=(AN, BART), days=(0, 1, 2, 4), hours=(Interval(540, 1020),), breaks=(Interval(720, 750),)),
    )


def with_roster(folder: Path, csv: str | bytes) -> City:
    (folder / "roster.csv").write_bytes(csv if isinstance(csv, bytes) else csv.encode())
    (folder / "queues.yaml").write_text(SMALL + "roster: roster.csv\n")
    return load(folder / "queues.yaml")


@pytest.mark.parametrize(
    "csv",
    [
        "date,operator,start,end,breaks\n2027-03-01,an,09:00,17:00,12:00-12:30 15:00-15:10\n",
        "\ufeffDate;Operator;Start;End;Breaks\r\n1/3/2027;an;9:00;17:00;12:00-12:30+15:00-15:10\r\n;;;;\r\n",
        'team\tend\tbreaks\tstart\toperator\tdate\nx\t17:00\t"12:00-12:30, 15:00-15:10"\t09:00\tan\t01/03/2027\n',
    ],
    ids=["commas", "spreadsheet", "tabs"],
)
def test_a_planners_file_is_read_as_spreadsheets_save_it(tmp_path: Path, csv: str) -> None:
    day = date(2027, 3, 1)
    duty = Duty(day, AN, Interval(540, 1020), (Interval(720, 750), Interval(900, 910)))
    assert with_roster(tmp_path, csv).roster == {day: (duty,)}


def test_breaks_may_be_left_out_and_a_day_may_have_two_parts(tmp_path: Path) -> None:
    loaded = with_roster(tmp_path, "date,operator,start,end\n2027-03-01,an,13:00,24:00\n2027-03-01,an,09:00,12:00\n")
    assert [str(duty.hours) for duty in loaded.roster[date(2027, 3, 1)]] == ["13:00-24:00", "09:00-12:00"]


HEAD = "date,operator,start,end,breaks\n"


@pytest.mark.parametrize(
    ("csv", "told"),
    [
        (HEAD + "2027-03-01,ann,09:00,17:00,\n", ":2: operator: there is no operator 'ann'; did you mean 'an'?"),
        (HEAD + "2027-03-01,,09:00,17:00,\n", ":2: operator: is missing"),
        (HEAD + "2027-02-29,an,09:00,17:00,\n", ":2: date: 2027-02-29 is not in the calendar"),
        (HEAD + "31/2/2027,an,09:00,17:00,\n", ":2: date: 31/2/2027 is not in the calendar"),
        (HEAD + "1 maart,an,09:00,17:00,\n", ":2: date: must be a date such as 2027-03-01 or 1/3/2027, not '1 maart'"),
        (HEAD + "\n2027-03-01,an,9u,17:00,\n", ":3: start: must be a time such as 09:00, not '9u'"),
        (HEAD + "2027-03-01,an,09:00,,\n", ":2: end: is missing"),
        (HEAD + "2027-03-01,an,09:00\n", ":2: end: is missing"),
        (HEAD + "2027-03-01,an,17:00,09:00,\n", ":2: end: 17:00-09:00 ends before it begins; hours past midnight"),
        (HEAD + "2027-03-01,an,09:00,12:00,noon\n", ":2: breaks: must be hours such as 09:00-17:00, not 'noon'"),
        (HEAD + "2027-03-01,an,09:00,12:00,11:30-12:30\n", ":2: breaks: 11:30-12:30 is outside the hours 09:00-12:00"),
        (
            HEAD + 2 * "2027-03-01,an,09:00,12:00,\n",
            ":3: start: an works 09:00-12:00 on 2027-03-01 already",
        ),
        ("date,operator,begin,end\n", ":1: the column 'start' is missing: the first line must name date"),
        (
            "date,operators,start,end\n",
            "the column 'operator' is missing: the first line must name date, operator, start",
        ),
        ("date,operators,start,end\n", "is it called 'operators'?"),
        ("date,date,operator,start,end\n", ":1: the column 'date' is there twice"),
        ("", ":1: the file is empty"),
        (HEAD.encode() + b"2027-03-01,an,09:00,17:00,\xe9\n", ":2: is not UTF-8: save the file as CSV UTF-8"),
        (HEAD + '2027-03-01,"an\n', "roster.csv:2: start: is missing"),
        (b"\x00\x01\x02", "roster.csv:1: the column 'date' is missing"),
    ],
)
def test_each_fault_of_the_planners_file_is_told_at_its_place(tmp_path: Path, csv: str | bytes, told: str) -> None:
    with pytest.raises(Exception, match=r"roster\.csv:") as caught:
        with_roster(tmp_path, csv)
    assert told in str(caught.value)


def test_all_faults_of_both_files_are_told_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(HEAD + "2027-03-01,ann,09:00,17:00,\n2027-03-01,bart,9,17:00,\n")
    (tmp_path / "queues.yaml").write_text(edited("device: 1001", "device: ''") + "roster: roster.csv\n")
    with pytest.raises(Exception, match="device") as caught:
        load(tmp_path / "queues.yaml")
    assert len(str(caught.value).splitlines()) == 3


def test_a_file_of_another_kind_does_not_flood_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="operator") as caught:
        with_roster(tmp_path, HEAD + "x,y,z\n" * 50_000)
    assert len(str(caught.value).splitlines()) == 100
    with pytest.raises(Exception, match="too large"):
        with_roster(tmp_path, HEAD + " " * 5_000_000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            edited(LINE, "    callback: nevr\n"),
            "7: lines.info.callback: must be a block of 'key: value' lines, or never, no",
        ),
        (edited(LINE, "    callback: nevr\n"), "did you mean 'never'?"),
        (
            edited(LINE, "    callback: false\n"),
            "7: lines.info.callback: must be a block of 'key: value' lines, or never, no",
        ),
        (edited(LINE, "    callback:\n"), "7: lines.info.callback: has no value"),
        (
            edited(LINE, "    callback: [1]\n"),
            "7: lines.info.callback: must be a block of 'key: value' lines, not a list",
        ),
        (edited(LINE, "    callback: {preset: 1701}\n"), "callback.preset: must be 1700 or charter, not 1701"),
        (edited(LINE, "    callback: {preset: chartr}\n"), "not 'chartr'; did you mean 'charter'?"),
        (
            edited(LINE, "    callback: {worknig_days: 2}\n"),
            "callback.worknig_days: unknown key; did you mean 'working_days'?",
        ),
        (edited(LINE, "    callback: {working_days: 0}\n"), "callback.working_days: must be at least 1, not 0"),
        (edited(LINE, "    callback: {after: 0}\n"), "callback.after: must be from 1 to 3600 seconds, not 0"),
        (edited(LINE, "    callback: {early_after: 3m}\n"), "callback.early_after: must not be more than after (150)"),
        (edited(LINE, "    callback: {occupancy: 75}\n"), "occupancy: is a share from 0 to 1: write 75 % as 0.75"),
        (edited(LINE, "    callback: {share: 0}\n"), "callback.share: must be more than 0, not 0"),
        (edited(LINE, "    callback: {gap: 30s}\n"), "callback.gap: must be from 60 to 86400 seconds, not 30"),
        (
            edited(LINE, "    callback: {calling_hours: {mon: 9-17}}\n"),
            "calling_hours.mon: must be hours such as 09:00-17:00",
        ),
        (
            edited(LINE, "    callback: {calling_hours: {mon: closed}}\n"),
            "nobody could ever be called: write 'callback: never'",
        ),
        (edited(DEFAULTS, DEFAULTS + "  callback: {gap: 5}\n"), "4: defaults.callback.gap: must be from 60"),
        (
            edited(LINE, "    calls_per_day: 5\n    calls_per_year: 900\n"),
            "8: lines.info.calls_per_year: give calls_per_day or",
        ),
        (edited(LINE, "    calls_per_year: 0\n"), "7: lines.info.calls_per_year: must be more than 0, not 0"),
        (
            SMALL + SHIFT.replace("[an,", "[ann,"),
            "18: shifts[0].operators[0]: there is no operator 'ann'; did you mean 'an'?",
        ),
        (SMALL + SHIFT.replace("[an, bart]", "[]"), "18: shifts[0].operators: must not be empty"),
        (SMALL + SHIFT.replace("fri", "fry"), "18: shifts[0].days: must be a day or days"),
        (SMALL + SHIFT.replace("wed, fri", "wed, tue"), "18: shifts[0].days: tue is given twice"),
        (
            SMALL + SHIFT.replace("12:30", "18:00").replace("12:00", "17:30"),
            "breaks: 17:30-18:00 is outside the hours of the",
        ),
        (SMALL + SHIFT.replace("breaks", "break"), "18: shifts[0].break: unknown key; did you mean 'breaks'?"),
        (
            SMALL + SHIFT + "  - {operators: [bart], days: fri, hours: 16:00-20:00}\n",
            "19: shifts[1].operators[0]: bart works fri",
        ),
        (
            SMALL + "roster: ../roster.csv\n",
            "17: roster: must be the name of a .csv file beside this one, not '../roster.",
        ),
        (SMALL + "roster: nowhere.csv\n", "17: roster: nowhere.csv cannot be read: No such file or directory"),
    ],
)
def test_each_fault_is_told_at_its_place(text: str, told: str) -> None:
    report = faults(text)
    assert any(told in line for line in report), report
    assert len(report) == 1, "a fault is told twice"


@pytest.mark.parametrize(
    "good", [f"callback: {how}" for how in ("never", "{preset: 1700}", "{preset: charter, gap: 2h}")]
)
def test_editors_know_the_callback(good: str) -> None:
    assert errors(edited(LINE, f"    {good}\n") + SHIFT) == []


@pytest.mark.parametrize("bad", ["nevr", "{preset: 1701}", "{gap: soon}", "{working_days: 0}", "{x: 1}"])
def test_what_an_editor_refuses_the_loader_refuses_too(bad: str) -> None:
    text = edited(LINE, f"    callback: {bad}\n")
    assert errors(text)
    assert faults(text)


# --- Changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (LINE, LINE + "    callback: {}\n", ["line info: callback never -> offered"]),
        (LINE + "    callback: {gap: 3h}\n", LINE, ["line info: callback offered -> never"]),
        (
            LINE + "    callback: {}\n",
            LINE + "    callback: {preset: charter, after: 2m}\n",
            ["line info: callback.after 150 -> 120", "line info: callback.working_days 2 -> 1"],
        ),
        (
            LINE + "    callback: {calling_hours: {mon: 09:00-12:00}}\n",
            LINE + "    callback: {calling_hours: {mon: 10:00-12:00}}\n",
            ["line info: callback.calling_hours.mon 09:00-12:00 -> 10:00-12:00"],
        ),
    ],
)
def test_a_change_of_the_callback_is_told(old: str, new: str, changes: list[str]) -> None:
    assert describe_changes(city(edited(LINE, old)), city(edited(LINE, new))) == changes


def test_a_change_of_shifts_is_told_by_operator_and_day() -> None:
    later = SHIFT.replace("bart], days: 'mon-wed, fri'", "bart], days: 'mon-wed'").replace("12:00-12:30", "12:30-13:00")
    assert describe_changes(city(SMALL + SHIFT), city(SMALL + SHIFT)) == []
    changes = describe_changes(city(SMALL + SHIFT), city(SMALL + later))
    assert len(changes) == 8
    assert "operator bart: shifts.fri 09:00-17:00 without 12:00-12:30 -> none" in changes
    assert "operator an: shifts.mon 09:00-17:00 without 12:00-12:30 -> 09:00-17:00 without 12:30-13:00" in changes


def test_a_change_of_the_planners_file_is_told_by_date(tmp_path: Path) -> None:
    before = with_roster(tmp_path, HEAD + "2027-03-01,an,09:00,17:00,\n2027-03-02,an,09:00,17:00,\n")
    after = with_roster(tmp_path, HEAD + "2027-03-01,an,09:00,17:00,\n2027-03-02,an,09:00,16:00,\n")
    assert describe_changes(before, after) == ["roster: changed on 2027-03-02"]
    empty = with_roster(tmp_path, HEAD)
    many = with_roster(tmp_path, HEAD + "".join(f"2027-03-{day:02},an,09:00,17:00,\n" for day in range(1, 9)))
    assert describe_changes(empty, many)[0].endswith("2027-03-05 and 3 more")

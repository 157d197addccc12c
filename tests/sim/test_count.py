"""The judge of the independent count lets three accounts pass that agree, and tells whichever of them is doctored."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acd.figures.limits import Limits
from acd.model import events as ev
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.records import Ledger, upgrade
from sim.count.judge import Plan, Setting, Verdict, judge, read_records
from sim.count.run import reported
from sim.count.witnesses import BadWitness, read_cdr, read_sipp

AT = 1795658862.0
"""2026-11-26 02:07:42 UTC."""
SERVED, LEFT, PASSED = "+32470000001", "+32470000002", "+32470000003"
SETTING = Setting(
    devices={"an": "1001", "bo": "1002"},
    partners=frozenset({"partner"}),
    trunk="acd-trunk",
    short_abandon=10.0,
    plans={number: Plan(frozenset({"abandoned"}), None) for number in (SERVED, LEFT, PASSED)},
)
CITIZENS = f"""\
- - {AT + 0.1} up {SERVED}
- - {AT + 30.2} other {SERVED}
- - {AT + 1.1} up {LEFT}
- - {AT + 31.2} own {LEFT}
- - {AT + 2.1} up {PASSED}
- - {AT + 42.2} own {PASSED}
"""
PHONES = f"""\
- - {AT + 8.0} invite {SERVED} 1001
- - {AT + 10.0} up {SERVED} 1001
- - {AT + 30.1} over {SERVED} 1001
- - {AT + 10.0} invite {PASSED} 1002
- - {AT + 12.0} up {PASSED} 1002
- - {AT + 22.0} over {PASSED} 1002
- - {AT + 31.0} invite {PASSED} 1001
- - {AT + 32.0} up {PASSED} 1001
- - {AT + 42.1} over {PASSED} 1001
"""
DAY = "2026-11-26 02"
CDR = f"""\
"7.1","{SERVED}","PJSIP/1001-00000001","{DAY}:07:42","{DAY}:07:42","{DAY}:08:12","ANSWERED","Dial"
"7.2","{LEFT}","","{DAY}:07:43","{DAY}:07:43","{DAY}:08:13","ANSWERED","Wait"
"7.3","{PASSED}","PJSIP/1002-00000004","{DAY}:07:44","{DAY}:07:44","{DAY}:08:04","ANSWERED","Dial"
"7.3","{PASSED}","PJSIP/1001-00000005","{DAY}:08:04","{DAY}:08:04","{DAY}:08:24","ANSWERED","Dial"
"""


def story(call: str, number: str, at: float, line: str = "info") -> list[ev.Event]:
    id = CallId(call)
    return [
        ev.CallStarted(at, id, "092", number, at),
        ev.CallEnteredLine(at, id, LineId(line), at, "nl", ""),
    ]


def answered(call: str, who: str, at: float, waited: float) -> list[ev.Event]:
    id, line, operator = CallId(call), LineId("info"), OperatorId(who)
    return [
        ev.CallAnswered(at, id, line, operator, at, waited),
        ev.OutcomeCounted(at, id, line, Outcome.ANSWERED, waited),
    ]


@pytest.fixture
async def world(tmp_path: Path) -> Path:
    """SIPp's logs, Asterisk's records and ours of three calls."""
    (tmp_path / "sipp").mkdir()
    (tmp_path / "sipp/citizens.log").write_text(CITIZENS)
    (tmp_path / "sipp/phones.log").write_text(PHONES)
    (tmp_path / "cdr.csv").write_text(CDR)
    url = f"sqlite:///{tmp_path / 'acd.db'}"
    await upgrade(url)
    left, passed = CallId("7.2"), CallId("7.3")
    async with Ledger(url) as ledger:
        for events in (
            [*story("7.1", SERVED, AT), *answered("7.1", "an", AT + 10, 10.0)],
            [ev.CallEnded(AT + 30, CallId("7.1"), AT + 30)],
            [*story("7.2", LEFT, AT + 1), ev.OutcomeCounted(AT + 31, left, LineId("info"), Outcome.ABANDONED, 30.0)],
            [ev.CallEnded(AT + 31, left, AT + 31)],
            [*story("7.3", PASSED, AT + 2), *answered("7.3", "bo", AT + 12, 10.0)],
            [ev.TalkFinished(AT + 22, passed, OperatorId("bo"), AT + 22)],
            [ev.CallPickedUp(AT + 32, passed, LineId("info"), OperatorId("an"), AT + 32)],
            [ev.CallEnded(AT + 42, passed, AT + 42)],
        ):
            ledger.write(events)
        await ledger.caught_up()
    return tmp_path


async def verdict_on(world: Path, **misreported: tuple[float, float]) -> Verdict:
    database = world / "acd.db"
    records = read_records(database, await reported(database, Limits()) | misreported)
    return judge(read_sipp(world / "sipp"), read_cdr(world / "cdr.csv"), records, SETTING)


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def doctor(world: Path) -> None:
        text = (world / file).read_text()
        assert old in text
        (world / file).write_text(text.replace(old, new, 1))

    return doctor


def told(statement: str) -> Callable[[Path], None]:
    def doctor(world: Path) -> None:
        with sqlite3.connect(world / "acd.db") as connection:
            assert connection.execute(statement).rowcount == 1

    return doctor


async def test_three_accounts_that_agree(world: Path) -> None:
    verdict = await verdict_on(world)
    assert verdict.differences == []
    assert (verdict.calls, verdict.outcomes) == (3, {"answered": 2, "abandoned": 1})


@pytest.mark.parametrize(
    ("doctor", "says"),
    [
        (replaced("sipp/phones.log", f"- - {AT + 10.0} up {SERVED} 1001\n", ""), "SIPp saw"),
        (replaced("sipp/phones.log", f"up {SERVED} 1001", f"up {SERVED} 1002"), "answered by"),
        (replaced("sipp/citizens.log", f"{AT + 31.2} own {LEFT}", f"{AT + 4.2} own {LEFT}"), "abandoned_short, our"),
        (replaced("sipp/citizens.log", f"own {LEFT}", f"other {LEFT}"), "SIPp saw"),
        (
            replaced("sipp/citizens.log", f"- - {AT + 1.1} up {LEFT}\n- - {AT + 31.2} own {LEFT}\n", ""),
            "unknown to SIPp",
        ),
        (replaced("cdr.csv", CDR.splitlines(keepends=True)[1], ""), "unknown to Asterisk"),
        (replaced("cdr.csv", '"7.2"', '"7.9"'), "Asterisk's call 7.9 is 7.2"),
        (replaced("cdr.csv", "PJSIP/1001-00000005", ""), "answered by"),
        (replaced("cdr.csv", "02:08:13", "02:08:43"), "ended at"),
        (told("UPDATE outcome SET outcome = 'informed' WHERE call = '7.2'"), "our records say informed"),
        (told("DELETE FROM outcome WHERE call = '7.2'"), "0 outcomes"),
        (told("UPDATE outcome SET waited = 17 WHERE call = '7.1'"), "waited 10.0 s by SIPp, 17.0 s"),
        (told("DELETE FROM call WHERE call = '7.2'"), "unknown to our records"),
        (told("DELETE FROM talk WHERE call = '7.3' AND operator = 'an'"), "spoke with ['1002', '1001']"),
        (told("UPDATE talk SET began_at = began_at + 5 WHERE call = '7.1'"), "answered at"),
        (told("UPDATE talk SET ended_at = ended_at + 5 WHERE call = '7.1'"), "spoke with 1001 until"),
        (
            told(
                "INSERT INTO survey_answer (seq, call, line, question, score, at) VALUES (99, '7.2', 'info', 'q', 9, 1)"
            ),
            "he gave no score, our records say [9]",
        ),
        (
            told("INSERT INTO call (call, arrived_at, offers, fallback) VALUES ('7.7', 1.0, 0, 0)"),
            "7.7: unknown to SIPp, Asterisk",
        ),
    ],
)
async def test_whichever_account_is_doctored_the_judge_tells(
    world: Path, doctor: Callable[[Path], None], says: str
) -> None:
    doctor(world)
    differences = [str(one) for one in (await verdict_on(world)).differences]
    assert any(says in one for one in differences), differences
    assert all("marked gap" not in one for one in differences)


DIED_AT = AT + 60
WAITED, SPOKE = "+32470000004", "+32470000005"
AT_THE_END = dict(SETTING.plans) | {number: Plan(frozenset({"abandoned"}), None) for number in (WAITED, SPOKE)}


@pytest.fixture
async def cut_off(world: Path) -> Path:
    """Two more callers, of whom one has spoken with an operator for five seconds, and then Asterisk dies."""
    with (world / "sipp/citizens.log").open("a") as citizens:
        citizens.write(f"- - {AT + 51} up {WAITED}\n- - {AT + 50} up {SPOKE}\n")
    with (world / "sipp/phones.log").open("a") as phones:
        phones.write(f"- - {AT + 53} invite {SPOKE} 1001\n- - {AT + 55} up {SPOKE} 1001\n")
    waited, spoke, line = CallId("7.4"), CallId("7.5"), LineId("info")
    async with Ledger(f"sqlite:///{world / 'acd.db'}") as ledger:
        for events in (
            [*story("7.4", WAITED, AT + 51), *story("7.5", SPOKE, AT + 50), *answered("7.5", "an", AT + 55, 5.0)],
            [ev.OutcomeCounted(DIED_AT + 1, waited, line, Outcome.SWITCH_FAILURE, 9.0, seen=False)],
            [ev.CallEnded(DIED_AT + 1, waited, DIED_AT), ev.CallEnded(DIED_AT + 1, spoke, DIED_AT)],
        ):
            ledger.write(events)
        await ledger.caught_up()
    return world


async def said_of(world: Path) -> list[str]:
    database = world / "acd.db"
    records = read_records(database, await reported(database, Limits()))
    setting = replace(SETTING, plans=AT_THE_END, died_at=DIED_AT)
    verdict = judge(read_sipp(world / "sipp"), read_cdr(world / "cdr.csv"), records, setting)
    return [str(one) for one in verdict.differences]


async def test_of_calls_with_which_asterisk_died_it_has_written_nothing(cut_off: Path) -> None:
    assert await said_of(cut_off) == []


@pytest.mark.parametrize(
    ("doctor", "says"),
    [
        (
            told("UPDATE outcome SET outcome = 'abandoned' WHERE call = '7.4'"),
            "switch_failure, our records say abandoned",
        ),
        (
            told("UPDATE outcome SET outcome = 'switch_failure' WHERE call = '7.5'"),
            "SIPp saw answered, our records say",
        ),
        (told("DELETE FROM outcome WHERE call = '7.4'"), "0 outcomes"),
        (told("UPDATE call SET ended_at = ended_at + 9 WHERE call = '7.4'"), "Asterisk died at"),
        (told("UPDATE talk SET ended_at = ended_at + 9 WHERE call = '7.5'"), "he spoke as Asterisk died at"),
        (told("DELETE FROM talk WHERE call = '7.5'"), "spoke with ['1001'] says SIPp, with []"),
        (
            replaced(
                "cdr.csv", '"7.2"', f'"7.4","{WAITED}","","{DAY}:08:33","","{DAY}:08:42","ANSWERED","Wait"\n"7.2"'
            ),
            "Asterisk wrote down a call with which it died",
        ),
    ],
)
async def test_what_is_wrong_of_a_call_with_which_asterisk_died_is_told(
    cut_off: Path, doctor: Callable[[Path], None], says: str
) -> None:
    doctor(cut_off)
    differences = await said_of(cut_off)
    assert any(says in one for one in differences), differences


@pytest.mark.parametrize(
    ("misreported", "says"),
    [
        ({"answered": (1.0, 1.0)}, "the report's answered says 1, the calls are 2"),
        ({"reachability": (2.0, 2.0)}, "the report's reachability is of (2.0, 2.0), the calls make it (2, 3)"),
        ({"asa": (19.0, 2.0)}, "the report's asa is of (19.0, 2.0), the calls make it (20.0, 2)"),
        ({"mean_talk": (41.0, 3.0)}, "the report's mean_talk is of (41.0, 3.0), the calls make it (40.0, 3)"),
        ({"scores": (9.0, 1.0)}, "the report's scores is of (9.0, 1.0), the calls make it (0, 0)"),
    ],
)
async def test_a_report_that_counts_otherwise_is_told(
    world: Path, misreported: dict[str, tuple[float, float]], says: str
) -> None:
    verdict = await verdict_on(world, **misreported)
    assert [str(one) for one in verdict.differences] == [f"all: {says}"]


async def test_a_difference_of_a_call_in_a_gap_is_told_as_such(world: Path) -> None:
    told("UPDATE outcome SET outcome = 'informed' WHERE call = '7.2'")(world)
    told(f"INSERT INTO gap (seq, began_at, ended_at, reason) VALUES (99, {AT + 20}, {AT + 40}, 'silent')")(world)
    verdict = await verdict_on(world)
    assert [one.in_gap for one in verdict.differences if one.number == LEFT] == [True]


@pytest.mark.parametrize("line", ["garbage", "- - soon up +32470000001", "- - 1.0 flew +32470000001"])
def test_a_log_that_cannot_be_read_is_named_with_its_line(world: Path, line: str) -> None:
    file = world / "sipp/phones.log"
    file.write_text(PHONES + line + "\n")
    with pytest.raises(BadWitness, match=rf"phones\.log:{len(PHONES.splitlines()) + 1}: no happening"):
        read_sipp(world / "sipp")


def test_a_record_of_asterisk_that_cannot_be_read_is_named_with_its_line(world: Path) -> None:
    (world / "cdr.csv").write_text(CDR + '"7.4","+3247"\n')
    with pytest.raises(BadWitness, match=r"cdr\.csv:5: 2 columns instead of 8"):
        read_cdr(world / "cdr.csv")


def test_the_judge_knows_nothing_of_the_product() -> None:
    folder = Path(__file__).parents[2] / "sim/count"
    for name in ("judge.py", "witnesses.py"):
        assert "acd" not in {
            line.split()[1].split(".")[0]
            for line in (folder / name).read_text().splitlines()
            if line.startswith(("import ", "from "))
        }

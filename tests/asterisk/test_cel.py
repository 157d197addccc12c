"""Asterisk's own record of the calls, read from files as it writes them."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.asterisk.cel import NotALine, read_line, read_told
from acd.model.facts import CallWhereabouts
from acd.model.ids import CallId

# As Asterisk 22.10.1 wrote it: served by its own Queue(), and one who hung up while he waited.
WRITTEN = """\
"1795658862.084120","AcdArrived","{""extra"":""1795658862.0|menu|1795658862.082|092101010||nl|||||||""}"
"1795658862.086675","AcdQueued","{""extra"":""1795658862.0|wait|1795658862.082|092101010||nl||gentinfo|1795658862.086||||""}"
"1795658864.299911","AcdUp","{""extra"":""1795658862.0|talk|||||||||1001|1795658864.299|""}"
"1795658865.302849","AcdGone","{""extra"":""1795658862.0|after|1795658862.082|092101010||nl||gentinfo|1795658862.086||1001|1795658864.299|1795658865.302""}"
"1795658868.087234","AcdArrived","{""extra"":""1795658868.2|menu|1795658868.086|092101011||nl|||||||""}"
"1795658868.088083","AcdQueued","{""extra"":""1795658868.2|wait|1795658868.086|092101011||nl||sportlijn|1795658868.087||||""}"
"1795658869.081300","AcdGone","{""extra"":""1795658868.2|wait|1795658868.086|092101011||nl||sportlijn|1795658868.087||||1795658869.081""}"
"""
SERVED, LEFT = CallId("1795658862.0"), CallId("1795658868.2")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acd.csv"
    path.write_text(WRITTEN)
    return path


def test_what_asterisk_wrote_of_two_calls(file: Path) -> None:
    told = read_told(file, 0.0)
    served, left = told.calls[SERVED], told.calls[LEFT]
    assert (served.line, served.entered_at, served.gone_at) == ("gentinfo", 1795658862.086, 1795658865.302)
    (talk,) = served.talks
    assert (talk.line, talk.device, talk.answered_at, talk.fallback) == ("gentinfo", "1001", 1795658864.299, True)
    assert (left.where, left.talks, left.gone_at) == (CallWhereabouts.WAIT, [], 1795658869.081)
    assert told.bad == ()


def test_a_damaged_line_is_told_by_its_place_and_costs_no_other(file: Path) -> None:
    lines = WRITTEN.splitlines(keepends=True)
    lines[2] = lines[2][:40] + "\n"
    lines.insert(4, '"1795658866.1","AcdGone","{""extra"":""1795658862.0|after|x""}"\n')
    lines[-1] = lines[-1].rstrip("\n")
    file.write_text("".join(lines))
    told = read_told(file, 0.0)
    assert [str(line) for line in told.bad] == [
        f"{file}:3: not three fields: moment, event, and what it tells",
        f"{file}:5: 3 parts instead of 13",
        f"{file}:8: the line is not complete",
    ]
    # Its end tells all of the first call; of the second one only the end is lost.
    assert [talk.answered_at for talk in told.calls[SERVED].talks] == [1795658864.299]
    assert told.calls[LEFT].gone_at is None


def test_whoever_was_offered_before_his_joining_was_written_had_waited_on_that_line_all_the_same(file: Path) -> None:
    """The engine's Redirect came between the event that he has joined and the line that tells of it."""
    lines = WRITTEN.splitlines(keepends=True)
    del lines[1]
    file.write_text("".join(lines))
    [talk] = read_told(file, 0.0).calls[SERVED].talks
    assert (talk.line, talk.entered_at, talk.ended_at) == ("gentinfo", 1795658862.086, None)


def test_files_that_were_set_aside_are_read_too(file: Path) -> None:
    whole = file.read_text().splitlines(keepends=True)
    file.with_name("acd.csv.1").write_text("".join(whole[:3]))
    with gzip.open(file.with_name("acd.csv-20261125.gz"), "wt") as older:
        older.write(WRITTEN.replace("17956", "17955"))
    file.write_text("".join(whole[3:]))
    told = read_told(file, 0.0)
    assert told.files == 3
    assert {SERVED, LEFT, "1795558862.0"} <= told.calls.keys()
    assert told.calls[SERVED].arrived_at == 1795658862.082


def test_nothing_before_the_moment_asked_for(file: Path) -> None:
    assert read_told(file, 1795658866.0).calls.keys() == {LEFT}


def test_no_file_is_no_answer(tmp_path: Path) -> None:
    assert read_told(tmp_path / "acd.csv", 0.0).files == 0


def test_whoever_is_passed_on_and_hangs_up_waiting_was_answered_all_the_same(file: Path) -> None:
    note = "1.0|{state}|1.5|092||nl||{line}|{t0}||{device}|{up}|{gone}"
    steps = [
        (2.0, "AcdQueued", note.format(state="wait", line="gentinfo", t0="2.0", device="", up="", gone="")),
        (5.0, "AcdUp", "1.0|talk|||||||||1001|5.0|"),
        (9.0, "AcdQueued", note.format(state="wait", line="lez", t0="9.0", device="", up="", gone="")),
        (12.0, "AcdGone", note.format(state="wait", line="lez", t0="9.0", device="", up="", gone="12.0")),
    ]
    file.write_text("".join(f'"{at}","{event}","{{""extra"":""{text}""}}"\n' for at, event, text in steps))
    told = read_told(file, 0.0).calls[CallId("1.0")]
    (talk,) = told.talks
    assert (talk.line, talk.entered_at, talk.answered_at, talk.ended_at) == ("gentinfo", 2.0, 5.0, 9.0)
    assert (told.line, told.entered_at, told.gone_at) == ("lez", 9.0, 12.0)


def test_other_events_of_the_site_are_none_of_ours() -> None:
    assert read_line('"1795658862.084120","","{""extra"":""anything""}"\n') is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('"yesterday","AcdGone","{}"\n', "the moment is no moment: 'yesterday'"),
        ('"1.0","AcdGone","{}"\n', "what it tells is not JSON with 'extra'"),
        ('"1.0","AcdGone","{""extra"":""|wait|||||||||||""}"\n', "it does not say of which call"),
        ('"1.0","AcdGone","{""extra"":""1.0|wa it|||||||||||""}"\n', "STATE is not what the dialplan writes"),
        ('"1.0","AcdGone","{""extra"":""1.0|wait|x||||||||||""}"\n', "ARRIVED is no moment: 'x'"),
        ('"1.0","AcdGone","{""extra"":""1.0|wait|1e99||||||||||""}"\n', "ARRIVED is no moment: '1e99'"),
    ],
)
def test_what_is_wrong_with_a_line(line: str, why: str) -> None:
    with pytest.raises(NotALine, match="^" + why.replace("(", r"\(").replace("'", ".") + "$"):
        read_line(line)


@given(st.text(max_size=200))
def test_no_text_is_taken_for_a_call_or_breaks_the_reader(text: str) -> None:
    try:
        line = read_line(text)
    except NotALine:
        return
    assert line is None

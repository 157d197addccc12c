"""The link against a rude Asterisk: what is lost, what comes back, and that nothing is ever sent twice."""

import asyncio
import os
import re
import socket
import time
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from structlog.typing import EventDict

from acd.asterisk.clock import SwitchClock
from acd.asterisk.link import Backoff, LinkState
from acd.asterisk.protocol import AmiProtocol
from acd.asterisk.recording import Recorder, erase_recordings, read_recording
from acd.asterisk.replay import replay
from acd.asterisk.session import AmiSession
from acd.model import commands as c
from acd.model import facts as f
from acd.model.ids import CallId, Device, OfferId, OperatorId
from tests.asterisk.conftest import Desk, in_virtual_time
from tests.asterisk.fake import FakeAsterisk, channel

CALL = CallId("1.1")
OFFER = c.Offer(CALL, OfferId(7), OperatorId("an"), Device("1001"), 15.0)


# --- Logging in ----------------------------------------------------------------------------------------------------


async def test_what_is_not_taken_within_two_seconds_is_never_sent_again(desk: Desk, fake: FakeAsterisk) -> None:
    """A Redirect of before would find other callers when a broken network is whole again."""
    sockets: list[socket.socket] = []
    made = AmiProtocol.connection_made

    def connection_made(protocol: AmiProtocol, transport: asyncio.BaseTransport) -> None:
        made(protocol, transport)
        sockets.append(transport.get_extra_info("socket"))

    with patch.object(AmiProtocol, "connection_made", connection_made):
        await desk.start()
    assert sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2000


async def test_a_login_asks_only_for_what_is_needed(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    (login,) = fake.sent("Login")
    assert (login["Username"], login["Secret"], login["Events"]) == ("acd", "s3cret", "system,call,user")
    assert desk.pbx.link_state is LinkState.LIVE


def test_a_wrong_secret_is_told_and_tried_again_slowly() -> None:
    async def story(desk: Desk, fake: FakeAsterisk) -> None:
        await desk.begin(secret="wrong", retry_refused=10.0)
        await desk.until(lambda: desk.pbx.link_state is LinkState.REFUSED)
        assert desk.pbx.link_reason == "Asterisk refused the login: Authentication failed"
        begun = asyncio.get_running_loop().time()
        fake.secret = "wrong"
        await desk.until(lambda: desk.seen)
        assert asyncio.get_running_loop().time() - begun > 4.9
        assert fake.names().count("Login") == 2
        assert desk.pbx.counters.refused_logins == 1

    in_virtual_time(story)


async def test_an_account_in_use_is_tried_again_until_it_is_free(desk: Desk, fake: FakeAsterisk) -> None:
    fake.in_use = True
    await desk.begin()
    await desk.until(lambda: fake.names().count("Login") >= 3)
    assert desk.pbx.link_state is LinkState.CONNECTING
    assert "Login Already In Use" in desk.pbx.link_reason
    fake.in_use = False
    await desk.until(lambda: desk.seen)


async def test_a_login_during_a_shutdown_is_no_refusal(desk: Desk, fake: FakeAsterisk) -> None:
    fake.shutting_down = True
    await desk.begin(retry_refused=60.0)
    await desk.until(lambda: fake.names().count("Login") >= 3)
    assert desk.pbx.link_reason == "Asterisk is shutting down"
    fake.shutting_down = False
    await desk.until(lambda: desk.seen)


async def test_nothing_is_asked_before_asterisk_is_fully_booted(desk: Desk, fake: FakeAsterisk) -> None:
    fake.boots = False
    await desk.begin()
    await desk.until(lambda: fake.names().count("Ping") >= 2)
    # But it is said that nobody is there yet.
    assert set(fake.names()) == {"Login", "Ping", "Setvar"}
    assert fake.variables["", "ACD_HB"] == "0"
    fake.say(("Event", "FullyBooted"))
    await desk.until(lambda: desk.seen)


async def test_an_account_that_may_not_see_fully_booted_is_told_so(desk: Desk, fake: FakeAsterisk) -> None:
    fake.boots = False
    await desk.begin(boot_timeout=0.1)
    await desk.until(lambda: "needs read=system" in desk.pbx.link_reason)


async def test_whatever_listens_there_and_is_no_asterisk_is_told_so(desk: Desk) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        await desk.begin(port=server.sockets[0].getsockname()[1])
        await desk.until(lambda: "does not begin with 'Asterisk Call Manager/'" in desk.pbx.link_reason)
        await desk.pbx.stop()


async def test_asterisk_may_come_later(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.begin(port=1)
    await desk.until(lambda: "no connection to 127.0.0.1:1" in desk.pbx.link_reason)
    assert desk.facts == []


# --- The end of a session --------------------------------------------------------------------------------------------


async def test_each_loss_and_each_return_is_told_once(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    for count in (1, 2, 3):
        fake.cut()
        await desk.until(lambda: len(desk.seen) > count)  # noqa: B023
    assert [type(fact) for fact in desk.facts] == [f.SwitchSeen, *[f.LinkLost, f.SwitchSeen] * 3]
    assert desk.of(f.LinkLost)[0].reason


def test_a_half_open_connection_is_noticed() -> None:
    async def story(desk: Desk, fake: FakeAsterisk) -> None:
        await desk.start(silence=3.0, ping_every=1.0)
        fake.mute = True
        begun = asyncio.get_running_loop().time()
        await desk.until(lambda: desk.of(f.LinkLost))
        assert re.fullmatch(r"not a byte from Asterisk for [34]\.\d s", desk.of(f.LinkLost)[0].reason)
        # At the first ping from then on, and the last byte may have come up to a ping before.
        assert 1.9 < asyncio.get_running_loop().time() - begun < 4.1
        assert desk.pbx.counters.silent == 1
        fake.mute = False
        await desk.until(lambda: len(desk.seen) == 2)

    in_virtual_time(story)


def test_a_slow_asterisk_is_borne_with() -> None:
    """Answers come late, but bytes come."""

    async def story(desk: Desk, fake: FakeAsterisk) -> None:
        await desk.start(silence=3.0, ping_every=1.0)
        fake.silent_to = {"Ping"}
        for _ in range(20):
            await asyncio.sleep(0.5)
            fake.queued()
        assert fake.names().count("Ping") > 8
        assert desk.of(f.LinkLost) == []
        assert len(desk.of(f.CallQueued)) == 1

    in_virtual_time(story)


def test_no_answer_to_an_action_ends_the_session_and_it_is_not_sent_again() -> None:
    async def story(desk: Desk, fake: FakeAsterisk) -> None:
        await desk.start(action_timeout=2.0)
        fake.silent_to = {"Redirect"}
        desk.pbx.send(OFFER)
        await desk.until(lambda: len(desk.seen) == 2)
        assert desk.of(f.LinkLost)[0].reason == "no answer to Redirect within 2 s"
        assert desk.of(f.OfferNotSent) == []
        await desk.answered()
        assert len(fake.sent("Redirect")) == 1

    in_virtual_time(story)


async def test_what_was_on_its_way_when_the_link_broke_is_never_sent_again(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.before["Redirect"] = fake.cut
    desk.pbx.send(OFFER)
    await desk.until(lambda: len(desk.seen) == 2)
    await desk.answered()
    assert len(fake.sent("Redirect")) == 1


async def test_while_the_link_is_down_an_offer_comes_back_and_nothing_is_kept_for_later(
    desk: Desk, fake: FakeAsterisk
) -> None:
    await desk.start(retry_first=0.2, retry_most=0.2)
    fake.cut()
    await desk.until(lambda: desk.of(f.LinkLost))
    desk.pbx.send(OFFER)
    desk.pbx.send(c.Withdraw(CALL, OfferId(7)))
    desk.pbx.heartbeat()
    assert desk.of(f.OfferNotSent) == [], "never from within send()"
    await desk.until(lambda: desk.of(f.OfferNotSent))
    await desk.until(lambda: len(desk.seen) == 2)
    await desk.answered()
    assert fake.sent("Redirect") == []


async def test_a_frame_without_end_drops_the_session(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.raw(b"Event: X\r\n" + b"Name: value\r\n" * 6000)
    await desk.until(lambda: len(desk.seen) == 2)
    assert "a frame of more than 65536 bytes" in desk.of(f.LinkLost)[0].reason


async def test_a_frame_cut_off_by_the_end_of_the_connection_is_not_half_believed(
    desk: Desk, fake: FakeAsterisk
) -> None:
    await desk.start()
    fake.raw(b"Event: Hangup\r\nChannel: PJSIP/trunk-1\r\nUniqueid: 1.1\r\nLinked")
    fake.hang_up()
    await desk.until(lambda: len(desk.seen) == 2)
    fake.queued()
    await desk.until(lambda: desk.of(f.CallQueued))
    assert desk.of(f.CallGone) == []


async def test_a_shutdown_is_an_end_at_once(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.say(("Event", "Shutdown"), ("Shutdown", "Cleanly"), ("Restart", "True"))
    await desk.until(lambda: desk.of(f.LinkLost))
    assert desk.of(f.LinkLost)[0].reason == "Asterisk has shut down"


async def test_while_asterisk_drains_nothing_is_offered_and_the_calls_go_on(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.queued()
    fake.shutting_down = True
    await desk.until(lambda: desk.of(f.LinkLost))
    assert desk.of(f.LinkLost)[0].reason == "Asterisk is shutting down"
    assert desk.pbx.link_state is LinkState.DRAINING
    desk.pbx.send(OFFER)
    fake.user_event("AcdGone", ("State", "wait"), ("Gone", "1010.5"))
    await desk.until(lambda: desk.of(f.CallGone))
    assert desk.of(f.CallGone)[0].gone_at == 1010.5
    assert fake.sent("Redirect") == []
    assert len(desk.of(f.OfferNotSent)) == 1
    fake.cut()
    fake.shutting_down = False
    await desk.until(lambda: len(desk.seen) == 2)
    assert len(desk.of(f.LinkLost)) == 1


async def test_a_shutdown_called_off_brings_the_link_back(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.shutting_down = True
    await desk.until(lambda: desk.of(f.LinkLost))
    fake.shutting_down = False
    await desk.until(lambda: len(desk.seen) == 2)


async def test_stop_ends_it_all_also_between_two_attempts(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start(retry_first=60.0, retry_most=60.0)
    fake.cut()
    await desk.until(lambda: desk.of(f.LinkLost))
    await desk.pbx.stop()
    count, facts = fake.sessions, len(desk.facts)
    await asyncio.sleep(0.05)
    assert (fake.sessions, len(desk.facts)) == (count, facts)
    assert [task for task in asyncio.all_tasks() if task.get_name() == "asterisk link"] == []


async def test_stop_while_connecting_leaves_nothing_behind(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.begin()
    await desk.pbx.stop()
    await asyncio.sleep(0.05)
    assert fake.names() == []
    assert desk.facts == []


# --- Late, forged and strange events ---------------------------------------------------------------------------------


async def test_events_that_come_late_are_not_acted_upon(desk: Desk, fake: FakeAsterisk) -> None:
    """We stood still for a while and now read what the kernel kept: none of it may lead to an offer. It is told for the
    records, after the link is known to be lost and before the switch is read anew."""
    await desk.start(stale_after=10.0)
    true_clock = fake.clock
    fake.clock = lambda: true_clock() - 10.5
    fake.queued()
    fake.clock = true_clock
    await desk.until(lambda: len(desk.seen) == 2)
    told = [type(fact) for fact in desk.facts if isinstance(fact, f.LinkLost | f.CallQueued | f.SwitchSeen)]
    assert told == [f.SwitchSeen, f.LinkLost, f.CallQueued, f.SwitchSeen]
    assert desk.pbx.counters.stale == 1
    assert "late" in desk.of(f.LinkLost)[0].reason


def known_to(begun: float) -> float:
    """How well Asterisk's clock can be known since ``begun``: two pings tell it to within the time that they take, and
    a difference of less than 0.1 s is none."""
    return time.time() - begun + 0.101


@pytest.mark.parametrize("step", [600.0, -600.0])
async def test_a_clock_that_is_set_is_read_anew_and_no_moment_is_taken_by_it(
    desk: Desk, fake: FakeAsterisk, step: float
) -> None:
    """Somebody sets the clock of Asterisk's machine: whoever joins now has joined now."""
    begun = time.time()
    await desk.start()
    fake.clock = lambda: time.time() + step
    fake.queued()
    await desk.until(lambda: len(desk.seen) == 2)
    assert desk.of(f.CallQueued) == []
    fake.queued(t0=fake.clock())
    joined = time.time()
    await desk.until(lambda: desk.of(f.CallQueued))
    assert desk.of(f.CallQueued)[0].entered_at == pytest.approx(joined, abs=known_to(begun))


@pytest.mark.parametrize("step", [600.0, -600.0])
async def test_who_joined_unseen_before_the_clock_was_set_keeps_his_place_before_who_joined_after_it(
    desk: Desk, fake: FakeAsterisk, step: float
) -> None:
    await desk.start()
    begun = time.time()
    fake.cut()
    fake.channels = [caller("1.1", begun)]
    fake.clock = lambda: time.time() + step
    fake.channels.append(caller("1.2", fake.clock()))
    await desk.until(lambda: len(desk.seen) == 2)
    for seen in desk.seen[1].calls:
        assert seen.entered_at == pytest.approx(begun, abs=known_to(begun))
    fake.clock = time.time
    fake.cut()
    await desk.until(lambda: len(desk.seen) == 3)
    assert desk.seen[2].calls == desk.seen[1].calls


def caller(call: str, joined: float) -> list[tuple[str, str]]:
    head = [("Event", "Status"), ("Channel", f"PJSIP/trunk-0000{call[-1]}"), ("Uniqueid", call), ("Linkedid", call)]
    kept = {"STATE": "wait", "LINE": "gentinfo", "ARRIVED": f"{joined:.3f}", "T0": f"{joined:.3f}"}
    return [*head, *(("Variable", f"ACD_{name}={value}") for name, value in kept.items())]


async def test_a_host_with_another_clock_is_understood(desk: Desk, fake: FakeAsterisk) -> None:
    """Asterisk is an hour ahead: moments come in our clock, the heartbeat goes out in its."""
    fake.clock = lambda: time.time() + 3600
    begun = time.time()
    await desk.start()
    joined = time.time()
    fake.queued(t0=fake.clock() - 20)
    await desk.until(lambda: desk.of(f.CallQueued))
    assert desk.of(f.CallQueued)[0].entered_at == pytest.approx(joined - 20, abs=known_to(begun))
    beat = fake.clock()
    desk.pbx.heartbeat()
    await desk.answered()
    assert int(fake.variables["", "ACD_HB"]) == pytest.approx(beat, abs=1 + known_to(begun))
    assert desk.of(f.LinkLost) == []


@pytest.mark.parametrize(("ahead", "offset"), [(0.0, 0.0), (3600.0, -3600.0)])
async def test_an_answer_that_took_seconds_changes_what_is_known_of_the_clock_only_if_it_contradicts_it(
    fake: FakeAsterisk, ahead: float, offset: float
) -> None:
    """The first ping of a session is answered at once, and read two seconds later."""
    stood_still = 0.0

    def stand_still() -> None:
        nonlocal stood_still
        stood_still = 2.0

    fake.clock = lambda: time.time() + ahead
    fake.before["Ping"] = stand_still
    session = AmiSession(Desk(fake).settings, lambda frame: None, clock=SwitchClock(lambda: time.time() + stood_still))
    await session.open()
    session.close()
    assert session.offset is not None
    assert session.offset == pytest.approx(offset, abs=1.5) if offset else session.offset == 0.0


async def test_a_forged_event_raises_the_alarm_and_everything_is_read_anew(
    desk: Desk, fake: FakeAsterisk, logged: list[EventDict]
) -> None:
    await desk.start()
    fake.event("UserEvent", ("UserEvent", "AcdGone"), ("Nonce", "guess"), ("State", "wait"), ("Gone", "1.0"))
    fake.queued()
    await desk.until(lambda: len(desk.seen) == 2)
    assert desk.pbx.counters.forged == 1
    assert desk.of(f.CallGone) == []
    assert desk.of(f.CallQueued) == []
    assert "forged message: AcdGone was not written" in desk.of(f.LinkLost)[0].reason
    assert [entry["event"] for entry in logged if entry.get("alarm")] == ["forged AMI message"]


async def test_a_forgery_during_the_look_is_found_when_the_secret_is_known(desk: Desk, fake: FakeAsterisk) -> None:
    def forge() -> None:
        fake.event("UserEvent", ("UserEvent", "AcdGone"), ("Nonce", "guess"), ("State", "wait"), ("Gone", "1.0"))

    fake.variables["", "ACD_NONCE"] = "abc"
    fake.before["Getvar"] = forge
    await desk.start()
    assert desk.pbx.counters.forged == 1
    assert desk.of(f.CallGone) == []


async def test_an_event_that_we_cannot_take_in_costs_that_event_only(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.user_event("AcdQueued", ("Line", "gent info"), ("T0", "1.0"))
    fake.say(("Event", "Hangup"), ("Timestamp", "yesterday"))
    fake.queued(call="2.2")
    await desk.until(lambda: desk.of(f.CallQueued))
    assert [fact.call for fact in desk.of(f.CallQueued)] == ["2.2"]
    assert desk.pbx.counters.handler_errors == 2
    assert desk.of(f.LinkLost) == []


async def test_an_asterisk_that_does_not_date_its_events_is_told_so(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.say(("Event", "Hangup"), ("Channel", "x"), ("Uniqueid", "1.1"), ("Linkedid", "1.1"), ("Cause", "16"))
    await desk.until(lambda: desk.of(f.LinkLost))
    assert "timestampevents=yes" in desk.of(f.LinkLost)[0].reason


async def test_an_account_that_may_not_read_the_lists_is_told_so(desk: Desk, fake: FakeAsterisk) -> None:
    fake.forbidden = {"DeviceStateList"}
    await desk.begin()
    await desk.until(lambda: "does not tell what there is: Permission denied" in desk.pbx.link_reason)
    fake.forbidden = set()
    await desk.until(lambda: desk.seen)


async def test_a_fault_of_our_own_does_not_end_the_link_for_good(
    desk: Desk, fake: FakeAsterisk, logged: list[EventDict]
) -> None:
    desk.devices = None  # type: ignore[assignment]
    await desk.begin()
    await desk.until(lambda: desk.pbx.counters.handler_errors)
    assert "TypeError" in desk.pbx.link_reason
    assert "the AMI session failed" in [entry["event"] for entry in logged]
    desk.devices = []
    await desk.until(lambda: desk.seen)
    desk.devices = None  # type: ignore[assignment]
    desk.pbx.audit()
    await desk.answered()
    assert desk.of(f.LinkLost) == []


async def test_an_originate_response_is_an_event_although_it_has_a_response(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.silent_to = {"Redirect"}
    desk.pbx.send(OFFER)
    await desk.until(lambda: fake.sent("Redirect"))
    id = fake.sent("Redirect")[0]["ActionID"]
    now = ("Timestamp", f"{time.time():.6f}")
    fake.say(("Event", "OriginateResponse"), now, ("ActionID", id), ("Response", "Failure"), ("Uniqueid", "<null>"))
    fake.say(("Response", "Success"), ("ActionID", id), ("Message", "Redirect successful"))
    await desk.answered()
    assert desk.facts[1:] == []


async def test_an_answer_without_an_action_and_an_error_without_an_id_are_passed_over(
    desk: Desk, fake: FakeAsterisk
) -> None:
    await desk.start()
    fake.say(("Response", "Success"), ("ActionID", "lab-1"), ("Message", "Redirect successful"))
    fake.say(("Response", "Error"), ("Message", "Too many lines in message or allocation failure"))
    await desk.answered()
    assert desk.of(f.LinkLost) == []


async def test_action_ids_cannot_be_guessed_from_session_to_session(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.cut()
    await desk.until(lambda: len(desk.seen) == 2)
    prefixes = {action["ActionID"].partition("-")[0] for action in fake.actions}
    assert len(prefixes) == 2
    assert all(len(prefix) == 16 for prefix in prefixes)
    ids = [action["ActionID"] for action in fake.actions]
    assert len(ids) == len(set(ids))


async def test_a_character_cut_in_two_by_tcp_arrives_whole(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    nonce = fake.variables["", "ACD_NONCE"]
    text = (
        f"Event: UserEvent\r\nTimestamp: {time.time():.6f}\r\n"
        "Channel: x\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nUserEvent: AcdQueued\r\n"
        f"Nonce: {nonce}\r\nLine: gentinfo\r\nT0: 1.0\r\nPath: café>naïef\r\n\r\n"
    )
    for byte in text.encode():
        fake.raw(bytes([byte]))
        await asyncio.sleep(0)
    await desk.until(lambda: desk.of(f.CallQueued))
    assert desk.of(f.CallQueued)[0].path == "café>naïef"


# --- Backing off, recording ------------------------------------------------------------------------------------------


def test_attempts_come_slower_and_slower_and_never_in_step() -> None:
    backoff = Backoff(0.1, 5.0, fraction=lambda: 0.0)
    assert [backoff.pause(0.0) for _ in range(8)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])
    assert backoff.pause(lived=11.0) == pytest.approx(0.1)
    fractions = iter([0.0, 0.5, 1.0])
    jittered = Backoff(1.0, 1.0, fraction=lambda: next(fractions))
    assert [jittered.pause(0.0) for _ in range(3)] == pytest.approx([1.0, 0.75, 0.5])


async def test_a_session_can_be_recorded_and_told_again(desk: Desk, fake: FakeAsterisk, tmp_path: Path) -> None:
    fake.channels = [channel("1.1", state="wait", line="gentinfo", t0="1000.5", arrived="990.25", num="+3291")]
    fake.devices = {"PJSIP/1001": "NOT_INUSE", "Custom:x": "INUSE"}
    await desk.start(record=tmp_path / "ami")
    fake.user_event("AcdGone", ("State", "wait"), ("Gone", "1010.5"))
    await desk.until(lambda: desk.of(f.CallGone))
    await desk.pbx.stop()
    (recv,) = (tmp_path / "ami").glob("*.recv")
    assert b"s3cret" not in recv.with_suffix(".sent").read_bytes()
    assert b"Secret: ****\r\n" in recv.with_suffix(".sent").read_bytes()
    told = [fact for _, fact in replay(read_recording(recv))]
    (seen,) = desk.seen
    assert told[0] == f.SwitchSeen(seen.calls, (), {Device("1001"): f.PhoneState.IDLE})
    assert told[1:] == desk.facts[1:]
    assert (tmp_path / "ami").stat().st_mode & 0o077 == 0


async def test_recordings_are_bounded(desk: Desk, fake: FakeAsterisk, tmp_path: Path) -> None:
    await desk.start(record=tmp_path, record_bytes=2000, record_files=3)
    for n in range(200):
        fake.queued(call=f"1.{n}")
        if n % 20 == 0:
            await desk.answered()
    await desk.until(lambda: len(desk.of(f.CallQueued)) == 200)
    await desk.pbx.stop()
    names = sorted(name.removesuffix(".recv") for name in os.listdir(tmp_path) if name.endswith(".recv"))
    assert len(names) == 3
    assert len(os.listdir(tmp_path)) == 9
    told = [fact for name in names for _, fact in replay(read_recording(tmp_path / name))]
    assert told == desk.facts[-len(told) :]


def test_what_was_recorded_goes_by_the_clock_a_day_at_a_time(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    recorder = Recorder(tmp_path, clock=lambda: now)
    written = []
    for hours in (0.0, 23.9, 24.1, 24.2):
        now = 1_800_000_000.0 + hours * 3600
        recorder.received(b"Event: FullyBooted\r\n\r\n", boundary=True)
        written.append(sorted(tmp_path.glob("*.recv"))[-1])
    recorder.close()
    assert written[0] == written[1] != written[2] == written[3]
    for file, at in zip(dict.fromkeys(written), (100.0, 200.0), strict=True):
        os.utime(file, (at, at))
    assert erase_recordings(tmp_path, 100.0) == 0
    assert erase_recordings(tmp_path, 200.0) == 1
    assert {file.stem for file in tmp_path.glob("*.recv")} == {written[2].stem}
    assert len(list(tmp_path.iterdir())) == 3
    assert erase_recordings(tmp_path / "never recorded", 200.0) == 0


async def test_a_full_disk_does_not_keep_the_citizens_waiting(desk: Desk, fake: FakeAsterisk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    await desk.start(record=tmp_path / "file")
    fake.queued()
    await desk.until(lambda: desk.of(f.CallQueued))

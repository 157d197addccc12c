"""For how long of today nothing could be seen, as the engine keeps it: what the records say of the same events."""

from acd.engine.unseen import Unseen
from acd.model.events import CallRepaired, CallStarted, Event, LinkCameUp, LinkWentDown, PhoneReported
from acd.model.ids import CallId, Device, OperatorId
from acd.model.outcome import Outcome

MIDNIGHT = 86_400.0


def up(at: float) -> Event:
    return LinkCameUp(at, 0, 0)


def down(at: float) -> Event:
    return LinkWentDown(at, "lost")


def call(at: float) -> Event:
    return CallStarted(at, CallId("1.1"), "", None, at)


def of_today(*events: Event, now: float = 2 * MIDNIGHT) -> float:
    unseen = Unseen()
    unseen.apply(events)
    return unseen.seconds(MIDNIGHT, now)


def test_a_lost_link_lasts_until_it_is_back_however_often_that_is_told() -> None:
    began = MIDNIGHT + 3600
    assert of_today(up(MIDNIGHT), down(began), down(began + 10), up(began + 60)) == 60
    assert of_today(up(MIDNIGHT), down(began), now=began + 45) == 45
    assert of_today(up(MIDNIGHT), down(began), up(began + 60), down(began + 100), up(began + 130)) == 90


def test_a_link_that_comes_up_without_a_loss_tells_that_we_were_not_running_since_the_last_sign_of_life() -> None:
    noon = MIDNIGHT + 43_200
    assert of_today(up(MIDNIGHT), call(noon), up(noon + 30)) == 30
    phone = PhoneReported(noon + 5, Device("PJSIP/1001"), OperatorId("an"), reachable=True)
    assert of_today(up(MIDNIGHT), call(noon), phone, up(noon + 30)) == 25


def test_what_was_read_in_asterisks_record_is_no_sign_of_life() -> None:
    noon = MIDNIGHT + 43_200
    read = CallRepaired(
        at=noon + 20,
        call=CallId("1.1"),
        known=True,
        counts=True,
        did="",
        arrived_at=noon,
        language="nl",
        path="",
        line=None,
        entered_at=None,
        operator=None,
        answered_at=None,
        talk_ended_at=None,
        fallback=False,
        gone_at=noon + 9,
        outcome=Outcome.LEFT_MENU,
        before=None,
        waited=None,
        switch_gone_at=noon + 9,
    )
    assert of_today(up(MIDNIGHT), call(noon), read, up(noon + 30)) == 30


def test_only_what_lies_in_today_counts_and_yesterday_is_forgotten() -> None:
    unseen = Unseen()
    unseen.recall([(None, 60.0), (MIDNIGHT - 30, MIDNIGHT + 12), (MIDNIGHT + 100, None)])
    assert unseen.seconds(MIDNIGHT, MIDNIGHT + 130) == 12 + 30
    unseen.forget(MIDNIGHT + 12)
    assert unseen.seconds(0.0, MIDNIGHT + 130) == 30
    unseen.apply([up(MIDNIGHT + 150)])
    assert unseen.seconds(MIDNIGHT, 2 * MIDNIGHT) == 50

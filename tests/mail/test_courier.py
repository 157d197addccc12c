"""Each report is mailed once a period, over real SMTP and from both databases, whatever is away meanwhile."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec
import pytest

from acd.mail.courier import PAUSES, MailCourier
from acd.mail.smtp import File, Letter, NotMailed, Smtp
from acd.model.mailing import Cadence, Mailing, MailServer, Security
from acd.records import MailStore
from tests.hooks.receiver import certified
from tests.mail.post_office import PASSWORD, PostOffice
from tests.mail.test_schedule import clock
from tests.records.places import Place

WEEK = Mailing("week", Cadence.WEEKLY, 7 * 3600, ("an@city.example", "bo@city.example"))
LETTER = Letter("acd.test", "Weekrapport – Gent", "plain", "<p>één</p>", (File("a.csv", "text/csv", b"x,y"),))


class Desk:
    """Writes the same letter for every period."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self.of: dict[str, Mailing] = {"week": WEEK}

    def server(self) -> tuple[MailServer, str]:
        return self._server, PASSWORD

    def mailings(self) -> Mapping[str, Mailing]:
        return self.of

    async def write(self, mailing: Mailing, first: date) -> Letter:
        return msgspec.structs.replace(LETTER, id=f"acd.{mailing.name}.{first.isoformat()}")


class Service:
    """A service that can be restarted, and whose clock is set by hand."""

    def __init__(self, url: str, office: PostOffice, now: str) -> None:
        self._url = url
        self.desk = Desk(office.server)
        self.now = clock(now)

    async def look(self, at: str | None = None, *, times: int = 1) -> None:
        """Each time as after a start: with nothing in memory."""
        self.now = clock(at) if at else self.now
        store = MailStore(self._url)
        try:
            for _ in range(times):
                courier = MailCourier(store, self.desk, Smtp(), lambda: self.now)
                await courier.gather()
                await courier.bring()
        finally:
            await store.close()

    async def newest(self) -> tuple[int, bool, str | None]:
        """Attempts, given up, error."""
        store = MailStore(self._url)
        [mail] = await store.latest()
        await store.close()
        return mail.attempts, mail.dead_at is not None, mail.error


async def test_a_report_is_mailed_once_a_period_over_restarts(place: Place) -> None:
    with PostOffice() as office:
        service = Service(place.url, office, "2027-03-05T12:00")
        await service.look(times=2)
        # What was due before it was asked for is not sent.
        await service.look("2027-03-08T06:59")
        assert office.got == []
        for moment in ("2027-03-08T07:00", "2027-03-08T07:01", "2027-03-14T23:00"):
            await service.look(moment, times=2)
        [(to, message)] = office.got
        assert to == ["an@city.example", "bo@city.example"]
        assert message["Subject"] == "Weekrapport – Gent"
        assert message["Message-ID"] == "<acd.week.2027-03-01@city.example>"
        html = message.get_body(("html",))
        assert html is not None and "één" in html.get_content()
        assert [part.get_filename() for part in message.iter_attachments()] == ["a.csv"]
        # Away for three weeks: what was missed is sent, each week once.
        await service.look("2027-04-06T09:00", times=2)
        ids = [message["Message-ID"] for _, message in office.got]
        assert [id[10:20] for id in ids] == ["2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22", "2027-03-29"]


async def test_what_the_server_does_not_take_comes_again_and_is_given_up_at_last(place: Place) -> None:
    with PostOffice() as office:
        service = Service(place.url, office, "2027-03-05T12:00")
        await service.look()
        office.down = True
        await service.look("2027-03-08T07:00", times=3)
        assert await service.newest() == (1, False, "the server answered 451 4.3.0 try again later")
        for pause in PAUSES:
            service.now += pause
            await service.look()
        assert (await service.newest())[:2] == (len(PAUSES) + 1, True)
        service.now += 86_400
        office.down = False
        await service.look()
        assert office.got == []
        store = MailStore(place.url)
        assert await store.again("week", service.now) == 1
        await store.close()
        await service.look(times=2)
        assert len(office.got) == 1 and (await service.newest())[1:] == (False, None)


async def test_a_server_that_is_away_is_told_and_asked_again(place: Place) -> None:
    with PostOffice() as office:
        service = Service(place.url, office, "2027-03-05T12:00")
        await service.look()
    await service.look("2027-03-08T07:00")
    attempts, dead, error = await service.newest()
    assert (attempts, dead) == (1, False) and error and "refused" in error


async def test_one_refused_recipient_is_told_and_the_others_have_it(place: Place) -> None:
    with PostOffice() as office:
        service = Service(place.url, office, "2027-03-05T12:00")
        await service.look()
        office.refuses = {"bo@city.example"}
        await service.look("2027-03-08T07:00", times=2)
        assert [to for to, _ in office.got] == [["an@city.example"]]
        assert await service.newest() == (1, False, "refused: bo@city.example")


async def test_a_mailing_that_is_gone_is_forgotten_and_begins_anew(place: Place) -> None:
    with PostOffice() as office:
        service = Service(place.url, office, "2027-03-05T12:00")
        await service.look()
        service.desk.of = {}
        await service.look("2027-03-08T08:00")
        service.desk.of = {"week": WEEK}
        await service.look("2027-03-08T09:00", times=2)
        assert office.got == []


async def test_a_password_goes_over_tls_alone_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    theirs, ours = certified(tmp_path, "localhost")
    with PostOffice(password=PASSWORD, tls=theirs) as office:
        await Smtp(ours)(office.server, PASSWORD, WEEK.to, LETTER)
        assert len(office.got) == 1
        with pytest.raises(NotMailed, match="535"):
            await Smtp(ours)(office.server, "wrong", WEEK.to, LETTER)
        with pytest.raises(NotMailed, match=r"(?i)certificate"):
            await Smtp()(office.server, PASSWORD, WEEK.to, LETTER)
        office.refuses = set(WEEK.to)
        with pytest.raises(NotMailed, match=r"every recipient was refused: an@city\.example: 550"):
            await Smtp(ours)(office.server, PASSWORD, WEEK.to, LETTER)
        assert len(office.got) == 1


async def test_nothing_is_said_to_a_server_that_cannot_close_the_way() -> None:
    with PostOffice() as office:
        server = msgspec.structs.replace(office.server, security=Security.STARTTLS, user="acd")
        with pytest.raises(NotMailed, match="STARTTLS"):
            await Smtp()(server, PASSWORD, WEEK.to, LETTER)
        assert office.got == []

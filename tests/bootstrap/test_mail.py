"""A report of the records through a mail server to a reader: by the settings of queues.yaml, at the terminal."""

import asyncio
import io
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.bootstrap.mail import MailError, send_now
from acd.bootstrap.settings import Settings
from acd.cli import app
from acd.model import events as ev
from acd.records import upgrade
from tests.figures.ledger import at
from tests.mail.post_office import PostOffice
from tests.records.places import Place
from tests.records.test_citizens import answered, converse
from tests.records.test_survey import asked

MONDAY = "2027-03-01T10:00"
CITY = """
city: Stad Gent
defaults: {{hours: {{mon-sun: 24h}}}}
lines:
  gentinfo: {{names: {{nl: Gentinfo}}, subjects: {{afval: {{nl: Afval}}}}, survey: {{questions: {{wait: {{prompt: survey-wait, names: {{nl: Wachttijd}}}}}}}}}}
  sportlijn: {{names: {{nl: Sportlijn}}}}
reasons: {{pauze: {{nl: Pauze}}}}
mail: {{host: localhost, port: {port}, security: none, sender: acd@stad.example}}
reports:
  week: {{when: weekly, to: [raad@stad.example], contents: [figures, subjects, repeats, survey], attach: [xlsx, csv, html]}}
  sport: {{when: monthly, to: [sport@stad.example], lines: [sportlijn], language: fr, attach: []}}
"""  # noqa: E501


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Of a week in which gentinfo answered 12 calls."""
    monkeypatch.setenv("ACD_QUEUES", str(tmp_path / "queues.yaml"))
    monkeypatch.setenv("ACD_STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "240")

    async def week() -> None:
        url = f"sqlite:///{tmp_path}/acd.db"
        await upgrade(url)
        place, begin = Place(url, tmp_path / "spill"), at(MONDAY)
        calls = [answered(f"1.{n}", begin + 3600 * n, f"+3247000000{n % 7}") for n in range(12)]
        await place.write([event for call in calls for event in call] + asked("1.0", begin, wait=8), key=b"key")
        await converse(
            place, ("1.0", begin, "gentinfo", ("afval",), True), ("1.1", begin, "gentinfo", ("afval",), None)
        )

    asyncio.run(week())
    return Settings()


async def test_a_council_gets_its_figures_with_formulas_tables_and_files(settings: Settings) -> None:
    with PostOffice() as office:
        settings.queues.write_text(CITY.format(port=office.server.port), "utf-8")
        assert await send_now(settings, "week", clock=lambda: at("2027-03-09T09:00")) == "2027-03-01"
        [(to, message)] = office.got
        assert to == ["raad@stad.example"]
        assert message["Subject"] == "Stad Gent: weekrapport, 1 maart 2027 – 7 maart 2027"
        body = message.get_body(("html",))
        assert body is not None
        page = body.get_content().replace("\N{NARROW NO-BREAK SPACE}", " ")
        assert "100,0 %" in page and "12 / 12" in page and "A / (A + B); terugbelafspraken in geen van beide" in page
        assert "Gentinfo" in page and "Afval" in page and "Wachttijd" in page and "8,0" in page
        # Complete in itself: nothing is fetched from anywhere when it is opened.
        assert "<script" not in page and "src=" not in page and "href=" not in page
        files = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
        tables = ("figures", "subjects", "repeats", "survey")
        assert set(files) == {f"week-2027-03-01-{name}.{kind}" for name in tables for kind in ("xlsx", "csv")} | {
            "week-2027-03-01.html"
        }
        csv = files["week-2027-03-01-figures.csv"]
        assert isinstance(csv, bytes) and csv.decode("utf-8-sig").startswith("period,line")
        book = files["week-2027-03-01-figures.xlsx"]
        assert isinstance(book, bytes) and "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()
        assert "Marie" not in page and "secret" not in page and "+3247" not in page


async def test_a_letter_without_figures_tells_too_what_could_not_be_seen(settings: Settings, tmp_path: Path) -> None:
    gone = at("2027-03-03T10:00")
    lost: list[ev.Event] = [ev.LinkWentDown(gone, "closed"), ev.LinkCameUp(gone + 7200, 0, 0)]
    await Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "spill").write(lost)
    with PostOffice() as office:
        city = CITY.replace("[figures, subjects, repeats, survey]", "[subjects]").format(port=office.server.port)
        settings.queues.write_text(city, "utf-8")
        await send_now(settings, "week", clock=lambda: at("2027-03-09T09:00"))
        await send_now(settings, "week", clock=lambda: at("2027-03-16T09:00"))
        pages = [message.get_body(("html",)).get_content() for _, message in office.got]  # type: ignore[union-attr]
    assert "Tijdens 2\xa0u\xa000 van deze periode kon niets gezien worden" in pages[0]
    assert "2027-03-03 10:00:00 – 2027-03-03 12:00:00" in pages[0]
    assert "niets gezien worden" not in pages[1]


async def test_another_line_in_another_language_has_nothing_to_tell(settings: Settings) -> None:
    with PostOffice() as office:
        settings.queues.write_text(CITY.format(port=office.server.port), "utf-8")
        assert await send_now(settings, "sport", clock=lambda: at("2027-04-02T09:00")) == "2027-03-01"
        [(_, message)] = office.got
        body = message.get_body(("html",))
        assert message["Subject"] == "Stad Gent: rapport du mois, 1 mars 2027 – 31 mars 2027"
        assert body is not None and "Gentinfo" not in body.get_content() and "Joignabilité" in body.get_content()


async def test_what_is_wrong_is_said(settings: Settings) -> None:
    with PostOffice() as office:
        settings.queues.write_text(CITY.format(port=office.server.port), "utf-8")
        with pytest.raises(MailError, match="no mailed report 'luck'; there are: week, sport"):
            await send_now(settings, "luck")
        office.refuses = {"raad@stad.example"}
        with pytest.raises(MailError, match="week: every recipient was refused"):
            await send_now(settings, "week")


def test_the_terminal_lists_them(settings: Settings) -> None:
    settings.queues.write_text(CITY.format(port=25), "utf-8")
    said = CliRunner().invoke(app, ["mail"]).stdout
    assert "week" in said and "weekly 07:00" in said and "raad@stad.example" in said and "not yet" in said

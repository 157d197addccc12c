"""How it was, asked on the real Asterisk: of who called and of who was called back, never on a line that asks nobody.
What they answer stands in the records, and on the page of the reports."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.config import ZONE, City, load
from acd.ivr.catalogue import NEEDED, SURVEY_FRAME
from acd.model.ids import LineId
from acd.records import upgrade
from sim.lab import Call, Habit, Lab, Phone
from sim.lab.service import LabService
from tests.e2e.conftest import HERE, SPEAKS, records, sounding, until
from tests.e2e.desk_page import PASSWORD, accounts
from tests.e2e.promises import owe, promises
from tests.web.house import csrf_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]
FOLDER = HERE / "survey"
ASKS, SILENT = "3292104010", "3292104011"
CALLER = "+32470620001"
OWED = {"enquete": "+32470620002", "stil": "+32470620003"}
"""Who is owed a call on each line."""
PROMPTS = (*SURVEY_FRAME, "survey-courtesy", "survey-wait", *(id for id in NEEDED if id.startswith("cb-")), "fallback")


@pytest.fixture(scope="module")
def asking_city() -> City:
    return load(FOLDER / "city.yaml")


@pytest.fixture(scope="module")
def lab(asking_city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    tones = dict.fromkeys(PROMPTS, 0.1)
    with sounding(asking_city, FOLDER / "flows", tmp_path_factory.mktemp("survey"), tones) as lab:
        yield lab
        assert lab.complaints() == []


@pytest.fixture
async def service(lab: Lab, tmp_path: Path) -> AsyncIterator[LabService]:
    service = LabService(lab, FOLDER / "city.yaml", tmp_path / "state")
    service.state.mkdir()
    await upgrade(service.database)
    now = time.time()
    for before, (line, number) in enumerate(OWED.items()):
        await owe(service, number, now - 10 * before, line)
    async with service:
        await accounts(service, supervisor="sven")
        yield service
    await until(lambda: lab.channels() == [], 20, "no channel is left")


async def test_who_called_and_who_was_called_back_answer_and_nobody_of_a_line_that_asks_nobody(
    lab: Lab, service: LabService
) -> None:
    async with lab.phone("1001", Habit(after=0.1)) as anna, lab.partner(Habit(after=0.1)) as at_home:
        await service.operator("anna", "login", "ready")
        for turn in range(len(OWED)):
            await until(partial(talks, at_home, turn + 1), 30, "he is called back")
            await hangs_up_first(anna, turn + 1)
            back = at_home.calls[turn]
            if OWED["enquete"] in back.invite.first:
                await scores(back, service, asked=1)
            await asyncio.wait_for(back.ended.wait(), 20)
            assert back.ended_by_us is False
        async with lab.citizen(CALLER) as him:
            call = him.call(ASKS)
            await hangs_up_first(anna, 3)
            await scores(call, service, asked=2)
            call = him.call(SILENT)
            await hangs_up_first(anna, 4)
            await asyncio.wait_for(call.ended.wait(), 20)
    calls = await records(service)
    assert len(calls) == 2, "a call back is no call of a caller"
    asked = await everything(service, "survey")
    attempts = {kept.promise.line: kept.attempts for kept in await promises(service)}
    [one] = attempts[LineId("enquete")]
    assert len(attempts[LineId("stil")]) == 1
    assert [(row["call"], row["line"], row["operator"], row["sent"]) for row in asked] == [
        (f"acd-cb-{one.attempt}", "enquete", "anna", 0),
        (calls[0].call, "enquete", "anna", 0),
    ]
    given = await everything(service, "survey_answer")
    assert [(row["call"], row["question"], row["score"]) for row in given] == [
        (row["call"], question, score) for row in asked for question, score in (("courtesy", 7), ("wait", 10))
    ]
    await the_supervisor_sees_them(service)


def talks(phone: Phone, count: int) -> bool:
    """In its ``count``-th call."""
    return len(phone.calls) == count and phone.calls[-1].answered_at is not None


async def hangs_up_first(anna: Phone, count: int) -> None:
    """The operator, in her ``count``-th call."""
    await until(partial(talks, anna, count), 20, "anna answers")
    await asyncio.sleep(SPEAKS)
    await anna.calls[-1].hang_up()


async def scores(call: Call, service: LabService, *, asked: int) -> None:
    """He gives a 7 and a 10 when he is asked, as the ``asked``-th of all."""

    async def begun() -> bool:
        return len(await everything(service, "survey")) == asked

    async def answered() -> bool:
        return len(await everything(service, "survey_answer")) == 2 * asked - 1

    await until(begun, 20, "he is asked")
    # A key during the words before the questions counts for nothing.
    await until(lambda: any(channel.app == "Read" for channel in service.lab.channels()), 20, "he hears a question")
    await call.digit("7")
    await until(answered, 20, "his first answer is written down")
    await call.digit("0")
    await asyncio.wait_for(call.ended.wait(), 20)
    assert call.ended_by_us is False


async def everything(service: LabService, table: str) -> list[dict[str, Any]]:
    """Rows of one table, the oldest first."""
    with closing(sqlite3.connect(service.state / "acd.db")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY seq")]


async def the_supervisor_sees_them(service: LabService) -> None:
    """Two were asked, and both answered: what the reports say of today."""
    today = datetime.now(ZONE).date()
    query = f"from={today}&to={today}"
    url = (await service.ask("status"))["web"]
    async with httpx.AsyncClient(base_url=url, headers={"Accept": "text/html"}) as browser:
        csrf = csrf_in((await browser.get("/login")).text)
        await browser.post("/login", data={"csrf": csrf, "name": "sven", "password": PASSWORD})
        told = (await browser.get(f"/api/reports/survey?{query}")).json()
        assert told["sampled"] == {"enquete": 2}
        assert [(one["question"], one["n"], one["mean"], one["response"]) for one in told["results"]] == [
            ("courtesy", 2, 7.0, 1.0),
            ("wait", 2, 10.0, 1.0),
        ]
        page = (await browser.get(f"/reports/citizens?{query}")).text
        assert "Vriendelijkheid" in page and "2 / 2" in page

"""What an engine that stands by shows: that it does, who leads, and nothing else."""

import httpx
import msgspec
import pytest

from acd.web.standby import StandingBy, create_standby_app

READY = StandingBy("b", "a", "https://a.stad.example", database=True, sees_switch=True, term=7)


def client(shown: StandingBy) -> httpx.AsyncClient:
    app = create_standby_app(lambda: shown, ["localhost"])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def test_a_person_is_led_to_the_leader() -> None:
    async with client(READY) as browser:
        for path in ("/", "/desk", "/login?next=/desk"):
            page = await browser.get(path, headers={"accept": "text/html"})
            assert page.status_code == 503 and "Staat klaar" in page.text
            assert 'href="https://a.stad.example"' in page.text
        assert "Standing by" in (await browser.get("/?lang=en", headers={"accept": "text/html"})).text


async def test_a_load_balancer_sends_nobody_here_and_a_supervisor_sees_it_live() -> None:
    async with client(READY) as program:
        for path in ("/healthz", "/readyz", "/api/snapshot"):
            found = await program.get(path)
            assert (found.status_code, found.json()["status"], found.json()["leader"]) == (503, "standby", "a")
        assert (await program.post("/desk/ready")).status_code == 503
        assert (await program.get("/livez")).json() == {"status": "alive"}
        assert (await program.get("/readyz")).json()["ready"] is True
        assert (await program.get("/readyz?standbyok")).status_code == 200
        for path in ("/livez", "/readyz?standbyok"):
            assert (await program.get(path, headers={"host": "10.0.0.5"})).status_code == 200
        assert (await program.get("/", headers={"host": "elsewhere.example"})).status_code == 400


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sees_switch": False}, "kan nu niet overnemen"),
        ({"database": False}, "weet niet wie er leidt"),
        ({"leader": None, "leader_url": ""}, "geen leidende server"),
        ({"newer_schema": "0099"}, "van een nieuwere versie"),
    ],
)
async def test_one_that_could_not_take_over_says_why(change: dict[str, object], said: str) -> None:
    shown = msgspec.structs.replace(READY, **change)
    async with client(shown) as browser:
        assert said in (await browser.get("/", headers={"accept": "text/html"})).text
        ready = "\nacd_standby_ready 1" in (await browser.get("/metrics")).text
        assert ready is (change.get("leader", "a") is None)
        assert "acd_leader 0" in (await browser.get("/metrics")).text
        for path in ("/readyz", "/readyz?standbyok"):
            told = await browser.get(path)
            assert told.json()["ready"] is ready and bool(told.json()["why"]) is not ready
        assert told.status_code == (200 if ready else 503)
        assert (await browser.get("/livez")).status_code == 200, "nobody starts it anew for that"


async def test_a_hostile_name_or_address_of_the_leader_stays_text() -> None:
    shown = msgspec.structs.replace(READY, leader="<script>x</script>", leader_url="javascript:alert(1)")
    async with client(shown) as browser:
        page = (await browser.get("/", headers={"accept": "text/html"})).text
    assert "<script>x" not in page and "javascript:" not in page

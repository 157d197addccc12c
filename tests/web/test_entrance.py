"""Signing in and out, sessions and their end, passwords, and guessing them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.model.account import AuditAction, AuditEntry, Role
from acd.web import passwords
from acd.web.app import create_app
from acd.web.door import ABSOLUTE, IDLE, Door
from acd.web.throttle import MOST, PER_ACCOUNT, PER_ADDRESS, WINDOW, Throttle
from tests.web.house import DIGEST, LINK, NOW, PASSWORD, House, opened, post, sign_in, signed_in

NEW = "zes zwanen op de Leie"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


async def test_who_signs_in_goes_where_he_wanted(house: House) -> None:
    async with house.browser() as browser:
        answer = await sign_in(browser, "Sven", next="/audit?who=olga")
        assert (answer.status_code, answer.headers["location"]) == (303, "/audit?who=olga")
        assert (await browser.get("/audit?who=olga")).status_code == 200
    assert (await house.audit())[1] == ("sven", "signed_in", "")


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil", ""])
async def test_nobody_is_sent_elsewhere(house: House, elsewhere: str) -> None:
    async with house.browser() as browser:
        assert (await sign_in(browser, "sven", next=elsewhere)).headers["location"] == "/callbacks"


async def test_the_cookie_is_out_of_reach_and_says_nothing(house: House) -> None:
    async with house.browser() as browser:
        cookie = (await sign_in(browser, "sven")).headers["set-cookie"]
        assert "httponly" in cookie and "samesite=lax" in cookie
        assert "max-age" not in cookie.lower()
        # A session that somebody planted before does not become his.
        before = browser.cookies["acd"]
        await sign_in(browser, "olga")
        assert browser.cookies["acd"] != before


async def test_over_tls_the_cookie_goes_nowhere_else(house: House) -> None:
    door = Door(house.store, secret="s", secure=True)
    house.app = create_app(house.hub, hosts=["acd.stad.example"], door=door)
    async with house.browser("acd.stad.example") as browser:
        cookie = (await browser.get("/login")).headers["set-cookie"]
    assert cookie.startswith("__Host-acd=") and "secure" in cookie and "path=/;" in cookie


@pytest.mark.parametrize("cookie", ["", "nonsense", "eyJ0b2tlbiI6ICJ4In0=.aaaa.bbbb"])
async def test_a_made_up_cookie_opens_nothing(house: House, cookie: str) -> None:
    async with house.browser() as browser:
        browser.cookies.set("acd", cookie)
        assert (await browser.get("/callbacks")).status_code == 303


@pytest.mark.parametrize(("name", "password"), [("sven", "wrong"), ("nobody", PASSWORD), ("hall", ""), ("", "")])
async def test_a_refusal_does_not_say_what_was_wrong(house: House, name: str, password: str) -> None:
    async with house.browser() as browser:
        answer = await sign_in(browser, name, password)
        assert answer.status_code == 401
        assert "Naam of wachtwoord klopt niet" in answer.text
        assert (await browser.get("/callbacks")).status_code == 303
    # A password typed in the field of the name is not kept.
    assert (await house.audit())[0][1] == "sign_in_failed"
    assert (await house.audit())[0][0] in ("?", "sven", "hall")


async def test_a_session_ends_after_an_idle_hour_but_not_for_who_works(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        for _ in range(5):
            house.now += IDLE - 1
            assert (await browser.get("/callbacks")).status_code == 200
        # A list that refreshes itself keeps nobody in.
        for _ in range(4):
            house.now += IDLE / 4 + 1
            await browser.get("/callbacks/rows")
        assert (await browser.get("/callbacks")).status_code == 303


async def test_a_session_ends_after_a_working_day_whatever_one_does(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        while house.now < NOW + ABSOLUTE:
            assert (await browser.get("/callbacks")).status_code == 200
            house.now += 1800
        house.now += 1
        assert (await browser.get("/callbacks")).status_code == 303


async def test_who_signs_out_is_out_with_a_copy_of_the_cookie_too(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        copy = browser.cookies["acd"]
        assert (await post(browser, "/callbacks", "/logout")).headers["location"] == "/login"
        assert "Je bent afgemeld" in (await browser.get("/login")).text
        browser.cookies.set("acd", copy)
        assert (await browser.get("/callbacks")).status_code == 303
    assert (await house.audit())[0] == ("olga", "signed_out", "")


async def test_what_was_in_the_browser_before_signing_in_is_worth_nothing_after(house: House) -> None:
    """Somebody who planted a cookie of his own knows the token of its forms."""
    async with house.browser() as browser:
        planted = (await browser.get("/login")).text.partition('name="csrf" value="')[2].partition('"')[0]
        assert len(planted) > 20
        assert (await sign_in(browser, "sven")).status_code == 303
        assert (await browser.get("/api/me")).json()["csrf"] != planted


async def test_a_closed_account_is_out_at_once(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        await house.store.set_disabled("olga", NOW, AuditEntry(NOW, "ada", "", AuditAction.ACCOUNT_DISABLED, "olga"))
        assert (await browser.get("/callbacks")).status_code == 303
        assert (await sign_in(browser, "olga")).status_code == 401


async def test_a_one_time_password_opens_only_the_page_that_changes_it(house: House) -> None:
    await house.store.set_password("olga", DIGEST, None, AuditEntry(NOW, "ada", "", AuditAction.ACCOUNT_PASSWORD))
    async with house.browser() as browser:
        await sign_in(browser, "olga")
        for path in ("/callbacks", "/callbacks/rows", "/audit"):
            assert (await browser.get(path)).headers["location"] == "/password"
        assert (await browser.get("/api/callbacks")).status_code == 403
        answer = await post(browser, "/password", "/password", current=PASSWORD, new=NEW, again=NEW)
        assert answer.headers["location"] == "/desk"
        assert "Je wachtwoord is gewijzigd" in (await browser.get("/callbacks")).text
        assert "Je wachtwoord is gewijzigd" not in (await browser.get("/callbacks")).text
        assert (await sign_in(browser, "olga")).status_code == 401
        assert (await sign_in(browser, "olga", NEW)).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "Het huidige wachtwoord klopt niet"),
        (PASSWORD, "elf tekens.", "elf tekens.", "te kort"),
        (PASSWORD, "a" * 300, "a" * 300, "te lang"),
        (PASSWORD, "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "te makkelijk"),
        (PASSWORD, "SVENsvenSven1", "SVENsvenSven1", "te makkelijk"),
        (PASSWORD, NEW, NEW + "!", "niet gelijk"),
        (PASSWORD, PASSWORD, PASSWORD, "ander wachtwoord"),
    ],
)
async def test_a_bad_new_password_is_told_why(house: House, current: str, new: str, again: str, said: str) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        answer = await post(browser, "/password", "/password", current=current, new=new, again=again)
        assert answer.status_code == 422
        assert said in answer.text
        assert (await sign_in(browser, "sven")).status_code == 303


async def test_guessing_one_account_is_stopped_and_its_owner_may_again_later(house: House) -> None:
    async with house.browser(address="10.0.0.7") as browser:
        for _ in range(PER_ACCOUNT):
            assert (await sign_in(browser, "sven", "guess")).status_code == 401
        stopped = await sign_in(browser, "SVEN")
        assert (stopped.status_code, stopped.headers["retry-after"]) == (429, f"{WINDOW:.0f}")
        assert (await sign_in(browser, "olga")).status_code == 303
        house.now += WINDOW
        assert (await sign_in(browser, "sven")).status_code == 303


async def test_the_link_of_a_screen_opens_the_wallboard_for_months(house: House) -> None:
    async with house.browser("acd.stad.example") as screen:
        assert (await screen.get("/")).status_code == 303
        assert (await screen.get(f"/kiosk/{LINK}")).headers["location"] == "/"
        house.now += 300 * 86_400
        page = await screen.get("/")
        assert page.status_code == 200
        assert "Peeters" not in page.text
        assert "/callbacks" not in page.text
        assert (await screen.get("/callbacks", headers={"Accept": "text/html"})).status_code == 403
        await house.store.set_password("hall", None, "new", AuditEntry(NOW, "ada", "", AuditAction.ACCOUNT_PASSWORD))
        assert (await screen.get("/")).status_code == 303
        assert (await screen.get(f"/kiosk/{LINK}")).status_code == 404


async def test_links_cannot_be_guessed_for_long(house: House) -> None:
    async with house.browser(address="10.0.0.8") as browser:
        codes = [(await browser.get(f"/kiosk/guess{n}")).status_code for n in range(PER_ACCOUNT + 1)]
    assert codes == [404] * PER_ACCOUNT + [429]


# --- Forms from elsewhere --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [{}, {"csrf": ""}, {"csrf": "guess"}, {"csrf": "é"}])
async def test_a_form_without_the_token_does_nothing(house: House, sent: dict[str, str]) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        assert (await browser.get("/api/me")).json()["csrf"]
        answer = await browser.post("/accounts", data={"name": "eve", "role": "admin", **sent})
        assert answer.status_code == 403
        assert "Dit mag niet" in answer.text
        assert "eve" not in [one.name for one in await house.store.accounts()]


async def test_a_form_of_another_site_does_nothing_even_with_the_token(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        csrf = (await browser.get("/api/me")).json()["csrf"]
        for site, code in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
            headers = {"X-CSRF-Token": csrf, "Sec-Fetch-Site": site}
            assert (await browser.post("/logout", headers=headers)).status_code == code


async def test_signing_in_needs_our_own_form_too(house: House) -> None:
    async with house.browser() as browser:
        assert (await browser.post("/login", data={"name": "sven", "password": PASSWORD})).status_code == 403


async def test_a_large_request_is_refused(house: House) -> None:
    async with house.browser() as browser:
        assert (await browser.post("/login", data={"name": "x" * 40_000})).status_code == 413
        many = "&".join(f"f{n}=1" for n in range(100))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await browser.post("/login", content=many, headers=headers)).status_code == 400


# --- Parts -----------------------------------------------------------------------------------------------------------


def test_the_throttle_counts_accounts_and_addresses() -> None:
    throttle = Throttle()
    for n in range(PER_ADDRESS):
        assert throttle.wait(f"name{n}", "10.0.0.1", 100.0 + n) == 0
        throttle.tried(f"name{n}", "10.0.0.1", 100.0 + n)
    assert throttle.wait("another", "10.0.0.1", 200.0) == WINDOW - 100
    assert throttle.wait("another", "10.0.0.2", 200.0) == 0
    assert throttle.wait("another", "10.0.0.1", 100.0 + WINDOW) == 0


def test_one_network_of_ipv6_is_one_address() -> None:
    throttle = Throttle()
    for n in range(PER_ADDRESS):
        throttle.tried(f"name{n}", f"2001:db8:1:2::{n:x}", 0.0)
    assert throttle.wait("x", "2001:db8:1:2:ffff::1", 1.0) > 0
    assert throttle.wait("x", "2001:db8:1:3::1", 1.0) == 0


def test_success_does_not_pay_off_the_guesses_of_a_neighbour() -> None:
    throttle = Throttle()
    for n in range(PER_ADDRESS):
        throttle.tried(f"name{n}", "10.0.0.1", 0.0)
        throttle.tried("mine", "10.0.0.1", 0.0)
        throttle.succeeded("mine", "10.0.0.1")
    assert throttle.wait("mine", "10.0.0.1", 1.0) > 0
    assert throttle.wait("mine", "10.0.0.2", 1.0) == 0


def test_the_throttle_does_not_grow_for_ever() -> None:
    throttle = Throttle()
    for n in range(2 * MOST):
        throttle.tried(f"name{n}", f"10.{n}", float(n))
    assert len(throttle._failures) <= MOST


async def test_too_many_passwords_at_once_are_turned_away() -> None:
    checker = passwords.Checker(most=0)
    with pytest.raises(passwords.Busy):
        await checker.check(PASSWORD, DIGEST)


async def test_a_missing_account_costs_a_check_too() -> None:
    checker = passwords.Checker()
    assert await checker.check(PASSWORD, None) is False
    assert await checker.check(PASSWORD, DIGEST) is True
    assert await checker.check(PASSWORD + "x", DIGEST) is False


def test_one_time_passwords_are_good_and_never_the_same() -> None:
    many = {passwords.one_time() for _ in range(100)}
    assert len(many) == 100
    assert all(passwords.fault(one, "admin") is None for one in many)

"""Signing in at the city's own provider, which is a real one over HTTP, honest or not."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.model.ids import OperatorId
from acd.web.oidc import LEEWAY, PATIENCE, Oidc, OidcSettings, ProviderAway
from acd.web.openness import Openness
from tests.web.house import NOW, House, opened, post, sign_in
from tests.web.provider import CLIENT, SECRET, STRANGE, Provider, consent, path_of, provider

ROLES = {"desk": Role.OPERATOR, "coaches": Role.SUPERVISOR, "keepers": Role.ADMIN}


@pytest.fixture
async def city() -> AsyncIterator[Provider]:
    async with provider() as city:
        city.now = NOW
        yield city


@pytest.fixture
async def house(tmp_path: Path, city: Provider) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        settle(house, city)
        yield house


def settle(house: House, city: Provider, **other: Any) -> None:
    settings = {"issuer": city.url, "client": CLIENT, "secret": SECRET, "roles": ROLES, "label": "Stad Gent", **other}
    house.open_to(Openness(oidc=Oidc(OidcSettings(**settings), clock=lambda: house.now)))


async def come(browser: httpx.AsyncClient, next: str = "") -> httpx.Response:
    """Out to the provider and back."""
    out = await browser.get("/login/city", params={"next": next} if next else {})
    assert out.status_code == 303, out.text
    return await browser.get(path_of(await consent(out.headers["location"])))


async def named(house: House, name: str) -> Account:
    [one] = [account for account in await house.store.accounts() if account.name == name]
    return one


async def test_who_proves_at_the_city_who_he_is_comes_in_with_his_role(house: House) -> None:
    async with house.browser() as browser:
        assert "Aanmelden via Stad Gent" in (await browser.get("/login")).text
        answer = await come(browser, "/audit?who=olga")
        assert (answer.status_code, answer.headers["location"]) == (303, "/audit?who=olga")
        me = (await browser.get("/api/me")).json()
        assert (me["name"], me["role"]) == ("an.peeters", "supervisor")
    assert ("an.peeters", "signed_in", "") in await house.audit()
    assert ("city", "account_added", "an.peeters") in await house.audit()


async def test_the_second_time_it_is_the_same_account(house: House, city: Provider) -> None:
    async with house.browser() as browser:
        await come(browser)
        city.person |= {"preferred_username": "an.janssens"}
        await come(browser)
        assert (await browser.get("/api/me")).json()["name"] == "an.peeters"
    assert len(await house.store.accounts()) == 5


async def test_the_role_follows_the_provider_and_older_sessions_end(house: House, city: Provider) -> None:
    async with house.browser() as old, house.browser() as new:
        await come(old)
        assert (await old.get("/audit")).status_code == 200
        city.person |= {"groups": ["desk", "nonsense", 7]}
        await come(new)
        assert (await new.get("/api/me")).json()["role"] == "operator"
        assert (await new.get("/audit")).status_code == 403
        assert (await old.get("/audit")).status_code == 303
        city.person |= {"groups": ["desk", "keepers"]}
        await come(new)
        assert (await new.get("/api/me")).json()["role"] == "admin"


async def test_nobody_gets_a_local_account_by_having_its_name(house: House, city: Provider) -> None:
    for name in ("ada", "ADA", "sven", "hall"):
        city.person |= {"preferred_username": name, "groups": ["keepers"]}
        async with house.browser() as browser:
            answer = await come(browser)
            assert answer.status_code == 403, name
            assert "Er is hier geen account voor jou" in answer.text
            assert (await browser.get("/callbacks")).status_code == 303
    assert (await house.audit())[0][1] == "sign_in_failed"
    # Nor does a password of ours open the account of somebody of the city.
    async with house.browser() as browser:
        assert (await sign_in(browser, "ada")).status_code == 303


async def test_nor_does_another_person_of_the_same_name(house: House, city: Provider) -> None:
    async with house.browser() as browser:
        await come(browser)
        city.person |= {"sub": "u-2"}
        assert (await come(browser)).status_code == 403


async def test_an_account_of_the_city_has_no_password(house: House) -> None:
    async with house.browser() as browser:
        await come(browser)
    async with house.browser() as browser:
        for password in ("", "x", "None"):
            assert (await sign_in(browser, "an.peeters", password)).status_code == 401


async def test_who_is_closed_here_stays_out_whatever_the_city_says(house: House) -> None:
    async with house.browser() as browser:
        await come(browser)
        closed = AuditEntry(NOW, "ada", "", AuditAction.ACCOUNT_DISABLED, "an.peeters")
        await house.store.set_disabled("an.peeters", NOW, closed)
        assert (await browser.get("/callbacks")).status_code == 303
        assert (await come(browser)).status_code == 403
        assert (await browser.get("/callbacks")).status_code == 303


async def test_without_a_group_of_ours_nobody_comes_in(house: House, city: Provider) -> None:
    for groups in (None, [], "", "nonsense", ["wallboard"], {"coaches": True}, [["coaches"]], 3):
        city.person |= {"groups": groups}
        async with house.browser() as browser:
            answer = await come(browser)
            assert (answer.status_code, "heeft hier geen rol" in answer.text) == (403, True), groups
    assert len(await house.store.accounts()) == 4


async def test_a_role_deeper_inside_and_who_takes_calls(house: House, city: Provider) -> None:
    settle(house, city, role_claim="realm_access.roles", operator_claim="acd_operator", name_claim="email")
    city.person = {"sub": "u-1", "email": "an@gent.example", "realm_access": {"roles": ["desk"]}, "acd_operator": "an"}
    async with house.browser() as browser:
        assert (await come(browser)).status_code == 303
        assert (await named(house, "an@gent.example")).operator == OperatorId("an")
        del city.person["acd_operator"]
        await come(browser)
        assert (await named(house, "an@gent.example")).operator is None


async def test_who_an_admin_made_an_operator_stays_it_when_the_city_does_not_say(house: House) -> None:
    async with house.browser() as browser:
        await come(browser)
        change = AuditEntry(NOW, "ada", "", AuditAction.ACCOUNT_ROLE, "an.peeters")
        await house.store.set_role("an.peeters", Role.SUPERVISOR, OperatorId("an"), change)
        await come(browser)
        assert (await browser.get("/api/me")).json()["operator"] == "an"


async def test_groups_that_only_userinfo_tells(house: House, city: Provider) -> None:
    city.only_userinfo = {"groups"}
    async with house.browser() as browser:
        assert (await come(browser)).status_code == 303
        city.about_somebody_else = True
        assert (await come(browser)).status_code == 403


async def test_the_last_admin_stays_one(house: House, city: Provider) -> None:
    city.person |= {"groups": ["keepers"]}
    async with house.browser() as browser:
        await come(browser)
        closed = AuditEntry(NOW, "an.peeters", "", AuditAction.ACCOUNT_DISABLED, "ada")
        await house.store.set_disabled("ada", NOW, closed)
        city.person |= {"groups": ["desk"]}
        assert (await come(browser)).status_code == 403
        assert (await named(house, "an.peeters")).role is Role.ADMIN


async def test_a_name_that_no_account_can_have(house: House, city: Provider) -> None:
    for name in ("", None, "an peeters", "x" * 41, "<b>", 7):
        city.person |= {"preferred_username": name}
        async with house.browser() as browser:
            assert (await come(browser)).status_code == 403, name


# --- A provider, or somebody in between, who lies ---------------------------------------------------------------------

LIES: dict[str, Callable[[Provider], object]] = {
    "nonce of another": lambda city: city.claims.update(nonce="x"),
    "no nonce": lambda city: city.claims.update(nonce=None),
    "for another client": lambda city: city.claims.update(aud="other"),
    "for another client, azp ours": lambda city: city.claims.update(aud="other", azp=CLIENT),
    "for both, azp theirs": lambda city: city.claims.update(aud=[CLIENT, "other"], azp="other"),
    "no aud": lambda city: city.claims.update(aud=None),
    "of another issuer": lambda city: city.claims.update(iss="https://evil.example"),
    "no issuer": lambda city: city.claims.update(iss=None),
    "no subject": lambda city: city.claims.update(sub=None),
    "expired": lambda city: city.claims.update(exp=int(NOW) - LEEWAY - 1),
    "never expires": lambda city: city.claims.update(exp=None),
    "of the future": lambda city: city.claims.update(iat=int(NOW) + LEEWAY + 5),
    "not yet": lambda city: city.claims.update(nbf=int(NOW) + LEEWAY + 5),
    "another access token": lambda city: city.claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "a key that nobody knows": lambda city: setattr(city, "sign_with", STRANGE),
    "a key with a name that nobody knows": lambda city: city.header.update(kid="three"),
    "public key as secret": lambda city: city.header.update(alg="HS256"),
    "unsigned": lambda city: city.header.update(alg="none"),
    "a secret that it publishes": lambda city: vars(city).update(
        careless=True, header={"alg": "HS256", "kid": "shared"}
    ),
}


async def test_a_lie_opens_nothing(house: House, city: Provider) -> None:
    for lie, told in LIES.items():
        city.claims, city.header, city.sign_with, city.careless = {}, {}, None, False
        told(city)
        async with house.browser() as browser:
            answer = await come(browser)
            assert (answer.status_code, "niet gelukt" in answer.text) == (403, True), lie
            assert (await browser.get("/callbacks")).status_code == 303, lie
    assert len(await house.store.accounts()) == 4
    city.claims, city.header, city.sign_with = {}, {}, None
    async with house.browser() as browser:
        assert (await come(browser)).status_code == 303


async def test_clocks_may_differ_a_little(house: House, city: Provider) -> None:
    async with house.browser() as browser:
        # Its token of this very moment is over by our clock, or not yet begun.
        city.claims["exp"] = int(NOW) - LEEWAY + 2
        assert (await come(browser)).status_code == 303
        city.claims = {"iat": int(NOW) + LEEWAY - 2, "nbf": int(NOW) + LEEWAY - 2}
        assert (await come(browser)).status_code == 303


async def test_a_key_that_is_new_since_is_fetched(house: House, city: Provider) -> None:
    async with house.browser() as browser:
        await come(browser)
        city.other_key()
        assert (await come(browser)).status_code == 303


async def test_the_code_is_worth_nothing_in_another_browser(house: House) -> None:
    """Somebody who lures a victim to his own answer does not sign the victim in as himself."""
    async with house.browser() as attacker, house.browser() as victim:
        back = await consent((await attacker.get("/login/city")).headers["location"])
        assert (await victim.get(path_of(back))).status_code == 400
        await victim.get("/login/city")
        assert (await victim.get(path_of(back))).status_code == 403
        assert (await victim.get("/callbacks")).status_code == 303
        # And nothing a second time.
        assert (await attacker.get(path_of(back))).status_code == 303
        assert (await attacker.get(path_of(back))).status_code == 400


async def test_a_stolen_code_needs_the_verifier(house: House, city: Provider) -> None:
    async with house.browser() as one, house.browser() as two:
        stolen = await consent((await one.get("/login/city")).headers["location"])
        own = await consent((await two.get("/login/city")).headers["location"])
        code = re.search(r"code=([^&]+)", stolen)
        assert code
        mixed = re.sub(r"code=[^&]+", f"code={code[1]}", own)
        assert (await two.get(path_of(mixed))).status_code == 403
    assert city.refused == ["verifier"]


async def test_what_comes_back_changed_opens_nothing(house: House) -> None:
    changes = ("state=", "state=x"), ("code=", "kode="), ("code=", "error=access_denied&x="), ("iss=http", "iss=https")
    for change in changes:
        async with house.browser() as browser:
            back = await consent((await browser.get("/login/city")).headers["location"])
            assert (await browser.get(path_of(back).replace(*change))).status_code == 403, change
            assert (await browser.get("/callbacks")).status_code == 303


async def test_who_takes_too_long_begins_again(house: House) -> None:
    async with house.browser() as browser:
        back = await consent((await browser.get("/login/city")).headers["location"])
        house.now += PATIENCE + 1
        assert (await browser.get(path_of(back))).status_code == 403


async def test_a_wrong_secret_is_our_fault_and_opens_nothing(house: House, city: Provider) -> None:
    settle(house, city, secret="wrong")
    async with house.browser() as browser:
        assert (await come(browser)).status_code == 403
    assert city.refused == ["secret"]


async def test_nobody_is_sent_elsewhere(house: House) -> None:
    async with house.browser() as browser:
        for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example"):
            assert (await come(browser, elsewhere)).headers["location"] == "/callbacks"


async def test_a_provider_that_is_away_is_told_and_local_accounts_go_on(house: House, city: Provider) -> None:
    city.down = True
    async with house.browser() as browser:
        answer = await browser.get("/login/city")
        assert (answer.status_code, "antwoordt niet" in answer.text) == (503, True)
        assert (await sign_in(browser, "sven")).status_code == 303
        city.down = False
        assert (await come(browser)).status_code == 303


async def test_a_provider_that_leads_elsewhere_is_not_believed(house: House, city: Provider) -> None:
    for metadata in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ):
        city.metadata = metadata
        async with house.browser() as browser:
            assert (await browser.get("/login/city")).status_code == 503, metadata


@pytest.mark.parametrize("issuer", ["http://login.gent.example", "ftp://x", "", "login.gent.example"])
def test_a_provider_in_the_open_is_refused(issuer: str) -> None:
    with pytest.raises(ProviderAway, match="not an https address"):
        Oidc(OidcSettings(issuer, CLIENT))


async def test_who_signs_out_finds_the_way_out_of_the_provider(house: House, city: Provider) -> None:
    async with house.browser() as browser:
        await come(browser)
        assert (await post(browser, "/callbacks", "/logout")).headers["location"] == "/login"
        page = (await browser.get("/login")).text
        assert (
            f'href="{city.url}/logout?client_id=acd&amp;post_logout_redirect_uri=http%3A%2F%2Flocalhost%2Flogin"'
            in page
        )
        assert "Ook afmelden bij Stad Gent" in page
        assert (await browser.get("/callbacks")).status_code == 303
        # Who came in by a password of ours has nothing to end there.
        await sign_in(browser, "sven")
        await post(browser, "/callbacks", "/logout")
        assert "Ook afmelden" not in (await browser.get("/login")).text


async def test_without_a_provider_there_is_no_such_way(tmp_path: Path) -> None:
    async with opened(tmp_path) as house, house.browser() as browser:
        assert "Aanmelden via" not in (await browser.get("/login")).text
        assert (await browser.get("/login/city")).status_code == 404
        assert (await browser.get("/login/city/back?code=x&state=y")).status_code == 404

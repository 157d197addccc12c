"""Accounts, sessions and the audit log, on both databases."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.exc import DBAPIError

from acd.model.account import Account, AccountError, AuditAction, AuditEntry, Role
from acd.model.ids import OperatorId
from acd.records import AccountStore
from acd.records.tables import audit
from tests.records.places import Place

A = AuditAction
NOW = 1_700_000_000.0


@pytest.fixture
async def store(place: Place) -> AsyncIterator[AccountStore]:
    store = AccountStore(place.url)
    yield store
    await store.close()


def entry(action: AuditAction, about: str = "", at: float = NOW, who: str = "admin") -> AuditEntry:
    return AuditEntry(at, who, "10.0.0.1", action, about)


async def add(store: AccountStore, name: str, role: Role = Role.OPERATOR) -> None:
    await store.add(Account(name, role, NOW), f"hash of {name}", None, entry(A.ACCOUNT_ADDED, name))


async def sign_in(store: AccountStore, id: str, name: str, at: float = NOW) -> None:
    await store.open_session(id, name, at, "10.0.0.1", old=at - 43_200)


async def actions(store: AccountStore) -> list[tuple[str, str]]:
    return [(one.action.value, one.about) for one in await store.log(before=NOW * 2, limit=100)]


async def test_services_that_start_at_once_make_one_first_admin(place: Place, store: AccountStore) -> None:
    other = AccountStore(place.url)
    made = await asyncio.gather(*(one.add_first("admin", "h", NOW) for one in (store, other, store, other)))
    await other.close()
    assert sorted(made) == [False, False, False, True]
    [admin] = await store.accounts()
    assert (admin.role, admin.must_change) == (Role.ADMIN, True)
    assert await actions(store) == [("account_added", "admin")]


async def test_a_name_is_the_same_in_capitals(store: AccountStore) -> None:
    await add(store, "An")
    with pytest.raises(AccountError, match="an account 'an' already"):
        await add(store, "AN")
    found = await store.with_password("aN")
    assert found is not None and (found[0].name, found[1]) == ("an", "hash of An")
    assert await store.with_password("bea") is None
    # What did not happen has left no trace.
    assert await actions(store) == [("account_added", "An")]


async def test_a_session_tells_the_account_as_it_is_now(store: AccountStore) -> None:
    await add(store, "an")
    await sign_in(store, "s1", "an")
    await store.touch("s1", NOW + 90)
    session = await store.session("s1")
    assert session is not None
    assert (session.account.name, session.began_at, session.seen_at) == ("an", NOW, NOW + 90)
    assert session.account.signed_in_at == NOW
    assert await store.session("s2") is None


@pytest.mark.parametrize("change", ["password", "role", "disable"])
async def test_whatever_changes_an_account_ends_its_sessions_and_no_other(store: AccountStore, change: str) -> None:
    await store.add_first("admin", "h", NOW)
    for name in ("an", "bea"):
        await add(store, name)
        await sign_in(store, f"of {name}", name)
    match change:
        case "password":
            await store.set_password("an", "new", None, entry(A.ACCOUNT_PASSWORD, "an"))
        case "role":
            await store.set_role("an", Role.SUPERVISOR, OperatorId("an_peeters"), entry(A.ACCOUNT_ROLE, "an"))
        case _:
            await store.set_disabled("an", NOW, entry(A.ACCOUNT_DISABLED, "an"))
    assert await store.session("of an") is None
    assert await store.session("of bea") is not None
    assert (await actions(store))[0] == ({"disable": "account_disabled"}.get(change, f"account_{change}"), "an")


async def test_who_changes_his_own_password_stays_and_need_not_change_it_again(store: AccountStore) -> None:
    await store.add_first("admin", "one-time", NOW)
    await sign_in(store, "here", "admin")
    await sign_in(store, "elsewhere", "admin")
    await store.set_password("admin", "own", None, entry(A.PASSWORD_CHANGED, "admin"), keep="here")
    session = await store.session("here")
    assert session is not None and not session.account.must_change
    assert await store.session("elsewhere") is None
    await store.set_password("admin", "given out", None, entry(A.ACCOUNT_PASSWORD, "admin"))
    found = await store.with_password("admin")
    assert found is not None and found[0].must_change


async def test_the_last_admin_stays(store: AccountStore) -> None:
    await store.add_first("admin", "h", NOW)
    with pytest.raises(AccountError, match="last admin"):
        await store.set_disabled("admin", NOW, entry(A.ACCOUNT_DISABLED, "admin"))
    with pytest.raises(AccountError, match="last admin"):
        await store.set_role("admin", Role.OPERATOR, None, entry(A.ACCOUNT_ROLE, "admin"))
    assert [one.role for one in await store.accounts()] == [Role.ADMIN]
    await add(store, "second", Role.ADMIN)
    await store.set_disabled("admin", NOW, entry(A.ACCOUNT_DISABLED, "admin"))


async def test_a_screen_never_becomes_a_person(store: AccountStore) -> None:
    await store.add(Account("hall", Role.WALLBOARD, NOW), None, "digest", entry(A.ACCOUNT_ADDED, "hall"))
    found = await store.with_token("digest")
    assert found is not None and found.name == "hall"
    assert await store.with_token("other") is None
    with pytest.raises(AccountError, match="make a new account"):
        await store.set_role("hall", Role.ADMIN, None, entry(A.ACCOUNT_ROLE, "hall"))


async def test_old_sessions_are_cleared_away_but_a_screen_stays_on_for_months(store: AccountStore) -> None:
    await store.add(Account("hall", Role.WALLBOARD, NOW), None, "digest", entry(A.ACCOUNT_ADDED, "hall"))
    await add(store, "an")
    await sign_in(store, "screen", "hall", NOW)
    await sign_in(store, "yesterday", "an", NOW)
    await sign_in(store, "today", "an", NOW + 86_400)
    assert [await store.session(id) is not None for id in ("screen", "yesterday", "today")] == [True, False, True]


async def test_what_is_written_down_is_found_and_cannot_be_changed(place: Place, store: AccountStore) -> None:
    for number in range(4):
        await store.write(entry(A.NUMBER_SEEN, f"cb{number % 2}", NOW + number, who=f"user{number}"))
    assert [one.who for one in await store.log(about="cb1", before=NOW * 2, limit=9)] == ["user3", "user1"]
    assert [one.who for one in await store.log(who="user2", before=NOW * 2, limit=9)] == ["user2"]
    assert [one.who for one in await store.log(before=NOW + 2, limit=1)] == ["user1"]
    assert await store.log(action=A.SIGNED_IN, before=NOW * 2, limit=9) == []
    for statement in ("UPDATE audit SET who = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"):
            await place.execute(statement)


async def test_lines_written_at_once_have_no_hole(place: Place, store: AccountStore) -> None:
    other = AccountStore(place.url)
    await asyncio.gather(*(one.write(entry(A.AUDIT_SEEN)) for one in [store, other] * 10))
    await other.close()
    assert [row["seq"] for row in await place.rows(audit)] == list(range(1, 21))

"""The desks' last moments: what has happened is written down before the records are closed."""

from pathlib import Path

import pytest

from acd.model.contact import Contact, ContactId
from acd.model.ids import LineId, OperatorId
from acd.model.mendable import Mendable
from acd.records import ContactStore, upgrade
from acd.web.desk import office as desk
from tests.web.house import House

CONTACT = Contact(ContactId("1.1~an"), OperatorId("an_peeters"), LineId("gentinfo"), 1.0)


async def test_what_has_happened_is_in_the_records_at_the_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    house = House(url)
    house.office._keep(CONTACT, lambda: house.contacts.begin(CONTACT))
    await house.close()
    store = ContactStore(url)
    assert await store.contact(CONTACT.contact, CONTACT.operator) is not None
    await store.close()


async def test_records_that_are_away_do_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise Mendable("the database is away")

    monkeypatch.setattr(desk, "LAST_WRITES", 0.05)
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    house = House(url)
    house.office._keep(CONTACT, away)
    await house.close()
    assert house.office._writer is not None
    assert house.office._writer.cancelled()

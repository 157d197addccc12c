"""What operators wrote of a citizen before."""

from acd.model.contact import Contact, ContactId, Draft
from acd.model.ids import CallId, LineId, OperatorId
from acd.records import ContactStore

DAY = 86_400.0
LICENCE = (
    "Wil weten of haar rijbewijs klaar ligt. De aanvraag is nog bij de drukker; "
    "ze belt morgen terug als ze geen sms kreeg."
)
SWIMMING = "Zwemles dochter: wachtlijst, plaats 4."


async def history(store: ContactStore, number: str, now: float) -> None:
    """Three contacts with one citizen, the last one yesterday."""
    drafts = [
        (1.0, "gentinfo", "bo", Draft("Marie De Wilde", LICENCE, ("rijbewijs", "inlichting"), False)),
        (9.0, "sportlijn", "an", Draft("Marie De Wilde", SWIMMING, ("inlichting",), True)),
        (31.0, "gentinfo", "bo", Draft("", "", ("verhuizing",), True)),
    ]  # fmt: skip
    for days, line, operator, draft in drafts:
        call = CallId(f"1{days:.0f}.1")
        contact = Contact(
            ContactId(f"{call}~{operator}"),
            OperatorId(operator),
            LineId(line),
            now - days * DAY,
            call=call,
            number=number,
            ended_at=now - days * DAY + 200,
        )
        await store.begin(contact)
        await store.save(contact.contact, contact.operator, draft, 0, None)

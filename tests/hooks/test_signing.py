"""Signatures, checked by the open specification's own library."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from acd.hooks.signing import BadSecret, new_secret, read_secret, signed


@given(st.binary(max_size=200), st.from_regex(r"[a-z0-9.]{1,40}", fullmatch=True))
def test_a_receiver_with_the_specifications_library_believes_it(data: bytes, id: str) -> None:
    secret = new_secret()
    # The library reads text.
    body = data.hex().encode()
    headers = signed(read_secret("crm", secret), id, datetime.now(UTC).timestamp(), b'"' + body + b'"')
    assert Webhook(secret).verify('"' + data.hex() + '"', headers) == data.hex()


@pytest.mark.parametrize(("age", "believed"), [(timedelta(minutes=4), True), (timedelta(minutes=6), False)])
def test_what_was_overheard_is_worth_nothing_later(age: timedelta, believed: bool) -> None:
    secret = new_secret()
    headers = signed(read_secret("crm", secret), "e1", (datetime.now(UTC) - age).timestamp(), b"{}")
    if believed:
        Webhook(secret).verify("{}", headers)
    else:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify("{}", headers)


def test_neither_id_nor_moment_nor_body_can_be_exchanged() -> None:
    secret = new_secret()
    key, at = read_secret("crm", secret), datetime.now(UTC).timestamp()
    good = signed(key, "e1", at, b"{}")
    for other in (signed(key, "e2", at, b"{}"), signed(key, "e1", at - 1, b"{}"), signed(key, "e1", at, b"[]")):
        forged = {**good, "webhook-signature": other["webhook-signature"]}
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify("{}", forged)


@pytest.mark.parametrize("text", ["", "hunter2", "whsec_", "whsec_####", "whsec_c2hvcnQ=", "é"])
def test_a_secret_that_is_none_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(BadSecret) as refused:
        read_secret("crm", text)
    assert "crm" in str(refused.value)
    assert not text or text not in str(refused.value).replace("whsec_ and base64", "")

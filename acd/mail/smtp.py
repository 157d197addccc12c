"""One mail to the city's server, by SMTP."""

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Protocol

import msgspec

from acd.model.mailing import MailServer, Security

TIMEOUT: Final = 30.0
"""Seconds that the server may take for one answer."""


class File(msgspec.Struct, frozen=True):
    """What is attached."""

    name: str
    kind: str
    """Media type, such as ``text/csv``."""
    content: bytes


class Letter(msgspec.Struct, frozen=True):
    """A report as it is mailed."""

    id: str
    """The same in every repetition: whoever gets it twice can see that it is one."""
    subject: str
    text: str
    html: str
    files: tuple[File, ...] = ()


class NotMailed(Exception):
    """{why the server did not take it}."""


class Postman(Protocol):
    """Brings one letter to the server."""

    async def __call__(self, server: MailServer, password: str, to: Sequence[str], letter: Letter) -> list[str]:
        """The recipients whom the server refused, while it took the mail for the others.

        Raises:
            NotMailed: it took the mail for nobody.
        """


class Smtp:
    """Implements :class:`Postman`. One connection a mail, in a thread: there are a few a day.

    Args:
        context: whom TLS believes; default: whom this machine believes.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context or ssl.create_default_context()

    async def __call__(self, server: MailServer, password: str, to: Sequence[str], letter: Letter) -> list[str]:
        message = message_of(server, to, letter)
        try:
            return await asyncio.to_thread(self._send, server, password, to, message)
        except smtplib.SMTPRecipientsRefused as error:
            raise NotMailed(f"every recipient was refused: {_answers(error.recipients)}") from None
        except smtplib.SMTPResponseException as error:
            raise NotMailed(f"the server answered {error.smtp_code} {_text(error.smtp_error)}") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotMailed(str(error) or type(error).__name__) from None

    def _send(self, server: MailServer, password: str, to: Sequence[str], message: EmailMessage) -> list[str]:
        with self._connected(server) as smtp:
            if server.security is Security.STARTTLS:
                smtp.starttls(context=self._context)
            if server.user:
                smtp.login(server.user, password)
            refused = smtp.send_message(message, server.sender, list(to))
        return sorted(refused)

    def _connected(self, server: MailServer) -> smtplib.SMTP:
        if server.security is Security.TLS:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=self._context)
        return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)


def message_of(server: MailServer, to: Sequence[str], letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = server.sender, ", ".join(to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{letter.id}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    for file in letter.files:
        main, _, sub = file.kind.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    return message


def _answers(refused: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{who}: {code} {_text(said)}" for who, (code, said) in sorted(refused.items()))


def _text(said: bytes | str) -> str:
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else said).replace("\n", " ")[:200]

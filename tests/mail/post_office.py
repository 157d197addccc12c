"""A mail server of our own: takes mail, asks for a password, refuses whom it is told to, and can be away."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from acd.model.mailing import MailServer, Security

USER, PASSWORD = "acd", "geheim"


class _Counter(Controller):
    """Has its port from the beginning: one that is found free and bound later can be another's by then."""

    def __init__(self, handler: object, **login: Any) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, port = self._listener.getsockname()
        super().__init__(handler, host, port, ready_timeout=30.0, **login)

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


class PostOffice:
    """As a context: its server listens on a port of its own."""

    def __init__(self, *, password: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.got: list[tuple[list[str], EmailMessage]] = []
        self.refuses: set[str] = set()
        self.down = False
        self._password = password
        login: Any = {"authenticator": self._known, "auth_required": bool(password), "tls_context": tls}
        self._controller: Any = _Counter(self, **login)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuses:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.down:
            return "451 4.3.0 try again later"
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append((list(envelope.rcpt_tos), message))
        return "250 OK"

    def _known(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data == LoginPassword(USER.encode(), self._password.encode()), handled=False)

    @property
    def server(self) -> MailServer:
        user, security = (USER, Security.STARTTLS) if self._password else ("", Security.NONE)
        return MailServer("localhost", self._controller.port, security, "acd@city.example", user, "mail.password")

    def __enter__(self) -> "PostOffice":
        self._controller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._controller.stop()

"""A mail server on loopback that keeps what it takes: aiosmtpd in a thread, with or without TLS.

`with running_mail_server() as server`: `server.url` for `KODO_SMTP_URL`, `server.taken` what came.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from operation.certificate import make_certificate, write_certificate
from settings import Settings

USER, PASSWORD = "kodo@mail", "p@ss/w:rd"


@dataclass
class Taken:
    """One message. `to`: the envelope's receivers; `over_tls`, `user`: of the connection."""

    to: list[str]
    message: EmailMessage
    raw: bytes
    over_tls: bool
    user: str | None

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """`refuses`: receivers that get 550; `busy`: 451; `leaves`: 421. `stop` as if it were down."""

    port: int = 0
    tls: bool = False  # from the first byte
    taken: list[Taken] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    leaves: set[str] = field(default_factory=set)
    authority: Path | None = None  # PEM file of who signed its certificate
    came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def settings(self, storage: Path, **more: str) -> Settings:
        """Of an installation that hands its mail to this server."""
        mail = {"KODO_SMTP_URL": self.url, "KODO_MAIL_FROM": "講堂 <kodo@example.ac.jp>"}
        return Settings.from_environment({"KODO_STORAGE": str(storage), **mail, **more})

    def wait_for(self, count: int, seconds: float = 60) -> list[Taken]:
        """All that was taken, once there are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.taken) >= count, seconds), self.taken
            return list(self.taken)

    # What aiosmtpd calls.

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 nobody of this name"
        if address in self.busy:
            return "451 4.3.0 come again"
        if address in self.leaves:
            return "421 4.3.2 closing"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = message_from_bytes(raw, _class=EmailMessage, policy=default)
        user = session.auth_data.login.decode() if session.auth_data else None
        with self.came:
            over_tls = self.tls or session.ssl is not None
            self.taken.append(Taken(envelope.rcpt_tos, message, raw, over_tls, user))
            self.came.notify_all()
        return "250 OK"


def _is_right(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, auth_data=data)


@contextmanager
def running_mail_server(
    *, tls: bool = False, starttls: bool = False, login: bool = False, folder: Path | None = None
) -> Iterator[MailServer]:
    """`folder` for its certificate (of `localhost`, by an authority of its own), where it speaks TLS."""
    server = MailServer(tls=tls)
    context = None
    if tls or starttls:
        assert folder is not None
        chain, key, server.authority = write_certificate(
            make_certificate(["localhost"], datetime.now(UTC)), folder
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
    options = {"auth_required": True, "authenticator": _is_right} if login else {}
    options |= {"auth_require_tls": False} if tls or not starttls else {}
    loop = asyncio.new_event_loop()

    def conversation() -> SMTP:
        return SMTP(
            server, loop=loop, hostname="mail.test", tls_context=context if starttls else None, **options
        )

    listening = loop.run_until_complete(
        loop.create_server(conversation, "127.0.0.1", 0, ssl=context if tls else None)
    )
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="mail-server", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

"""Mail: one text to some addresses, handed to the server that `KODO_SMTP_URL` names.

Called from any process, in a thread that may wait: `send` blocks, at most `SECONDS`. Nothing is kept and
nothing tried again; whoever must be sure asks again. Neither texts nor passwords are in errors or the log.
"""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import urlsplit

from settings import MAIL_ADDRESS, MailServer, Settings

SECONDS = 10.0
SUBJECT_LENGTH = 200
_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # every server takes it
RECIPIENTS = 100  # RFC 5321 4.5.3.1.8: what every server takes at a time


class MailRefused(Exception):
    """No address, or one that the server will not take, or not now. `addresses`: those; when others are left,
    they have it.
    """

    def __init__(self, text: str, addresses: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.addresses = addresses


class MailUnavailable(Exception):
    """No server is set, or it cannot be reached, is slow, asks to come again, or knows us not."""


class MailPutOff(MailUnavailable):
    """The server is there; what it asks to come again for may be these receivers alone: a full mailbox."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. Several receivers do not see each other."""

    to: tuple[str, ...]
    subject: str
    text: str = field(repr=False)


def is_configured(settings: Settings) -> bool:
    """Whether mail can be sent at all."""
    return settings.smtp is not None


def is_address(text: str) -> bool:
    """Pure: `name@domain` in ASCII, at most 254 characters, without quotes, spaces or line feeds."""
    return MAIL_ADDRESS.match(text) is not None


def send(settings: Settings, message: Message, *, seconds: float = SECONDS) -> None:
    """Hand it over. Raises MailRefused (what was sent to the other receivers is sent), MailUnavailable."""
    server = settings.smtp
    if server is None or settings.mail_from is None:
        raise MailUnavailable("no mail is sent: KODO_SMTP_URL names no server")
    unfit = tuple(one for one in message.to if not is_address(one))
    if unfit or not 1 <= len(message.to) <= RECIPIENTS:
        raise MailRefused(f"{len(unfit)} of {len(message.to)} receivers are no mail addresses", unfit)
    composed = compose(settings.mail_from, message)
    with _translated(server), _connected(server, _own_name(settings), seconds) as connection:
        refused = connection.send_message(composed, to_addrs=list(message.to))
    if refused:  # the others have it: whatever the answer was, it must not be sent to them again
        raise _refused(MailRefused, refused)


@contextmanager
def _translated(server: MailServer) -> Iterator[None]:
    """What came in the way, as the two words of this module."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:  # nobody has it; one that may yet take it shall
        raise _refused(_kind_of(min(_codes(error.recipients))), error.recipients) from error
    except smtplib.SMTPDataError as error:
        raise _kind_of(error.smtp_code)(f"{server.host} answers {error.smtp_code}") from error
    except smtplib.SMTPSenderRefused as error:
        kind = MailRefused if error.smtp_code >= 500 else MailUnavailable
        raise kind(f"{server.host} answers {error.smtp_code}") from error
    except smtplib.SMTPResponseException as error:
        raise MailUnavailable(f"{server.host} answers {error.smtp_code}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailUnavailable(f"{server.host}:{server.port}: {_words_of(error)}") from error


def compose(sender: str, message: Message) -> EmailMessage:
    """Pure but for date and id: RFC 5322, text alone. `sender`: as `KODO_MAIL_FROM`."""
    name, _, bare = sender.rpartition("<")
    address = bare.removesuffix(">")
    composed = EmailMessage(policy=_SEVEN_BIT)
    composed["From"] = Address(name.strip().strip('"'), addr_spec=address)
    composed["To"] = message.to[0] if len(message.to) == 1 else "undisclosed-recipients:;"
    composed["Subject"] = " ".join(message.subject.split())[:SUBJECT_LENGTH]
    composed["Date"] = formatdate()
    composed["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    composed["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered to it
    composed.set_content(message.text)
    return composed


@contextmanager
def _connected(server: MailServer, own_name: str, seconds: float) -> Iterator[smtplib.SMTP]:
    """Signed in where a user is set, and cut off after `seconds`."""
    kind = _TimedTls if server.tls else _Timed
    connection = kind(server, own_name, seconds)
    try:
        if server.starttls:
            connection.starttls(context=ssl.create_default_context())
        if server.user is not None and server.password is not None:
            connection.login(server.user, server.password)
        yield connection
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()  # it is handed over: how the server says good-bye changes nothing
    finally:
        connection.end()


class _Timed(smtplib.SMTP):
    """smtplib limits the time of each line; this limits that of the conversation, by a thread of its own."""

    def __init__(self, server: MailServer, own_name: str, seconds: float, **more: Any) -> None:
        self._seconds, self._ended = seconds, threading.Event()
        self._watch = threading.Thread(target=self._cut, name="mail-watch", daemon=True)
        self._watch.start()
        try:
            super().__init__(server.host, server.port, own_name, timeout=seconds / 2, **more)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        self._ended.set()
        self._watch.join()
        self.close()

    def _cut(self) -> None:
        wait = self._seconds
        while not self._ended.wait(wait):
            wait = 0.1  # a socket may come only now
            with suppress(OSError):
                if self.sock is not None:
                    self.sock.shutdown(socket.SHUT_RDWR)


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """TLS from the first byte."""

    def __init__(self, server: MailServer, own_name: str, seconds: float) -> None:
        super().__init__(server, own_name, seconds, context=ssl.create_default_context())


def _own_name(settings: Settings) -> str:
    """For EHLO (RFC 5321 4.1.3): looking up the machine's own name may take as long as it likes."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _kind_of(code: int) -> type[MailRefused | MailUnavailable]:
    """Of an answer about a receiver, or a text; 421: the server is about to leave (RFC 5321 4.2.3)."""
    if code >= 500:
        return MailRefused
    return MailUnavailable if code == 421 else MailPutOff


def _codes(answers: Mapping[str, tuple[int, bytes]]) -> list[int]:
    return sorted({code for code, _ in answers.values()})


def _refused(
    kind: type[MailRefused | MailUnavailable], answers: Mapping[str, tuple[int, bytes]]
) -> MailRefused | MailUnavailable:
    """By the server's answer to each receiver."""
    codes = ", ".join(map(str, _codes(answers)))
    text = f"the server does not take {len(answers)} of the receivers ({codes})"
    return MailRefused(text, tuple(answers)) if kind is MailRefused else kind(text)


def _words_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split())[:200] or type(error).__name__

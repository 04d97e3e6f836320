"""Mail against a real server on loopback, servers that are down, slow or refuse, and hostile addresses."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people import mail
from people.mail import MailPutOff, MailRefused, MailUnavailable, Message
from settings import MailServer, Settings, SettingsError
from tests.mail_server import PASSWORD, USER, running_mail_server

HELLO = Message(("sato@example.ac.jp",), "招待 · Kodo", "佐藤様\n\nこのリンクを開いてください。\n.\n終わり\n")


def _settings(tmp_path: Path, url: str) -> Settings:
    mail_settings = {"KODO_SMTP_URL": url, "KODO_MAIL_FROM": "kodo@example.ac.jp"}
    return Settings.from_environment({"KODO_STORAGE": str(tmp_path), **mail_settings})


def test_a_message_arrives_as_it_was_written(tmp_path: Path) -> None:
    with running_mail_server() as server:
        mail.send(server.settings(tmp_path), HELLO)
    (one,) = server.taken
    assert (one.to, one.text) == (["sato@example.ac.jp"], HELLO.text)
    headers = {name: str(one.message[name]) for name in ("From", "To", "Subject", "Auto-Submitted")}
    assert headers == {
        "From": "講堂 <kodo@example.ac.jp>",
        "To": "sato@example.ac.jp",
        "Subject": "招待 · Kodo",
        "Auto-Submitted": "auto-generated",
    }
    assert one.message["Message-ID"].endswith("@example.ac.jp>") and one.message["Date"]
    assert one.raw.isascii() and max(map(len, one.raw.split(b"\r\n"))) <= 998


def test_several_receivers_do_not_see_each_other(tmp_path: Path) -> None:
    with running_mail_server() as server:
        mail.send(server.settings(tmp_path), Message(("a@x.jp", "b@x.jp"), "Notice", "text"))
    (one,) = server.taken
    assert one.to == ["a@x.jp", "b@x.jp"]
    assert b"a@x.jp" not in one.raw and b"b@x.jp" not in one.raw


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # of aiosmtpd, which does not know of TLS beneath it
@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_over_tls_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    modes = {"tls": mode == "tls", "starttls": mode == "starttls"}
    with running_mail_server(**modes, login=True, folder=tmp_path / "tls") as server:
        who = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
        address = f"{who}@localhost:{server.port}"
        url = f"smtps://{address}" if mode == "tls" else f"smtp://{address}?starttls"
        with pytest.raises(MailUnavailable, match=r"(?i)certificate"):  # nobody here knows who signed it
            mail.send(_settings(tmp_path, url), HELLO)
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        mail.send(_settings(tmp_path, url), HELLO)
        other_name = url.replace("localhost", "127.0.0.1")
        with pytest.raises(MailUnavailable, match=r"(?i)certificate"):
            mail.send(_settings(tmp_path, other_name), HELLO)
        with pytest.raises(MailUnavailable) as refused:
            mail.send(_settings(tmp_path, url.replace(quote(PASSWORD, safe=""), "wr0ng")), HELLO)
    assert [(one.over_tls, one.user) for one in server.taken] == [(True, USER)]
    assert "535" in str(refused.value) and "wr0ng" not in str(refused.value)


def test_a_server_without_starttls_gets_nothing_in_the_clear(tmp_path: Path) -> None:
    with running_mail_server() as server, pytest.raises(MailUnavailable, match="STARTTLS"):
        mail.send(_settings(tmp_path, f"{server.url}?starttls"), HELLO)
    assert server.taken == []


def test_what_the_server_does_not_take_is_told(tmp_path: Path) -> None:
    with running_mail_server() as server:
        settings = server.settings(tmp_path)
        server.refuses, server.busy = {"gone@x.jp"}, {"later@x.jp"}
        with pytest.raises(MailRefused) as one:
            mail.send(settings, Message(("gone@x.jp",), "a", "b"))
        with pytest.raises(MailPutOff, match="451"):
            mail.send(settings, Message(("later@x.jp",), "a", "b"))
        with pytest.raises(MailRefused) as half:
            mail.send(settings, Message(("a@x.jp", "gone@x.jp"), "a", "b"))
        with pytest.raises(MailRefused) as rest:
            mail.send(settings, Message(("a@x.jp", "later@x.jp"), "a", "b"))
        with pytest.raises(MailUnavailable, match="451"):  # nobody has it, and one may yet get it
            mail.send(settings, Message(("gone@x.jp", "later@x.jp"), "a", "b"))
    assert (one.value.addresses, half.value.addresses) == (("gone@x.jp",), ("gone@x.jp",))
    assert rest.value.addresses == ("later@x.jp",)
    assert [taken.to for taken in server.taken] == [["a@x.jp"]] * 2


def test_a_server_that_leaves_in_the_middle_has_taken_nothing(tmp_path: Path) -> None:
    with running_mail_server() as server:
        server.refuses, server.leaves = {"gone@x.jp"}, {"later@x.jp"}
        with pytest.raises(MailUnavailable, match="421") as left:
            mail.send(server.settings(tmp_path), Message(("gone@x.jp", "later@x.jp", "a@x.jp"), "a", "b"))
    assert server.taken == [] and not isinstance(left.value, MailPutOff)


def test_without_a_server_nothing_is_sent() -> None:
    settings = Settings.from_environment({})
    assert not mail.is_configured(settings)
    with pytest.raises(MailUnavailable, match="KODO_SMTP_URL"):
        mail.send(settings, HELLO)


def test_a_server_that_is_down(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(MailUnavailable, match=r"127\.0\.0\.1"):
        mail.send(_settings(tmp_path, f"smtp://127.0.0.1:{port}"), HELLO)


@contextmanager
def _server_that_says(piece: bytes, pause: float) -> Iterator[int]:
    """Sends `piece` again and again. → its port."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                while not over.wait(pause):
                    connection.sendall(piece)

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.close()
        thread.join()


@pytest.mark.parametrize(
    ("piece", "scheme"),
    [
        (b"", "smtp"),
        (b"2", "smtp"),
        (b"220-wait\r\n", "smtp"),
        (b"220 hello\r\n", "smtp"),
        (b"\x16", "smtps"),
    ],
)
def test_a_server_that_drips_is_left(tmp_path: Path, piece: bytes, scheme: str) -> None:
    """Each byte comes in time, the message never would."""
    with _server_that_says(piece, 0.05) as port:
        began = time.monotonic()
        with pytest.raises(MailUnavailable):
            mail.send(_settings(tmp_path, f"{scheme}://127.0.0.1:{port}"), HELLO, seconds=0.5)
        assert time.monotonic() - began < 10
    assert [one.name for one in threading.enumerate() if one.name == "mail-watch"] == []


HOSTILE = [
    *["a@x.jp\nBcc: all@x.jp", "a@x.jp\r\n", "a@x.jp\r", "a@x.jp\x00", "\na@x.jp", "a\u2028@x.jp", "a@x.jp "],
    *[
        "a b@x.jp",
        "a@x.jp,b@x.jp",
        "<a@x.jp>",
        "A <a@x.jp>",
        '"a"@x.jp',
        "a@x.jp> SIZE=1",
        "a@@x.jp",
        "a",
        "",
    ],
    *["@x.jp", "a@", "a@.jp", "a@x..jp", "a@-x.jp", "a@x-.jp", "佐藤@x.jp", "a@例え.jp", "a" * 65 + "@x.jp"],
    "a@" + ".".join(["x" * 50] * 6),
]


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_no_address_is_never_handed_over(tmp_path: Path, address: str) -> None:
    assert not mail.is_address(address)
    settings = _settings(tmp_path, "smtp://127.0.0.1:9")  # it would be MailUnavailable
    with pytest.raises(MailRefused) as refused:
        mail.send(settings, Message(("b@x.jp", address), "a", "b"))
    assert refused.value.addresses == (address,)


@pytest.mark.parametrize(
    "address", ["a@x.jp", "sato.t+kodo@mail.example.ac.jp", "..old..phone.@docomo.ne.jp", "a_b-c/d@localhost"]
)
def test_addresses_that_are(tmp_path: Path, address: str) -> None:
    assert mail.is_address(address)
    composed = mail.compose("kodo@x.jp", Message((address,), "a", "b"))
    assert f"To: {address}\r\n".encode() in composed.as_bytes()


@given(st.text(st.sampled_from('aZ0.-@@\n\r \x00<>,:;"\u2028あ'), max_size=30))
def test_no_address_can_break_a_line(text: str) -> None:
    if mail.is_address(text):
        assert text.isascii() and text.isprintable() and " " not in text and text.count("@") == 1


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_subject_or_text_adds_a_header(subject: str, text: str) -> None:
    composed = mail.compose("Kodo <kodo@x.jp>", Message(("a@x.jp",), f"{subject}\r\nBcc: b@x.jp", text))
    lines = composed.as_bytes().partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = {line.split(b":")[0].lower() for line in lines if not line.startswith((b" ", b"\t"))}
    assert b"bcc" not in names and b"to" in names


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.x.jp", MailServer("mail.x.jp", 25, False, False, None, None)),
        ("smtp://mail.x.jp?starttls", MailServer("mail.x.jp", 587, False, True, None, None)),
        ("smtps://u:p%40s@mail.x.jp/", MailServer("mail.x.jp", 465, True, False, "u", "p@s")),
        ("smtp://u:p@[::1]:2525", MailServer("::1", 2525, False, False, "u", "p")),
    ],
)
def test_servers(tmp_path: Path, url: str, server: MailServer) -> None:
    assert _settings(tmp_path, url).smtp == server


@pytest.mark.parametrize(
    "url",
    [
        *["mail.x.jp", "https://mail.x.jp", "smtp://", "smtp://x/path", "smtp://x?tls", "smtps://x?starttls"],
        *[
            "smtp://u:hunter2@mail.x.jp",
            "smtps://u@x",
            "smtps://u:%0A@x",
            "smtps://u:é@x",
            "smtp://x:port",
            "smtp://x\n:25#a",
        ],
    ],
)
def test_servers_that_are_refused_without_their_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        _settings(tmp_path, url)
    assert refused.value.name == "KODO_SMTP_URL" and "hunter2" not in str(refused.value)

"""RTSP 1.0 (RFC 2326) as text: requests out, answers in, and who we are (RFC 2617). Pure.

Whatever a camera says is foreign input: bounded, and refused with `CameraRefused`.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

MAX_HEADER_BYTES = 16 << 10
MAX_BODY_BYTES = 64 << 10
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
MAX_ADDRESS = 500

_STATUS = re.compile(r"RTSP/1\.\d (\d{3}) ?(.*)")
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_H264 = re.compile(r"rtpmap:(\d+) H264/90000", re.IGNORECASE)
_OPUS = re.compile(r"rtpmap:(\d+) opus/48000", re.IGNORECASE)


class CameraRefused(Exception):
    """The camera cannot be shown; the message is a sentence without its password."""


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """`url`: without user and password, as requests name it."""

    url: str
    host: str
    port: int
    secure: bool
    user: str | None
    password: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> CameraAddress:
        """Raises CameraRefused for what is no rtsp or rtsps address."""
        try:
            parts = urlsplit(text)
            port, host = parts.port, parts.hostname
        except ValueError as error:
            raise CameraRefused("This is no address of a camera.") from error
        fit = parts.scheme in DEFAULT_PORTS and host and len(text) <= MAX_ADDRESS
        if not fit or host is None or not text.isascii() or not text.isprintable() or " " in text:
            raise CameraRefused("A camera's address begins with rtsp:// or rtsps://.")
        shown = f"[{host}]" if ":" in host else host
        where = f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
        return cls(
            url=where + parts.path + (f"?{parts.query}" if parts.query else ""),
            host=host,
            port=port or DEFAULT_PORTS[parts.scheme],
            secure=parts.scheme == "rtsps",
            user=unquote(parts.username) if parts.username is not None else None,
            password=unquote(parts.password or ""),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers`: names in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def body_bytes(self) -> int:
        """How much body follows the head. Raises CameraRefused."""
        text = self.headers.get("content-length", "0")
        if not text.isdigit() or int(text) > MAX_BODY_BYTES:
            raise CameraRefused("The camera's answer is too large.")
        return int(text)


def parse_head(data: bytes) -> Answer:
    """An answer up to its empty line. Raises CameraRefused."""
    first, *lines = data.decode("latin-1").split("\r\n")
    match = _STATUS.fullmatch(first)
    if match is None:
        raise CameraRefused("What answers there speaks no RTSP.")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return Answer(int(match[1]), match[2], {name.strip().lower(): value.strip() for name, _, value in pairs})


def request(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def authorization(challenge: str, address: CameraAddress, method: str, url: str) -> str:
    """RFC 2617: the answer to WWW-Authenticate. Raises CameraRefused."""
    scheme, _, rest = challenge.partition(" ")
    if address.user is None:
        raise CameraRefused("The camera asks for a user and a password: rtsp://user:password@…")
    if scheme.lower() == "basic":
        return "Basic " + b64encode(f"{address.user}:{address.password}".encode()).decode()
    told = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
    if scheme.lower() != "digest" or told.get("algorithm", "MD5").upper() != "MD5":
        raise CameraRefused("The camera asks for a sign-in that is not supported.")
    realm, nonce = told.get("realm", ""), told.get("nonce", "")
    secret = _md5(f"{address.user}:{realm}:{address.password}")
    digest = _md5(f"{secret}:{nonce}:{_md5(f'{method}:{url}')}")
    told = {"username": address.user, "realm": realm, "nonce": nonce, "uri": url, "response": digest}
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in told.items())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Track:
    """One medium of a camera. `sets`: parameter sets told beforehand (RFC 6184 8.1)."""

    control: str
    payload_type: int
    sets: tuple[bytes, ...] = ()


def tracks_of(sdp: bytes, base: str) -> tuple[Track, Track | None]:
    """Its H.264 picture, and its sound where that is Opus. Raises CameraRefused."""
    sections = re.split(r"^m=", sdp.decode("utf-8", "replace"), flags=re.MULTILINE)[1:]
    video = _track(sections, "video", _H264, base)
    if video is None:
        raise CameraRefused("The camera sends no H.264 picture.")
    return video, _track(sections, "audio", _OPUS, base)


def _track(sections: list[str], kind: str, codec: re.Pattern[str], base: str) -> Track | None:
    for section in sections:
        found = codec.search(section)
        if section.startswith(kind) and found is not None:
            control = re.search(r"^a=control:(\S+)", section, re.MULTILINE)
            return Track(_resolved(control[1] if control else "", base), int(found[1]), _sets(section))
    return None


def _resolved(control: str, base: str) -> str:
    if control in ("", "*"):
        return base
    return control if "://" in control else f"{base.rstrip('/')}/{control}"


def _sets(section: str) -> tuple[bytes, ...]:
    found = re.search(r"sprop-parameter-sets=([\w+/=,]+)", section)
    try:
        return tuple(b64decode(part) for part in found[1].split(",") if part) if found else ()
    except ValueError:
        return ()

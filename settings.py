"""Every setting of Kodo, read once from `KODO_*` variables into one frozen object.

Imported by all packages, imports none of them (docs/decisions/0001). A value that makes no sense
is refused at start with the setting's name. The README's table is held against `FIELDS` by a test.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

# sockaddr_un has 108 bytes (unix(7)); some are left for a temporary name.
MAX_SOCKET_PATH_BYTES = 100


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ScannerAddress = tuple[str, int] | Path  # host and port, or a Unix socket


class SettingsError(ValueError):
    """A setting is missing or makes no sense. `name` is the variable, e.g. `KODO_PORT`."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """A bucket of an S3 service, and what all keys in it begin with (`""`: nothing)."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `starttls`: a connection in the clear becomes TLS before anything is told."""

    host: str
    port: int
    tls: bool  # from the first byte
    starttls: bool
    user: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation's configuration. Sizes in bytes, times in seconds, addresses absolute."""

    storage: Path
    host: str
    port: int
    public_url: str
    database_url: str = field(repr=False)
    tls_certificate: Path | None
    tls_key: Path | None
    ice_address: str | None
    udp_ports: tuple[int, int] | None
    stun_url: str | None
    turn_url: str | None
    turn_username: str | None
    turn_password: str | None = field(repr=False)
    part_seconds: float
    video_kilobits: int
    absence_seconds: float
    beacon_seconds: float
    frame_ancestors: str
    disk_floor_bytes: int
    spill_folder: Path
    spill_bytes: int
    camera_networks: tuple[Network, ...]
    trusted_proxies: tuple[Network, ...]
    upload_bytes: int
    upload_seconds: float
    clamav: ScannerAddress | None
    job_lanes: tuple[tuple[str, int], ...]
    safety_days: int
    objects: BucketPlace | None  # None: the disk
    objects_keep_local_days: int | None  # None: age moves nothing
    objects_disk_mark_bytes: int | None  # None: nor does a full disk
    objects_cache_bytes: int
    s3_endpoint: str | None
    s3_region: str | None
    s3_path_style: bool
    s3_access_key: str | None = field(repr=False)
    s3_secret_key: str | None = field(repr=False)
    smtp: MailServer | None = field(repr=False)  # None: no mail is sent
    alarm_mail: tuple[str, ...]
    alarm_webhooks: tuple[str, ...] = field(repr=False)
    alarm_webhook_secret: str | None = field(repr=False)
    check_seconds: float
    live_probe: bool
    ntp_server: tuple[str, int] | None  # None: as the kernel says
    mail_from: str | None  # an address, or `Name <address>`
    transcription_engine: str
    whisper_model: str
    web_workers: int
    log_level: str

    @property
    def sessions_folder(self) -> Path:
        return self.storage / "sessions"

    @property
    def spill_sessions_folder(self) -> Path:
        return self.spill_folder / "sessions"

    @property
    def recordings_folder(self) -> Path:
        """MP4s of sessions: `<session id>.mp4`, of later versions `<session id>.<version>.mp4`."""
        return self.storage / "recordings"

    @property
    def pictures_folder(self) -> Path:
        """Posters, storyboards and loudness of sessions: `<session id>/v<version>/`."""
        return self.storage / "pictures"

    @property
    def media_folder(self) -> Path:
        """Films as they are played: `<media id>.mkv`."""
        return self.storage / "media"

    @property
    def uploads_folder(self) -> Path:
        """Films and files for the library as they come, until they are made ready."""
        return self.storage / "uploads"

    @property
    def quarantine_folder(self) -> Path:
        """Uploads in which the virus scanner found something."""
        return self.storage / "quarantine"

    @property
    def models_folder(self) -> Path:
        """Models of speech that were downloaded."""
        return self.storage / "models"

    @property
    def session_roots(self) -> tuple[Path, Path]:
        """Where a session's takes may lie: the disk first, the spill second."""
        return (self.sessions_folder, self.spill_sessions_folder)

    @property
    def socket_folder(self) -> Path:
        """`run` in the storage; where that is too long for a Unix socket, a private temporary folder."""
        folder = self.storage / "run"
        if len(bytes(folder / "recorder.sock")) <= MAX_SOCKET_PATH_BYTES:
            return folder
        digest = hashlib.sha256(bytes(self.storage)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"kodo-{os.getuid()}-{digest}"

    @property
    def recorder_socket(self) -> Path:
        return self.socket_folder / "recorder.sock"

    @property
    def hint_socket(self) -> Path:
        return self.socket_folder / "hints.sock"

    @property
    def secure(self) -> bool:
        """Whether people reach this installation over TLS (cookies are then `Secure`)."""
        return self.public_url.startswith("https:")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read and check every setting. Raises SettingsError with the variable's name."""
        values = {name: environment.get(name, "").strip() for name in FIELDS}
        parsed = {FIELDS[name].field: _parse(name, raw) for name, raw in values.items()}
        return cls(**_with_derived_defaults(parsed))


@dataclass(frozen=True, slots=True)
class Field:
    """How one variable is read: `default` as it would be written in the environment.

    `secret`: its value is never shown, not even when it is wrong.
    """

    field: str
    default: str
    parse: Callable[[str], Any]
    meaning: str
    secret: bool = False


def _parse(name: str, raw: str) -> Any:
    text = raw or FIELDS[name].default
    if not text:
        return None
    try:
        return FIELDS[name].parse(text)
    except ValueError as error:
        shown = "its value" if FIELDS[name].secret else repr(text)
        raise SettingsError(name, f"{shown} {error}") from None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else None
        if value is None or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return parse


def _seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text) if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) else None
        if value is None or not low <= value <= high:
            raise ValueError(f"must be a number of seconds from {low:g} to {high:g}")
        return value

    return parse


_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)\s*([kmgt]?)(?:i?b)?", text.lower(), re.ASCII)
    if not match:
        raise ValueError("must be a size such as 512M or 2G")
    return int(match[1]) * _UNITS[match[2]]


def _port_range(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)-(\d+)", text, re.ASCII)
    if not match:
        raise ValueError("must be a range such as 40000-40199")
    low, high = int(match[1]), int(match[2])
    if not (1024 <= low <= high <= 65535 and high - low >= 9):
        raise ValueError("must lie in 1024-65535 and hold at least 10 ports")
    return low, high


def _file(text: str) -> Path:
    path = Path(text).absolute()
    if not path.is_file():
        raise ValueError("is no file")
    if not os.access(path, os.R_OK):
        raise ValueError("cannot be read")
    return path


def _folder(text: str) -> Path:
    path = Path(text).absolute()
    if path.exists() and not path.is_dir():
        raise ValueError("is not a folder")
    return path


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    superfluous = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("http", "https") or not parts.hostname or superfluous or " " in text:
        raise ValueError("must be an address such as https://lectures.example.ac.jp")
    return text.rstrip("/")


def _ip_address(text: str) -> str:
    name = "127.0.0.1" if text == "localhost" else text
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        raise ValueError("must be an IP address") from None


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be networks such as 192.168.20.0/24, separated by commas") from None


def _scanner(text: str) -> ScannerAddress:
    if text.startswith("/"):
        return Path(text)
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("must be HOST:PORT or the absolute path of a Unix socket")
    return host.strip("[]"), int(port)


def _lanes(text: str) -> tuple[tuple[str, int], ...]:
    matches = [re.fullmatch(r"\s*([a-z_]+)\s*=\s*([1-9]\d?)\s*", part, re.ASCII) for part in text.split(",")]
    if not all(matches):
        raise ValueError("must be lanes with numbers from 1 to 99 such as export=2, media=1")
    return tuple((match[1], int(match[2])) for match in matches if match)


def _ice_url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        scheme, _, server = text.partition(":")
        if scheme not in schemes or not server:
            raise ValueError(f"must begin with {' or '.join(s + ':' for s in schemes)}")
        return text

    return parse


# As SQLAlchemy reads them, for the supervisor must refuse what the processes could not open, without
# loading it. SQLite needs a file: every process would have a memory of its own.
_SQLITE_URL = re.compile(r"sqlite(\+\w+)?:///(?!:memory:|file:)[^?]+(\?.*)?", re.ASCII)
_POSTGRESQL_URL = re.compile(
    r"postgresql(\+\w+)?://([^:/]*(:[^@]*)?@)?(\[[^/?]+\]|[^/:?]+)?(:\d+)?(/[^?]*)?(\?.*)?", re.ASCII
)


def _database_url(text: str) -> str:
    if not _SQLITE_URL.fullmatch(text) and not _POSTGRESQL_URL.fullmatch(text):
        raise ValueError("must be sqlite:///FILE (four slashes for /path/to/kodo.db) or postgresql://…")
    return text


_FRAME_SOURCE = re.compile(
    r"\*|https?:|(?:https?://)?(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::(?:\d{1,5}|\*))?",
    re.ASCII | re.IGNORECASE,
)


def _frame_ancestors(text: str) -> str:
    """A source list of CSP 3, 6.4.2: `'self'`, `'none'` alone, `*`, hosts with or without scheme and port."""
    sources = text.split()
    keywords = {"'self'", "'none'"}
    known = all(one in keywords or _FRAME_SOURCE.fullmatch(one) for one in sources)
    without_quotes = {"self", "none"} & set(sources)
    if not known or without_quotes or ("'none'" in sources and len(sources) > 1):
        raise ValueError("must be 'self', 'none', * or addresses such as https://lms.example.ac.jp")
    return " ".join(sources)


# "Bucket naming rules" of S3; keys as library.object_store takes them.
_BUCKET_URL = re.compile(
    r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*)/?", re.ASCII
)


def _objects(text: str) -> BucketPlace | None:
    match = _BUCKET_URL.fullmatch(text)
    if text == "disk":
        return None
    if not match or len(match[2]) > 200 or ".." in match[1]:
        raise ValueError("must be disk, or a bucket such as s3://lectures or s3://lectures/kodo")
    return BucketPlace(match[1], match[2].removeprefix("/"))


def _region(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text, re.ASCII):
        raise ValueError("must be the name of a region such as eu-central-1")
    return text


# RFC 5321's dot-string, with dots wherever they are: addresses of Japanese phones have them side by side.
MAIL_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}(?<!-))?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}(?<!-))?)*\Z",
    re.ASCII,
)


def _mail_addresses(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(","))
    if not all(MAIL_ADDRESS.match(one) for one in found):
        raise ValueError("must be mail addresses, separated by commas")
    return found


def _webhooks(text: str) -> tuple[str, ...]:
    """Where the operator says: also inside the own network. No redirect is followed."""
    found = tuple(text.split())
    for one in found:
        parts = urlsplit(one)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or parts.username:
            raise ValueError("must be http:// or https:// addresses, separated by spaces")
    return found


def _time_server(text: str) -> tuple[str, int]:
    has_port = re.search(r"[^:]:\d+$|\]:\d+$", text, re.ASCII)
    host, _, port = text.rpartition(":") if has_port else (text, "", "123")
    if not re.fullmatch(r"\[?[A-Za-z0-9.:-]{1,253}\]?", host, re.ASCII) or not 0 < int(port) < 65536:
        raise ValueError("must be HOST or HOST:PORT")
    return host.strip("[]"), int(port)


_MAIL_PORTS = {"smtp": 25, "smtps": 465}


def _mail_server(text: str) -> MailServer:
    """`smtp://` in the clear, `smtp://…?starttls`, `smtps://`. A password goes only where nobody listens."""
    parts = urlsplit(text)
    tls, starttls = parts.scheme == "smtps", parts.query == "starttls"
    fits = parts.scheme in _MAIL_PORTS and parts.hostname and parts.path in ("", "/") and not parts.fragment
    if not fits or not text.isprintable() or parts.query not in ("", "starttls") or (tls and starttls):
        raise ValueError("must be an address such as smtp://user:password@mail.example.ac.jp:587?starttls")
    user, password = (unquote(one) if one else None for one in (parts.username, parts.password))
    if (user is None) != (password is None):
        raise ValueError("must have a user with a password, or none")
    if not all(one.isascii() and one.isprintable() for one in (user or "", password or "")):
        raise ValueError("must have a user and a password of ASCII characters")
    if user and not (tls or starttls or parts.hostname in ("localhost", "127.0.0.1", "::1")):
        raise ValueError("would send its password in the clear: add ?starttls, or begin with smtps:")
    port = parts.port or (587 if starttls else _MAIL_PORTS[parts.scheme])
    return MailServer(parts.hostname or "", port, tls, starttls, user, password)


def _mail_from(text: str) -> str:
    name, bracket, address = text.rpartition("<")
    bare = address.removesuffix(">") if bracket else address
    if not MAIL_ADDRESS.match(bare) or bool(bracket) != address.endswith(">") or not name.isprintable():
        raise ValueError("must be an address such as kodo@example.ac.jp, or Kodo <kodo@example.ac.jp>")
    return text


def _yes_or_no(text: str) -> bool:
    words = {"yes": True, "no": False}
    if text not in words:
        raise ValueError("must be yes or no")
    return words[text]


def _engine(text: str) -> str:
    if text not in ("openai-whisper", "faster-whisper", "none"):
        raise ValueError("must be openai-whisper, faster-whisper or none")
    return text


def _log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be debug, info, warning or error")
    return text.upper()


FIELDS: dict[str, Field] = {
    "KODO_STORAGE": Field("storage", "storage", _folder, "folder of everything that lasts"),
    "KODO_HOST": Field("host", "127.0.0.1", _ip_address, "address to listen on; 0.0.0.0 for all"),
    "KODO_PORT": Field("port", "8000", _whole(1, 65535), "TCP port to listen on"),
    "KODO_PUBLIC_URL": Field(
        "public_url", "", _http_url, "address that people open; default: from host, port and TLS"
    ),
    "KODO_DATABASE_URL": Field(
        "database_url",
        "",
        _database_url,
        "sqlite:////path/to/file or postgresql://…; default: SQLite in the storage",
        secret=True,
    ),
    "KODO_TRUSTED_PROXIES": Field(
        "trusted_proxies",
        "",
        _networks,
        "proxies whose X-Forwarded-For is believed, e.g. 127.0.0.1,::1; default: none",
    ),
    "KODO_TLS_CERTIFICATE": Field(
        "tls_certificate", "", _file, "PEM file; `app.py cert` makes one to try in a LAN"
    ),
    "KODO_TLS_KEY": Field("tls_key", "", _file, "PEM file of the certificate's key"),
    "KODO_ICE_ADDRESS": Field(
        "ice_address", "", _ip_address, "address announced to publishers when behind NAT"
    ),
    "KODO_UDP_PORTS": Field(
        "udp_ports", "", _port_range, "UDP range for WebRTC, e.g. 40000-40199; default: any"
    ),
    "KODO_STUN_URL": Field("stun_url", "", _ice_url("stun", "stuns"), "STUN server handed to publishers"),
    "KODO_TURN_URL": Field("turn_url", "", _ice_url("turn", "turns"), "TURN server handed to publishers"),
    "KODO_TURN_USERNAME": Field("turn_username", "", str, "TURN user name"),
    "KODO_TURN_PASSWORD": Field("turn_password", "", str, "TURN password", secret=True),
    "KODO_PART_SECONDS": Field("part_seconds", "0.334", _seconds(0.2, 1.0), "length of an LL-HLS part"),
    "KODO_VIDEO_KILOBITS": Field(
        "video_kilobits", "2500", _whole(200, 20000), "bit rate asked of WebRTC publishers"
    ),
    "KODO_ABSENCE_SECONDS": Field(
        "absence_seconds", "900", _seconds(5, 86400), "a session ends this long after its publisher left"
    ),
    "KODO_BEACON_SECONDS": Field(
        "beacon_seconds", "30", _seconds(1, 600), "how often a viewer's page reports that it watches"
    ),
    "KODO_FRAME_ANCESTORS": Field(
        "frame_ancestors",
        "'self'",
        _frame_ancestors,
        "sites that may embed the player, e.g. 'self' https://lms.example.ac.jp; * for all",
    ),
    "KODO_DISK_FLOOR": Field(
        "disk_floor_bytes", "2G", _size, "no session starts with less free disk than this"
    ),
    "KODO_SPILL_FOLDER": Field("spill_folder", "", _folder, "memory file system used while the disk is full"),
    "KODO_SPILL_SIZE": Field(
        "spill_bytes", "512M", _size, "most that the spill folder may hold; never over ¾ of its file system"
    ),
    "KODO_CAMERA_NETWORKS": Field(
        "camera_networks", "", _networks, "where network cameras may be, e.g. 192.168.20.0/24; default: none"
    ),
    "KODO_UPLOAD_SIZE": Field(
        "upload_bytes",
        "20G",
        _size,
        "largest file that may be uploaded, and most that the safety copies of a lecture may hold",
    ),
    "KODO_UPLOAD_SECONDS": Field(
        "upload_seconds",
        "86400",
        _seconds(60, 2_592_000),
        "an unfinished upload goes this long after its last byte",
    ),
    "KODO_CLAMAV": Field(
        "clamav",
        "",
        _scanner,
        "ClamAV's daemon, which checks uploads to the library: HOST:PORT or the path of its socket; "
        "default: no check",
    ),
    "KODO_JOB_LANES": Field(
        "job_lanes",
        "",
        _lanes,
        "how many jobs of a lane run at a time, e.g. export=2, media=2; default: one of each",
    ),
    "KODO_SAFETY_DAYS": Field(
        "safety_days",
        "7",
        _whole(1, 365),
        "a recording that its lecturer does not want published is held so many days for its room's owner",
    ),
    "KODO_OBJECTS": Field(
        "objects",
        "disk",
        _objects,
        "disk, or a bucket that gets a copy of each recording: s3://BUCKET/PREFIX",
    ),
    "KODO_OBJECTS_KEEP_LOCAL_DAYS": Field(
        "objects_keep_local_days",
        "",
        _whole(0, 36_500),
        "recordings that were not played for so many days are moved into the bucket; default: they stay",
    ),
    "KODO_OBJECTS_DISK_MARK": Field(
        "objects_disk_mark_bytes",
        "",
        _size,
        "with less free disk than this, recordings are moved, the longest unplayed first; default: they stay",
    ),
    "KODO_OBJECTS_CACHE": Field(
        "objects_cache_bytes", "2G", _size, "most disk that holds what was played from the bucket lately"
    ),
    "KODO_S3_ENDPOINT": Field(
        "s3_endpoint",
        "",
        _http_url,
        "address of the S3 service, e.g. https://s3.example.ac.jp; default: Amazon's",
    ),
    "KODO_S3_REGION": Field(
        "s3_region", "", _region, "region of the bucket; default: as `AWS_DEFAULT_REGION` says"
    ),
    "KODO_S3_PATH_STYLE": Field(
        "s3_path_style",
        "",
        _yes_or_no,
        "yes: the bucket's name is in the path, not in the host name; default: yes with `KODO_S3_ENDPOINT`",
    ),
    "KODO_S3_ACCESS_KEY": Field(
        "s3_access_key",
        "",
        str,
        "access key of the bucket; default: from the usual AWS environment",
        secret=True,
    ),
    "KODO_S3_SECRET_KEY": Field("s3_secret_key", "", str, "the access key's secret", secret=True),
    "KODO_SMTP_URL": Field(
        "smtp",
        "",
        _mail_server,
        "server that takes mail: smtp://USER:PASSWORD@HOST:587?starttls, or smtps://…; "
        "default: links are shown to admins instead",
        secret=True,
    ),
    "KODO_MAIL_FROM": Field(
        "mail_from", "", _mail_from, "sender of mail, e.g. Kodo <kodo@example.ac.jp>; needed with a server"
    ),
    "KODO_ALARM_MAIL": Field(
        "alarm_mail", "", _mail_addresses, "who is told of trouble by mail, separated by commas"
    ),
    "KODO_ALARM_WEBHOOK": Field(
        "alarm_webhooks",
        "",
        _webhooks,
        "addresses that get a JSON POST of each trouble and its end, separated by spaces",
        secret=True,
    ),
    "KODO_ALARM_WEBHOOK_SECRET": Field(
        "alarm_webhook_secret",
        "",
        str,
        "key of `X-Kodo-Signature`, the HMAC-SHA-256 of such a POST's body",
        secret=True,
    ),
    "KODO_CHECK_SECONDS": Field(
        "check_seconds", "30", _seconds(0.5, 30), "how often is looked whether all is well"
    ),
    "KODO_LIVE_PROBE": Field(
        "live_probe", "yes", _yes_or_no, "yes: the live chain is tried, too, by a synthetic lecture"
    ),
    "KODO_NTP_SERVER": Field(
        "ntp_server",
        "",
        _time_server,
        "time server that the clock is held against; default: as the kernel says",
    ),
    "KODO_TRANSCRIPTION_ENGINE": Field(
        "transcription_engine",
        "openai-whisper",
        _engine,
        "what transcribes: openai-whisper, faster-whisper, or none",
    ),
    "KODO_WHISPER_MODEL": Field(
        "whisper_model", "small", str, "name or path of its model; a name is downloaded on first use"
    ),
    "KODO_WEB_WORKERS": Field("web_workers", "1", _whole(1, 64), "web processes"),
    "KODO_LOG_LEVEL": Field("log_level", "info", _log_level, "debug, info, warning or error"),
}


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """`KODO_*` variables that mean nothing here: a misspelt setting deserves a warning."""
    return sorted(k for k in environment if k.startswith("KODO_") and k not in FIELDS)


def _with_derived_defaults(parsed: dict[str, Any]) -> dict[str, Any]:
    _check_tls(parsed["tls_certificate"], parsed["tls_key"])
    _check_turn(parsed)
    _check_s3_keys(parsed)
    _check_moving(parsed)
    if parsed["smtp"] and not parsed["mail_from"]:
        raise SettingsError("KODO_MAIL_FROM", "KODO_SMTP_URL needs it")
    if parsed["s3_path_style"] is None:
        parsed["s3_path_style"] = parsed["s3_endpoint"] is not None
    if parsed["public_url"] is None:
        parsed["public_url"] = _own_address(
            parsed["host"], parsed["port"], tls=bool(parsed["tls_certificate"])
        )
    if parsed["database_url"] is None:
        parsed["database_url"] = f"sqlite:///{parsed['storage'] / 'kodo.db'}"
    parsed["camera_networks"] = parsed["camera_networks"] or ()
    for name in ("trusted_proxies", "alarm_mail", "alarm_webhooks"):
        parsed[name] = parsed[name] or ()
    if parsed["alarm_mail"] and not parsed["smtp"]:
        raise SettingsError("KODO_ALARM_MAIL", "KODO_SMTP_URL names no server that takes mail")
    parsed["job_lanes"] = parsed["job_lanes"] or ()
    if parsed["spill_folder"] is None:
        # One folder per storage, so that two installations on a machine never meet in it.
        name = re.sub(r"[^A-Za-z0-9]+", "-", str(parsed["storage"])).strip("-")[-80:]
        parsed["spill_folder"] = Path("/dev/shm") / f"kodo-{name}"  # noqa: S108 - memory, made 0700
    return parsed


def _check_tls(certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        missing = "KODO_TLS_KEY" if key is None else "KODO_TLS_CERTIFICATE"
        raise SettingsError(missing, "certificate and key go together")
    if certificate and key:
        try:
            # A key that asks for a password fails at once instead of waiting at a terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
        except (ssl.SSLError, OSError) as error:
            problem = f"{certificate} and KODO_TLS_KEY are no pair of PEM files without a password"
            raise SettingsError("KODO_TLS_CERTIFICATE", problem) from error


def _check_turn(parsed: dict[str, Any]) -> None:
    for name in ("KODO_TURN_USERNAME", "KODO_TURN_PASSWORD"):
        if parsed["turn_url"] and not parsed[FIELDS[name].field]:
            raise SettingsError(name, "KODO_TURN_URL needs it")


def _check_s3_keys(parsed: dict[str, Any]) -> None:
    names = ("KODO_S3_ACCESS_KEY", "KODO_S3_SECRET_KEY")
    missing = [name for name in names if not parsed[FIELDS[name].field]]
    if len(missing) == 1:
        raise SettingsError(missing[0], "access key and secret go together")


def _check_moving(parsed: dict[str, Any]) -> None:
    for name in ("KODO_OBJECTS_KEEP_LOCAL_DAYS", "KODO_OBJECTS_DISK_MARK"):
        if parsed[FIELDS[name].field] is not None and parsed["objects"] is None:
            raise SettingsError(name, "KODO_OBJECTS names no bucket to move recordings into")


def _own_address(host: str, port: int, *, tls: bool) -> str:
    scheme, usual_port = ("https", 443) if tls else ("http", 80)
    address = ipaddress.ip_address(host)
    if address.is_unspecified or address.is_loopback:
        shown = "localhost"
    else:
        shown = f"[{host}]" if address.version == 6 else host
    return f"{scheme}://{shown}" if port == usual_port else f"{scheme}://{shown}:{port}"

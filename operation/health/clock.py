"""How far the machine's clock is off: by a time server (SNTP, RFC 4330), else as the kernel itself says.

Blocking, bounded; called from a thread of the watching process.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import time

ANSWER_SECONDS = 3.0
_NTP_EPOCH = 2_208_988_800  # 1970 in seconds since 1900
_PACKET = struct.Struct("!BBbb11I")
_CLIENT = 0b00_100_011  # version 4, mode 3 (RFC 4330 4)
_SERVER_MODE = 4
STA_UNSYNC, STA_NANO = 0x0040, 0x2000  # adjtimex(2)
_TIME_ERROR = 5


class NoTime(Exception):
    """The server gives no time that can be used."""


def server_offset(host: str, port: int) -> float:
    """Seconds that the server is ahead of this clock. Raises NoTime."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as line:
            line.settimeout(ANSWER_SECONDS)
            line.connect(address)  # from then on only the server is heard
            sent_at = time.time()
            sent = struct.pack("!II", *_stamp(sent_at))
            line.send(bytes((_CLIENT,)) + bytes(39) + sent)
            answer = line.recv(512)
            received_at = time.time()
    except OSError as error:
        raise NoTime(str(error)) from error
    return offset_in(answer, sent, sent_at, received_at)


def offset_in(answer: bytes, sent: bytes, sent_at: float, received_at: float) -> float:
    """Pure: of a server's packet (RFC 4330 5). Raises NoTime for one that is not the answer to `sent`."""
    if len(answer) < _PACKET.size:
        raise NoTime("the answer is too short")
    head, stratum, *_, s1, f1, s2, f2 = _PACKET.unpack_from(answer)
    if head & 0b111 != _SERVER_MODE or not 0 < stratum < 16 or answer[24:32] != sent or not s2:
        raise NoTime("the answer is no time")
    return ((_seconds(s1, f1) - sent_at) + (_seconds(s2, f2) - received_at)) / 2


class _Timex(ctypes.Structure):
    """`struct timex` up to what is read (adjtimex(2)), with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def kernel_offset() -> float | None:
    """Seconds that the kernel still has to correct; None: nobody tells it the time (no NTP here)."""
    timex = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    if state < 0 or state == _TIME_ERROR or timex.status & STA_UNSYNC:
        return None
    return float(timex.offset) / (1e9 if timex.status & STA_NANO else 1e6)


def _stamp(unix_seconds: float) -> tuple[int, int]:
    whole = int(unix_seconds)
    return (whole + _NTP_EPOCH) & 0xFFFFFFFF, int((unix_seconds - whole) * (1 << 32))


def _seconds(whole: int, fraction: int) -> float:
    """Unix seconds, also after 2036, when the count begins anew."""
    seconds = whole - _NTP_EPOCH + fraction / (1 << 32)
    return seconds if whole & 0x80000000 else seconds + (1 << 32)

"""Looks at the machine and what surrounds it: disk, clock, certificate, the public address.

Each is called in a thread of the watching process, takes ten seconds or so at most, and finds something.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from cryptography import x509

from library.health_state import Finding, State
from operation.health import clock
from operation.health.disk_forecast import Samples, growth, sampled, seconds_left
from settings import Settings

ANSWER_SECONDS = 5.0
FAR_OFF_SECONDS = 2.0
EXPIRES_DAYS = 14
FILLS_SECONDS = 86_400.0
FLOOR_FACTOR = 1.25


class DiskCheck:
    """`samples`: of looks before (`disk_forecast`)."""

    def __init__(self, settings: Settings, samples: Samples, wall: Callable[[], float] = time.time) -> None:
        self._settings, self.samples, self._wall = settings, samples, wall

    def look(self) -> Finding:
        """Bad a quarter above the floor, or when it is a day away: then there is time to do something."""
        floor = self._settings.disk_floor_bytes
        try:
            usage = shutil.disk_usage(self._settings.storage)
        except OSError as error:
            return _bad("disk", "unreadable", error=str(error.strerror))
        self.samples = sampled(self.samples, self._wall(), usage.free)
        rate = growth(self.samples)
        left = seconds_left(usage.free, floor, rate)
        figures: dict[str, str | int | float | bool | None] = {
            "free": usage.free,
            "total": usage.total,
            "floor": floor,
            "growth": rate,
            "seconds_left": left,
        }
        if usage.free < floor * FLOOR_FACTOR:
            return Finding("disk", State.BAD, "low", figures)
        if left is not None and left < FILLS_SECONDS:
            return Finding("disk", State.BAD, "filling", figures)
        return Finding("disk", State.GOOD, figures=figures)


class ClockCheck:
    """Also notices that the clock was set between two looks: it is held against the time that passed."""

    def __init__(
        self,
        server: tuple[str, int] | None,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        kernel: Callable[[], float | None] = clock.kernel_offset,
    ) -> None:
        self._server, self._wall, self._steady, self._kernel = server, wall, steady, kernel
        self._ahead: float | None = None  # the wall clock of the steady one, at the last look

    def look(self) -> Finding:
        ahead = self._wall() - self._steady()
        last, self._ahead = self._ahead, ahead
        step = ahead - last if last is not None else 0.0
        if abs(step) > FAR_OFF_SECONDS:
            return _bad("clock", "stepped", seconds=round(step, 1))
        try:
            offset = clock.server_offset(*self._server) if self._server is not None else self._kernel()
        except clock.NoTime as error:
            return _bad("clock", "no_time", error=str(error)[:200])
        if offset is None:
            return Finding("clock", State.SKIPPED, "nobody_tells")
        figures = {"offset": round(offset, 3)}
        is_off = abs(offset) > FAR_OFF_SECONDS
        return Finding("clock", State.BAD if is_off else State.GOOD, "off" if is_off else "", figures)


def certificate_check(settings: Settings, now: datetime) -> Finding:
    """The one that the public address shows, and the one of the settings: whichever ends first."""
    ends, problem = [], ""
    if settings.tls_certificate is not None:
        with contextlib.suppress(OSError, ValueError):
            ends.append(_end_of(x509.load_pem_x509_certificate(settings.tls_certificate.read_bytes())))
    if settings.public_url.startswith("https:"):
        try:
            ends.append(_end_of(x509.load_der_x509_certificate(_shown_at(settings.public_url))))
        except (OSError, ValueError) as error:
            problem = str(error)[:200]
    if not ends:
        return (
            _bad("certificate", "unreadable", error=problem) if problem else _skipped("certificate", "no_tls")
        )
    days = (min(ends) - now).total_seconds() / 86_400
    figures: dict[str, str | int | float | bool | None] = {
        "ends": min(ends).isoformat(),
        "days": round(days, 1),
    }
    if days <= 0:
        return Finding("certificate", State.BAD, "expired", figures)
    return Finding("certificate", State.BAD if days < EXPIRES_DAYS else State.GOOD,
                   "expires" if days < EXPIRES_DAYS else "", figures)  # fmt: skip


def address_check(settings: Settings) -> Finding:
    """Whether `/healthz` is answered where people open it, and how fast."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # another check's
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    error = ""
    for _ in range(2):  # one lost packet is no outage
        began = time.monotonic()
        try:
            with opener.open(f"{settings.public_url}/healthz", timeout=ANSWER_SECONDS) as answer:
                answer.read(100)
            return Finding(
                "address", State.GOOD, figures={"milliseconds": round((time.monotonic() - began) * 1000)}
            )
        except HTTPError as refused:
            error = f"HTTP {refused.code}"
        except (OSError, ValueError) as problem:
            error = str(problem)[:200]
    return _bad("address", "no_answer", error=error)


def _shown_at(public_url: str) -> bytes:
    """DER of the certificate that the address shows. Raises OSError."""
    parts = urlsplit(public_url)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = (parts.hostname or "", parts.port or 443)
    with (
        socket.create_connection(address, ANSWER_SECONDS) as line,
        context.wrap_socket(line, server_hostname=parts.hostname) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def _end_of(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc.astimezone(UTC)


def _bad(check: str, reason: str, **figures: str | float | bool | None) -> Finding:
    return Finding(check, State.BAD, reason, figures)


def _skipped(check: str, reason: str) -> Finding:
    return Finding(check, State.SKIPPED, reason)

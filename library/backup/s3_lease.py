"""The lease of a repository in a bucket: a file in `leases/` that its owner renews while it lives.

Whoever wants it writes one, then lists: is anybody else's there and alive, it goes away again. Two that come
at the same moment may so both be refused; never do both get it, for each writes before it looks. A lease is
dead when it was not renewed for DEAD_AFTER by the bucket's own clock, or when its process, of this machine,
is gone. A thread renews; it belongs to the lease and ends with it.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from library.backup.errors import BackupError, LeaseLost, RepositoryBusy, TargetUnavailable
from library.backup.place import Place, Stored

FOLDER = "leases"
RENEWED_EVERY = 60.0
DEAD_AFTER = 600.0


@contextmanager
def bucket_lease(place: Place, purpose: str) -> Iterator[BucketLease]:
    """Raises RepositoryBusy, and what the target raises."""
    lease = BucketLease(place, purpose)
    lease.take()
    try:
        yield lease
    finally:
        lease.give_back()


class BucketLease:
    """Ours, once `take` has returned."""

    def __init__(self, place: Place, purpose: str) -> None:
        self._place = place
        self._name = f"{FOLDER}/{secrets.token_hex(16)}.json"
        self._told = json.dumps({**this_process(), "purpose": purpose}).encode()
        self._renewed = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="backup lease", daemon=True)

    def take(self) -> None:
        """Raises RepositoryBusy."""
        self._write()
        try:
            others = self._alive()
        except BaseException:
            self._remove()
            raise
        if others:
            self._remove()
            raise RepositoryBusy(others[0])
        self._thread.start()

    def check(self) -> None:
        """See Lease."""
        if time.monotonic() - self._renewed > DEAD_AFTER / 2:
            raise LeaseLost(f"{self._place.title}: the lease could not be renewed in time")
        try:
            self._place.read(self._name)
        except FileNotFoundError:
            raise LeaseLost(f"{self._place.title}: somebody has removed the lease") from None

    def give_back(self) -> None:
        """Idempotent."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._remove()

    def _alive(self) -> list[str]:
        """Who else has, or wants, the lease; leases of the dead are removed."""
        found = list(self._place.stored(FOLDER))
        now = max((one.at for one in found if one.name == self._name), default=None)
        if now is None:
            raise TargetUnavailable(f"{self._place.title} does not list what was just put there")
        alive, dead = [], []
        for one in found:
            if one.name == self._name or not one.name.endswith(".json"):
                continue
            told = self._told_by(one)
            if told is None:
                continue
            if now - one.at > DEAD_AFTER or is_gone(told):
                dead.append(one.name)
            else:
                alive.append(f"{told.get('purpose')} (process {told.get('pid')} on {told.get('host')})")
        self._place.delete(dead)
        return alive

    def _told_by(self, one: Stored) -> dict[str, Any] | None:
        """None: it has just been given back."""
        try:
            told = json.loads(self._place.read(one.name))
        except FileNotFoundError:
            return None
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def _write(self) -> None:
        self._place.write(self._name, self._told)
        self._renewed = time.monotonic()

    def _remove(self) -> None:
        with suppress(BackupError):  # it dies by itself
            self._place.delete([self._name])

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED_EVERY):
            with suppress(BackupError):  # `check` says so
                self._write()


def this_process() -> dict[str, str | int]:
    """What tells later whether it still runs."""
    return {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid(), "began": _began(os.getpid())}


def is_gone(told: dict[str, Any]) -> bool:
    """Whether the process was one of this machine's, since it started, and has ended."""
    try:
        return bool(told["boot"]) and told["boot"] == _boot() and told["began"] != _began(int(told["pid"]))
    except (KeyError, TypeError, ValueError):
        return False


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; empty: there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]

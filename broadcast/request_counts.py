"""How many requests of which class were answered with what: each web process's counts, and the sum of all.

The front calls `note` on its event loop; a thread writes the counts to a file of the process, for a scrape of
`/metrics` reaches one process and asks for all. Files of processes that have ended are removed by the next
that starts: a counter that begins anew is what Prometheus expects of a restart. Ends with `close()`.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

WRITE_SECONDS = 2.0
_CLASSES = ("live", "whip", "api", "static", "healthz", "readyz", "metrics", "admin", "watch", "rooms")
_PREFIX, _SUFFIX = "requests-", ".json"


def class_of(path: str) -> str:
    """Pure: the first word of an address, if it is one of ours."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in _CLASSES else "pages"


class RequestCounts:
    """One per web process. `folder`: of the installation's processes (`run`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: Counter[tuple[str, int]] = Counter()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, path: str, status: int) -> None:
        """On the event loop alone."""
        self._counts[class_of(path), status] += 1

    def open(self) -> None:
        """Idempotent."""
        if self._thread is None:
            _remove_of_the_dead(self._folder)
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="request-counts", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Idempotent; returns when the thread has ended."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        if thread is not None:
            thread.join()

    def write(self) -> None:
        path = self._folder / f"{_PREFIX}{os.getpid()}{_SUFFIX}"
        told = [[name, status, count] for (name, status), count in self._counts.copy().items()]
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(told))
        os.replace(temporary, path)

    def _run(self) -> None:
        while not self._stopping.wait(WRITE_SECONDS):
            try:
                self.write()
            except (OSError, RuntimeError):  # a full disk; or a new key came while it was copied
                continue


def totals(folder: Path) -> Counter[tuple[str, int]]:
    """Of all web processes that live."""
    found: Counter[tuple[str, int]] = Counter()
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        if not _is_dead(path):
            try:
                found.update(
                    {(name, int(status)): int(n) for name, status, n in json.loads(path.read_text())}
                )
            except (OSError, ValueError, TypeError):
                continue
    return found


def _remove_of_the_dead(folder: Path) -> None:
    for path in _files(folder):
        if _is_dead(path):
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return folder.glob(f"{_PREFIX}*")


def _is_dead(path: Path) -> bool:
    pid = path.name.removeprefix(_PREFIX).partition(".")[0]
    return not Path(f"/proc/{pid}").exists()

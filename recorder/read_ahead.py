"""A thread that keeps the next seconds of a film in memory: the recorder's loop never waits for a disk.

`open()` blocks (call it through `asyncio.to_thread`) until the film can begin; the other methods are the
event loop's and return at once. Bounded by MAX_WAITING items. Ends with `close()`, or by itself after an
error, which the film's end then is.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

from recorder.media_reader import Coded, MediaReader, MediaUnreadable

log = logging.getLogger(__name__)

MAX_WAITING = 400  # 5 s of pictures and sound
JOIN_SECONDS = 5.0


class Waiting(Enum):
    """There is no next item: not yet, or never."""

    NOT_YET = auto()
    END = auto()


class FilmReader(Protocol):
    """What a file source reads from: ReadAhead, or a caller who reads in its own time."""

    @property
    def duration(self) -> float: ...

    def head(self) -> Coded | Waiting: ...

    def pop(self) -> None: ...

    def seek(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class ReadAhead:
    """The thread of one film being played. `duration`: seconds, after `open()`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: MediaReader | None = None
        self._items: deque[Coded] = deque()
        self._changed = threading.Condition()
        self._wanted: float | None = None  # where to go on from, asked for by seek()
        self._ended = self._broken = self._stopping = False
        self._thread: threading.Thread | None = None
        self.duration = 0.0

    def open(self, seconds: float = 0.0) -> None:
        """Begin at the key frame before `seconds`. Blocks. Raises MediaUnreadable."""
        self._reader = MediaReader(self._path)
        self.duration = self._reader.duration
        self._wanted = seconds
        self._thread = threading.Thread(target=self._run, name="film", daemon=True)
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended or self._broken, JOIN_SECONDS)
            if not self._items:
                self.close()
                raise MediaUnreadable(f"{self._path.name}: nothing can be read")

    def head(self) -> Coded | Waiting:
        """The next item, which stays until `pop()`."""
        with self._changed:
            if self._items:
                return self._items[0]
            return Waiting.END if self._ended or self._broken else Waiting.NOT_YET

    def pop(self) -> None:
        with self._changed:
            self._items.popleft()
            self._changed.notify()

    def seek(self, seconds: float) -> None:
        """What was read is forgotten; the next item is a key frame or its sound."""
        with self._changed:
            self._items.clear()
            self._wanted = seconds
            self._ended = False
            self._changed.notify()

    def close(self) -> None:
        """Idempotent; returns at once, the thread ends at its next turn and closes the file."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def join(self) -> None:
        """Wait for the thread (blocking, bounded)."""
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        assert self._reader is not None, "open() comes first"
        try:
            while self._wait_for_room():
                self._step(self._reader)
        except MediaUnreadable as error:
            log.error("the film %s ends here: %s", self._path.name, error)
            with self._changed:
                self._broken = True
                self._changed.notify()
        finally:
            self._reader.close()

    def _seek_came(self) -> bool:
        return self._wanted is not None

    def _wait_for_room(self) -> bool:
        """False when the thread is to end."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._stopping
                    or self._wanted is not None
                    or (not self._ended and len(self._items) < MAX_WAITING)
                )
            )
            return not self._stopping

    def _step(self, reader: MediaReader) -> None:
        with self._changed:
            wanted, self._wanted = self._wanted, None
        if wanted is not None:
            reader.seek(wanted)
        item = reader.next()
        with self._changed:
            if self._seek_came():
                return  # what was read before it does not count
            if item is None:
                self._ended = True
            else:
                self._items.append(item)
            self._changed.notify()

"""A session on disk and everything that answers for it, for tests: no server, no clock but the test's."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from broadcast.access import AccessBook, sign
from broadcast.answer import Answer
from broadcast.known_rooms import RoomAccess
from broadcast.live_answers import LiveAnswers
from broadcast.live_windows import LiveWindows
from broadcast.outcome import Hold, Later
from broadcast.recording_access import RecordingAccess, RecordingBook
from tests.broadcast.session_writer import ROOM, SessionWriter

SECRET = b"s" * 32
NOW = 1_795_000_000.0


class Clock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class LiveStage:
    """`rooms`: what the access book is told; None stands for a database that is away.

    `said`: of which recordings something was said.
    """

    def __init__(self, folder: Path, *, access: str = "open") -> None:
        self.writer = SessionWriter(folder, access=access)
        self.rooms: Mapping[str, RoomAccess] | None = {ROOM: RoomAccess(access, 1)}  # type: ignore[arg-type]
        self.said: dict[str, RecordingAccess] = {}
        self.wall, self.clock = Clock(NOW), Clock()
        self.recordings = RecordingBook(self._load_recordings)
        self.book = AccessBook(SECRET, self._load, self.wall, recordings=self.recordings)
        self.book.refresh()
        self.windows = LiveWindows(self.writer.settings.session_roots, 0.334, self.clock)
        self.answers = LiveAnswers(self.windows, self.book)

    def _load(self) -> Mapping[str, RoomAccess]:
        if self.rooms is None:
            raise OSError("the database is away")
        return self.rooms

    def _load_recordings(self, known: int) -> tuple[int, Mapping[str, RecordingAccess]]:
        newest = max((one.epoch for one in self.said.values()), default=0)
        return newest, {name: one for name, one in self.said.items() if one.epoch > known}

    @property
    def token(self) -> str:
        return sign(SECRET, ROOM, 1, NOW)

    def ask(self, tail: str, query: str = "", *, access: str = "open", gzip: bool = False) -> Answer | Hold:
        path = f"/live/{access}/{self.writer.session_id}/{tail}"
        outcome = self.answers.answer(path, query.encode(), gzip=gzip)
        return outcome.work() if isinstance(outcome, Later) else outcome

    def get(self, tail: str, query: str = "", *, access: str = "open", gzip: bool = False) -> Answer:
        """The answer, which must not have to wait."""
        outcome = self.ask(tail, query, access=access, gzip=gzip)
        assert isinstance(outcome, Answer), f"{tail}?{query} is held"
        return outcome

    def text(self, tail: str, query: str = "") -> str:
        answer = self.get(tail, query)
        assert answer.status == 200, answer.body
        return answer.body.decode()

    def hold(self, tail: str, query: str = "") -> Future[Answer]:
        """Wait for it as a client does; the request must be held."""
        outcome = self.ask(tail, query)
        assert isinstance(outcome, Hold), f"{tail}?{query} is answered at once"
        waiter: Future[Answer] = Future()
        outcome.join(waiter)
        return waiter

    def hint(self) -> None:
        """What the recorder says after each part."""
        self.windows.on_hint({"kind": "part", "session": self.writer.session_id})


def header(answer: Answer, name: str) -> str | None:
    found = [value.decode() for key, value in answer.headers if key == name.encode()]
    assert len(found) <= 1, f"{name} is there twice"
    return found[0] if found else None


def max_age(answer: Answer) -> int:
    found = re.search(r"max-age=(\d+)", header(answer, "cache-control") or "")
    assert found, answer.headers
    return int(found[1])


def gunzip(data: bytes) -> bytes:
    return zlib.decompress(data, 31)


def tags(playlist: str, name: str) -> list[str]:
    """Values of a tag, in order; a tag without a value gives ''."""
    found = re.findall(rf"^#{name}(?::(.*))?$", playlist, re.M)
    return list(found)


def attributes(value: str) -> dict[str, str]:
    """An attribute-list (4.2); fails on a name given twice or on blanks."""
    pairs = re.findall(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)', value)
    assert ",".join(f"{name}={content}" for name, content in pairs) == value
    assert len({name for name, _ in pairs}) == len(pairs)
    return {name: content.strip('"') for name, content in pairs}

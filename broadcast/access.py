"""Who may read `/live/<access>/…`: signing and checking of tokens, and what rooms and recordings say now.

`sign` and `check` are pure. `AccessBook` lives in a web process: its owner opens and closes it, a thread of
its own reads the rooms every second, and the event loop (or Flask's threads) ask it without touching a
database. When the database is away the last known rooms stay in force, those of the process before this one
(`known_rooms.py`) if this one never saw it. Ends with `close()`, which joins the thread.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broadcast.known_rooms import KnownRooms, RoomAccess
from broadcast.recording_access import EDITORS, OWNER, RecordingAccess, RecordingBook
from library.keeping import Kept
from library.models import Visibility

log = logging.getLogger(__name__)

OPEN = "open"
TOKEN_LIFE_SECONDS = 12 * 3600
BUCKET_SECONDS = 3600
MAX_TOKEN_LENGTH = 256
MAX_VERIFIED_TOKENS = 4096
REFRESH_SECONDS = 1.0

_TOKEN = re.compile(r"v1\.([A-Za-z0-9_-]{1,64})\.(\d{1,12})\.(\d{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)
_ROOM = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class AccessDenied(Exception):
    """The address may not be read: forged, foreign, expired or revoked (HTTP 403). Says why."""


class AccessForged(AccessDenied):
    """No token of this installation: made up, or altered."""


class AccessUnknown(Exception):
    """Who may read it cannot be told while the database is away (HTTP 503)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a genuine token says. `expires`: unix seconds. `room_id` None: the address said `open`; else a
    room's id, or what a token of a recording alone has in its place (`access_texts.py`).
    """

    room_id: str | None
    epoch: int
    expires: int


OPEN_CLAIM = Claim(None, 0, 0)


def sign(secret: bytes, room_id: str, epoch: int, now: float) -> str:
    """The `<access>` of a room: the same text for everyone within an hour, so that caches share. Lives 12 h.

    Raises ValueError for a room id that could not be told apart in the text.
    """
    if not _ROOM.fullmatch(room_id) or epoch < 0:
        raise ValueError(f"cannot sign for room {room_id!r}, epoch {epoch}")
    expires = (int(now) // BUCKET_SECONDS + 1) * BUCKET_SECONDS + TOKEN_LIFE_SECONDS
    return f"v1.{room_id}.{epoch}.{expires}.{_mac(secret, room_id, epoch, expires)}"


def check(secret: bytes, text: str) -> Claim:
    """What a token says, if this installation signed it; whether it still counts is `AccessBook`'s to say.

    Raises AccessForged.
    """
    match = _TOKEN.fullmatch(text) if len(text) <= MAX_TOKEN_LENGTH else None
    if match is None:
        raise AccessForged("This address is not valid.")
    room_id, epoch, expires = match[1], int(match[2]), int(match[3])
    if not hmac.compare_digest(_mac(secret, room_id, epoch, expires), match[4]):
        raise AccessForged("This address is not valid.")
    return Claim(room_id, epoch, expires)


def _mac(secret: bytes, room_id: str, epoch: int, expires: int) -> str:
    message = f"kodo live access v1\0{room_id}\0{epoch}\0{expires}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, message, hashlib.sha256)).rstrip(b"=").decode()


def _opens_by_itself(claim: Claim, session_id: str, known: RecordingAccess | None) -> bool:
    """Whether it is the token of who may edit the recording; of one that is held, its owner's. Raises
    AccessDenied where no other token opens it.
    """
    if known is None:
        return claim.room_id == EDITORS + session_id
    if known.deleted or known.kept == Kept.NONE:
        raise AccessDenied("This recording is not here any more.")
    if known.kept == Kept.HELD and claim.room_id != OWNER + session_id:
        raise AccessDenied("This recording is not shown.")
    return claim.room_id == (OWNER if known.kept == Kept.HELD else EDITORS) + session_id


def _not_before(claim: Claim, epoch: int) -> bool:
    """A token of the recording alone, which never makes it public. Raises AccessDenied."""
    if claim.epoch < epoch:
        raise AccessDenied("This address was withdrawn; open the recording's page again.")
    return False


def _unlike_the_room(said: RecordingAccess | None) -> RecordingAccess | None:
    return None if said is None or said.as_the_room else said


class AccessBook:
    """Every room's access mode and epoch, and the tokens already found genuine.

    `loader` returns all rooms; it may block and may raise. `memory` keeps them for the next process.
    `recordings` is read on together with them.
    """

    def __init__(
        self,
        secret: bytes,
        loader: Callable[[], Mapping[str, RoomAccess]],
        clock: Callable[[], float] = time.time,
        *,
        memory: KnownRooms | None = None,
        recordings: RecordingBook | None = None,
    ) -> None:
        self._secret = secret
        self._recordings = recordings
        self._loader = loader
        self._memory = memory
        self._clock = clock
        self._rooms: Mapping[str, RoomAccess] = {}
        self._loaded = False
        self._loading = threading.Lock()
        self._verified: OrderedDict[str, Claim] = OrderedDict()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._away = False
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Read the rooms once, here, then every second in a thread."""
        self._remember_rooms()
        self.refresh()
        self._thread = threading.Thread(target=self._run, name="access-book", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Idempotent; returns when the thread has ended."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """A room's access changed: read the rooms now rather than within a second."""
        self._wake.set()

    def refresh(self) -> None:
        """Read the rooms; keeps what was known when the loader fails, and says so once."""
        with self._loading:  # else a thread that read before a change could set its rooms after it
            self._load()

    def _load(self) -> None:
        try:
            rooms = dict(self._loader())
            if self._recordings is not None:
                self._recordings.refresh()
        except Exception as error:  # whatever a database driver raises: viewers go on with what is known
            if not self._away:
                log.warning("rooms cannot be read, the last known access stays in force: %s", error)
            self._away = True
            return
        self._rooms, self._loaded = rooms, True
        if self._memory is not None:
            self._memory.keep(rooms)
        if self._away:
            log.info("rooms can be read again")
        self._away = False

    def _remember_rooms(self) -> None:
        if self._memory is not None and not self._loaded:
            self._rooms = self._memory.read() or {}

    def claim(self, access: str) -> Claim:
        """What the `<access>` of an address says. A token's signature is computed once. Raises
        AccessDenied.
        """
        if access == OPEN:
            return OPEN_CLAIM
        claim = self._verified.get(access)
        if claim is None:
            claim = check(self._secret, access)
            self._remember(access, claim)
        if claim.expires <= self._clock():
            raise AccessDenied("This address has expired; open the room's page again.")
        return claim

    def admit(self, claim: Claim, room_id: str, fallback_mode: str | None) -> bool:
        """Whether media of the room may be cached by anyone for long (the room is open).

        `fallback_mode` is the access that a session recorded, for a room that the book does not know (yet).
        Raises AccessDenied; AccessUnknown if there is neither and the database was never seen.
        """
        if claim.room_id not in (None, room_id):
            raise AccessDenied("This address belongs to another room.")
        room = self._here(room_id)
        if room is None and fallback_mode is None and not self._loaded:
            raise AccessUnknown("This room cannot be looked up just now.")
        if claim.room_id is None:
            if not self.is_open(room_id, fallback_mode):
                raise AccessDenied("This room is not open to everyone.")
            # What a session or a process before this one knew may be outdated: caches must not keep it.
            return room is not None and self._loaded
        if room is not None and claim.epoch < room.epoch:
            raise AccessDenied("This address was withdrawn; open the room's page again.")
        return False

    def admit_recording(
        self,
        claim: Claim,
        session_id: str,
        room_id: str,
        fallback_mode: str | None,
        recorded: RecordingAccess | None = None,
    ) -> bool:
        """Whether media of a lecture that has ended may be cached by anyone for long. `recorded`: as below.

        Raises AccessDenied, AccessUnknown.
        """
        self._here(room_id)
        said = self._said(session_id, recorded)
        known = _unlike_the_room(said)
        if _opens_by_itself(claim, session_id, known):
            return _not_before(claim, self._editors_epoch(room_id, said))
        if known is None:
            return self.admit(claim, room_id, fallback_mode)
        if known.visibility == Visibility.PRIVATE or not known.is_its_time(self._clock()):
            raise AccessDenied("This recording is not shown.")
        if known.visibility == Visibility.ROOM:
            return self.admit(claim, room_id, fallback_mode) and known.expires_at is None
        if known.visibility != Visibility.ORGANIZATION and not self._is_guarded(room_id):
            return known.visibility == Visibility.PUBLIC and known.expires_at is None
        if claim.room_id != session_id:
            raise AccessDenied("This recording is not open to everyone.")
        return _not_before(claim, known.epoch)

    def recording(self, session_id: str, recorded: RecordingAccess | None) -> RecordingAccess | None:
        """What its editors have said of who may watch; None: nothing, whoever may watch the room may.

        `recorded`: what lies beside its media, for a process that has not seen the database yet.
        """
        return _unlike_the_room(self._said(session_id, recorded))

    def _said(self, session_id: str, recorded: RecordingAccess | None) -> RecordingAccess | None:
        """The same, with what is watched as its room is."""
        book = self._recordings
        return recorded if book is None or not book.loaded else book.of(session_id)

    def _editors_epoch(self, room_id: str, said: RecordingAccess | None) -> int:
        """What the tokens of its editors must have (`access_texts.editors_epoch`), of what is known here."""
        room = self._rooms.get(room_id)
        return (room.epoch if room is not None else 0) + (said.epoch if said is not None else 0)

    def _here(self, room_id: str) -> RoomAccess | None:
        """What is known of it. Raises AccessDenied where it was deleted."""
        room = self._rooms.get(room_id)
        if room is not None and room.mode == "deleted":
            raise AccessDenied("This room is not here any more.")
        return room

    def is_open(self, room_id: str, fallback_mode: str | None) -> bool:
        """Whether anybody may watch, by what is known of the room, else by what a session recorded of it."""
        room = self._rooms.get(room_id)
        return (room.mode if room is not None else fallback_mode) == OPEN and not self._is_guarded(room_id)

    def _is_guarded(self, room_id: str) -> bool:
        room = self._rooms.get(room_id)
        return room is not None and room.guarded

    def _remember(self, access: str, claim: Claim) -> None:
        with self._lock:
            self._verified[access] = claim
            if len(self._verified) > MAX_VERIFIED_TOKENS:
                self._verified.popitem(last=False)

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(REFRESH_SECONDS)
            self._wake.clear()
            if not self._closing:
                self.refresh()

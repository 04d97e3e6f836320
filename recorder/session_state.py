"""`session.json`: what the recorder knows of a session, beside its takes, so that no database is needed.

Written by the recorder only (blocking, with fsync: call it through `asyncio.to_thread`), read by the web
process and by the recorder at its start. While the disk is full it is written to the spill's root; the
newest `version` of the roots is the true one. `_writing` keeps the saver and the spill's mover apart.
"""

from __future__ import annotations

import hmac
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from recorder.durable_file import make_private_folder, replace_file
from recorder.hidden_spans import MAX_SECONDS, HiddenKind, HiddenSpan, cleaned
from recorder.log_folders import STATE_FILE, is_session_id
from recorder.media import RecordingState, SessionPhase

_log = logging.getLogger(__name__)

PlaybackKind = Literal["film", "camera"]
CredentialKind = Literal["stream_key", "studio"]
UPLOADED = "upload:"  # before an upload's id, as the last source of what is no lecture but a file
ABSENCE = "absence"  # the `end_reason` of a session that its lecturer left and did not end
_MAX_STATE_BYTES = 1 << 20
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """What lets a publisher in, and back in. `id`: the stream key's id, or `studio:<user>`.

    `token_sha256`: hex of a stream key's SHA-256, never the secret; None for a studio.
    """

    id: str
    kind: CredentialKind
    token_sha256: str | None


@dataclass(frozen=True, slots=True)
class PlaybackState:
    """What the program shows instead of the lecturer: a film, or a network camera (`kind`).

    `position`: media seconds when the session's clock stood at `at` seconds; of a camera it means nothing.
    """

    media_id: str
    title: str
    paused: bool
    position: float
    duration: float
    voice_over: bool
    at: float
    kind: PlaybackKind = "film"

    def position_at(self, seconds: float) -> float:
        """Where it stands when the session's clock says `seconds`."""
        return min(self.duration, self.position + (0.0 if self.paused else max(0.0, seconds - self.at)))


@dataclass(frozen=True, slots=True)
class OffRecord:
    """From `start` to `end` of the session's clock its lecturer wants nobody to see it afterwards; `end`
    None: it goes on.
    """

    start: float
    end: float | None


@dataclass(frozen=True, slots=True)
class SessionState:
    """One lecture as the recorder knows it. `version` counts up at each change.

    `started_at`, `ended_at`: unix seconds. `started_monotonic`: the session's start on CLOCK_MONOTONIC of
    the boot named by `boot_id`, so that a restarted recorder goes on exactly. `playback_version`: the
    version with which `playback` changed last. `off_record`: in order, only the last one may go on.
    """

    session_id: str
    room_id: str
    room_slug: str
    organization_id: str
    title: str
    access: str
    phase: SessionPhase
    started_at: float
    ended_at: float | None
    version: int
    recorder_epoch: str
    credentials: tuple[CredentialRecord, ...]
    recording: RecordingState
    last_source: str | None
    end_reason: str | None
    started_monotonic: float = 0.0
    boot_id: str = ""
    playback: PlaybackState | None = None
    playback_version: int = 0
    off_record: tuple[OffRecord, ...] = ()

    @property
    def is_off_record(self) -> bool:
        """Whether its lecturer holds it off the record now."""
        return (
            bool(self.off_record) and self.off_record[-1].end is None and self.phase is not SessionPhase.ENDED
        )

    @property
    def hidden(self) -> tuple[HiddenSpan, ...]:
        """What was held off the record, as its replay leaves it out."""
        return cleaned(
            HiddenSpan(one.start, MAX_SECONDS if one.end is None else one.end, HiddenKind.PRIVATE)
            for one in self.off_record
        )


def same_secret(first_sha256: str, second_sha256: str) -> bool:
    """Compare two hex digests in constant time."""
    return hmac.compare_digest(first_sha256, second_sha256)


def load(roots: Sequence[Path], session_id: str) -> SessionState | None:
    """The newest readable state of the roots, or None. A torn or foreign file is passed over."""
    found = [state for root in roots if (state := _read(root / session_id / STATE_FILE)) is not None]
    return max(found, key=lambda state: state.version, default=None)


def save(root: Path, state: SessionState) -> None:
    """Write into one root, whole or not at all. Raises OSError; ValueError for what is no session id."""
    with _writing:
        _write(root, state)


def save_somewhere(roots: Sequence[Path], state: SessionState) -> Path:
    """Write into the first root that takes it and return that root; older copies in later roots are removed.

    Raises the last root's OSError if none takes it.
    """
    with _writing:
        used = _save_first(roots, state)
        for root in roots[roots.index(used) + 1 :]:
            _remove(root / state.session_id / STATE_FILE)
        return used


def bring_home(disk_root: Path, spill_root: Path, session_id: str) -> None:
    """Move a spilled state to the disk unless the disk has a newer one. Raises OSError."""
    with _writing:
        spilled, kept = (_read(root / session_id / STATE_FILE) for root in (spill_root, disk_root))
        if spilled is not None and (kept is None or spilled.version > kept.version):
            _write(disk_root, spilled)
        _remove(spill_root / session_id / STATE_FILE)


def _save_first(roots: Sequence[Path], state: SessionState) -> Path:
    for root in roots[:-1]:
        try:
            _write(root, state)
            return root
        except OSError as error:
            _log.warning("session %s: state not written under %s: %s", state.session_id, root, error)
    _write(roots[-1], state)
    return roots[-1]


def _write(root: Path, state: SessionState) -> None:
    if not is_session_id(state.session_id):
        raise ValueError(f"not a session id: {state.session_id!r}")
    folder = root / state.session_id
    make_private_folder(folder)
    replace_file(folder / STATE_FILE, json.dumps(asdict(state), ensure_ascii=False).encode())


def _remove(path: Path) -> None:
    """A copy that cannot be removed is only older: the newest version counts."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("%s stays: %s", path, error)


def _read(path: Path) -> SessionState | None:
    try:
        with open(path, "rb") as file:
            return _parse(json.loads(file.read(_MAX_STATE_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        _log.warning("%s is passed over: %s", path, error)
        return None


def _parse(raw: dict[str, Any]) -> SessionState:
    """Raises KeyError, TypeError or ValueError for what is no state of ours."""
    ended_at = raw["ended_at"]
    return SessionState(
        session_id=_text(raw["session_id"]),
        room_id=_text(raw["room_id"]),
        room_slug=_text(raw["room_slug"]),
        organization_id=_text(raw["organization_id"]),
        title=_text(raw["title"]),
        access=_text(raw["access"]),
        phase=SessionPhase(raw["phase"]),
        started_at=float(raw["started_at"]),
        ended_at=None if ended_at is None else float(ended_at),
        version=int(raw["version"]),
        recorder_epoch=_text(raw["recorder_epoch"]),
        credentials=tuple(_credential(item) for item in raw["credentials"]),
        recording=RecordingState(raw["recording"]),
        last_source=_text_or_none(raw["last_source"]),
        end_reason=_text_or_none(raw["end_reason"]),
        started_monotonic=float(raw.get("started_monotonic", 0.0)),
        boot_id=_text(raw.get("boot_id", "")),
        playback=_playback(raw.get("playback")),
        playback_version=int(raw.get("playback_version", 0)),
        off_record=tuple(_off_record(item) for item in raw.get("off_record", ())),
    )


def _off_record(raw: dict[str, Any]) -> OffRecord:
    start, end = float(raw["start"]), raw["end"]
    found = OffRecord(start, None if end is None else float(end))
    if not 0.0 <= start < (MAX_SECONDS if found.end is None else found.end):
        raise ValueError(f"off the record from {start} to {end}")
    return found


def _playback(raw: dict[str, Any] | None) -> PlaybackState | None:
    if raw is None:
        return None
    return PlaybackState(
        media_id=_text(raw["media_id"]),
        title=_text(raw["title"]),
        paused=raw["paused"] is True,
        position=float(raw["position"]),
        duration=float(raw["duration"]),
        voice_over=raw["voice_over"] is True,
        at=float(raw["at"]),
        kind="camera" if raw.get("kind") == "camera" else "film",
    )


def _credential(raw: dict[str, Any]) -> CredentialRecord:
    kind: CredentialKind
    match raw["kind"]:
        case "stream_key":
            kind = "stream_key"
        case "studio":
            kind = "studio"
        case other:
            raise ValueError(f"credential kind {other!r}")
    return CredentialRecord(_text(raw["id"]), kind, _text_or_none(raw["token_sha256"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)

"""What became of a lecture: parts, pictures and replay, held against what was known before a fault."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import urljoin

import av

from recorder.media_log_reader import SessionReader, TakeView
from tests.faults.viewer import parse
from tests.installation import Installation
from tests.publishers.prepared_tracks import PreparedVideoTrack

# H.264 7.4.1: SPS, PPS, AUD and filler data say nothing of the picture itself.
_PICTURE_NALS = (1, 5)
_LARGEST_SKIP_PICTURE = 40

Part = tuple[int, int, int]  # take, segment, part


class KnownParts:
    """Parts that were complete, with what was in them; and those the recorder had told of."""

    def __init__(self, roots: Sequence[Path], session_id: str) -> None:
        self._roots = roots
        self._reader = SessionReader(roots, session_id)
        self._digests: dict[Part, bytes] = {}

    def __len__(self) -> int:
        return len(self._digests)

    def note(self) -> None:
        """Read on, and keep what each new part holds."""
        self._reader.refresh()
        for take in self._reader.takes:
            for record in list(take.records):
                key = (take.number, record.segment, record.part)
                if key not in self._digests:
                    self._digests[key] = hashlib.sha256(self._reader.part_bytes(*key)).digest()

    @property
    def takes(self) -> list[TakeView]:
        """As of the last `note()`."""
        return self._reader.takes

    @property
    def last_take(self) -> int:
        return self._reader.takes[-1].number

    def picture_parts(self) -> int:
        """How many parts show a source's picture (reads on)."""
        self.note()
        return sum(len(view.records) for view in self._reader.takes if not view.slate)

    def picture_after(self, take: int) -> bool:
        """Whether a take behind `take` shows a source's picture (reads on)."""
        self.note()
        return any(view.number > take and not view.slate for view in self._reader.takes)

    def compare(self, hinted: set[Part] = frozenset()) -> int:
        """With a fresh look at the log: how many parts it has. AssertionError for one lost or changed."""
        with_fresh_eyes = SessionReader(self._roots, self._reader.session_id)
        there = {
            (take.number, record.segment, record.part)
            for take in with_fresh_eyes.takes
            for record in take.records
        }
        assert not hinted - there, f"told of, and lost: {sorted(hinted - there)[:5]}"
        assert not self._digests.keys() - there, f"lost: {sorted(self._digests.keys() - there)[:5]}"
        for key, digest in self._digests.items():
            assert hashlib.sha256(with_fresh_eyes.part_bytes(*key)).digest() == digest, f"{key} changed"
        with_fresh_eyes.close()
        return len(there)

    def close(self) -> None:
        self._reader.close()


class Hints:
    """Listens to the recorder's hints: every part it told of, also after a kill. Ends with `close()`."""

    def __init__(self, socket_path: Path) -> None:
        self.parts: dict[str, set[Part]] = {}
        self._path = socket_path
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hints")
        self._thread.start()

    def of(self, session_id: str) -> set[Part]:
        return set(self.parts.get(session_id, ()))

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(0.02):
            with socket.socket(socket.AF_UNIX) as hub:
                hub.settimeout(0.2)
                try:
                    hub.connect(str(self._path))
                    self._listen(hub)
                except OSError:
                    continue

    def _listen(self, hub: socket.socket) -> None:
        rest = b""
        while not self._stopping.is_set():
            try:
                data = hub.recv(65_536)
            except TimeoutError:
                continue
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take_in(json.loads(line))

    def _take_in(self, hint: dict) -> None:
        if hint["kind"] == "part":
            known = self.parts.setdefault(hint["session"], set())
            known.add((hint["take"], hint["segment"], hint["part"]))


def session_roots(installation: Installation) -> tuple[Path, Path]:
    return (
        installation.storage / "sessions",
        Path(installation.environment["KODO_SPILL_FOLDER"]) / "sessions",
    )


@dataclass(frozen=True)
class Decoded:
    """What a decoder made of something. `seconds`: from the first picture's start to the last one's."""

    pictures: int
    seconds: float


def decode(data: bytes) -> Decoded:
    """Decode all. Raises av.error.FFmpegError; AssertionError when a picture is missing."""
    with av.open(io.BytesIO(data), format="mp4") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        for stream in (video, audio):
            stream.codec_context.options = {"err_detect": "explode"}
        video.thread_type = "NONE"
        packets, pictures, times = 0, 0, []
        for packet in container.demux(video, audio):
            frames = packet.decode()
            if packet.stream is video and packet.size:
                packets += 1
                times.append(float(packet.pts * packet.time_base))
            pictures += sum(1 for frame in frames if isinstance(frame, av.VideoFrame))
    assert pictures == packets, f"{packets} pictures went in, {pictures} came out"
    return Decoded(pictures, max(times, default=0.0) - min(times, default=0.0))


def decode_takes(roots: Sequence[Path], session_id: str) -> int:
    """Decode each take by itself, as it lies in the log; how many there are."""
    reader = SessionReader(roots, session_id)
    for take in reader.takes:
        assert decode(reader.media_path(take.number).read_bytes()).pictures
    reader.close()
    return len(reader.takes)


def play_replay(installation: Installation, session: dict) -> float:
    """Play the replay from its address to its end, take by take; its length in seconds."""
    return sum(decode(data).seconds for data in replay_runs(installation, session))


def replay_runs(installation: Installation, session: dict) -> Iterator[bytes]:
    """The replay by its playlist, one MP4 for each run of one take."""
    status, body = installation.get(session["hls_url"])
    assert status == 200, (status, session["hls_url"])
    media = next(line for line in body.decode().splitlines() if line and not line.startswith("#"))
    media_url = urljoin(session["hls_url"], media)
    status, body = installation.get(media_url)
    assert status == 200, (status, media_url)
    playlist = parse(body.decode())
    assert playlist.ended
    assert not any(segment.uri is None or segment.gap for segment in playlist.segments)
    for (init, _), run in groupby(playlist.segments, lambda segment: (segment.init, segment.discontinuities)):
        uris = [segment.uri for segment in run]
        yield b"".join(_got(installation, urljoin(media_url, uri)) for uri in (init, *uris))


def _got(installation: Installation, url: str) -> bytes:
    status, body = installation.get(url)
    assert status == 200, (status, url)
    return body


def logged_pictures(roots: Sequence[Path], session_id: str) -> list[tuple[bytes, ...]]:
    """NAL units of each picture of every take but the slates, without the recorder's own skip pictures."""
    reader = SessionReader(roots, session_id)
    found = []
    for take in reader.takes:
        if not take.slate:
            last = take.records[-1]  # behind it a live log may have half a part
            data = reader.media_path(take.number).read_bytes()[: last.offset + last.length]
            found += [nals for nals in _pictures(data) if sum(map(len, nals)) > _LARGEST_SKIP_PICTURE]
    reader.close()
    return found


def _pictures(mp4: bytes) -> Iterator[tuple[bytes, ...]]:
    with av.open(io.BytesIO(mp4), format="mp4") as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield _of_picture(_avcc_nals(bytes(packet)))


def _avcc_nals(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def _of_picture(nals) -> tuple[bytes, ...]:
    return tuple(nal for nal in nals if nal[0] & 31 in _PICTURE_NALS)


def assert_all_logged(sent: PreparedVideoTrack, logged: list[tuple[bytes, ...]]) -> int:
    """Every picture sent from the log's first one on is in the log, byte for byte and in order; how many."""
    pictures = [_of_picture(nals) for _, nals in sent.sent]
    assert logged, "nothing was logged"
    starts = [at for at, picture in enumerate(pictures) if picture == logged[0]]
    best = 0
    for start in starts:
        same = _common(pictures[start:], logged)
        if same == len(pictures) - start == len(logged):
            return same
        best = max(best, same)
    raise AssertionError(
        f"{len(pictures)} sent, {len(logged)} logged, equal up to {best}; starts {starts[:3]}"
    )


def _common(first: list, second: list) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count

"""The live chain, tried from one end to the other: a synthetic lecture, read back as a viewer reads it.

`app.py probe` is a process of its own, started by the watching process for each probe: it publishes a coded
picture by WHIP at the public address, reads the playlist and the media there until it sees that picture
again, ends the session and removes it. It prints one line of JSON, `Outcome` as an object, and ends. The room
is `people.probe_room`'s: in no list, in no catalogue; nothing of it is left on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import resource
import secrets
import shutil
import signal
import ssl
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import (
    HTTPErrorProcessor,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

import av

from broadcast.access import sign
from broadcast.recorder_client import RecorderClient, RecorderRefused, RecorderUnavailable
from library.secret_key import SecretKeyError, installation_secret
from operation.recording_files import may_be_removed, remove_unknown
from people import probe_room
from recorder import session_state
from recorder.coded_picture import NUMBERS, encoded_pictures, number_in
from recorder.log_folders import session_ids
from recorder.synthetic_publisher import SyntheticPublisher
from settings import Settings

PROBE_SECONDS = 20.0  # all of it
CPU_SECONDS = 10  # the kernel ends a probe that takes more
READ_SECONDS = 8.0
REQUEST_SECONDS = 5.0
FRAMES_PER_SECOND = 5
_PICTURES = 2
_LARGEST_ANSWER = 4_000_000
_URI = re.compile(r'URI="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state`: good, bad, skipped. `reason`: a word. `detail`: for the log and the page, as it was said.

    `seconds`: from the first picture's way out to its being read back; `cpu_seconds`: of the whole process.
    """

    state: str
    reason: str = ""
    detail: str = ""
    seconds: float | None = None
    cpu_seconds: float | None = None


class ChainBroken(Exception):
    """The probe came to an end before its picture came back. `skipped`: that is nobody's fault."""

    def __init__(self, reason: str, detail: str = "", *, skipped: bool = False) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.skipped = reason, detail, skipped


def run(settings: Settings) -> int:
    """`app.py probe` → exit code 0, whatever came of it."""
    os.nice(10)  # lectures come first
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.alarm(int(PROBE_SECONDS) + 5)
    try:
        outcome = asyncio.run(_probe(settings))
    except (SecretKeyError, OSError) as error:
        outcome = Outcome("bad", "failed", str(error))
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {**asdict(outcome), "cpu_seconds": round(used.ru_utime + used.ru_stime, 3)}
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        print(json.dumps(told), flush=True)
    return 0


async def _probe(settings: Settings) -> Outcome:
    recorder = RecorderClient(settings.recorder_socket)
    try:
        if shutil.disk_usage(settings.storage).free < settings.disk_floor_bytes:
            return Outcome("skipped", "disk_floor")
        await asyncio.to_thread(_tidy, settings, recorder)
        async with asyncio.timeout(PROBE_SECONDS):
            seconds = await _publish_and_read(settings, recorder)
    except ChainBroken as broken:
        return Outcome("skipped" if broken.skipped else "bad", broken.reason, broken.detail[:300])
    except TimeoutError:
        return Outcome("bad", "too_slow")
    finally:
        await asyncio.to_thread(_tidy, settings, recorder)
    return Outcome("good", seconds=round(seconds, 3))


async def _publish_and_read(settings: Settings, recorder: RecorderClient) -> float:
    number = secrets.randbelow(NUMBERS)
    publisher = SyntheticPublisher(encoded_pictures(number, _PICTURES, FRAMES_PER_SECOND), FRAMES_PER_SECOND)
    secret = installation_secret(settings.storage)
    whip = _Whip(settings.public_url, probe_room.publish_token(secret))
    began = time.monotonic()
    try:
        try:
            await publisher.connect(whip.publish)
        except TimeoutError as error:
            raise ChainBroken("not_connected", "WebRTC does not connect") from error
        token = sign(secret, probe_room.ROOM_ID, 0, time.time())
        await _until_read_back(settings, recorder, token, number)
        return time.monotonic() - began
    finally:
        await publisher.close()
        await asyncio.to_thread(whip.leave)


async def _until_read_back(settings: Settings, recorder: RecorderClient, token: str, number: int) -> None:
    """Raises ChainBroken with the farthest that it came."""
    broken = ChainBroken("no_session", "the recorder begins no session")
    deadline = time.monotonic() + READ_SECONDS
    session: str | None = None
    while time.monotonic() < deadline:
        try:
            session = session or await asyncio.to_thread(_session_of, recorder)
            if session is not None:
                playlist = f"{settings.public_url}/live/{token}/{session}/index.m3u8"
                if await asyncio.to_thread(_shows, playlist, number):
                    return
                broken = ChainBroken("no_picture", "the playlist does not show the picture that was sent")
        except ChainBroken as so_far:
            broken = so_far
        await asyncio.sleep(0.2)
    raise broken


def _session_of(recorder: RecorderClient) -> str | None:
    try:
        room = recorder.status()["rooms"].get(probe_room.SLUG)
    except (RecorderUnavailable, RecorderRefused) as error:
        raise ChainBroken("recorder", str(error)) from error
    session = room.get("session") if room is not None else None
    return str(session) if session else None


def _shows(playlist_url: str, number: int) -> bool:
    """Whether what a player would load of the session shows the picture. Raises ChainBroken."""
    index = _get(playlist_url).decode("utf-8", "replace")
    variant = next((line for line in index.splitlines() if line and not line.startswith("#")), None)
    if variant is None:
        raise ChainBroken("no_playlist", "the playlist names no variant")
    url = urljoin(playlist_url, variant)
    for head, parts in _media_of(_get(url).decode("utf-8", "replace")):
        media = b"".join(_get(urljoin(url, part)) for part in (head, *parts))
        if any(number_in(frame) == number for frame in _pictures_in(media)):
            return True
    return False


def _media_of(playlist: str) -> Iterator[tuple[str, list[str]]]:
    """The init segment and the parts behind it, of each take; of what has parts and segments, parts."""
    head, parts = "", list[str]()
    for line in playlist.splitlines():
        uri = _URI.search(line)
        if line.startswith("#EXT-X-MAP:") and uri:
            if head and parts:
                yield head, parts
            head, parts = uri[1], []
        elif line.startswith("#EXT-X-PART:") and uri:
            parts.append(uri[1])
    if head and parts:
        yield head, parts


def _pictures_in(media: bytes) -> Iterator[av.VideoFrame]:
    try:
        with av.open(io.BytesIO(media), "r") as container:
            yield from container.decode(video=0)
    except av.FFmpegError as error:
        raise ChainBroken("unreadable", str(error)) from error


class _Whip:
    """The publication over HTTP (RFC 9725 4.2)."""

    def __init__(self, public_url: str, token: str) -> None:
        self._url = f"{public_url}/whip/{probe_room.SLUG}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._resource: str | None = None

    async def publish(self, offer: str) -> str:
        """Raises ChainBroken."""
        return await asyncio.to_thread(self._post, offer)

    def leave(self) -> None:
        if self._resource is not None:
            try:
                _ask(_request(self._resource, headers=self._headers, method="DELETE"))
            except ChainBroken:
                return  # its end is seen to by the recorder

    def _post(self, offer: str) -> str:
        headers = {**self._headers, "Content-Type": "application/sdp"}
        status, body, location = _ask(_request(self._url, offer.encode(), headers, method="POST"))
        if status == 507:
            raise ChainBroken("disk_floor", skipped=True)
        if status == 503:
            raise ChainBroken("full", body.decode("utf-8", "replace"), skipped=True)
        if status != 201:
            raise ChainBroken("whip", f"{status}: {body.decode('utf-8', 'replace')}")
        self._resource = urljoin(self._url, location)
        return body.decode("utf-8", "replace")


def _request(
    url: str, data: bytes | None = None, headers: dict[str, str] | None = None, method: str = "GET"
) -> Request:
    return Request(url, data, headers or {}, method=method)  # noqa: S310 - below the public address


def _get(url: str) -> bytes:
    status, body, _ = _ask(_request(url))
    if status != 200:
        raise ChainBroken("no_playlist", f"{status} for {url.rsplit('/', 1)[-1]}")
    return body


def _ask(request: Request) -> tuple[int, bytes, str]:
    """Status, body, Location. The certificate is another check's. Raises ChainBroken."""
    try:
        with _opener().open(request, timeout=REQUEST_SECONDS) as answer:
            return answer.status, answer.read(_LARGEST_ANSWER), answer.headers.get("Location", "")
    except (OSError, ValueError) as error:
        if isinstance(error, HTTPError):
            return error.code, error.read(_LARGEST_ANSWER), ""
        raise ChainBroken("no_answer", str(error)) from error


def _opener() -> OpenerDirector:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return build_opener(ProxyHandler({}), HTTPSHandler(context=context), _NoRedirects())


class _NoRedirects(HTTPErrorProcessor):
    """Whatever it says is the answer: an error is no exception, and nothing is followed elsewhere."""

    def http_response(self, _request: Request, response: Any) -> Any:
        return response

    def https_response(self, _request: Request, response: Any) -> Any:
        return response


def _tidy(settings: Settings, recorder: RecorderClient) -> None:
    """End what a probe left, and remove all that ever was recorded in the room."""
    with contextlib.suppress(RecorderUnavailable, RecorderRefused):  # there is none
        recorder.end_session(probe_room.SLUG, "probe")
    for session_id in left_behind(settings):
        if may_be_removed(settings, session_id):
            remove_unknown(settings, session_id)


def left_behind(settings: Settings) -> list[str]:
    """The newest sessions that are of the room: older ones were seen to by the probes before."""
    newest = session_ids(settings.session_roots)[-50:]
    states = (session_state.load(settings.session_roots, one) for one in newest)
    return [state.session_id for state in states if state and state.room_slug == probe_room.SLUG]

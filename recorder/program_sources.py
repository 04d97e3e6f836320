"""What feeds a live session's program: the camera (a publication), or a film or network camera before it.

Owned by a LiveSession, on the recorder's event loop. The publication stays connected meanwhile: its pictures
are passed over, its microphone is heard where a voice-over is wanted, and when what was inserted is over, by
itself or by the chair, a key frame is asked of it and it is on air again. Files are opened in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.file_source import FileSource
from recorder.media import AccessUnit, OpusPacket, SenderReport, Source, SourceSink
from recorder.media_reader import MediaUnreadable
from recorder.playback_request import PlaybackAction, PlaybackRequest
from recorder.program import Program
from recorder.publish_request import CommandRefused
from recorder.read_ahead import FilmReader, ReadAhead
from recorder.rest_picture import rest_picture
from recorder.rtsp_message import CameraRefused
from recorder.rtsp_source import RtspSource
from recorder.session_state import PlaybackState
from settings import Network

log = logging.getLogger(__name__)

CAMERA_SECONDS = 8.0
FIRST_PICTURE_SECONDS = 10.0  # a network camera's key frames come when they come
# Opens the film at a path from a position on; blocks. Raises MediaUnreadable.
OpenFilm = Callable[[Path, float], FilmReader]


def open_film(path: Path, position: float) -> FilmReader:
    reader = ReadAhead(path)
    reader.open(position)
    return reader


@dataclass(slots=True)
class Film:
    """A film being played."""

    media_id: str
    title: str
    source: FileSource
    voice_over: bool = False

    @property
    def runs(self) -> bool:
        return not self.source.paused

    def tick(self, now: float) -> None:
        self.source.tick(now)

    def state(self, at: float) -> PlaybackState:
        """`at`: seconds of the session's clock, now."""
        return PlaybackState(
            media_id=self.media_id,
            title=self.title,
            paused=self.source.paused,
            position=self.source.position,
            duration=self.source.duration,
            voice_over=self.voice_over,
            at=at,
        )


@dataclass(slots=True)
class NetworkCamera:
    """A network camera: on air from its first key frame on. It is the sink of its source."""

    title: str
    source: RtspSource
    begun_at: float
    put_on_air: Callable[[], SourceSink]
    over: Callable[[str], None]
    voice_over: bool = False
    feed: SourceSink | None = None
    runs: bool = True

    def tick(self, now: float) -> None:
        if self.feed is None and now - self.begun_at > FIRST_PICTURE_SECONDS:
            self.over("no picture")

    def state(self, at: float) -> PlaybackState:
        return PlaybackState("", self.title, False, 0.0, 0.0, self.voice_over, at, "camera")

    def on_video(self, unit: AccessUnit) -> None:
        if self.feed is None and unit.independent:
            self.feed = self.put_on_air()
        if self.feed is not None:
            self.feed.on_video(unit)

    def on_audio(self, packet: OpusPacket) -> None:
        if self.feed is not None:
            self.feed.on_audio(packet)

    def on_sender_report(self, report: SenderReport) -> None:
        if self.feed is not None:
            self.feed.on_sender_report(report)

    def on_video_lost(self) -> None:
        if self.feed is not None:
            self.feed.on_video_lost()

    def on_closed(self, reason: str) -> None:
        self.over(reason)


class Camera:
    """The sink of one publication: on air, or passed over while a film plays."""

    def __init__(self, program: Program, source: Source, *, has_video: bool) -> None:
        self.source = source
        self.is_heard = False
        self._program = program
        self._has_video = has_video
        self._feed: SourceSink | None = None

    def put_on_air(self) -> None:
        """A new feed: it begins with a key frame, which the program asks for."""
        self._feed = self._program.begin_source(self.source, has_video=self._has_video)

    def take_off_air(self) -> None:
        self._feed = None

    def on_video(self, unit: AccessUnit) -> None:
        if self._feed is not None:
            self._feed.on_video(unit)

    def on_audio(self, packet: OpusPacket) -> None:
        if self._feed is not None:
            self._feed.on_audio(packet)
        elif self.is_heard:
            self._program.add_voice(packet.data)

    def on_sender_report(self, report: SenderReport) -> None:
        if self._feed is not None:
            self._feed.on_sender_report(report)

    def on_video_lost(self) -> None:
        if self._feed is not None:
            self._feed.on_video_lost()

    def on_closed(self, reason: str) -> None:
        if self._feed is not None:
            self._feed.on_closed(reason)


class ProgramSources:
    """`on_change`: told after each change of what is inserted, or that it is over."""

    def __init__(
        self,
        program: Program,
        *,
        clock: Callable[[], float],
        on_change: Callable[[], None],
        open_film: OpenFilm = open_film,
        camera_networks: Sequence[Network] = (),
    ) -> None:
        self.inserted: Film | NetworkCamera | None = None
        self._program = program
        self._clock = clock
        self._on_change = on_change
        self._open_film = open_film
        self._camera_networks = camera_networks
        self._camera: Camera | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def runs(self) -> bool:
        """Whether something is shown that goes on without the lecturer."""
        return self.inserted is not None and self.inserted.runs

    def camera_comes(self, source: Source, *, has_video: bool) -> SourceSink:
        """A publication's sink; it takes the place of the one before."""
        self.camera_leaves("superseded", keep_program=True)
        self._camera = Camera(self._program, source, has_video=has_video)
        if self._shows_camera():
            self._camera.put_on_air()
        else:
            self._camera.is_heard = self.inserted is not None and self.inserted.voice_over
        return self._camera

    def camera_leaves(self, reason: str, *, keep_program: bool = False) -> None:
        """The publication is over; what is inserted goes on."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.take_off_air()
            camera.is_heard = False
        if self._shows_camera() and not keep_program:
            self._program.end_source(reason)

    async def control(self, request: PlaybackRequest, path: Path) -> None:
        """Carry out what the chair wants. `path`: of the film to play. Raises CommandRefused."""
        if request.action is PlaybackAction.PLAY:
            await self._play(request, path)
        elif request.action is PlaybackAction.CAMERA:
            await self._show_network_camera(request)
        elif request.action is PlaybackAction.STOP:
            self.take_out("stopped")
            return
        else:
            self._control(request)
        self._on_change()

    def take_out(self, reason: str) -> None:
        """Back to the camera, or the slate where there is none. Idempotent."""
        inserted, self.inserted = self.inserted, None
        if inserted is None:
            return
        log.info("%s is over: %s", inserted.title, reason)
        self._close_soon(inserted)
        if self._camera is not None:
            self._camera.is_heard = False
            self._camera.put_on_air()
        else:
            self._program.end_source(reason)
        self._on_change()

    def is_inserted(self, source: Source) -> bool:
        return self.inserted is not None and self.inserted.source is source

    def tick(self, now: float) -> None:
        if self.inserted is not None:
            self.inserted.tick(now)

    async def close(self) -> None:
        """The session ends or is suspended; idempotent."""
        self._closed = True
        inserted, self.inserted = self.inserted, None
        if inserted is not None:
            self._close_soon(inserted)
            self._on_change()
        if self._closing:
            await asyncio.wait(self._closing)

    def _shows_camera(self) -> bool:
        """A network camera that has no picture yet leaves the lecturer's on air."""
        inserted = self.inserted
        return inserted is None or (isinstance(inserted, NetworkCamera) and inserted.feed is None)

    async def _play(self, request: PlaybackRequest, path: Path) -> None:
        position = request.position or 0.0
        try:
            reader = await asyncio.to_thread(self._open_film, path, position)
        except MediaUnreadable as error:
            log.error("no film: %s", error)
            raise CommandRefused(404, "No such film", "It is not there, or not ready yet.") from error
        source = FileSource(
            reader,
            clock=self._clock,
            rest_picture=lambda seconds: asyncio.to_thread(rest_picture, path, seconds),
            on_end=lambda: self._over(film, "end of the film"),
            position=position,
        )
        film = Film(request.media_id, request.title, source)
        self._insert(film, voice=request.voice_over is True)
        source.attach(self._take_over(source))

    async def _show_network_camera(self, request: PlaybackRequest) -> None:
        if not self._camera_networks:
            raise CommandRefused(403, "No cameras", "Network cameras are not allowed here.")
        connecting = RtspSource.connect(request.url, self._camera_networks)
        try:
            source = await asyncio.wait_for(connecting, CAMERA_SECONDS)
        except TimeoutError as error:
            raise CommandRefused(422, "No camera", "The camera does not answer.") from error
        except CameraRefused as error:
            raise CommandRefused(422, "No camera", str(error)) from error
        camera = NetworkCamera(
            source.host,
            source,
            self._clock(),
            put_on_air=lambda: self._take_over(source),
            over=lambda reason: self._over(camera, reason),
        )
        # A camera in the hall shows the lecturer: the microphone stays on.
        self._insert(camera, voice=request.voice_over is not False)
        source.attach(camera, clock=self._clock)

    def _insert(self, new: Film | NetworkCamera, *, voice: bool) -> None:
        """It takes the place of what was inserted before. Raises CommandRefused if the session has ended."""
        if self._closed:
            self._close_soon(new)
            raise CommandRefused(409, "Not live", "No session of this room is live.")
        if self.inserted is not None:
            self._close_soon(self.inserted)
        self.inserted = new
        log.info("%s is inserted", new.title)
        self._switch_voice(on=voice)

    def _take_over(self, source: Source) -> SourceSink:
        if self._camera is not None:
            self._camera.take_off_air()
        return self._program.begin_source(source, inserted=True)

    def _control(self, request: PlaybackRequest) -> None:
        inserted = self.inserted
        if inserted is None or (request.media_id and request.media_id != _media_id(inserted)):
            raise CommandRefused(409, "Nothing is played", "Nothing is being played, or something else.")
        if request.voice_over is not None:
            self._switch_voice(on=request.voice_over)
        if request.action is PlaybackAction.VOICE:
            return
        if not isinstance(inserted, Film):
            raise CommandRefused(409, "Not a film", "A network camera cannot be paused or wound.")
        if request.action is PlaybackAction.PAUSE:
            inserted.source.pause()
        elif request.action is PlaybackAction.RESUME:
            inserted.source.resume()
        elif request.action is PlaybackAction.SEEK:
            assert request.position is not None, "PlaybackRequest sees to it"
            inserted.source.seek(request.position)

    def _switch_voice(self, *, on: bool) -> None:
        assert self.inserted is not None
        self.inserted.voice_over = on
        if self._camera is not None:
            self._camera.is_heard = on

    def _over(self, inserted: Film | NetworkCamera, reason: str) -> None:
        if self.inserted is inserted:
            self.take_out(reason)

    def _close_soon(self, inserted: Film | NetworkCamera) -> None:
        task = asyncio.ensure_future(inserted.source.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _media_id(inserted: Film | NetworkCamera) -> str:
    return inserted.media_id if isinstance(inserted, Film) else ""

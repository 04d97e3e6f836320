"""A film as a source of the program: passed through, paced by the recorder's clock.

Owned by a session's `ProgramSources`, on the event loop. `tick()`, about 30 times a second, delivers what is
due; each item is stamped with the moment it was due, so the tick's steps do not show in the program.
Playing, paused and seeking differ only in where media time lies on the clock. While paused the program
fills; a viewer who comes then needs a key frame, so the resting picture is sent again as one
(`rest_picture.py`). Ends by itself at the film's end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from recorder.media import AUDIO_SAMPLE_RATE, VIDEO_CLOCK_RATE, AccessUnit, OpusPacket, SourceSink
from recorder.media_reader import Coded, CodedPicture
from recorder.read_ahead import FilmReader, Waiting

log = logging.getLogger(__name__)

PICTURE_SECONDS = 1 / 30
LATEST_SECONDS = 0.5  # an item later than this moves the film on the clock
# Makes the picture at a media time into an IDR with its parameter sets.
RestPicture = Callable[[float], Awaitable[tuple[bytes, ...]]]


class FileSource:
    """`clock`: monotonic seconds, the program's. `on_end`: called once, when the film is over."""

    def __init__(
        self,
        reader: FilmReader,
        *,
        clock: Callable[[], float],
        rest_picture: RestPicture,
        on_end: Callable[[], None],
        position: float = 0.0,
    ) -> None:
        self.paused = False
        self._reader = reader
        self._clock = clock
        self._rest_picture = rest_picture
        self._on_end = on_end
        self._sink: SourceSink | None = None
        self._origin = clock()
        self._at = position  # media seconds, while no item tells
        self._zero: float | None = None  # when media second 0 would have been played
        self._last = 0.0  # media time of the last item delivered
        self._needs_key_frame = False
        self._resting: asyncio.Task[None] | None = None
        self._rested = False  # a picture of our own was sent: only a key frame can follow
        self._rest: tuple[float, tuple[bytes, ...]] = (-1.0, ())  # that picture, and where it stands
        self._ended = False

    @property
    def duration(self) -> float:
        return self._reader.duration

    @property
    def position(self) -> float:
        """Media seconds, of what is on air now."""
        at = self._at if self._zero is None else self._clock() - self._zero
        return max(0.0, min(at, self.duration))

    def attach(self, sink: SourceSink) -> None:
        """Deliver to `sink` from the next tick on."""
        self._sink = sink

    def pause(self) -> None:
        """Idempotent: the picture rests, the sound is silent."""
        self._at, self._zero = self.position, None
        self.paused = True

    def resume(self) -> None:
        """Idempotent.

        Behind a picture that was sent again only a key frame can follow: up to 2 s are repeated.
        """
        if self.paused and self._rested:
            self.seek(self._at)
        self.paused = False

    def seek(self, seconds: float) -> None:
        """To the last key frame at or before `seconds`; while paused its picture is shown."""
        self._at, self._zero = max(0.0, min(seconds, self.duration)), None
        self._needs_key_frame, self._rested = True, False
        self._reader.seek(self._at)

    def tick(self, now: float) -> None:
        """Deliver what is due."""
        if self._ended or self._sink is None:
            return
        if self.paused:
            self._show_where_it_stands(now)
            return
        while isinstance(item := self._reader.head(), Coded):
            if not self._is_due(item, now):
                return
            self._reader.pop()
            self._deliver(item)
        # By the last item, not by the told duration: a film that cannot be read on ends there.
        if item is Waiting.END and (self._zero is None or now - self._zero >= self._last + PICTURE_SECONDS):
            self._end()

    def request_key_frame(self) -> None:
        """A film brings one each 2 s by itself; only a resting one has to be asked."""
        if self.paused and not self._needs_key_frame and (self._resting is None or self._resting.done()):
            self._resting = asyncio.ensure_future(self._send_resting_picture(self._at))

    async def close(self) -> None:
        """Idempotent."""
        self._ended = True
        if self._resting is not None:
            self._resting.cancel()
        self._reader.close()

    def _is_due(self, item: Coded, now: float) -> bool:
        if self._zero is None:
            self._zero = now - item.seconds
        if now - self._zero - item.seconds > LATEST_SECONDS:
            log.warning("the disk was %.1f s late with a film", now - self._zero - item.seconds)
            self._zero = now - item.seconds
        return self._zero + item.seconds <= now

    def _show_where_it_stands(self, now: float) -> None:
        """After a seek in the pause: one picture, at once; the sound before it is passed over."""
        while self._needs_key_frame and isinstance(item := self._reader.head(), Coded):
            self._reader.pop()
            if isinstance(item, CodedPicture):
                self._at = item.seconds
                self._picture(item.nals, now, independent=item.independent)

    def _deliver(self, item: Coded) -> None:
        assert self._zero is not None and self._sink is not None
        due = self._zero + item.seconds
        self._last = item.seconds
        if isinstance(item, CodedPicture):
            self._picture(item.nals, due, independent=item.independent)
        else:
            rtp = round((due - self._origin) * AUDIO_SAMPLE_RATE)
            self._sink.on_audio(OpusPacket(item.data, rtp, due))

    def _picture(self, nals: tuple[bytes, ...], at: float, *, independent: bool) -> None:
        """RTP time runs with the clock, whatever the film does: pauses and seeks are no jumps of it."""
        assert self._sink is not None
        self._needs_key_frame = False
        rtp = round((at - self._origin) * VIDEO_CLOCK_RATE)
        self._sink.on_video(AccessUnit(nals, rtp, at, independent))

    async def _send_resting_picture(self, position: float) -> None:
        if self._rest[0] != position:
            self._rest = (position, await self._rest_picture(position))
        nals = self._rest[1]
        still_there = self.paused and not self._ended and self._at == position
        if nals and still_there and self._sink is not None:
            self._rested = True
            self._picture(nals, self._clock(), independent=True)

    def _end(self) -> None:
        self._ended = True
        self._on_end()

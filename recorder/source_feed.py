"""One source of a program: the sink it delivers to, its clock, its pictures, its key frame requests.

Owned by the Program, on the event loop. A feed that was superseded or ended is detached: what its source
still delivers is ignored. The feed never closes its source; the owner of the program does.
"""

from __future__ import annotations

from typing import Protocol

from recorder.media import AUDIO_SAMPLE_RATE, AccessUnit, OpusPacket, SenderReport, Source
from recorder.picture_stream import PictureStream
from recorder.sound_mixer import PlacedPacket
from recorder.timeline import SourceTimeline

REQUEST_SECONDS = (0.5, 1.0, 2.0)  # before the second, the third and every further request
REST_SECONDS = 1.0  # a picture that cannot be filled rests this long before the still one comes
SHORTEST_MARGIN, LONGEST_MARGIN = 0.2, 0.8
_MARGIN_WINDOW_SECONDS = 5.0


class FeedOwner(Protocol):
    """What a feed tells its program."""

    def feed_picture(self, feed: SourceFeed, unit: AccessUnit) -> None: ...

    def feed_sound(self, packet: PlacedPacket) -> None: ...

    def feed_closed(self, feed: SourceFeed, reason: str) -> None: ...


class SourceFeed:
    """The SourceSink of one source. `last_media_at`: monotonic seconds, None before the first."""

    def __init__(
        self,
        owner: FeedOwner,
        source: Source,
        *,
        has_video: bool,
        started_monotonic: float,
        now: float,
        inserted: bool = False,
    ) -> None:
        self.source = source
        self.inserted = inserted
        self.stream = PictureStream()
        self.timeline = SourceTimeline(started_monotonic)
        self.last_media_at: float | None = None
        self.lost = 0
        self._owner = owner
        self._has_video = has_video
        self._attached = True
        self._first_sound_at: float | None = None
        self._last_picture_at: float | None = None
        self._rests = False
        self._requests = 0
        self._request_at = now
        self._margin = SoundMargin()

    def detach(self) -> None:
        """Ignore the source from now on."""
        self._attached = False

    def on_video(self, unit: AccessUnit) -> None:
        if self._attached:
            self.last_media_at = unit.arrived_at
            self._rests = False
            self._owner.feed_picture(self, unit)

    def on_audio(self, packet: OpusPacket) -> None:
        if not self._attached:
            return
        self.last_media_at = packet.arrived_at
        if self._first_sound_at is None:
            self._first_sound_at = packet.arrived_at
        pts = self.timeline.audio_pts(packet.rtp_timestamp, packet.arrived_at)
        late = self.timeline.since_start(packet.arrived_at) - pts / AUDIO_SAMPLE_RATE
        self._margin.note(late, packet.arrived_at)
        self._owner.feed_sound(PlacedPacket(packet.data, packet.rtp_timestamp, pts))

    def on_sender_report(self, report: SenderReport) -> None:
        if self._attached:
            self.timeline.on_sender_report(report)

    def on_video_lost(self) -> None:
        if self._attached:
            self.lost += 1
            self.stream.await_idr()

    def on_closed(self, reason: str) -> None:
        if self._attached:
            self._owner.feed_closed(self, reason)

    @property
    def sound_margin(self) -> float:
        """Seconds behind now up to which missing sound is taken for silence."""
        return self._margin.seconds

    def is_sound_only(self, now: float) -> bool:
        """Whether sound comes, and for a second no picture that could be written."""
        if self._first_sound_at is None:
            return False
        return not self._has_video or min(now - self._first_sound_at, self.picture_age(now)) >= REST_SECONDS

    def picture_age(self, now: float) -> float:
        """Seconds since a picture was written; without end if none ever was."""
        return now - self._last_picture_at if self._last_picture_at is not None else float("inf")

    def picture_written(self, at: float) -> None:
        self._last_picture_at = at

    def picture_rests(self) -> None:
        """Another picture stands in until the source's next one, which has to be an IDR.

        Nothing is asked for meanwhile: an encoder that repeats its resting picture for each request would
        make it come and go, a take each time.
        """
        self._rests = True
        self.stream.await_idr()

    def request_key_frame(self, now: float) -> None:
        """Ask the source, unless it was asked just before, or rests."""
        if self._has_video and not self._rests and now >= self._request_at:
            self._request_at = now + REQUEST_SECONDS[min(self._requests, len(REQUEST_SECONDS) - 1)]
            self._requests += 1
            self.source.request_key_frame()

    def key_frame_came(self, now: float) -> None:
        """The next request may follow soon again."""
        self._requests = 0
        self._request_at = now + REQUEST_SECONDS[0]


class SoundMargin:
    """How late this source's sound usually comes: silence must not take the place of sound under way."""

    def __init__(self) -> None:
        self._since = 0.0
        self._latest = self._latest_before = 0.0

    def note(self, lateness: float, at: float) -> None:
        if at - self._since >= _MARGIN_WINDOW_SECONDS:
            self._since, self._latest_before, self._latest = at, self._latest, 0.0
        self._latest = max(self._latest, lateness)

    @property
    def seconds(self) -> float:
        needed = max(self._latest, self._latest_before) + SHORTEST_MARGIN / 2
        return max(SHORTEST_MARGIN, min(LONGEST_MARGIN, needed))

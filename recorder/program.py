"""The program of one session: what its audience sees and hears now, as takes of parts in the session's log.

Owned by a LiveSession; everything runs on the recorder's event loop but the sound, which has a thread
(audio.py). Sources deliver through the sink that `begin_source` returns; `tick`, about 30 times a second,
keeps both tracks going when nothing comes. Takes are decided here: a source's first IDR, new parameter sets,
the still picture of a slate or of a lecture in sound only, the log's wish. `close()` joins the thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto

from recorder.audio import AudioRunner, AudioTrack
from recorder.filler import LAG_TICKS, Filler
from recorder.h264 import to_avcc
from recorder.media import (
    AUDIO_SAMPLE_RATE,
    VIDEO_CLOCK_RATE,
    AccessUnit,
    SessionPhase,
    Source,
    SourceSink,
    VideoParameters,
)
from recorder.part_cutter import to_samples
from recorder.picture_stream import Picture, SourceRefused
from recorder.program_log import ProgramLog, TakeLine
from recorder.program_stats import ProgramStats
from recorder.slate import STEP_TICKS, StillRun, slate_parameters
from recorder.sound_mixer import PlacedPacket, VoicePacket
from recorder.source_feed import REST_SECONDS, SHORTEST_MARGIN, SourceFeed
from settings import Settings

log = logging.getLogger(__name__)

__all__ = ["Program", "SourceRefused"]

FIRST_SLATE_SECONDS = 1.0
HANDOVER_SECONDS = 1.0  # a source that takes over may need this long to its first IDR before the slate comes
ARRIVING_SECONDS = 3.0
LONG_GOP_PICTURES = 20  # fewer come from a resting screen
FARTHEST_AHEAD_TICKS = 2 * VIDEO_CLOCK_RATE
LONGEST_STILL_BACKFILL = 2 * VIDEO_CLOCK_RATE


class _Showing(Enum):
    NOTHING = auto()
    SOURCE = auto()
    STILL = auto()  # behind a source's sound: part of the lecture
    SLATE = auto()


class Program:
    """`started_monotonic`: the session's start on `clock` (seconds); pts 0.

    `resume_after_pts`: end of what an earlier recorder wrote (90 kHz); everything comes behind it.
    `loop`: where the sound comes back to, default the running one. `audio`: who runs the sound mixer.
    """

    def __init__(
        self,
        media_log: ProgramLog,
        *,
        started_monotonic: float,
        clock: Callable[[], float],
        settings: Settings,
        loop: asyncio.AbstractEventLoop | None = None,
        resume_after_pts: int = 0,
        audio: AudioRunner | None = None,
    ) -> None:
        self.on_phase: Callable[[SessionPhase], None] | None = None
        self.on_refused: Callable[[Source, SourceRefused], None] | None = None
        self.phase = SessionPhase.SLATE
        self._clock = clock
        # A session that was resumed on a clock of another boot: its time never runs backwards.
        self._started = min(started_monotonic, clock() - resume_after_pts / VIDEO_CLOCK_RATE)
        self._slate_from = self._started + FIRST_SLATE_SECONDS if not resume_after_pts else clock()
        part_ticks = int(settings.part_seconds * VIDEO_CLOCK_RATE)
        self._line = TakeLine(media_log, part_ticks, resume_after_pts)
        self._audio = audio or AudioTrack(_poster(loop or asyncio.get_running_loop()))
        self._audio_started = False
        self._stats = ProgramStats()
        self._showing = _Showing.NOTHING
        self._feed: SourceFeed | None = None
        self._shown_feed: SourceFeed | None = None
        self._video: VideoParameters | None = None
        self._filler: Filler | None = None
        self._still: StillRun | None = None
        self._handover_until = 0.0
        self._since_idr = 0
        self._closed = False

    @property
    def picture_arriving(self) -> bool:
        """Whether a source feeds the program now, picture or sound: another credential then gets 409."""
        feed = self._feed
        if feed is None or feed.last_media_at is None or self.phase is not SessionPhase.LIVE:
            return False
        return self._clock() - feed.last_media_at < ARRIVING_SECONDS

    def begin_source(self, source: Source, *, has_video: bool = True, inserted: bool = False) -> SourceSink:
        """The program's source from now on; the one before it is ignored. Returns the sink to deliver to.

        `inserted`: a film or network camera, of which the lecturer's computer has no copy: where it rests
        nothing of the lecture is missing.
        """
        now = self._clock()
        if self._feed is not None:
            self._feed.detach()
        self._audio.reset()
        self._handover_until = now + HANDOVER_SECONDS
        self._feed = SourceFeed(
            self, source, has_video=has_video, inserted=inserted, started_monotonic=self._started, now=now
        )
        if self._closed:
            self._feed.detach()
        self._stats.sources += 1
        self._stats.long_gop = False
        return self._feed

    def add_voice(self, data: bytes) -> None:
        """An Opus packet that is heard over the source's sound, as it comes."""
        if not self._closed:
            self._audio.push(VoicePacket(data))

    def end_source(self, reason: str) -> None:
        """No source any more: the slate follows at once. Idempotent."""
        if self._feed is None:
            return
        log.info("the source has ended: %s", reason)
        self._feed.detach()
        self._feed = None
        if self._showing is not _Showing.NOTHING and not self._closed:
            self._show_still(_Showing.SLATE)

    def tick(self) -> None:
        """Keep both tracks going; called about 30 times a second."""
        if self._closed:
            return
        now = self._clock()
        self._ask_for_key_frame(now)
        self._keep_picture_going(now)
        margin = self._feed.sound_margin if self._feed is not None else SHORTEST_MARGIN
        self._advance_sound(now - margin)

    def stats(self) -> dict[str, float | int | str | bool]:
        """For the status: counts since the start, latencies of the last parts in milliseconds."""
        feed = self._feed
        return {
            "phase": self.phase.value,
            "showing": self._showing.name.lower(),
            "parts": self._line.parts,
            "pictures_written": self._line.pictures,
            "lip_synced": feed.timeline.lip_synced if feed else False,
            "losses": feed.lost if feed else 0,
            **self._stats.numbers(),
            **self._audio.counts(),
        }

    async def close(self) -> None:
        """Write what is left and close the take; idempotent. The source is not closed."""
        if self._closed:
            return
        self._closed = True
        if self._feed is not None:
            self._feed.detach()
            self._feed = None
        self._advance_sound(self._clock())
        self._audio.stop()
        # What the thread made was posted to the loop before it ended, so it runs before this goes on.
        await asyncio.to_thread(self._audio.join)
        self._line.close()

    # -- what the feed tells

    def feed_picture(self, feed: SourceFeed, unit: AccessUnit) -> None:
        """A picture came: into the take, or a new one, or nowhere before an IDR."""
        self._stats.pictures_in += 1
        try:
            picture = feed.stream.read(unit)
        except SourceRefused as refusal:
            self._refuse(feed, refusal)
            return
        if picture is None:
            self._stats.pictures_dropped += 1
            return
        if self._line.last_pts - self._pts(self._clock()) > FARTHEST_AHEAD_TICKS:
            # More pictures than any camera makes: time must not run ahead of the clock.
            feed.stream.await_idr()
            self._stats.pictures_dropped += 1
            return
        arrived = feed.timeline.video_pts(unit.rtp_timestamp, unit.arrived_at)
        begun = False
        if picture.parameters is not None:
            feed.key_frame_came(self._clock())
            begun = self._begin_if_needed(feed, picture.parameters, picture, arrived)
        elif self._showing is not _Showing.SOURCE or self._shown_feed is not feed:
            # The take it belongs to has ended: it needs an IDR to go on.
            feed.stream.await_idr()
            self._stats.pictures_dropped += 1
            return
        self._write_picture(picture, arrived, unit.arrived_at, fill=not begun)
        feed.picture_written(unit.arrived_at)

    def feed_sound(self, packet: PlacedPacket) -> None:
        """Sound came; it is worked on at the next tick."""
        self._audio.push(packet)

    def feed_closed(self, feed: SourceFeed, reason: str) -> None:
        if feed is self._feed:
            self.end_source(reason)

    # -- pictures

    def _begin_if_needed(
        self, feed: SourceFeed, video: VideoParameters, picture: Picture, arrived_pts: int
    ) -> bool:
        """Whether an IDR began a take."""
        same = self._showing is _Showing.SOURCE and self._shown_feed is feed and self._video == video
        if same and not self._line.wants_new_take:
            return False
        self._end_take(self._line.place(arrived_pts))
        self._begin_take(video, self._line.place(arrived_pts), slate=False)
        self._filler, self._still = Filler(picture.sps, picture.pps), None
        self._video, self._shown_feed = video, feed
        self._show(_Showing.SOURCE)
        return True

    def _write_picture(self, picture: Picture, arrived_pts: int, arrived_at: float, *, fill: bool) -> None:
        assert self._filler is not None
        for at in self._filler.before(self._line.last_pts, arrived_pts) if fill else ():
            self._write_fill(self._filler, at)
        pts = self._line.place(arrived_pts)
        self._filler.note(picture.header, picture.pps, pts)
        ready = self._line.add_picture(picture.data, pts, independent=picture.independent)
        self._stats.pictures_from_source += 1
        self._watch_gop(independent=picture.independent)
        if ready:
            self._stats.part_latencies.append(self._clock() - arrived_at)

    def _write_fill(self, filler: Filler, pts: int) -> None:
        self._stats.fills += 1
        inserted = self._shown_feed is not None and self._shown_feed.inserted
        self._line.add_picture(to_avcc((filler.picture(),)), pts, independent=False, filled=not inserted)

    def _end_take(self, end_pts: int) -> None:
        """The take goes on, resting, up to the next one; its last sound gets a part to lie in."""
        if self._still is not None:
            self._write_still(end_pts - STEP_TICKS // 2)
        elif self._filler is not None:
            for at in self._filler.before(self._line.last_pts, end_pts):
                self._write_fill(self._filler, at)
        carrier = (self._line.last_pts + end_pts) // 2
        if not self._line.sound_left_behind or carrier <= self._line.last_pts:
            return
        if self._still is not None:
            last = self._still.closing_picture(carrier)
            self._line.add_picture(last.data, last.pts, independent=False, filled=True)
        elif self._filler is not None and self._filler.possible:
            self._write_fill(self._filler, carrier)

    def _write_still(self, until_pts: int) -> None:
        assert self._still is not None
        for picture in self._still.due(until_pts):
            self._line.add_picture(picture.data, picture.pts, independent=picture.independent, filled=True)

    def _begin_take(self, video: VideoParameters, start_pts: int, *, slate: bool) -> None:
        self._line.begin(video, start_pts, slate=slate)
        if not self._audio_started:
            self._audio_started = True
            self._audio.start(to_samples(start_pts), self._line.add_sound)

    # -- rest, slate, sound only

    def _keep_picture_going(self, now: float) -> None:
        if self._showing is _Showing.SOURCE:
            self._fill_rest(now)
        elif self._showing is _Showing.NOTHING:
            if self._is_sound_only(now):
                self._show_still(_Showing.STILL)
            elif now >= self._slate_from:
                self._show_still(_Showing.SLATE)
        else:
            wanted = self._still_kind(now) if now >= self._handover_until else self._showing
            if wanted is not self._showing or self._line.wants_new_take:
                self._show_still(wanted)
            self._write_still(self._pts(now) - LAG_TICKS)

    def _fill_rest(self, now: float) -> None:
        """The source's picture rests: fill, or show the still picture where nothing can be filled."""
        filler, feed, now_pts = self._filler, self._feed, self._pts(now)
        assert filler is not None
        taken_over = self._shown_feed is not feed
        if taken_over and now >= self._handover_until:
            self._show_still(self._still_kind(now))
            return
        for at in filler.due(self._line.last_pts, now_pts):
            self._write_fill(filler, at)
        if filler.possible or taken_over or feed is None:
            return
        if feed.picture_age(now) >= REST_SECONDS:
            feed.picture_rests()
            self._show_still(self._still_kind(now))

    def _still_kind(self, now: float) -> _Showing:
        return _Showing.STILL if self._is_sound_only(now) else _Showing.SLATE

    def _is_sound_only(self, now: float) -> bool:
        return self._feed is not None and self._feed.is_sound_only(now)

    def _show_still(self, kind: _Showing) -> None:
        """A take of the still picture, from the last picture on."""
        now_pts = self._pts(self._clock())
        earliest = now_pts - (LAG_TICKS if self._showing is _Showing.NOTHING else LONGEST_STILL_BACKFILL)
        start = max(self._line.next_pts, earliest, 0)
        self._end_take(start)
        start = self._line.place(start)
        self._begin_take(slate_parameters(), start, slate=kind is _Showing.SLATE)
        self._still, self._filler = StillRun(start), None
        self._video, self._shown_feed = None, None
        self._show(kind)
        self._write_still(max(start, now_pts - LAG_TICKS))

    def _show(self, showing: _Showing) -> None:
        self._showing = showing
        phase = SessionPhase.SLATE if showing is _Showing.SLATE else SessionPhase.LIVE
        if phase is not self.phase:
            self.phase = phase
            if self.on_phase is not None:
                self.on_phase(phase)

    # -- the source

    def _ask_for_key_frame(self, now: float) -> None:
        feed = self._feed
        if feed is None:
            return
        showing = self._showing is _Showing.SOURCE and self._shown_feed is feed
        due = self._line.key_frame_due(self._pts(now)) or self._line.wants_new_take
        if not showing or feed.stream.awaits_idr or due:
            feed.request_key_frame(now)

    def _refuse(self, feed: SourceFeed, refusal: SourceRefused) -> None:
        log.warning("the source is refused (%s): %s", refusal.reason, refusal)
        self._stats.refused = refusal.reason
        self.end_source(refusal.reason)
        if self.on_refused is not None:
            self.on_refused(feed.source, refusal)

    def _watch_gop(self, *, independent: bool) -> None:
        """An encoder that takes no key frame requests: the log and the studio say so, once for a source."""
        self._since_idr = 0 if independent else self._since_idr + 1
        split = self._line.splits_without_key_frame > 0
        if split and self._since_idr >= LONG_GOP_PICTURES and not self._stats.long_gop:
            self._stats.long_gop = True
            log.warning("the source sends no key frame for over 5 s: segments are split without one")

    # -- sound

    def _advance_sound(self, at: float) -> None:
        if self._audio_started:
            self._audio.advance_to(max(0, int((at - self._started) * AUDIO_SAMPLE_RATE)))

    def _pts(self, at: float) -> int:
        return int((at - self._started) * VIDEO_CLOCK_RATE)


def _poster(loop: asyncio.AbstractEventLoop) -> Callable[[Callable[[], None]], None]:
    def post(call: Callable[[], None]) -> None:
        # Closed: the process ends, and nobody takes what a thread that did not end in time still makes.
        if not loop.is_closed():
            loop.call_soon_threadsafe(call)

    return post

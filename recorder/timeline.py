"""Where one source's RTP times lie on the session's clock.

Pure, one per source, on the event loop. Starts on arrival times, settles lip sync by sender reports
(RFC 3550 6.4.1), follows slow drift of the sender's clock, and anchors anew when RTP time jumps. The earliest
arrivals of a window tell how the two clocks run; late ones are only the network's jitter.
"""

from __future__ import annotations

from recorder.media import AUDIO_SAMPLE_RATE, VIDEO_CLOCK_RATE, MediaKind, SenderReport

JUMP_SECONDS = 5.0
EARLY_SECONDS = 0.5
WINDOW_SECONDS = 2.0
STEP_SECONDS = 0.25  # media later than this for a whole window moves at once
SLEW = 0.002  # else by 2 ms each second
LIP_SYNC_LIMIT_SECONDS = 2.0
LIP_SYNC_SLEW = 0.01
LIP_SYNC_TOLERANCE_SECONDS = 0.001
REPORT_SECONDS = 30.0  # an older sender report says nothing any more

_RATES: dict[MediaKind, int] = {"video": VIDEO_CLOCK_RATE, "audio": AUDIO_SAMPLE_RATE}


class _Track:
    """One RTP clock. `offset`: session seconds = rtp / rate + offset; None before the first packet."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.offset: float | None = None
        self.report: SenderReport | None = None
        self.seen_at = 0.0
        self._window_from = 0.0
        self._earliest = float("inf")

    def delay(self, rtp: int, at: float) -> float:
        """How much later than its place on the session's clock a packet came, seconds."""
        return at - rtp / self.rate - (self.offset or 0.0)

    def anchor(self, rtp: int, at: float) -> None:
        self.offset = at - rtp / self.rate
        self.report = None
        self.new_window(at)

    def new_window(self, at: float) -> None:
        self._window_from, self._earliest = at, float("inf")
        self.seen_at = at

    def observe(self, delay: float, at: float) -> float | None:
        """The smallest delay of a window that just ended, else None. A pause begins a new window."""
        if at - self.seen_at > WINDOW_SECONDS:
            self.new_window(at)
        self.seen_at = at
        self._earliest = min(self._earliest, delay)
        if at - self._window_from < WINDOW_SECONDS:
            return None
        earliest = self._earliest
        self.new_window(at)
        return earliest

    def sender_time(self) -> float | None:
        """What to add to rtp / rate to get the sender's wall clock."""
        report = self.report
        return None if report is None else report.ntp_seconds - report.rtp_timestamp / self.rate


class SourceTimeline:
    """`started_monotonic`: the session's start on the clock that stamps arrivals."""

    def __init__(self, started_monotonic: float) -> None:
        self._started = started_monotonic
        self._tracks: dict[MediaKind, _Track] = {kind: _Track(rate) for kind, rate in _RATES.items()}
        self._lip_synced = False
        self._corrected_at = 0.0
        self.anchored = 0

    @property
    def lip_synced(self) -> bool:
        """Whether sender reports of both tracks have put them together."""
        return self._lip_synced

    def since_start(self, at: float) -> float:
        """Session time, in seconds, of a monotonic time."""
        return at - self._started

    def video_pts(self, rtp_timestamp: int, arrived_at: float) -> int:
        """90 kHz ticks of the session's clock. The caller keeps them increasing."""
        return round(self._place("video", rtp_timestamp, arrived_at) * VIDEO_CLOCK_RATE)

    def audio_pts(self, rtp_timestamp: int, arrived_at: float) -> int:
        """48 kHz samples of the session's clock. Steps when lip sync settles; the audio track follows."""
        return round(self._place("audio", rtp_timestamp, arrived_at) * AUDIO_SAMPLE_RATE)

    def on_sender_report(self, report: SenderReport) -> None:
        """Take a report of either track; one that belongs to another RTP time is ignored."""
        track = self._tracks[report.kind]
        at = self.since_start(report.arrived_at)
        if track.offset is None or abs(track.delay(report.rtp_timestamp, at)) > JUMP_SECONDS:
            return
        track.report = report
        self._correct_lip_sync(at)

    def _place(self, kind: MediaKind, rtp: int, arrived_at: float) -> float:
        track, at = self._tracks[kind], self.since_start(arrived_at)
        if track.offset is None or self._has_jumped(track, track.delay(rtp, at)):
            self._anchor(track, rtp, at)
        elif (earliest := track.observe(track.delay(rtp, at), at)) is not None:
            self._follow(track, earliest, at)
        assert track.offset is not None
        return max(0.0, rtp / track.rate + track.offset)

    def _has_jumped(self, track: _Track, delay: float) -> bool:
        """RTP time jumped, or the anchor lay on a packet that was very late itself."""
        leads = not self._lip_synced or track is self._tracks["video"]
        return delay > JUMP_SECONDS or delay < -(EARLY_SECONDS if leads else JUMP_SECONDS)

    def _anchor(self, track: _Track, rtp: int, at: float) -> None:
        track.anchor(rtp, at)
        self._lip_synced = False
        self.anchored += 1

    def _follow(self, track: _Track, earliest: float, at: float) -> None:
        """Let the earliest arrivals lie on the session's clock; in lip sync sound moves with video."""
        video = self._tracks["video"]
        # Sound leads only while the picture rests, and only when it is so late that it would be lost.
        may_lead = at - video.seen_at >= 2 * WINDOW_SECONDS and earliest >= 2 * STEP_SECONDS
        if self._lip_synced and track is not video and not may_lead:
            return
        step = SLEW * WINDOW_SECONDS
        shift = earliest if earliest > STEP_SECONDS else max(-step, min(step, earliest))
        for moved in self._tracks.values() if self._lip_synced else (track,):
            if moved.offset is not None:
                moved.offset += shift

    def _correct_lip_sync(self, at: float) -> None:
        """Put the audio where the sender's wall clock says, against the video."""
        video, audio = self._tracks["video"], self._tracks["audio"]
        video_clock, audio_clock = video.sender_time(), audio.sender_time()
        if video_clock is None or audio_clock is None or video.offset is None or audio.offset is None:
            return
        if self._reports_apart() > REPORT_SECONDS:
            return
        error = (audio_clock - video_clock + video.offset) - audio.offset
        if abs(error) > LIP_SYNC_LIMIT_SECONDS:
            return  # a sender whose reports disagree with what arrives: arrival is the better witness
        if self._lip_synced and abs(error) < LIP_SYNC_TOLERANCE_SECONDS:
            return
        if self._lip_synced:
            room = LIP_SYNC_SLEW * min(5.0, max(0.0, at - self._corrected_at))
            error = max(-room, min(room, error))
        audio.offset += error
        self._corrected_at = at
        self._lip_synced = True

    def _reports_apart(self) -> float:
        reports = [track.report for track in self._tracks.values() if track.report is not None]
        return max(r.arrived_at for r in reports) - min(r.arrived_at for r in reports)

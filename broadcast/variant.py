"""What the multivariant playlist tells of a session: codecs, size, frame rate, measured bit rates.

Called by `live_window.LiveWindow`. Reads one segment of each take from the log, once, to count its pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

from broadcast.playlist_view import (
    Variant,
)
from broadcast.segment_rates import SegmentRates
from recorder.iso_boxes import boxes
from recorder.media import VIDEO_CLOCK_RATE, VideoParameters
from recorder.media_log_reader import TakeView

AUDIO_CODEC = "mp4a.40.2"
_VIDEO_TRACK = (1).to_bytes(4, "big")


def variant_of(takes: Sequence[TakeView], rates: SegmentRates, frame_rate: float | None) -> Variant:
    """One variant for all takes shown, of which there must be one. A slate has a say in the codec only."""
    sized = [take.video for take in takes if not take.slate] or [take.video for take in takes]
    largest = max(sized, key=lambda video: video.width * video.height)
    codecs = f"{video_codec([take.video for take in takes])},{AUDIO_CODEC}"
    return Variant(codecs, largest.width, largest.height, frame_rate, rates.peak, rates.average)


def video_codec(takes: Sequence[VideoParameters]) -> str:
    """One `avc1.PPCCLL` (RFC 6381 3.3) whose decoder plays every take: highest profile and level.

    Players ask the browser for one video codec; two in a list are refused.
    """
    highest = max(takes, key=lambda video: (video.sps[1], video.sps[3]))
    level = max(video.sps[3] for video in takes)
    return f"avc1.{highest.sps[1]:02x}{highest.sps[2]:02x}{level:02x}"


def frame_rate_of(segment: bytes, duration: int) -> float | None:
    """Pictures a second in a segment of our own making; `duration`: ticks. Near a whole number, that
    number.
    """
    pictures = sum(_pictures(segment, start, end) for kind, start, end in boxes(segment) if kind == b"moof")
    if not pictures or duration <= 0:
        return None
    rate = pictures * VIDEO_CLOCK_RATE / duration
    return float(round(rate)) if abs(rate - round(rate)) < rate * 0.02 else round(rate, 3)


def _pictures(data: bytes, start: int, end: int) -> int:
    """Samples of the video track in one `moof` (14496-12 8.8.8: trun's sample_count)."""
    count = 0
    for kind, inner, outer in boxes(data, start, end):
        if kind != b"traf":
            continue
        parts = {name: at for name, at, _ in boxes(data, inner, outer)}
        if data[parts[b"tfhd"] + 4 : parts[b"tfhd"] + 8] == _VIDEO_TRACK:
            count += int.from_bytes(data[parts[b"trun"] + 4 : parts[b"trun"] + 8], "big")
    return count

"""Playlists as text: pure functions of values, the clause of draft-pantos-hls-rfc8216bis-22 above each rule.

Called by `live_window.py`, which keeps what need not be written again. Times are 90 kHz ticks of the
session's clock unless a name says seconds. A playlist is put together from a head, the text of its segments
and a tail, so that a long lecture's old segments are written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from broadcast.playlist_view import (
    DATE_EVERY_SEGMENTS,
    HOLD_BACK_SECONDS,
    PARTS_SECONDS,
    SKIP_BOUNDARY_SECONDS,
    TARGET_DURATION_SECONDS,
    WINDOW_SECONDS,
    Hint,
    Part,
    PlaylistView,
    Segment,
    Variant,
)
from recorder.log_folders import HEALED
from recorder.media import VIDEO_CLOCK_RATE

# Where a healed take meets the log their told times may differ so much.
MEETING_TICKS = VIDEO_CLOCK_RATE // 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(ticks: int) -> str:
    """A decimal-floating-point in microseconds, rounded up: a sum of durations never falls short (4.4.4.1).

    A player places media by such sums. One that falls short by a microsecond puts a lecture's first picture
    before zero; Chromium 156 drops it there, and with it the first segment.
    """
    text = f"{-(-ticks * 1_000_000 // VIDEO_CLOCK_RATE) / 1_000_000:.6f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def date_time(unix_seconds: float) -> str:
    """4.4.4.6: "SHOULD indicate a time zone and fractional parts of seconds, to at least millisecond
    accuracy."
    """
    moment = _EPOCH + timedelta(milliseconds=round(unix_seconds * 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def is_dated(segment: Segment, previous: Segment | None) -> bool:
    # 6.2.1: "it SHOULD apply an EXT-X-PROGRAM-DATE-TIME tag to every segment that has an EXT-X-DISCONTINUITY
    # tag applied to it." By the number, so that the tag never comes or goes later.
    if previous is None or segment.take != previous.take or is_discontinuity(segment, previous):
        return True
    return segment.number % DATE_EVERY_SEGMENTS == 0


def is_discontinuity(segment: Segment, previous: Segment | None) -> bool:
    # 4.4.4.3: "MUST" on a change of tracks or timestamp sequence (a cut in an edit list), "SHOULD" on one of
    # encoding parameters.
    if previous is None or (segment.take == previous.take and segment.number == previous.number + 1):
        return False
    return not _goes_on(segment, previous)


def _goes_on(segment: Segment, previous: Segment) -> bool:
    """Whether a healed take and the log meet without a hole, on one clock.

    The log's sound lies up to 0.3 s behind its pictures, and the healed sound begins where it ends. With the
    tag hls.js 1.7 moved the take to where its earliest sample fitted: the picture stood for that long, and
    sound was missing. Without it the times are taken as they are.
    """
    if segment.take < HEALED and previous.take < HEALED:
        return False
    return abs(segment.pts - previous.pts - previous.duration) <= MEETING_TICKS


def segment_text(
    segment: Segment,
    previous: Segment | None,
    started_at: float,
    *,
    dated: bool,
    with_parts: bool = False,
    growing: bool = False,
) -> str:
    """The lines of one segment. `previous`: the segment before it in this playlist, also when not shown."""
    lines = []
    # 4.4.4.9: DISCONTINUITY, MAP and PROGRAM-DATE-TIME "MUST appear before the first EXT-X-PART tag".
    if is_discontinuity(segment, previous):
        lines.append("#EXT-X-DISCONTINUITY")
    if previous is None or segment.take != previous.take:
        # 3.1.2: "Each fMP4 Segment in a Media Playlist MUST have an EXT-X-MAP tag applied to it."
        lines.append(f'#EXT-X-MAP:URI="{segment.take}/init.mp4"')
    if dated:
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{date_time(started_at + segment.pts / VIDEO_CLOCK_RATE)}")
    if with_parts:
        lines.extend(_part_line(segment, index, part) for index, part in enumerate(segment.parts))
    if not growing:
        if segment.gap:
            lines.append("#EXT-X-GAP")
        lines.append(f"#EXTINF:{seconds(segment.duration)},\n{segment.take}/{segment.number}.m4s")
    lines.append("")
    return "\n".join(lines)


def _part_line(segment: Segment, index: int, part: Part) -> str:
    # 4.4.4.9: "every Partial Segment containing an independent frame SHOULD carry" INDEPENDENT=YES;
    # GAP=YES "is REQUIRED for such Partial Segments" as are not available.
    return (
        f'#EXT-X-PART:DURATION={seconds(part.duration)},URI="{segment.take}/{segment.number}.{index}.m4s"'
        f"{',INDEPENDENT=YES' if part.independent else ''}{',GAP=YES' if part.gap else ''}"
    )


def live_head(
    part_target_seconds: float, first: int, discontinuity_sequence: int, *, event: bool, delta: bool
) -> str:
    """Everything before the first segment of a playlist that may grow (or has just ended)."""
    lines = [
        "#EXTM3U",
        # 6.2.1: "SHOULD NOT be greater than what is required": 6 for EXT-X-MAP, 9 for EXT-X-SKIP (8).
        f"#EXT-X-VERSION:{9 if delta else 6}",
        f"#EXT-X-TARGETDURATION:{TARGET_DURATION_SECONDS}",
        # 4.4.3.8: PART-HOLD-BACK "SHOULD be at least three times the Part Target Duration."
        (
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={SKIP_BOUNDARY_SECONDS}"
            f",HOLD-BACK={HOLD_BACK_SECONDS},PART-HOLD-BACK={_decimal(3 * part_target_seconds)}"
        ),
        f"#EXT-X-PART-INF:PART-TARGET={_decimal(part_target_seconds)}",
    ]
    if event:
        lines.append("#EXT-X-PLAYLIST-TYPE:EVENT")  # 6.2.2: never in a playlist that removes segments
    # 6.2.2: a playlist that loses segments and discontinuities counts both.
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
    lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuity_sequence}")
    return "\n".join(lines) + "\n"


def skip_line(skipped: int) -> str:
    return f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n"


def tail_text(view: PlaylistView, shown_from: int, parts_from: int, *, all_dated: bool) -> str:
    """The segments from index `shown_from` on, parts from index `parts_from` on, then hints or the end."""
    chunks = []
    previous = view.segments[shown_from - 1] if shown_from > 0 else None
    for index in range(shown_from, len(view.segments)):
        segment = view.segments[index]
        dated = all_dated or is_dated(segment, previous)
        with_parts = index >= parts_from and not view.ended
        chunks.append(segment_text(segment, previous, view.started_at, dated=dated, with_parts=with_parts))
        previous = segment
    if view.growing is not None:
        dated = all_dated or is_dated(view.growing, previous)
        chunks.append(
            segment_text(view.growing, previous, view.started_at, dated=dated, with_parts=True, growing=True)
        )
    chunks.append(_closing_text(view.hint))
    return "".join(chunks)


def _closing_text(hint: Hint | None) -> str:
    if hint is None:
        # 6.2.1: the final segment is there, so "the Playlist file MUST contain the EXT-X-ENDLIST tag";
        # 4.4.5.3: such a playlist "MUST NOT contain an EXT-X-PRELOAD-HINT tag".
        return "#EXT-X-ENDLIST\n"
    # Appendix B.1: the next part is always hinted, and its init segment when that changes.
    new_init = f'#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="{hint.take}/init.mp4"\n' if hint.new_init else ""
    return f'{new_init}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint.take}/{hint.segment}.{hint.part}.m4s"\n'


# A millisecond: a thousand parts, each told up to a microsecond longer than it is.
ROUNDED_UP_TICKS = VIDEO_CLOCK_RATE // 1000


def parts_from(view: PlaylistView) -> int:
    """Index of the first segment that still lists its parts: it lies in the last three target durations.

    6.2.2: EXT-X-PART tags "SHOULD be removed … after they are greater than three Target Durations from the
    end".
    """
    behind = view.growing.duration if view.growing is not None else 0
    span = PARTS_SECONDS * VIDEO_CLOCK_RATE - ROUNDED_UP_TICKS - behind
    return _index_within(view.segments, span, whole=True)


def skipped_until(segments: Sequence[Segment]) -> int:
    """Index of the first segment that a delta update shows (6.2.5.1): those beyond the Skip Boundary go."""
    return _index_within(segments, SKIP_BOUNDARY_SECONDS * VIDEO_CLOCK_RATE, whole=False)


def window_from(segments: Sequence[Segment]) -> int:
    """Index of the first segment of the windowed playlist.

    6.2.2: nothing is removed "if that would produce a Playlist whose duration is less than three times the
    Target Duration"; a minute is ten.
    """
    return _index_within(segments, WINDOW_SECONDS * VIDEO_CLOCK_RATE, whole=False)


def _index_within(segments: Sequence[Segment], span: int, *, whole: bool) -> int:
    """Index of the oldest segment that lies in the last `span` ticks: with all of it, or with any of it."""
    index, behind = len(segments), 0
    while index > 0:
        reach = behind + (segments[index - 1].duration if whole else 0)
        if reach > span or (not whole and behind >= span):
            break
        behind += segments[index - 1].duration
        index -= 1
    return index


def media_playlist(view: PlaylistView, *, delta: bool = False) -> str:
    """`media.m3u8`: the lecture from its start, only ever appended to (6.2.1, EVENT).

    `delta`: a Playlist Delta Update (6.2.5.1); the whole playlist when there is nothing to skip.
    """
    first = _first_number(view)
    skipped = skipped_until(view.segments) if delta and not view.ended else 0
    head = live_head(view.part_target_seconds, first, 0, event=True, delta=skipped > 0)
    skip = skip_line(skipped) if skipped else ""
    return head + skip + tail_text(view, skipped, parts_from(view), all_dated=False)


def window_playlist(view: PlaylistView, *, delta: bool = False) -> str:
    """`window.m3u8`: the last minute, for players that do not rewind (6.2.2). Every segment is dated."""
    start = window_from(view.segments)
    shown = [*view.segments[start:], *([view.growing] if view.growing is not None else [])]
    sequence = _discontinuity_sequence(view.segments, start, shown)
    skipped = max(0, skipped_until(view.segments) - start) if delta and not view.ended else 0
    number = shown[0].number if shown else 0
    head = live_head(view.part_target_seconds, number, sequence, event=False, delta=skipped > 0)
    if skipped:
        return head + skip_line(skipped) + tail_text(view, start + skipped, parts_from(view), all_dated=True)
    return head + _window_map(view, start) + tail_text(view, start, parts_from(view), all_dated=True)


def _window_map(view: PlaylistView, start: int) -> str:
    # The MAP that applied to segments now gone goes on to apply to those that stay (4.4.4.5).
    segment = view.segments[start] if start < len(view.segments) else view.growing
    if start == 0 or segment is None or segment.take != view.segments[start - 1].take:
        return ""
    return f'#EXT-X-MAP:URI="{segment.take}/init.mp4"\n'


def _discontinuity_sequence(segments: Sequence[Segment], start: int, shown: Sequence[Segment]) -> int:
    # 6.2.2: a DISCONTINUITY tag still listed counts for itself; those removed are counted here.
    if not shown:
        return 0
    tagged = start > 0 and is_discontinuity(shown[0], segments[start - 1])
    return shown[0].discontinuity_sequence - (1 if tagged else 0)


def _first_number(view: PlaylistView) -> int:
    if view.segments:
        return view.segments[0].number
    return view.growing.number if view.growing is not None else 0


def replay_playlist(segments: Iterable[Segment], started_at: float) -> str:
    """`replay-<v>.m3u8`: the segments of one version of the edit list as a VOD (6.2.1: it "MUST NOT
    change").
    """
    head = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE:0\n"
    chunks = [f"{head}#EXT-X-TARGETDURATION:{TARGET_DURATION_SECONDS}\n"]
    previous: Segment | None = None
    for segment in segments:
        dated = is_dated(segment, previous)
        chunks.append(segment_text(segment, previous, started_at, dated=dated))
        previous = segment
    chunks.append("#EXT-X-ENDLIST\n")
    return "".join(chunks)


def multivariant_playlist(variant: Variant, media_uri: str) -> str:
    """`index.m3u8`, `replay-<v>.m3u8` of a session: one variant, sound in the picture's segments."""
    attributes = [
        # 4.4.6.2: BANDWIDTH is the peak segment bit rate, measured.
        f"BANDWIDTH={variant.peak_bit_rate}",
        f"AVERAGE-BANDWIDTH={variant.average_bit_rate}",
        # 6.2.4: CODECS "MUST include every media format present in any Media Segment".
        f'CODECS="{variant.codecs}"',
        f"RESOLUTION={variant.width}x{variant.height}",
    ]
    if variant.frame_rate is not None:
        attributes.append(f"FRAME-RATE={variant.frame_rate:.3f}")  # "rounded to three decimal places"
    # 8: nothing here needs more than protocol version 1, so no EXT-X-VERSION.
    return f"#EXTM3U\n#EXT-X-STREAM-INF:{','.join(attributes)}\n{media_uri}\n"


def _decimal(value: float) -> str:
    return f"{value:.5f}".rstrip("0").rstrip(".")

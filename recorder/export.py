"""The MP4 of an ended session: fast start, H.264 and AAC, one file over an edit list, checked by decoding it.

Runs as a job in a process of its own. Takes that share their parameter sets are passed through; odd ones
(another resolution for a while) are re-encoded to the main take's size with an SPS id of their own, so that
one avcC holds both, and so are the moments beside what a version hides (`exact_clip.py`); if the result does
not decode, everything is re-encoded. Temporary files lie beside the
destination and are removed by the next attempt; the destination appears whole or not at all.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import ffmpeg

from recorder import ffmpeg_run, h264
from recorder.cmaf_init import init_segment, parameter_sets
from recorder.durable_file import sync_folder
from recorder.edit_list import EditList, Span
from recorder.exact_clip import Exact, ExactEncoder, Whole, stretches
from recorder.hidden_spans import HiddenSpan
from recorder.media import VIDEO_CLOCK_RATE, VideoParameters
from recorder.media_facts import MediaRefused, fitted
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.mp4_join import Piece, write_joined
from recorder.normalise import NoDisk

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]

MAX_SPS_ID = 31
FULL_HD_PIXELS = 1920 * 1088
TOLERANCE_SECONDS = 1.0


class ExportFailed(RuntimeError):
    """No MP4 could be made; the message says of what and why."""


class NotEnoughSpace(Exception):
    """The disk has not the room for it now; lectures that are being recorded come first."""


class NothingToExport(ExportFailed):
    """The session has no picture but its slates."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """`duration_seconds` as the takes tell it; `reencoded_takes`: how many were not passed through."""

    path: Path
    bytes: int
    duration_seconds: float
    reencoded_takes: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A take to export, or segments of it. `init` goes before its parts; `whole`: its file has no more.

    `fits`: it was encoded for this MP4.
    """

    take: int
    piece: Piece
    video: VideoParameters
    init: bytes
    whole: bool
    fits: bool = False


def export_mp4(
    roots: Sequence[Path],
    session_id: str,
    destination: Path,
    progress: Progress,
    *,
    version: int = 1,
    keep_free_bytes: int = 0,
) -> ExportResult:
    """Write the MP4 of a version of the edit list to `destination`, leaving at least `keep_free_bytes` of the
    disk free.

    Raises NotEnoughSpace, NothingToExport, ExportFailed, OSError.
    """
    work = destination.with_name(destination.name + ".partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        clips = _clips(roots, session_id, version, work, keep_free_bytes)
        _check_space(clips, work, keep_free_bytes)
        return _export(clips, work, destination, progress)
    except (ffmpeg_run.FFmpegFailed, MediaRefused) as error:
        raise ExportFailed(f"session {session_id}: FFmpeg: {error}") from error
    except NoDisk as error:
        raise NotEnoughSpace(str(error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_space(clips: list[Clip], folder: Path, keep_free_bytes: int) -> None:
    """Twice the takes: the file itself, and at worst all of them encoded anew beside it."""
    needed = 2 * sum(clip.piece.end - clip.piece.start for clip in clips)
    free = shutil.disk_usage(folder).free
    if free < needed + keep_free_bytes:
        raise NotEnoughSpace(
            f"the MP4 needs {_megabytes(needed)} beside the {_megabytes(keep_free_bytes)} kept for lectures, "
            f"and {_megabytes(free)} are free"
        )


def _megabytes(size: int) -> str:
    return f"{-(-size // 1_000_000)} MB"


def _export(clips: list[Clip], work: Path, destination: Path, progress: Progress) -> ExportResult:
    seconds = sum(clip.piece.duration for clip in clips) / VIDEO_CLOCK_RATE
    result = work / "result.mp4"
    for everything in (False, True):
        joined, reencoded = _uniform(clips, work, everything, progress)
        _remux(joined, result, _half(progress, seconds, 0.0, "writing"))
        problem = _check(result, seconds, _half(progress, seconds, 0.5, "checking"))
        if problem is None:
            return _publish(result, destination, seconds, reencoded)
        log.warning("%s is not right: %s", destination.name, problem)
    raise ExportFailed(f"{destination.name}: re-encoded and still not right: {problem}")


def _half(progress: Progress, seconds: float, begin: float, word: str) -> Callable[[float], None]:
    """Media seconds done → half of the job's progress, from `begin` on."""
    return lambda done: progress(begin + min(1.0, done / seconds) / 2, word)


def _clips(
    roots: Sequence[Path], session_id: str, version: int, work: Path, keep_free_bytes: int
) -> list[Clip]:
    reader = SessionReader(roots, session_id)
    try:
        reader.refresh()
        edits = _edit_list(reader, version)
        planned = [one for span in edits.spans for one in _planned(reader, span, edits.hidden)]
        clips = _made(reader, planned, work, keep_free_bytes)
    finally:
        reader.close()
    if not clips:
        raise NothingToExport(f"version {version} of session {session_id} has no picture but its slate")
    return clips


def _edit_list(reader: SessionReader, version: int) -> EditList:
    try:
        return reader.whole_list(version)
    except NotInLog as error:
        raise ExportFailed(f"session {reader.session_id}: {error} is not there") from error


def _planned(reader: SessionReader, span: Span, hidden: Sequence[HiddenSpan]) -> list[Clip | Exact]:
    clip = _clip(reader, span)
    if clip is None:
        return []
    segments = [one for one in reader.take(span.take).timed_segments() if span.shows(one.segment)]
    begin, end = segments[0].start, segments[-1].end
    if not any(one.start < end and one.end > begin for one in hidden):
        return [clip]
    found: list[Clip | Exact] = []
    for one in stretches(reader, span, segments, hidden):
        if isinstance(one, Whole):
            part = _clip(reader, Span(one.take, one.first, one.last))
            found += [part] if part is not None else []
        else:
            found.append(one)
    return found


def _made(
    reader: SessionReader, planned: Sequence[Clip | Exact], work: Path, keep_free_bytes: int
) -> list[Clip]:
    """What is to be encoded exactly, encoded to the size of what most is of."""
    if not any(isinstance(one, Exact) for one in planned):
        return [one for one in planned if isinstance(one, Clip)]
    lengths: Counter[VideoParameters] = Counter()
    for one in planned:
        lengths[reader.take(one.take).video] += one.piece.duration if isinstance(one, Clip) else one.duration
    main = max(lengths, key=lambda video: lengths[video])
    size = fitted(main.width, main.height)
    encoder = ExactEncoder(reader, work, size, _unused_sps_ids(main)[1], keep_free_bytes)
    clips: list[Clip] = []
    for one in planned:
        if isinstance(one, Clip):
            clips.append(one)
        elif (made := encoder.encode(one)) is not None:
            clips.append(Clip(one.take, made.piece, made.video, made.init, whole=False, fits=True))
    return clips


def _clip(reader: SessionReader, span: Span) -> Clip | None:
    """None where its media are gone: a replay leaves that out too."""
    try:
        take = reader.take(span.take)
        path = reader.media_path(span.take)
    except NotInLog:
        return None
    slots = [slot for slot in take.segments if span.shows(slot.segment)]
    if take.lost or not slots:
        return None
    first, last = slots[0], slots[-1]
    piece = Piece(
        path=path,
        start=first.offset,
        end=last.offset + last.bytes,
        first_pts=first.pts,
        duration=last.pts + last.duration - first.pts,
    )
    return Clip(take.number, piece, take.video, take.init, whole=len(slots) == len(take.segments))


def _uniform(clips: list[Clip], work: Path, everything: bool, progress: Progress) -> tuple[list[Clip], int]:
    """Clips that one decoder configuration can hold, and how many of them were re-encoded."""
    main = _main_parameters(clips)
    spare_id = 0 if everything else _unused_sps_ids(main)[0]
    uniform, reencoded = [], 0
    for number, clip in enumerate(clips, 1):
        if (clip.video == main or clip.fits) and not everything:
            uniform.append(clip)
            continue
        progress(0.0, f"re-encoding take {clip.take}")
        uniform.append(_reencoded(clip, main, spare_id, work / f"clip-{number}.mp4"))
        reencoded += 1
    return uniform, reencoded


def _main_parameters(clips: list[Clip]) -> VideoParameters:
    lengths: Counter[VideoParameters] = Counter()
    for clip in [one for one in clips if not one.fits] or clips:
        lengths[clip.video] += clip.piece.duration
    return max(lengths, key=lambda video: lengths[video])


def _unused_sps_ids(main: VideoParameters) -> tuple[int, int]:
    """Two ids that neither the SPS nor a PPS of `main` has (x264 gives its PPS the same id): one for odd
    takes, one for what is encoded exactly.
    """
    used = {
        h264.parse_sps(main.sps).id,
        *(h264.parse_pps(pps).id for pps in main.pps),
    }
    unused = [number for number in range(MAX_SPS_ID + 1) if number not in used]
    return unused[0], unused[1]


def _reencoded(clip: Clip, main: VideoParameters, sps_id: int, path: Path) -> Clip:
    size = f"{main.width}:{main.height}"
    source = ffmpeg.input("pipe:0", f="mp4", protocol_whitelist="pipe")
    fitted = source.video.filter("scale", main.width, main.height, force_original_aspect_ratio="decrease")
    padded = fitted.filter("pad", main.width, main.height, "(ow-iw)/2", "(oh-ih)/2").filter("setsar", 1)
    output = ffmpeg.output(
        padded,
        source.audio,
        str(path),
        vcodec="libx264",
        preset="veryfast",
        crf=21,
        bf=0,
        pix_fmt="yuv420p",
        acodec="copy",
        video_track_timescale=VIDEO_CLOCK_RATE,
        movflags="frag_keyframe+empty_moov+default_base_moof",
        fps_mode="passthrough",
        # Else FFmpeg counts in 1 / frame rate, where pictures closer than that would meet.
        enc_time_base="demux",
        # A fixed level: else two encoded takes may differ in their SPS and share its id.
        **{"x264-params": f"sps-id={sps_id}:level={_level(main)}"},
    )
    log.info("take %d is re-encoded to %s", clip.take, size)
    ffmpeg_run.run(output, feed=lambda pipe: write_joined(clip.init, [clip.piece], pipe))
    made = _whole_file(path, clip.piece.duration)
    return Clip(clip.take, made, _parameters_of(path, main), clip.init, whole=True)


def _level(video: VideoParameters) -> str:
    """Wide enough for 60 pictures a second of this size (H.264 Annex A, table A-1)."""
    return "4.2" if video.width * video.height <= FULL_HD_PIXELS else "5.2"


def _whole_file(path: Path, duration: int) -> Piece:
    return Piece(path=path, start=0, end=path.stat().st_size, first_pts=0, duration=duration)


def _parameters_of(path: Path, main: VideoParameters) -> VideoParameters:
    """The parameter sets in the avcC that FFmpeg wrote (ISO/IEC 14496-15 5.3.3.1)."""
    with av.open(str(path)) as container:
        sps, pps = parameter_sets(container.streams.video[0].codec_context.extradata or b"")
    return VideoParameters(sps=sps, pps=pps, width=main.width, height=main.height)


def _remux(clips: list[Clip], result: Path, on_seconds: Callable[[float], None]) -> None:
    """Pass the clips through FFmpeg into one fast-start file."""
    options = {"c": "copy", "movflags": "+faststart", "f": "mp4"}
    if len(clips) == 1 and clips[0].whole:
        source = ffmpeg.input(str(clips[0].piece.path), protocol_whitelist="file")
        ffmpeg_run.run(source.output(str(result), **options), on_seconds=on_seconds)
        return
    configurations = list(dict.fromkeys(clip.video for clip in clips))
    configurations.sort(key=lambda video: video != _main_parameters(clips))
    init = init_segment(configurations[0], slate=False, others=configurations[1:])
    source = ffmpeg.input("pipe:0", f="mp4", protocol_whitelist="pipe")
    pieces = [clip.piece for clip in clips]
    output = source.output(str(result), **options)
    ffmpeg_run.run(
        output,
        on_seconds=on_seconds,
        feed=lambda pipe: write_joined(init, pieces, pipe),
    )


def _check(result: Path, seconds: float, on_seconds: Callable[[float], None]) -> str | None:
    """What is wrong with the file, or None: it decodes without a word and is as long as its takes."""
    source = ffmpeg.input(str(result), protocol_whitelist="file")
    try:
        errors = ffmpeg_run.run(
            source.output("-", f="null", fps_mode="passthrough", enc_time_base="demux"),
            on_seconds=on_seconds,
        )
    except ffmpeg_run.FFmpegFailed as error:
        return str(error)
    if errors:
        return errors[0]
    with av.open(str(result)) as container:
        told = (container.duration or 0) / av.time_base
    if abs(told - seconds) > TOLERANCE_SECONDS + seconds * 0.002:
        return f"it is {told:.1f} s long instead of {seconds:.1f} s"
    return None


def _publish(result: Path, destination: Path, seconds: float, reencoded: int) -> ExportResult:
    descriptor = os.open(result, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(result, destination)
    sync_folder(destination.parent)
    return ExportResult(destination, destination.stat().st_size, seconds, reencoded)

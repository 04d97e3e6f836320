"""An uploaded film made into what a program can pass through: H.264 baseline and Opus, in Matroska.

Runs once per film, as a job in a process of its own. Baseline is CAVLC (a resting picture can be filled),
without B-frames, an IDR each 2 s, 30 pictures a second, at most 1080p; Opus is 48 kHz stereo in 20-ms
packets. Matroska, because an 8-hour film then costs the recorder 0.2 MB, as MP4 98 MB. HDR (PQ,
HLG) is tone-mapped to BT.709. The destination appears whole or not at all.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import ffmpeg

from recorder import ffmpeg_run, media_facts
from recorder.durable_file import sync_folder
from recorder.media_facts import MediaFacts, MediaRefused, fitted, inspect

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]

FRAME_RATE = 30
GOP_PICTURES = 60
# A lecture may be live on the same machine; and each thread of a 4K decoder holds pictures of its own.
THREADS = 4
OPUS_BITS_PER_SECOND = 128_000
MAX_KILOBITS = 6_000
_TONE_MAP: tuple[tuple[str, dict[str, Any]], ...] = (
    ("zscale", {"t": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)


class NoDisk(OSError):
    """The film would take the space that lectures record to: it is worth another attempt later."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """`cut`: the source told of more than it had."""

    seconds: float
    width: int
    height: int
    bytes: int
    cut: bool


def normalise(source: Path, destination: Path, *, disk_floor_bytes: int, progress: Progress) -> Normalised:
    """Raises MediaRefused for a file that is no film, NoDisk, OSError."""
    facts = inspect(source)
    work = destination.with_name(destination.name + ".partial")
    room = shutil.disk_usage(destination.parent).free - disk_floor_bytes
    if room <= 0:
        raise NoDisk("too little disk is free to prepare a film")
    try:
        _encode(source, facts, work, room, progress)
        made = _look_at(work, facts)
        if made.bytes >= room * 0.98:
            raise NoDisk("the disk came to its floor while a film was prepared")
        with open(work, "rb") as file:
            os.fsync(file.fileno())
        os.rename(work, destination)
        sync_folder(destination.parent)
        return made
    finally:
        work.unlink(missing_ok=True)


def _encode(source: Path, facts: MediaFacts, destination: Path, room: int, progress: Progress) -> None:
    def tell(done: float) -> None:
        progress(min(1.0, done / facts.seconds) if facts.seconds else 0.0, "preparing")

    film = film_of(source, media_facts.FORMATS)
    output = ffmpeg.output(
        picture_of(film, facts),
        sound_of(film, facts),
        str(destination),
        format="matroska",
        shortest=None,
        t=media_facts.MAX_SECONDS,
        fs=room,
        map_metadata=-1,
        map_chapters=-1,
        threads=THREADS,
        **VIDEO,
        **_AUDIO,
    )
    try:
        ffmpeg_run.run(output, on_seconds=tell)
    except ffmpeg_run.FFmpegFailed as error:
        log.warning("FFmpeg: %s", error)
        raise MediaRefused("unreadable", "The film cannot be decoded.") from error


VIDEO: dict[str, Any] = {
    "vcodec": "libx264",
    "profile:v": "baseline",
    "preset": "veryfast",
    "crf": 21,
    "maxrate": f"{MAX_KILOBITS}k",
    "bufsize": f"{2 * MAX_KILOBITS}k",
    "bf": 0,
    "g": GOP_PICTURES,
    "keyint_min": GOP_PICTURES,
    "sc_threshold": 0,
    "pix_fmt": "yuv420p",
}
_AUDIO = {
    "acodec": "libopus",
    "audio_bitrate": OPUS_BITS_PER_SECOND,
    "frame_duration": 20,
    "application": "audio",
}


def film_of(source: Path, formats: str) -> Any:
    """The file as an input of FFmpeg that reads nothing else."""
    return ffmpeg.input(
        str(source), protocol_whitelist=media_facts.PROTOCOLS, format_whitelist=formats, threads=THREADS
    )


def picture_of(film: Any, facts: MediaFacts) -> Any:
    """At 30 pictures a second, within 1080p, upright, in 8 bits of BT.709, as long as the sound."""
    picture = film[str(facts.video)].filter("fps", FRAME_RATE, start_time=0)
    picture = picture.filter("scale", *fitted(facts.width, facts.height)).filter("setsar", 1)
    for name, options in _TONE_MAP if facts.hdr else ():
        picture = picture.filter(name, **options)
    if facts.sound_seconds_more > 0.1:
        picture = picture.filter("tpad", stop_mode="clone", stop_duration=facts.sound_seconds_more)
    return picture.filter("format", "yuv420p")


def sound_of(film: Any, facts: MediaFacts) -> Any:
    """Stereo at 48 kHz as long as the picture: mixed down, padded, or silence where there is none."""
    if facts.audio is None:
        return ffmpeg.input("anullsrc=r=48000:cl=stereo", format="lavfi").audio
    return stereo_of(film, facts).filter("apad")


def stereo_of(film: Any, facts: MediaFacts) -> Any:
    """Stereo at 48 kHz from 0 on, without holes, as long as it is."""
    sound = film[str(facts.audio)].filter("aresample", 48_000, **{"async": 1, "first_pts": 0})
    return sound.filter("aformat", channel_layouts="stereo")


def _look_at(path: Path, facts: MediaFacts) -> Normalised:
    """What was made. Raises MediaRefused if there is no picture in it."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        seconds = (container.duration or 0) / av.time_base
        size = video.codec_context.width, video.codec_context.height
        if not seconds or next(container.demux(video)).size == 0:
            raise MediaRefused("unreadable", "No picture of this file can be decoded.")
    return Normalised(seconds, *size, path.stat().st_size, is_cut(facts, seconds))


def is_cut(facts: MediaFacts, seconds: float) -> bool:
    """Whether the file told of more than the `seconds` that it had."""
    return facts.seconds is not None and facts.seconds - seconds > facts.slack

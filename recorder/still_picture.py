"""One picture of H.264 media as WebP, by FFmpeg in a process of its own: a broken stream ends only that.

Called in a web thread for the picture of a lecture that is live (`broadcast.live_poster`), which remembers
what it got.
"""

from __future__ import annotations

import subprocess

import ffmpeg
import imageio_ffmpeg

TIMEOUT_SECONDS = 5.0
_QUALITY = 60


class NoPicture(Exception):
    """The media cannot be decoded, or not in time."""


def still_picture(media: bytes, *, width: int) -> bytes:
    """The first picture of `media` (an init segment and a part that begins with a key frame), at most `width`
    pixels wide. Raises NoPicture.
    """
    picture = ffmpeg.input("pipe:0", format="mp4", protocol_whitelist="pipe", threads=1).video
    picture = picture.filter("scale", f"min({width},iw)", -2)
    told = picture.output("pipe:1", format="image2pipe", vcodec="libwebp", quality=_QUALITY, vframes=1)
    command = told.global_args("-loglevel", "error").compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    try:
        done = subprocess.run(command, input=media, capture_output=True, timeout=TIMEOUT_SECONDS)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise NoPicture(str(error)) from error
    if done.returncode != 0 or not done.stdout:
        raise NoPicture(done.stderr.decode("utf-8", "replace")[-500:] or f"exit code {done.returncode}")
    return done.stdout

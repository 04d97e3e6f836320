"""One picture of what a part holds, as WebP."""

from __future__ import annotations

from io import BytesIO

import av
import pytest

from recorder.cmaf import init_segment, part_bytes
from recorder.still_picture import NoPicture, still_picture
from tests.recorder.media_maker import make_media, make_parts


def a_part(width: int, height: int) -> bytes:
    media = make_media(0.5, width=width, height=height)
    return init_segment(media.parameters, slate=False) + part_bytes(1, make_parts(media)[0], 0, 0)


def size_of(picture: bytes) -> tuple[int, int]:
    with av.open(BytesIO(picture), format="webp_pipe") as opened:
        frame = next(opened.decode(video=0))
    return frame.width, frame.height


def test_a_large_picture_is_made_smaller() -> None:
    assert size_of(still_picture(a_part(1280, 720), width=640)) == (640, 360)


def test_a_small_one_stays_as_it_is() -> None:
    assert size_of(still_picture(a_part(160, 96), width=640)) == (160, 96)


def test_what_is_no_media_gives_no_picture() -> None:
    whole = a_part(160, 96)
    for broken in (b"", b"not media at all", whole[:900], whole.replace(b"avc1", b"xxxx")):
        with pytest.raises(NoPicture):
            still_picture(broken, width=640)

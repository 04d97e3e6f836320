"""What a `/live/…` address means: parsing, without touching a session.

Pure and cached: a thousand viewers of a session ask with the very same text. Lengths are bounded before
anything is parsed, so the caches are bounded too. Numbers have one spelling: `7`, never `07`, else caches
would hold both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from broadcast.rendered_playlists import PlaylistName

RENDITION = "source"
MAX_PATH_LENGTH = 512
MAX_QUERY_LENGTH = 512
MAX_QUERY_FIELDS = 16
# 4.2: a decimal-integer has 1 to 20 digits.
_DECIMAL_INTEGER = re.compile(r"[0-9]{1,20}", re.ASCII)

_N = r"(0|[1-9][0-9]{0,9})"
_ADDRESS = re.compile(r"/live/([^/]{1,256})/([A-Za-z0-9][A-Za-z0-9_-]{0,63})/(.+)", re.ASCII)
_INDEX = re.compile(rf"(?:(index|window)|replay-{_N})\.m3u8", re.ASCII)
_PLAYLIST = re.compile(rf"{RENDITION}/(?:(media|window)|replay-{_N})\.m3u8", re.ASCII)
_MARKS = re.compile(rf"marks(?:-{_N})?\.json", re.ASCII)
_MEDIA = re.compile(rf"{RENDITION}/{_N}/(?:(init)\.mp4|{_N}(?:\.{_N})?\.m4s)", re.ASCII)
_EVENTS = re.compile(rf"events/(?:(snapshot)|{_N})", re.ASCII)


class NoSuchAddress(Exception):
    """Nothing has, or will have, this address (HTTP 404)."""


class AddressTooLong(Exception):
    """The address or its query is longer than any of ours (HTTP 414)."""


@dataclass(frozen=True, slots=True)
class Index:
    """A multivariant playlist; `replay`: version of the edit list, None while live."""

    playlist: PlaylistName
    replay: int | None


@dataclass(frozen=True, slots=True)
class LivePlaylist:
    name: PlaylistName


@dataclass(frozen=True, slots=True)
class ReplayPlaylist:
    version: int


@dataclass(frozen=True, slots=True)
class Marks:
    """What the seek bar marks; `replay`: version of the edit list, None for the lecture as it was sent."""

    replay: int | None


@dataclass(frozen=True, slots=True)
class Init:
    take: int


@dataclass(frozen=True, slots=True)
class SegmentMedia:
    take: int
    segment: int


@dataclass(frozen=True, slots=True)
class PartMedia:
    take: int
    segment: int
    part: int


@dataclass(frozen=True, slots=True)
class Batch:
    """An event batch of a room."""

    number: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A room's state and its next batch."""


Resource = Index | LivePlaylist | ReplayPlaylist | Marks | Init | SegmentMedia | PartMedia | Batch | Snapshot


@dataclass(frozen=True, slots=True)
class LiveAddress:
    """`subject`: a session's id, or a room's for events."""

    access: str
    subject: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Directives:
    """Delivery Directives (6.2.5). `problem`: why they make no sense, for a playlist that heeds them."""

    msn: int | None = None
    part: int | None = None
    skip: bool = False
    problem: str | None = None


@lru_cache(maxsize=2048)
def parse_address(path: str) -> LiveAddress:
    """Raises NoSuchAddress, AddressTooLong."""
    if len(path) > MAX_PATH_LENGTH:
        raise AddressTooLong
    match = _ADDRESS.fullmatch(path)
    if match is None:
        raise NoSuchAddress
    return LiveAddress(match[1], match[2], _resource(match[3]))


def _resource(tail: str) -> Resource:
    if match := _MEDIA.fullmatch(tail):
        return _media(match)
    if match := _PLAYLIST.fullmatch(tail):
        return (
            LivePlaylist("media" if match[1] == "media" else "window")
            if match[1]
            else ReplayPlaylist(int(match[2]))
        )
    if match := _EVENTS.fullmatch(tail):
        return Snapshot() if match[1] else Batch(int(match[2]))
    if match := _INDEX.fullmatch(tail):
        name: PlaylistName = "window" if match[1] == "window" else "media"
        return Index(name, None if match[1] else int(match[2]))
    if match := _MARKS.fullmatch(tail):
        return Marks(int(match[1]) if match[1] else None)
    raise NoSuchAddress


def _media(match: re.Match[str]) -> Resource:
    take = int(match[1])
    if match[2]:
        return Init(take)
    if match[4] is None:
        return SegmentMedia(take, int(match[3]))
    return PartMedia(take, int(match[3]), int(match[4]))


@lru_cache(maxsize=2048)
def parse_directives(query: bytes) -> Directives:
    """The Delivery Directives of a query; other parameters mean nothing. Raises AddressTooLong."""
    if not query:
        return Directives()
    if len(query) > MAX_QUERY_LENGTH:
        raise AddressTooLong
    try:
        fields = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:  # UnicodeDecodeError is one
        return Directives(problem="The query cannot be read.")
    ours = [(name, value) for name, value in fields if name in ("_HLS_msn", "_HLS_part", "_HLS_skip")]
    if len({name for name, _ in ours}) < len(ours):
        return Directives(problem="A delivery directive is given twice.")
    return _directives(dict(ours))


def _directives(values: dict[str, str]) -> Directives:
    for name in ("_HLS_msn", "_HLS_part"):
        if name in values and not _DECIMAL_INTEGER.fullmatch(values[name]):
            return Directives(problem=f"{name} must be a decimal integer of 1 to 20 digits.")
    # 6.2.5.2: "If the Playlist URI contains an _HLS_part directive but no _HLS_msn directive, the Server MUST
    # return Bad Request".
    if "_HLS_part" in values and "_HLS_msn" not in values:
        return Directives(problem="_HLS_part needs _HLS_msn.")
    return Directives(
        int(values["_HLS_msn"]) if "_HLS_msn" in values else None,
        int(values["_HLS_part"]) if "_HLS_part" in values else None,
        # 6.2.5.1: YES, or v2, which here is the same because no playlist has date ranges.
        values.get("_HLS_skip") in ("YES", "v2"),
    )

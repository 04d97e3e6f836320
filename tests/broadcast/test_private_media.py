"""A real log, played by its playlists: no private picture or sound comes out of any address, and their clock
tells when each word was said, across takes, a gap and what is hidden.

Pictures bear their number (30 a second of the session's clock); sound lies 0.2 s behind them.
"""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from broadcast.access import AccessBook
from broadcast.answer import Answer
from broadcast.known_rooms import RoomAccess
from broadcast.live_answers import LiveAnswers
from broadcast.live_windows import LiveWindows
from broadcast.outcome import Later
from recorder import edit_list_files
from recorder.copy_media import Medium, open_segments, sound_span
from recorder.edit_list import EditList, Span
from recorder.hidden_spans import HiddenKind, HiddenSpan, cleaned
from tests.broadcast.session_writer import ROOM, STARTED_AT
from tests.recorder.lecture_maker import Lecture, number_of

HIDDEN = cleaned(
    [
        HiddenSpan(0, 2.2, HiddenKind.CUT),
        HiddenSpan(6.5, 7.2, HiddenKind.PRIVATE),
        HiddenSpan(17.9, 19.3, HiddenKind.PRIVATE),
    ]
)
PRIVATE = [span for span in HIDDEN if span.is_private]
WITHIN = 0.05  # seconds


class Player:
    """What a client gets from the addresses, and nothing else."""

    def __init__(self, lecture: Lecture) -> None:
        book = AccessBook(b"s" * 32, lambda: {ROOM: RoomAccess("open", 1)})
        book.refresh()
        self._base = f"/live/open/{lecture.session_id}/source/"
        self._answers = LiveAnswers(LiveWindows(lecture.roots, 0.334), book)

    def get(self, tail: str) -> Answer:
        outcome = self._answers.answer(self._base + tail, b"", gzip=False)
        found = outcome.work() if isinstance(outcome, Later) else outcome
        assert isinstance(found, Answer)
        return found

    def segments(self, playlist: str) -> list[tuple[str, float, float]]:
        """Each address with its place in the player's time and on the session's clock, as hls.js reckons."""
        found, position, clock = [], 0.0, 0.0
        for line in self.get(playlist).body.decode().splitlines():
            if line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
                clock = datetime.fromisoformat(line.partition(":")[2]).timestamp() - STARTED_AT
            elif line.startswith("#EXTINF:"):
                duration = float(re.findall(r"[\d.]+", line)[0])
            elif line.endswith(".m4s"):
                found.append((line, position, clock))
                position, clock = position + duration, clock + duration
        return found

    def medium(self, address: str) -> Medium:
        take = address.partition("/")[0]
        return open_segments(self.get(f"{take}/init.mp4").body, [self.get(address).body])


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Lecture:
    lecture = Lecture(tmp_path_factory.mktemp("lecture"))
    lecture.camera(0, 10)
    lecture.slate(10, 13)
    lecture.camera(13, 24)
    lecture.end(24)
    spans = (Span(1, 0, 4), Span(3, 7, 12))
    edit_list_files.save(lecture.roots[0], lecture.session_id, EditList(2, spans, HIDDEN))
    return lecture


@pytest.fixture(scope="module")
def player(lecture: Lecture) -> Player:
    return Player(lecture)


@pytest.mark.parametrize("playlist", ["replay-1.m3u8", "replay-2.m3u8", "media.m3u8", "window.m3u8"])
def test_no_private_picture_or_sound_comes_out(player: Player, playlist: str) -> None:
    seen = 0
    for address, _, _ in player.segments(playlist):
        answer = player.get(address)
        if answer.status != 200:
            assert answer.status == 403
            continue
        seen += 1
        take = address.partition("/")[0]
        for at, frame in player.medium(address).pictures(0.0, float("inf")):
            second = at if playlist in ("media.m3u8", "window.m3u8") else number_of(frame) / 30
            assert not any(one.start <= second < one.end for one in PRIVATE), address
        heard = sound_span(player.get(f"{take}/init.mp4").body, answer.body)
        if heard is not None:
            start, end = heard[0] / 48_000, heard[1] / 48_000
            assert not any(one.start < end and start < one.end for one in PRIVATE), address
    assert seen > 3


def test_the_playlists_clock_is_the_lectures_across_all_that_is_left_out(player: Player) -> None:
    """So words and captions stand where they were said: each picture says which second it is of."""
    segments = player.segments("replay-2.m3u8")
    assert segments[0][0] == "1/1.m4s"
    assert len(segments) < 12 - 2
    for address, position, clock in segments:
        for at, frame in player.medium(address).pictures(0.0, float("inf")):
            said = number_of(frame) / 30
            shown = position + at - clock  # where a player puts what lies `at - clock` behind its beginning
            assert abs(clock + shown - position - said) < WITHIN, address


def test_parts_of_what_is_private_are_not_to_be_had_either(player: Player) -> None:
    for segment in (3, 9, 10):
        for part in range(6):
            take = 1 if segment < 5 else 3
            answer = player.get(f"{take}/{segment}.{part}.m4s")
            assert answer.status in (403, 404)
            assert b"ftyp" not in answer.body and b"moof" not in answer.body

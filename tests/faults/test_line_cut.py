"""The publisher's line is dead for a while: one session, one recording, a slate, the gap marked."""

from __future__ import annotations

import time

import pytest

from tests.faults import count
from tests.faults.lecture import lecture
from tests.faults.recording import decode, play_replay
from tests.installation import Installation, wait_for
from tests.network.udp_relay import UdpRelay

CUT_SECONDS = count(full=30, small=10)


@pytest.mark.timeout(300)
def test_a_cut_line_leaves_a_marked_gap(installation: Installation, capsys) -> None:
    relay = UdpRelay()
    with lecture(installation, relay=relay) as held:
        held.known.note()
        last_take = held.known.last_take
        relay.upward.cut = relay.downward.cut = True
        cut_at = time.monotonic()
        slate = installation.wait_for_state(held.slug, "slate", CUT_SECONDS)
        slate_after = time.monotonic() - cut_at
        wait_for("the line", lambda: time.monotonic() - cut_at > CUT_SECONDS, CUT_SECONDS + 1)
        relay.upward.cut = relay.downward.cut = False
        mended_at = time.monotonic()
        back = wait_for("the publisher to be back", lambda: held.publisher.connected_since(mended_at))
        wait_for("its picture", lambda: held.known.picture_after(last_take))
        assert slate["id"] == installation.wait_for_state(held.slug, "live")["id"] == held.id
        seen = wait_for("the viewer to go on", lambda: held.viewer.arrival_after(back.connected_at))
        held.known.compare(held.hints.of(held.id))
        session = held.end()
        wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
        _check_gap(held, slate_after)
        live_seconds = _end_of(held)
        replayed = play_replay(installation, session)
        assert live_seconds - replayed > CUT_SECONDS - slate_after - 1.5, "the slate is left out"
        status, mp4 = installation.get(held.wait_for_mp4())
        assert status == 200 and decode(mp4).pictures
    with capsys.disabled():
        print(
            f"\nline cut of {CUT_SECONDS} s: one session; slate after {slate_after:.1f} s, publisher back "
            f"{back.connected_at - mended_at:.2f} s after the line, viewer's longest wait "
            f"{held.viewer.longest_wait:.2f} s (went on at {seen - mended_at:.2f} s)"
        )


def _check_gap(held, slate_after: float) -> None:
    """Picture, slate, picture, each behind a discontinuity."""
    held.known.note()
    takes = held.known.takes
    kinds = [take.slate for take in takes]
    at = next(i for i, slate in enumerate(kinds) if slate and i > 0)
    assert kinds[at - 1 : at + 2] == [False, True, False], kinds
    slate = (takes[at].end_pts - takes[at].records[0].pts) / 90_000
    assert slate > CUT_SECONDS - slate_after - 1
    playlist = held.viewer.playlist
    assert playlist is not None
    marked = {segment.discontinuities for segment in playlist.segments}
    assert len(marked) == len(takes), "each take begins with EXT-X-DISCONTINUITY"


def _end_of(held) -> float:
    held.known.note()
    return held.known.takes[-1].end_pts / 90_000

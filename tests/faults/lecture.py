"""A lecture in a whole installation, with publisher, viewer and the recorder's hints: what faults meet."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.faults import FULL
from tests.faults.feed_reader import FeedReader
from tests.faults.recording import Hints, KnownParts, session_roots
from tests.faults.viewer import Viewer
from tests.installation import PATIENCE_SECONDS, Installation, wait_for
from tests.network.udp_relay import UdpRelay
from tests.publishers.prepared_packets import prepare_audio, prepare_video
from tests.publishers.reconnecting import SILENCE_SECONDS, ReconnectingPublisher

# The figure is for a machine that does nothing else; `make test` may share it.
GO_ON_SECONDS = 5.0 if FULL else 20.0
_numbers = itertools.count(1)


class Lecture:
    """One session of `slug`, live. Made by `lecture()`."""

    def __init__(
        self,
        installation: Installation,
        slug: str,
        publisher: ReconnectingPublisher,
        viewer: Viewer,
        hints: Hints,
        feed: FeedReader,
    ) -> None:
        self.installation = installation
        self.slug = slug
        self.publisher = publisher
        self.viewer = viewer
        self.hints = hints
        self.feed = feed
        self.id: str = installation.wait_for_state(slug, "live")["id"]
        self.roots = session_roots(installation)
        self.known = KnownParts(self.roots, self.id)

    def go_on(self, seconds: float) -> None:
        """Viewer and recording go on all the while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            at, parts = time.monotonic(), len(self.known)
            wait_for("the viewer to go on", lambda at=at: self.viewer.arrival_after(at), GO_ON_SECONDS)
            wait_for("the recording to go on", lambda parts=parts: self._recorded() > parts, GO_ON_SECONDS)

    def _recorded(self) -> int:
        self.known.note()
        return len(self.known)

    def end(self, *, encoder_stays: bool = False) -> dict:
        """End it as the lecturer does; the session as the API tells it then.

        An encoder that stays comes back by itself: after a minute it begins the room's next session.
        """
        self.installation.end(self.slug)
        session = self.installation.wait_for_state(self.slug, "ended")
        if not encoder_stays:
            self.publisher.stop()
        return session

    def wait_for_mp4(self, seconds: float = PATIENCE_SECONDS) -> str:
        """Its address, when the job is done."""

        def look() -> str | None:
            try:
                status, body = self.installation.get(f"/api/v1/recordings/{self.id}")
            except OSError:  # the web process is away
                return None
            recording = json.loads(body) if status == 200 else {}
            assert recording.get("mp4_state") != "failed", self.installation.log()[-3000:]
            return recording.get("mp4_url")

        return wait_for("the MP4 file", look, seconds)


@contextmanager
def lecture(
    installation: Installation, *, relay: UdpRelay | None = None, silence_seconds: float = SILENCE_SECONDS
) -> Iterator[Lecture]:
    """A room with a lecture under way that is being watched; whatever happens, all threads end with it.

    `silence_seconds`: after which its encoder takes the line for dead.
    """
    slug = f"hall-{next(_numbers)}"
    key = installation.add_room(slug)
    with ExitStack() as stack:
        publisher = ReconnectingPublisher(
            key["whip_url"],
            key["stream_key"],
            prepare_video(),
            prepare_audio(),
            relay=relay,
            silence_seconds=silence_seconds,
        )
        publisher.start()
        stack.callback(publisher.stop)
        viewer = Viewer(f"{installation.url}/api/v1/rooms/{slug}")
        viewer.start()
        stack.callback(viewer.stop)
        hints = Hints(installation.storage / "run" / "hints.sock")
        stack.callback(hints.close)
        feed = FeedReader(f"{installation.url}/api/v1/rooms/{slug}")
        feed.start()
        stack.callback(feed.stop)
        held = Lecture(installation, slug, publisher, viewer, hints, feed)
        stack.callback(held.known.close)
        wait_for("the viewer to see it", lambda: viewer.arrival_after(0.0))
        yield held

"""One session in one web process: its log's tail, its playlists, its newest bytes and who waits for more.

Owned by `live_windows.LiveWindows`. Called by the front on its event loop (and by its reading threads), or by
Flask's threads: one lock guards everything but file reads. `refresh()` reads on in the log and answers
whoever waited for it. Ends with `close()`, which lets all waiters go.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from broadcast.answer import Answer, problem_answer
from broadcast.holds import Holds, Waiter
from broadcast.live_address import Init, SegmentMedia
from broadcast.log_view import LogView
from broadcast.media_place import Media, Place, place_of
from broadcast.playlist import (
    replay_playlist,
)
from broadcast.playlist_view import (
    PlaylistView,
    Segment,
    Variant,
    newest_independent,
)
from broadcast.private_view import Private
from broadcast.recording_access import RecordingAccess
from broadcast.rendered_playlists import PlaylistForm, RenderedPlaylists, gzip_bytes
from broadcast.replay_view import replay_segments
from broadcast.seek_marks import live_marks, marks_document, replay_marks
from broadcast.segment_rates import SegmentRates
from broadcast.variant import frame_rate_of, variant_of
from recorder.media_log_reader import NotInLog, SessionReader, TakeView

STALE_SECONDS = 0.25
MAX_KEPT_ANSWERS = 32
MAX_KEPT_BYTES = 8 << 20
MAX_WAITERS = 20_000


# Never cached: another process goes on serving.
_STOPPING = problem_answer(503, "This server is about to restart.")


class LiveWindow:
    """`clock`: monotonic seconds. Raises NotInLog if the session has no readable state.

    `recorded_access`: who may watch its recording, as it lay beside the media when the window was opened.
    """

    def __init__(
        self,
        reader: SessionReader,
        part_target_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        recorded_access: RecordingAccess | None = None,
    ) -> None:
        self.recorded_access = recorded_access
        self.room_id = reader.state.room_id
        self.session_id = reader.session_id
        self.lock = threading.RLock()
        self.holds: Holds[Answer] = Holds(MAX_WAITERS)
        self.used_at = clock()
        self._clock = clock
        self._reader = reader
        self._log = LogView(reader, part_target_seconds)
        self._log.update()
        self._rendered = RenderedPlaylists()
        self._replays: dict[tuple[int, bool, bool], bytes] = {}
        self._replay_variants: dict[tuple[int, bool], Variant] = {}
        self._marks: dict[tuple[int | None, bool], tuple[Hashable, bytes]] = {}
        self._private = Private((), reader)
        self._edits_stamps: tuple[int, ...] = ()
        self._redacted = RenderedPlaylists()
        self._frame_rates: dict[int, float | None] = {}
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._kept_bytes = 0
        self._refreshed_at = clock()
        self._look_for_private()

    # The log

    @property
    def view(self) -> PlaylistView:
        return self._log.current

    @property
    def access_mode(self) -> str:
        """The room's access when the session began."""
        return self._reader.state.access

    @property
    def begun(self) -> bool:
        """Whether there is a part to tell of."""
        view = self.view
        return view.growing is not None or bool(view.segments)

    def refresh(self) -> bool:
        """Read on; whether there was anything. Whoever waited for it is answered here."""
        with self.lock:
            self._refreshed_at = self._clock()
            changed = self._reader.refresh()
            self._look_for_private()
            if not changed:
                return False
            self._log.update()
            self._rendered.forget()
            self.holds.wake()
            return True

    def refresh_if_stale(self, seconds: float = STALE_SECONDS) -> None:
        """A hint may have been lost: read on if nobody has for a while."""
        self.used_at = now = self._clock()
        if now - self._refreshed_at > seconds:
            self.refresh()

    def tick(self) -> None:
        """Called four times a second while somebody waits."""
        self.refresh()
        with self.lock:
            self.holds.expire(self._clock())

    def hold(
        self,
        key: Hashable,
        poll: Callable[[], Answer | None],
        expired: Answer,
        seconds: float,
        waiter: Waiter[Answer],
    ) -> None:
        """Have `waiter` get the answer of `poll` once there is one, or `expired`. Raises TooManyHolds."""
        with self.lock:
            # The log may have grown between the caller's look and this one (threads). Where others wait for
            # the same, it has not: whoever reads on answers them under this lock.
            answer = None if key in self.holds else poll()
            if answer is not None:
                waiter.set_result(answer)
            else:
                self.holds.join(key, poll, expired, self._clock() + seconds, waiter)

    def close(self) -> None:
        """Idempotent."""
        with self.lock:
            self.holds.close(_STOPPING)
            self._reader.close()

    # What is private

    @property
    def has_private(self) -> bool:
        """Whether anything of it is."""
        return bool(self._private.spans)

    def is_withheld(self, media: Media) -> bool:
        """Whether only who may edit the recording gets it: it could hold a private moment of a lecture that
        has ended.
        """
        if not self.view.ended or isinstance(media, Init):
            return False
        if self._reader.edits_stamps() != self._edits_stamps:
            self.refresh()
        self.refresh_if_stale()
        with self.lock:
            return self._private.holds(media.take, media.segment)

    def _look_for_private(self) -> None:
        """A version of the edit list is a file of its own, of which the log's reader tells nothing."""
        self._edits_stamps = self._reader.edits_stamps()
        private = Private(self._reader.hidden_now(), self._reader)
        if private.spans != self._private.spans:
            self._private = private
            self._redacted = RenderedPlaylists()
            self._replays.clear()
            self._replay_variants.clear()
            self._marks.clear()

    # Playlists; `whole`: for who may edit the recording, with what is private

    def playlist(self, form: PlaylistForm, *, whole: bool = True) -> bytes:
        """One of the live playlists as bytes."""
        with self.lock:
            if whole or not (self.view.ended and self._private.spans):
                return self._rendered.render(self.view, form)
            return self._redacted.render(self._private.redacted(self.view), form)

    def variant(self) -> Variant:
        """For the multivariant playlist while live. Raises NotInLog before the first part."""
        with self.lock:
            rates = self._log.rates
            growing = self.view.growing
            if not rates.average and growing is not None:
                rates = SegmentRates()
                rates.add(growing.size, growing.duration)
            return self._variant(self._reader.takes, rates)

    def replay_variant(self, version: int, *, whole: bool = True) -> Variant:
        """For the multivariant playlist of a replay. Raises NotInLog.

        Measured once: at the lecture's end every viewer's page asks for it at the same moment, and three
        hours of segments take 20 ms.
        """
        with self.lock:
            found = self._replay_variants.get((version, whole))
            if found is None:
                segments = self._replay_segments(version, whole=whole)
                found = self._replay_variants[version, whole] = self._measured(segments)
            return found

    def _measured(self, segments: Sequence[Segment]) -> Variant:
        rates = SegmentRates()
        for segment in segments:
            rates.add(segment.size, segment.duration)
        shown = sorted({segment.take for segment in segments})
        return self._variant([self._reader.take(number) for number in shown], rates)

    def replay(self, version: int, *, gzip: bool, whole: bool = True) -> bytes:
        """The media playlist of a replay. Raises NotInLog: no such version, or still live."""
        with self.lock:
            rendered = self._replays.get((version, gzip, whole))
            if rendered is None:
                segments = self._replay_segments(version, whole=whole)
                text = replay_playlist(segments, self.view.started_at).encode()
                rendered = self._replays[version, gzip, whole] = gzip_bytes(text) if gzip else text
            return rendered

    def marks(self, version: int | None, *, whole: bool = True) -> bytes:
        """What the seek bar marks, of a replay or (None) of the lecture as it was sent, as JSON.

        Written once per segment: when a slate ends, all viewers ask at once. Raises NotInLog.
        """
        with self.lock:
            view = self.view
            state = (len(view.segments), view.growing.take if view.growing else None, view.ended)
            written, document = self._marks.get((version, whole), (None, b""))
            if written != state:
                document = self._write_marks(version, whole=whole)
                self._marks[version, whole] = (state, document)
            return document

    def _write_marks(self, version: int | None, *, whole: bool) -> bytes:
        view = self.view
        slates = frozenset(take.number for take in self._reader.takes if take.slate)
        if version is None:
            return marks_document(live_marks(view.segments, view.growing, slates, ended=view.ended))
        hidden = (*self._reader.whole_list(version).hidden, *self._private.spans)
        shown = self._replay_segments(version, whole=whole)
        return marks_document(replay_marks(shown, slates, view.segments, hidden))

    def _replay_segments(self, version: int, *, whole: bool) -> Sequence[Segment]:
        if not self.view.ended:
            raise NotInLog("a session under way has no replay")
        shown = replay_segments(self._reader.edit_list(version), self.view.segments, self._reader)
        found = shown if whole else self._private.without(shown)
        if not found:
            raise NotInLog(f"nothing to replay in version {version}")
        return found

    def _variant(self, takes: Sequence[TakeView], rates: SegmentRates) -> Variant:
        if not takes:
            raise NotInLog("no part yet")
        found = [rate for take in takes if not take.slate and (rate := self._frame_rate(take)) is not None]
        return variant_of(takes, rates, max(found, default=None))

    def _frame_rate(self, take: TakeView) -> float | None:
        """Of the take's first complete segment; None while there is none."""
        if take.number in self._frame_rates:
            return self._frame_rates[take.number]
        slot = take.segments[0]
        if take.lost or not slot.complete or self._reader.is_far(take.number, slot.segment):
            return None
        data = self._reader.segment_bytes(take.number, slot.segment)
        self._frame_rates[take.number] = rate = frame_rate_of(data, slot.duration)
        return rate

    # Media

    def place(self, media: Media) -> Place:
        """Where a resource stands now."""
        with self.lock:
            return place_of(self.view, [take.number for take in self._reader.takes], media)

    def read(self, media: Media) -> bytes:
        """The resource's bytes, from the file or from elsewhere. Raises NotInLog, OSError."""
        if isinstance(media, Init):
            return self._reader.init_bytes(media.take)
        if isinstance(media, SegmentMedia):
            return self._reader.segment_bytes(media.take, media.segment)
        return self._reader.part_bytes(media.take, media.segment, media.part)

    def is_far(self, media: Media) -> bool:
        """Whether reading it asks the object store."""
        return not isinstance(media, Init) and self._reader.is_far(media.take, media.segment)

    def newest_key_frame(self) -> bytes:
        """The init segment and the newest part that begins with a key frame. Raises NotInLog, OSError."""
        with self.lock:
            place = newest_independent(self.view)
        if place is None:
            raise NotInLog("no key frame yet")
        take, segment, part = place
        return self._reader.init_bytes(take) + self._reader.part_bytes(take, segment, part)

    def kept(self, key: Hashable) -> Answer | None:
        """An answer with recent media that was read before."""
        return self._kept.get(key)

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Have recent media ready for the others who will ask; the oldest go first."""
        with self.lock:
            if key in self._kept:
                return
            self._kept_bytes += len(answer.body)
            self._kept[key] = answer
            while len(self._kept) > MAX_KEPT_ANSWERS or self._kept_bytes > MAX_KEPT_BYTES:
                self._kept_bytes -= len(self._kept.popitem(last=False)[1].body)

"""The sound of one program: a thread that turns Opus packets into AAC frames, off the event loop.

Owned by a Program; every method is called on the event loop, frames come back there through `post`. Packets
are handed over in batches (one wake for each tick), bounded: a thread that falls behind loses the oldest.
`stop()` ends the thread, `join()` waits for it. A batch that FFmpeg breaks on is logged and becomes silence.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from recorder.media import AAC_FRAME_SAMPLES, AudioSample
from recorder.sound_mixer import PlacedPacket, SoundMixer, VoicePacket, silent_aac_frame

log = logging.getLogger(__name__)

MAX_WAITING = 500  # 10 s of 20-ms packets
JOIN_SECONDS = 5.0

# `None`: another source begins.
SoundItem = PlacedPacket | VoicePacket | None
Deliver = Callable[[list[AudioSample]], None]
Post = Callable[[Callable[[], None]], None]


class AudioRunner(Protocol):
    """What a program asks of whoever runs its mixer: AudioTrack, or a caller who simulates time."""

    def start(self, start_pts: int, deliver: Deliver) -> None: ...

    def push(self, packet: PlacedPacket | VoicePacket) -> None: ...

    def reset(self) -> None: ...

    def advance_to(self, pts: int) -> None: ...

    def stop(self) -> None: ...

    def join(self) -> None: ...

    def counts(self) -> dict[str, int]: ...


class _Inbox:
    """What waits for the mixer, and how far silence may go."""

    def __init__(self) -> None:
        self.items: deque[SoundItem] = deque()
        self.fill_until = 0
        self.lost = 0

    def put(self, item: SoundItem) -> None:
        if len(self.items) >= MAX_WAITING:
            self.items.popleft()
            self.lost += 1
        self.items.append(item)


def work_off(mixer: SoundMixer, items: list[SoundItem], fill_until: int) -> list[AudioSample]:
    """One batch: packets in order, then silence up to `fill_until`."""
    for item in items:
        if item is None:
            mixer.reset()
        elif isinstance(item, VoicePacket):
            mixer.add_voice(item)
        else:
            mixer.add(item)
    mixer.fill_until(fill_until)
    return mixer.take()


class AudioTrack:
    """The thread. `post` runs a callable on the event loop and may be called from any thread."""

    def __init__(self, post: Post, name: str = "audio") -> None:
        self._post = post
        self._name = name
        self._inbox = _Inbox()
        self._wake = threading.Condition()
        self._stopping = False
        self._mixer: SoundMixer | None = None
        self._thread: threading.Thread | None = None

    def start(self, start_pts: int, deliver: Deliver) -> None:
        """Begin the run of frames at `start_pts` (48 kHz). Called once."""
        self._mixer = SoundMixer(start_pts)
        self._inbox.fill_until = start_pts
        self._thread = threading.Thread(target=self._run, args=(deliver,), name=self._name, daemon=True)
        self._thread.start()

    def push(self, packet: PlacedPacket | VoicePacket) -> None:
        """Queue a packet; it is worked on at the next `advance_to`."""
        with self._wake:
            self._inbox.put(packet)

    def reset(self) -> None:
        """Packets from here on are another source's."""
        with self._wake:
            self._inbox.put(None)

    def advance_to(self, pts: int) -> None:
        """Wake the thread: packets first, then silence up to `pts` (48 kHz samples)."""
        with self._wake:
            self._inbox.fill_until = max(self._inbox.fill_until, pts)
            self._wake.notify()

    def stop(self) -> None:
        """Work off what waits, then end; idempotent, returns at once."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def join(self) -> None:
        """Wait for the thread (blocking, bounded). What it made was posted before."""
        if self._thread is None:
            return
        self._thread.join(JOIN_SECONDS)
        if self._thread.is_alive():
            log.error("%s: the thread did not end within %.0f s", self._name, JOIN_SECONDS)

    def counts(self) -> dict[str, int]:
        """What has gone through, for the status."""
        return {**(self._mixer.counts() if self._mixer else {}), "audio_packets_lost": self._inbox.lost}

    def _run(self, deliver: Deliver) -> None:
        mixer = self._mixer
        assert mixer is not None
        while (batch := self._next_batch(mixer)) is not None:
            items, fill_until = batch
            try:
                samples = work_off(mixer, items, fill_until)
            except Exception:
                # Whatever FFmpeg may do to one batch, the lecture goes on: silent there, with a new encoder.
                log.exception("%s: a batch of %d packets is lost", self._name, len(items))
                self._mixer = mixer = SoundMixer(max(mixer.written_until, fill_until))
                continue
            if samples:
                self._post(partial(deliver, samples))

    def _next_batch(self, mixer: SoundMixer) -> tuple[list[SoundItem], int] | None:
        with self._wake:
            while not self._has_work(mixer):
                if self._stopping:
                    return None
                self._wake.wait()
            items = list(self._inbox.items)
            self._inbox.items.clear()
            return items, self._inbox.fill_until

    def _has_work(self, mixer: SoundMixer) -> bool:
        return bool(self._inbox.items) or self._inbox.fill_until - mixer.written_until >= AAC_FRAME_SAMPLES


def silence_between(start_pts: int, end_pts: int) -> list[AudioSample]:
    """Frames of silence (48 kHz samples) from `start_pts`, the last of which reaches `end_pts`."""
    count = max(0, -((start_pts - end_pts) // AAC_FRAME_SAMPLES))
    data = silent_aac_frame()
    return [AudioSample(data, start_pts + n * AAC_FRAME_SAMPLES, filled=True) for n in range(count)]

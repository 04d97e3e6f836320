"""Opus to AAC: places on the clock, silence, losses, drift, corrupt packets, the thread's life."""

from __future__ import annotations

import itertools
import threading
from array import array

import av
import pytest

from recorder.audio import AudioTrack, silence_between
from recorder.media import AudioSample
from recorder.sound_mixer import PlacedPacket, SoundMixer, VoicePacket, silent_aac_frame
from tests.recorder.program_stage import opus_packets

PACKET = 960


def packets(count: int, first: int = 0, *, shift: int = 0) -> list[PlacedPacket]:
    return [
        PlacedPacket(opus_packets()[n % 100], n * PACKET, n * PACKET + shift)
        for n in range(first, first + count)
    ]


def mix(*items: PlacedPacket, start: int = 0, until: int = 0) -> tuple[SoundMixer, list[AudioSample]]:
    mixer = SoundMixer(start)
    for item in items:
        mixer.add(item)
    mixer.fill_until(until)
    return mixer, mixer.take()


def loudness(samples: list[AudioSample]) -> dict[int, float]:
    """Peak of each millisecond of the session's clock, as a player decodes and places it."""
    codec = av.CodecContext.create("aac", "r")
    codec.extradata = bytes((0x11, 0x90))
    codec.sample_rate, codec.layout = 48_000, "stereo"
    peaks: dict[int, float] = {}
    for sample in samples:
        for frame in codec.decode(av.Packet(sample.data)):
            wave = array("f", bytes(frame.planes[0])[: frame.samples * 4])
            for at in range(0, len(wave), 48):
                peaks[(sample.pts + at) // 48] = max(map(abs, wave[at : at + 48]))
    return peaks


def quiet(peaks: dict[int, float], first: int, last: int) -> bool:
    return max(peaks[ms] for ms in peaks if first <= ms < last) < 0.02


def loud(peaks: dict[int, float], first: int, last: int) -> bool:
    return min(max(peaks.get(m, 0) for m in range(ms, ms + 4)) for ms in range(first, last, 4)) > 0.1


def test_frames_follow_each_other_without_a_hole():
    _, made = mix(*packets(200))
    assert [b.pts - a.pts for a, b in itertools.pairwise(made)] == [1024] * (len(made) - 1)
    assert len(made) == 200 * 960 // 1024 - 2, "the encoder's delay, and its first frame before zero"


def test_sound_comes_out_at_its_time():
    _, made = mix(*packets(50, 50), until=48_000 * 3)
    peaks = loudness(made)
    assert quiet(peaks, 0, 985)
    assert loud(peaks, 1015, 1980)
    assert quiet(peaks, 2030, 2900)


def test_a_lost_packet_is_silence_of_its_length():
    mixer, made = mix(*packets(50), *packets(50, 53))
    assert mixer.silent_samples == 3 * PACKET
    assert mixer.written_until == 103 * PACKET
    assert quiet(loudness(made), 1020, 1045)


def test_packets_again_or_too_late_are_dropped():
    mixer, _ = mix(*packets(10), *packets(3, 5))
    assert mixer.dropped_samples == 3 * PACKET
    assert mixer.written_until == 10 * PACKET


def test_sound_that_comes_behind_silence_is_cut_to_fit():
    mixer = SoundMixer(0)
    for packet in packets(10):
        mixer.add(packet)
    mixer.fill_until(12 * PACKET + 100)
    for packet in packets(10, 10):
        mixer.add(packet)
    assert mixer.dropped_samples == 2 * PACKET + 100
    assert mixer.written_until == 20 * PACKET


def test_small_drift_is_played_through_and_large_drift_is_moved():
    mixer, _ = mix(*packets(50), *packets(50, 50, shift=800))
    assert mixer.silent_samples == 0
    mixer, _ = mix(*packets(50), *packets(50, 50, shift=1_200))
    assert mixer.silent_samples == 1_200
    mixer, _ = mix(*packets(50), *packets(50, 50, shift=-1_200))
    assert mixer.dropped_samples == 1_200 and mixer.silent_samples == 0


@pytest.mark.parametrize("bad", [b"", b"\xff\xff\xff", b"\x03\x3f" + b"a" * 20, bytes(70_000)])
def test_corrupt_packets_are_silence(bad):
    good = packets(50)
    good[20] = PlacedPacket(bad, 20 * PACKET, 20 * PACKET)
    mixer, made = mix(*good)
    assert mixer.corrupt == 1
    assert mixer.silent_samples == PACKET
    assert mixer.written_until == 50 * PACKET
    assert loud(loudness(made), 100, 380)


def test_another_source_starts_anew():
    mixer = SoundMixer(0)
    for packet in packets(10):
        mixer.add(packet)
    mixer.reset()
    mixer.add(PlacedPacket(opus_packets()[0], 999_999, 10 * PACKET + 500))
    assert mixer.silent_samples == 500


def test_a_hole_is_filled_only_so_far():
    mixer, _ = mix(PlacedPacket(opus_packets()[0], 0, 10**12))
    assert mixer.written_until < 48_000 * 31


def test_silence_between_reaches_its_end():
    assert [sample.pts for sample in silence_between(1000, 4072)] == [1000, 2024, 3048]
    assert silence_between(1000, 1000) == silence_between(1000, 900) == []
    made = silence_between(1000, 5000)
    assert [sample.pts for sample in made] == [1000, 2024, 3048, 4072]
    assert {sample.data for sample in made} == {silent_aac_frame()}
    assert quiet(loudness([*made, *made]), 0, 100)


class Collected:
    """Takes the thread's frames where they are posted."""

    def __init__(self) -> None:
        self.samples: list[AudioSample] = []
        self.changed = threading.Condition()

    def post(self, call) -> None:
        with self.changed:
            call()
            self.changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.samples) >= count, timeout=60)


def test_the_thread_delivers_and_ends():
    collected = Collected()
    track = AudioTrack(collected.post)
    track.start(0, collected.samples.extend)
    for packet in packets(50):
        track.push(packet)
    track.advance_to(48_000)
    collected.wait_for(40)
    track.advance_to(96_000)
    track.stop()
    track.join()
    track.stop()
    assert len(collected.samples) == 96_000 // 1024 - 2
    assert track.counts()["audio_silent_ms"] == 1000
    assert not [thread for thread in threading.enumerate() if thread.name == "audio"]


def test_fifty_tracks_leave_no_thread():
    for _ in range(50):
        track = AudioTrack(lambda call: call())
        track.start(0, lambda samples: None)
        track.stop()
        track.join()
    assert not [thread for thread in threading.enumerate() if thread.name == "audio"]


def test_a_track_that_never_started_can_be_closed():
    track = AudioTrack(lambda call: call())
    track.stop()
    track.join()
    assert track.counts() == {"audio_packets_lost": 0}


def test_a_flood_of_packets_loses_the_oldest():
    track = AudioTrack(lambda call: call())
    for packet in packets(700):
        track.push(packet)
    assert track.counts()["audio_packets_lost"] == 200


def voices(count: int) -> list[VoicePacket]:
    return [VoicePacket(opus_packets()[n % 100]) for n in range(count)]


def test_a_voice_is_heard_over_silence_as_it_comes_and_ends_with_its_packets():
    mixer = SoundMixer(0)
    samples: list[AudioSample] = []
    for number, packet in enumerate(voices(100)):
        mixer.add_voice(packet)
        mixer.fill_until((number + 1) * PACKET)
        samples += mixer.take()
    mixer.fill_until(4 * 48_000)
    samples += mixer.take()
    peaks = loudness(samples)
    assert quiet(peaks, 0, 70) and loud(peaks, 300, 1900) and quiet(peaks, 2200, 3900)


def test_a_voice_that_piles_up_is_cut_and_a_corrupt_one_is_passed_over():
    mixer = SoundMixer(0)
    for packet in voices(200):
        mixer.add_voice(packet)
    mixer.add_voice(VoicePacket(b""))
    mixer.add_voice(VoicePacket(b"\xff" * 90_000))
    mixer.fill_until(2 * 48_000)
    peaks = loudness(mixer.take())
    assert loud(peaks, 10, 80) and quiet(peaks, 600, 1900), "no more than MOST_SECONDS of it were kept"

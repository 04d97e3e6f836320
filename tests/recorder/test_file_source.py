"""A film in the program, on a simulated clock: by what lies in the log, and what of it decodes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from pathlib import Path

import av
import pytest

from recorder.file_source import FileSource
from recorder.media import AccessUnit
from recorder.media_reader import CodedPicture, MediaReader
from recorder.normalise import normalise
from recorder.playback_request import PlaybackAction, PlaybackRequest
from recorder.program_sources import Film, ProgramSources
from recorder.publish_request import CommandRefused
from recorder.read_ahead import ReadAhead, Waiting
from recorder.rest_picture import rest_picture
from tests.recorder.film_maker import InlineReader, decoded, loudness, make_film, ready_film
from tests.recorder.program_stage import (
    Encoder,
    KeptTake,
    Publisher,
    Stage,
    check_takes,
    decode,
    nals_of,
)

requests = itertools.count()


class Hall:
    """A stage whose camera and film are a session's: `ProgramSources` between them and the program."""

    def __init__(self, folder: Path, film: Path | None = None) -> None:
        self.stage = Stage(folder)
        self.film = film or ready_film(folder)
        self.readers: list[InlineReader] = []
        self.changes = 0
        self.sources = ProgramSources(
            self.stage.program, clock=lambda: self.stage.now, on_change=self._changed, open_film=self._open
        )
        self.camera = Publisher(self.stage, Encoder(320, 192))
        self._loop = asyncio.new_event_loop()
        self._tick()

    @property
    def film_source(self) -> FileSource:
        inserted = self.sources.inserted
        assert isinstance(inserted, Film)
        return inserted.source

    def _open(self, path: Path, position: float) -> InlineReader:
        self.readers.append(InlineReader(path, position))
        return self.readers[-1]

    def _changed(self) -> None:
        self.changes += 1

    def _tick(self) -> None:
        self.sources.tick(self.stage.now)
        self.stage.at(self.stage.now + 1 / 30, self._tick)

    def camera_on(self) -> None:
        """Begin publishing: the camera delivers to the sink that it gets from the session."""
        publisher, stage = self.camera, self.stage
        publisher.sink = self.sources.camera_comes(publisher, has_video=True)
        publisher._captured = stage.now
        publisher._capture()
        publisher._talk(0)

    def control(self, action: str, position: float | None = None, voice_over: bool | None = None) -> None:
        media_id = "film-1" if action == "play" else ""
        wish = PlaybackAction(action)
        request = PlaybackRequest(f"r{next(requests)}", wish, media_id, "A film", position, voice_over)
        self.wait(self.sources.control(request, self.film))

    def wait(self, work: Coroutine[object, object, object]) -> None:
        """Run `work`, and whatever it left to do in tasks and threads, with the clock standing."""

        async def all_of_it() -> None:
            await work
            while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(tasks)

        self._loop.run_until_complete(all_of_it())

    def run(self, seconds: float) -> None:
        """Time passes; what it asks of threads (a resting picture) is there before it goes on."""
        end = self.stage.now + seconds

        async def step() -> None:
            self.stage.run(min(1 / 30, end - self.stage.now))

        while self.stage.now < end - 1e-9:
            self.wait(step())

    def finish(self) -> list[KeptTake]:
        self.wait(self.sources.close())
        self.wait(self.stage.close())
        self._loop.close()
        check_takes(self.stage.takes)
        for take in self.stage.takes:
            assert len(decode(take.video, take.pictures)) == len(take.pictures)
        return self.stage.takes


@pytest.fixture
def hall(tmp_path):
    return Hall(tmp_path)


def film_pictures(path: Path) -> list[CodedPicture]:
    reader = MediaReader(path)
    items = list(iter(reader.next, None))
    reader.close()
    return [item for item in items if isinstance(item, CodedPicture)]


def coded(take: KeptTake) -> list[bytes]:
    """Slices of a take without fills."""
    return [nal for sample in take.pictures for nal in nals_of(sample.data) if len(nal) > 12]


def slices(pictures: list[CodedPicture] | list[AccessUnit]) -> list[bytes]:
    return [nal for picture in pictures for nal in picture.nals if nal[0] & 31 in (1, 5, 6) and len(nal) > 12]


def test_a_film_is_passed_through_and_the_camera_comes_back_by_itself(hall):
    hall.camera_on()
    hall.run(3)
    hall.control("play")
    hall.run(9)
    camera, film, again = hall.finish()
    assert [take.slate for take in hall.stage.takes] == [False, False, False]
    assert coded(film) == slices(film_pictures(hall.film))
    assert hall.stage.phases == ["live"] and hall.sources.inserted is None
    steps = [b.pts - a.pts for a, b in itertools.pairwise(film.pictures)]
    assert set(steps[:-8]) <= {2999, 3000, 3001}
    gap = again.pictures[0].pts - film.pictures[-1].pts
    assert gap < 0.2 * 90_000, "the camera answers a key frame request at once"
    assert (film.video.width, camera.video.width, again.video.width) == (160, 320, 320)
    assert hall.readers[0].closed


def test_its_sound_is_heard_and_no_more_when_it_is_over(hall):
    hall.camera_on()
    hall.camera.microphone_on = False
    hall.run(2)
    hall.control("play")
    hall.run(8)
    takes = hall.finish()
    before, during, after = (loudness(decoded(take.sound)[4800:-4800]) for take in takes)
    assert before < 0.001 and after < 0.001 and during == pytest.approx(0.28, abs=0.04)
    assert hall.stage.audio.counts()["audio_dropped_ms"] < 30


def test_without_a_camera_the_slate_follows(hall):
    hall.camera_on()
    hall.run(2)
    hall.control("play")
    hall.run(1)
    hall.sources.camera_leaves("no consent")
    hall.camera.closed = True
    hall.run(8)
    takes = hall.finish()
    assert [take.slate for take in takes] == [False, False, True]
    assert coded(takes[1]) == slices(film_pictures(hall.film))


def test_a_camera_that_comes_back_in_the_meantime_waits_for_the_end(hall):
    hall.camera_on()
    hall.run(2)
    hall.control("play")
    hall.run(1)
    hall.sources.camera_leaves("no consent")
    hall.camera.closed = True
    hall.camera = Publisher(hall.stage, Encoder(240, 144))
    hall.camera_on()
    hall.run(8)
    takes = hall.finish()
    assert [take.video.width for take in takes] == [320, 160, 240]


def test_pause_and_resume_go_on_where_it_stood(hall):
    hall.control("play")
    hall.run(1.5)
    hall.control("pause")
    assert hall.film_source.position == pytest.approx(1.5, abs=0.07)
    hall.run(0.4)
    hall.control("resume")
    hall.run(5.5)
    takes = [take for take in hall.finish() if not take.slate]
    assert len(takes) == 1
    assert coded(takes[0]) == slices(film_pictures(hall.film))


def test_a_long_pause_keeps_both_tracks_going_and_shows_the_picture_to_who_comes(hall):
    hall.control("play")
    hall.run(3.5)
    hall.control("pause")
    hall.run(20)
    (take,) = [take for take in hall.stage.takes if not take.slate]
    resting = [sample for sample in take.pictures if sample.pts > (hall.stage.now - 1000 - 18) * 90_000]
    assert sum(sample.independent for sample in resting) >= 6, "a segment of a pause begins with a key frame"
    late = resting[next(n for n, sample in enumerate(resting) if sample.independent) :]
    assert len(set(decode(take.video, late))) < len(late) / 10  # whoever comes late sees it rest
    position = hall.film_source.position
    hall.control("resume")
    hall.run(0.2)
    assert position - 2 <= hall.film_source.position <= position + 0.3
    hall.run(6)
    takes = [take for take in hall.finish() if not take.slate]
    assert len(takes) == 1, "the resting picture has the film's own parameter sets"
    assert coded(takes[0])[-60:] == slices(film_pictures(hall.film))[-60:]


def test_seek_goes_to_the_key_frame_before(hall):
    hall.control("play")
    hall.run(1)
    hall.control("seek", 5.0)
    hall.run(0.1)
    assert hall.film_source.position == pytest.approx(4.05, abs=0.1)
    hall.control("seek", 0.0)
    hall.run(0.5)
    assert hall.film_source.position == pytest.approx(0.5, abs=0.1)
    hall.run(8)
    takes = [take for take in hall.finish() if not take.slate]
    assert len(takes) == 1


def test_a_seek_in_a_pause_shows_its_picture(hall):
    hall.control("play")
    hall.run(1)
    hall.control("pause")
    hall.run(1)
    hall.control("seek", 4.5)
    hall.run(0.5)
    film = hall.film_source
    assert film.paused and film.position == pytest.approx(4.0)
    pictures = film_pictures(hall.film)
    (take,) = [take for take in hall.stage.takes if not take.slate]
    assert coded(take)[-1] == slices(pictures[120:121])[-1]
    hall.control("resume")
    hall.run(1.0)
    assert film.position == pytest.approx(5.0, abs=0.1)
    hall.finish()


def test_begins_where_it_is_told_and_stops_when_it_is_told(hall):
    hall.camera_on()
    hall.run(2)
    hall.control("play", 2.0)
    hall.run(1)
    assert hall.film_source.position == pytest.approx(3.0, abs=0.1)
    hall.control("stop")
    assert hall.sources.inserted is None
    hall.control("stop")
    hall.run(2)
    takes = hall.finish()
    assert coded(takes[1])[0] == slices(film_pictures(hall.film)[60:])[0]
    assert len(takes) == 3


def test_one_film_takes_the_place_of_another(hall):
    hall.control("play")
    hall.run(1)
    hall.control("play", 4.0)
    hall.run(1)
    assert hall.readers[0].closed and not hall.readers[1].closed
    hall.finish()
    assert hall.readers[1].closed


def test_what_cannot_be_controlled_is_refused(hall):
    for action in ("pause", "resume", "seek", "voice"):
        with pytest.raises(CommandRefused) as refused:
            hall.control(action, 1.0, True)
        assert refused.value.status == 409
    hall.finish()


def test_a_file_that_is_not_there_is_refused_and_the_camera_stays(hall):
    hall.camera_on()
    hall.run(1)
    hall.film = hall.film.with_name("gone.mkv")
    with pytest.raises(CommandRefused) as refused:
        hall.control("play")
    assert refused.value.status == 404
    hall.run(1)
    assert len(hall.finish()) == 1


def test_a_tenth_of_a_second_is_a_film_too(tmp_path):
    hall = Hall(tmp_path, ready_film(tmp_path, 0.1))
    hall.camera_on()
    hall.run(2)
    hall.control("play")
    hall.run(2)
    assert hall.sources.inserted is None
    takes = hall.finish()
    assert [take.video.width for take in takes] == [320, 160, 320]


def test_a_disk_that_hangs_moves_the_film_and_loses_nothing(hall):
    hall.control("play")
    hall.run(1)
    reader = hall.readers[0]
    head, reader.head = reader.head, lambda: Waiting.NOT_YET
    hall.run(3)
    reader.head = head
    hall.run(6)
    (take,) = [take for take in hall.finish() if not take.slate]
    assert coded(take) == slices(film_pictures(hall.film))


def test_the_microphone_is_heard_over_the_film_when_it_is_wanted(tmp_path):
    silent = tmp_path / "silent.mkv"
    source = make_film(tmp_path / "s.mp4", 8, width=160, height=96, sound=None)
    normalise(source, silent, disk_floor_bytes=0, progress=lambda *_: None)
    hall = Hall(tmp_path, silent)
    hall.camera_on()
    hall.run(2)
    hall.control("play")
    hall.run(2)
    hall.control("voice", voice_over=True)
    hall.run(2)
    hall.control("voice", voice_over=False)
    hall.run(2)
    film = next(take for take in hall.stage.takes if take.video.width == 160)
    heard = decoded(film.sound)
    quiet, voice, after = heard[24_000:81_600], heard[115_200:182_400], heard[211_200:264_000]
    assert loudness(quiet) < 0.001 and loudness(after) < 0.001
    assert loudness(voice) == pytest.approx(9000 / 32768 / 2**0.5, rel=0.1)
    hall.finish()


def test_a_voice_in_a_pause_is_heard_too(hall):
    hall.camera_on()
    hall.run(1)
    hall.control("play", voice_over=True)
    hall.run(2)
    hall.control("pause")
    hall.run(4)
    film = next(take for take in hall.stage.takes if take.video.width == 160)
    assert loudness(decoded(film.sound)[-96_000:-9600]) == pytest.approx(9000 / 32768 / 2**0.5, rel=0.1)
    hall.finish()


def test_eight_hours_are_read_as_quickly_as_a_minute(tmp_path):
    film = tmp_path / "long.mkv"
    lengthen(ready_film(tmp_path), film, hours=8)
    reader = ReadAhead(film)
    reader.open(8 * 3600 - 3.0)
    assert reader.duration == pytest.approx(8 * 3600, abs=70)
    item = reader.head()
    assert not isinstance(item, Waiting) and item.seconds == pytest.approx(8 * 3600 - 3, abs=62)
    reader.close()
    reader.join()


def lengthen(film: Path, longer: Path, hours: int) -> None:
    """The film's first GOP and its sound once a minute: as long, with few packets."""
    with av.open(str(film)) as source, av.open(str(longer), "w") as container:
        packets = [packet for packet in source.demux() if packet.size and packet.pts < 2000]
        streams = {
            stream: container.add_stream_from_template(stream)
            for stream in (source.streams.video[0], source.streams.audio[0])
        }
        data = [(bytes(p), p.stream, p.pts, p.is_keyframe) for p in packets]
        for minute in range(hours * 60):
            for body, stream, pts, key in data:
                packet = av.Packet(body)
                packet.stream, packet.time_base = streams[stream], stream.time_base
                packet.pts = packet.dts = max(0, pts) + minute * 60_000
                packet.is_keyframe = key
                container.mux(packet)


def test_the_thread_reads_what_the_file_has(tmp_path):
    film = ready_film(tmp_path)
    reader = ReadAhead(film)
    reader.open()
    read = []
    while (item := reader.head()) is not Waiting.END:
        if not isinstance(item, Waiting):
            read.append(item)
            reader.pop()
    assert [i for i in read if isinstance(i, CodedPicture)] == film_pictures(film)
    reader.seek(4.0)
    while isinstance(item := reader.head(), Waiting):
        pass
    assert item.seconds == pytest.approx(4.0, abs=0.03)
    reader.close()
    reader.close()
    reader.join()


def test_the_resting_picture_is_the_one_that_was_seen(tmp_path):
    film = ready_film(tmp_path)
    pictures = film_pictures(film)
    reader = MediaReader(film)
    nals = rest_picture(film, 1.5)
    assert nals[:2] == pictures[0].nals[:2]
    reader.close()
    assert rest_picture(film.with_name("gone.mkv"), 1.0) == ()

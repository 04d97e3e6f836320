"""Versions of transcripts: which one counts, growing, and that no version is ever lost."""

from __future__ import annotations

import pytest

from library import transcripts
from library.database import Database
from library.transcript_formats import Cue, UnfitTranscript, Word
from tests.library.archive_rows import make_recording, make_room

HEARD = (Cue(0.0, 1.5, "二分探索", (Word(0.0, 0.7, "二分"), Word(0.7, 1.5, "探索"))), Cue(2.0, 3.0, "です"))
READ = (Cue(0.0, 1.5, "線形探索"),)


@pytest.fixture
def recording(database: Database) -> str:
    return make_recording(database, make_room(database))


def current_cues(database: Database, recording: str) -> tuple[Cue, ...]:
    with database.reading() as transaction:
        row = transcripts.current(transaction, recording)
        return transcripts.cues_of(transaction, row) if row is not None else ()


def save(database: Database, recording: str, cues, **words) -> int:
    with database.session() as transaction:
        return transcripts.save(transaction, recording, "ja", cues, **words)


def test_a_transcript_comes_back_with_its_words(database: Database, recording: str) -> None:
    assert current_cues(database, recording) == ()
    assert save(database, recording, HEARD, origin="engine") == 1
    assert current_cues(database, recording) == HEARD


def test_the_newest_of_equals_counts(database: Database, recording: str) -> None:
    assert [save(database, recording, cues, origin="engine") for cues in (HEARD, READ)] == [1, 2]
    assert current_cues(database, recording) == READ
    assert save(database, recording, READ, origin="upload") == 3
    assert save(database, recording, HEARD, origin="person") == 4
    assert current_cues(database, recording) == HEARD


@pytest.mark.parametrize("origin", ["person", "upload"])
def test_transcribing_again_never_replaces_what_a_person_wrote(
    database: Database, recording: str, origin: str
) -> None:
    save(database, recording, READ, origin=origin)
    save(database, recording, HEARD, origin="engine")
    assert current_cues(database, recording) == READ
    with database.reading() as transaction:
        found = [(row.version, row.origin) for row in transcripts.versions(transaction, recording)]
    assert found == [(2, "engine"), (1, origin)]


def test_it_grows_chunk_by_chunk(database: Database, recording: str) -> None:
    with database.session() as transaction:
        version = transcripts.begin(transaction, recording)
    for cue in HEARD:
        with database.session() as transaction:
            transcripts.append(transaction, recording, version, [cue], language="ja")
    assert current_cues(database, recording) == HEARD
    with database.session() as transaction:
        transcripts.finish(transaction, recording, version)
        transcripts.finish(transaction, recording, version)
        row = transcripts.current(transaction, recording)
        assert row is not None and (row.language, row.complete) == ("ja", True)
    with database.session() as transaction, pytest.raises(transcripts.NotGrowing):
        transcripts.append(transaction, recording, version, [HEARD[0]])


def test_one_that_grows_again_takes_over_when_it_is_whole(database: Database, recording: str) -> None:
    save(database, recording, HEARD, origin="engine")
    with database.session() as transaction:
        version = transcripts.begin(transaction, recording, "ja")
        transcripts.append(transaction, recording, version, READ)
    assert current_cues(database, recording) == HEARD
    with database.session() as transaction:
        transcripts.finish(transaction, recording, version)
    assert current_cues(database, recording) == READ


def test_what_is_unfit_leaves_nothing(database: Database, recording: str) -> None:
    with pytest.raises(UnfitTranscript):
        save(database, recording, [Cue(2, 1, "x")], origin="engine")
    with pytest.raises(UnfitTranscript), database.session() as transaction:
        transcripts.save(transaction, recording, "日本語", READ, origin="engine")
    with database.reading() as transaction:
        assert transcripts.versions(transaction, recording) == []


def test_a_recording_that_goes_takes_its_transcripts_along(database: Database, recording: str) -> None:
    other = make_recording(database, make_room(database, "other"))
    for one in (recording, other):
        save(database, one, HEARD, origin="engine")
    with database.session() as transaction:
        transcripts.remove(transaction, recording)
    assert (current_cues(database, recording), current_cues(database, other)) == ((), HEARD)

"""Films of rooms in the database: bounds, one film per recording, states, and what goes with a film."""

from __future__ import annotations

import pytest

from library import films
from library.database import Database, new_id, utc_now
from library.jobs import Jobs
from library.models import Film, FilmState, Job, LectureSession
from people.models import Room


def add(database: Database, room: Room, *, complete: bool = False) -> Film:
    with database.session() as session:
        film = films.add(
            session,
            room_id=room.id,
            organization_id=room.organization_id,
            owner_id=str(room.owner_id),
            title="t" * 300,
            size=5,
        )
        if complete:
            films.prepare(session, film, "/somewhere")
    return film


def test_unfinished_uploads_and_films_are_bounded(
    database: Database, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(films.MAX_UPLOADING):
        assert len(add(database, room).title) == films.MAX_TITLE
    with pytest.raises(films.TooManyFilms):
        add(database, room)
    monkeypatch.setattr(films, "MAX_UPLOADING", 100)
    monkeypatch.setattr(films, "MAX_FILMS", films.MAX_UPLOADING + 5)
    while len(_all(database, room)) < films.MAX_FILMS:
        add(database, room, complete=True)
    with pytest.raises(films.TooManyFilms):
        add(database, room)


def test_a_recording_is_one_film_until_it_failed(database: Database, room: Room) -> None:
    with database.session() as session:
        recording = LectureSession(
            id=new_id(), room_id=room.id, organization_id=room.organization_id, title="L", phase="ended",
            started_at=utc_now(), mp4_path="/x.mp4", mp4_bytes=7,
        )  # fmt: skip
        session.add(recording)
        session.flush()
        first = films.add_recording(session, room.id, str(room.owner_id), recording)
        assert films.add_recording(session, room.id, str(room.owner_id), recording).id == first.id
        first.state = FilmState.FAILED
        session.flush()
        assert films.add_recording(session, room.id, str(room.owner_id), recording).id != first.id


def test_the_newest_film_is_first_and_each_has_its_job(database: Database, room: Room) -> None:
    old, new = add(database, room, complete=True), add(database, room)
    assert [(film.id, job is not None) for film, job in _all(database, room)] == [
        (new.id, False),
        (old.id, True),
    ]


def test_preparing_is_ordered_once_and_forgotten_with_the_film(database: Database, room: Room) -> None:
    film = add(database, room, complete=True)
    with database.session() as session:
        found = films.in_room(session, room.id, film.id)
        assert found is not None
        films.prepare(session, found, "/elsewhere")
        assert session.query(Job).one().payload == {"source": "/somewhere"}
        assert films.in_room(session, "another", film.id) is None
        job_id = films.remove(session, found)
    assert job_id is not None and Jobs(database).cancel(job_id)
    assert _all(database, room) == []
    assert not films.is_prepared(database, film.id, {"refused": "empty"})


def _all(database: Database, room: Room) -> list[tuple[Film, Job | None]]:
    with database.reading() as session:
        return films.of_room(session, room.id)

"""Films of rooms: from an upload or a recording to what can be played, and away again.

Called from web threads within the caller's transaction, and by the worker. Where the bytes lie is the
caller's: an upload grows in one folder, the job that `prepare` orders writes the film into another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from library import jobs
from library.database import Database, exclusive
from library.models import Film, FilmState, Job, JobState, LectureSession

KIND = "media"
LANE = "media"
MAX_UPLOADING = 5
MAX_FILMS = 200
MAX_TITLE = 200
GIVEN_UP = "given_up"


class TooManyFilms(Exception):
    """The room has MAX_FILMS, or MAX_UPLOADING that are not complete."""


def add(
    session: Session, *, room_id: str, organization_id: str, owner_id: str, title: str, size: int
) -> Film:
    """A film that is going to be uploaded. Raises TooManyFilms."""
    film = Film(
        room_id=room_id,
        organization_id=organization_id,
        owner_id=owner_id,
        title=title[:MAX_TITLE],
        bytes=size,
    )
    return _added(session, film)


def add_recording(
    session: Session, room_id: str, owner_id: str, recording: LectureSession, mp4: Path | None = None
) -> Film:
    """The recording as a film of the room; the one that is there already, if any. Raises TooManyFilms.

    `mp4`: where its file is now, if that is not as its row tells.
    """
    exclusive(session, f"films:{room_id}")
    query = select(Film).where(Film.room_id == room_id, Film.session_id == recording.id)
    known = session.scalar(query.where(Film.state != FilmState.FAILED))
    if known is not None:
        return known
    film = Film(
        room_id=room_id,
        organization_id=recording.organization_id,
        owner_id=owner_id,
        session_id=recording.id,
        title=recording.title[:MAX_TITLE],
        bytes=recording.mp4_bytes or 0,
    )
    _added(session, film)
    prepare(session, film, str(mp4 or recording.mp4_path))
    return film


def _added(session: Session, film: Film) -> Film:
    exclusive(session, f"films:{film.room_id}")
    counted = select(Film.state, func.count()).where(Film.room_id == film.room_id).group_by(Film.state)
    counts = {str(state): count for state, count in session.execute(counted)}
    if counts.get(FilmState.UPLOADING, 0) >= MAX_UPLOADING or sum(counts.values()) >= MAX_FILMS:
        raise TooManyFilms(film.room_id)
    session.add(film)
    session.flush()
    return film


def prepare(session: Session, film: Film, source: str) -> None:
    """All of it is at `source`: order the job. Idempotent."""
    film.state = FilmState.PREPARING
    jobs.enqueue(
        session,
        kind=KIND,
        key=f"{KIND}:{film.id}",
        subject=film.id,
        payload={"source": source},
        lane=LANE,
    )


def is_prepared(database: Database, film_id: str, result: Mapping[str, Any]) -> bool:
    """What the job made: a film, or `refused` with a word. Idempotent. False if nobody wants it any more."""
    with database.session() as session:
        film = session.get(Film, film_id)
        if film is None:
            return False
        if "refused" in result and film.state == FilmState.READY:
            return True  # it was prepared before: an attempt that came later finds its upload gone
        if "refused" in result:
            film.state, film.reason = FilmState.FAILED, str(result["refused"])[:50]
            return True
        film.state, film.reason = FilmState.READY, None
        film.seconds, film.cut = float(result["seconds"]), bool(result["cut"])
        film.width, film.height = int(result["width"]), int(result["height"])
    return True


def of_room(session: Session, room_id: str) -> list[tuple[Film, Job | None]]:
    """The newest first, each with its job."""
    query = (
        select(Film, Job)
        .outerjoin(Job, and_(Job.subject == Film.id, Job.kind == KIND))
        .where(Film.room_id == room_id)
        .order_by(Film.created_at.desc(), Film.id.desc())
    )
    return [(film, job) for film, job in session.execute(query)]


def in_room(session: Session, room_id: str, film_id: str) -> Film | None:
    film = session.get(Film, film_id)
    return film if film is not None and film.room_id == room_id else None


def state_of(film: Film, job: Job | None) -> tuple[FilmState, str | None]:
    """What to tell of it, and why it failed: a job may have been given up."""
    state = FilmState(film.state)
    stopped = job is not None and job.state in (JobState.FAILED, JobState.CANCELLED)
    if state is FilmState.PREPARING and stopped:
        return FilmState.FAILED, GIVEN_UP
    return state, film.reason


def remove(session: Session, film: Film) -> str | None:
    """Forget it → the id of a job to cancel, once this is committed. Its files are the caller's."""
    job = jobs.newest_of(session, KIND, film.id)
    session.delete(film)
    return job.id if job is not None else None


def uploading(session: Session) -> Sequence[Film]:
    """Uploads that are not complete, of all rooms."""
    return session.scalars(select(Film).where(Film.state == FilmState.UPLOADING)).all()

"""Rows of the archive: lectures held in rooms, films for them, and the leased jobs that work on both.

`Film` and `Upload` are written by the API and by the jobs that prepare them, `ScheduledLecture` by the API
and, once, by the adoption of the session that held it. `LectureSession` is written by the web process's
adoption from `session.json` (the truth while a lecture runs), and what people say of it through
`library.catalogue`, as are `Series` and `Tag`; `Job` only through `library.jobs`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from library.database import Base, new_id, utc_now
from library.keeping import Kept

ID_LENGTH = 36


class Visibility(StrEnum):
    """Who may watch a recording. `room`: as its room is; `private`: who may edit it; `unlisted`: who has its
    address; `organization`: the organization's people; `public`: everybody.
    """

    ROOM = "room"
    PRIVATE = "private"
    UNLISTED = "unlisted"
    ORGANIZATION = "organization"
    PUBLIC = "public"


class Series(Base):
    """Lectures that belong together, such as a course. Its title is its name within the organization.

    `glossary`: words that come in it, a line each, which what transcribes it is told of.
    """

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("organization_id", "title", name="uq_series_organization_id_title"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    title: Mapped[str] = mapped_column(String(200))
    glossary: Mapped[str] = mapped_column(Text, default="", server_default="")


# Lists in an order that is not the rows' own pass over those that a reader does not see without reading them.
_SEEN_BY = ("visibility", "room_id", "organization_id")


class LectureSession(Base):
    """One lecture as the database knows it, and its recording. `state_version` is `session.json`'s, and only
    rises.

    `edit_version`: of the edit list that its replay shows, as the files tell it (`recorder.edit_list_files`);
    `mp4_version`: of the one that the MP4 holds, if there is an MP4; `seconds`: length of the replay.
    `language`: BCP 47. From the end on these say who may watch: `visibility`; `publish_at`, `expires_at`,
    before and after which only its editors may; `deleted_at`, since when it is in the trash. `access_epoch`:
    the installation's count of changes of that, when they last changed; 0 where they never did. `words`: what
    the catalogue's search looks into (`library.catalogue_words`). `pictures_version`: of the one that its
    pictures are of, None until there are any. `poster`: names its poster's content, None without one;
    `poster_at`: the moment that somebody chose for it, seconds of the session's clock. `hidden_spans`: what
    the newest version hides, `[start, end, "cut" | "private"]` on that clock; `withheld_before`: the first
    version whose MP4 and pictures show nothing private. `shown`: which spans of that clock its replay shows
    (`library.watched_spans.packed`); None while it runs, and in rows that are older than the column.
    `downloads`: whether who may watch it gets its MP4, too. `kept`: what becomes of its recording
    (`library.keeping`), settled when it ends; `held_until`: when one that is held goes.
    `removal`: why it is removed for good, or was: then this row is all that is left; `removal_by`: who said
    so, None where a rule did; `removed_at`: when its files were gone.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("phase IN ('live', 'slate', 'ended')", name="phase"),
        CheckConstraint(
            "visibility IN ('room', 'private', 'unlisted', 'organization', 'public')", name="visibility"
        ),
        CheckConstraint("kept IN ('published', 'held', 'none')", name="kept"),
        CheckConstraint("removal IN ('organization', 'unclaimed', 'owner', 'trash')", name="removal"),
        Index("ix_sessions_room_id_started_at", "room_id", "started_at"),
        Index("ix_sessions_phase_started_at_id", "phase", "started_at", "id"),
        Index("ix_sessions_by_title", "phase", "title", "id", *_SEEN_BY),
        Index("ix_sessions_by_seconds", "phase", "seconds", "id", *_SEEN_BY),
        Index("ix_sessions_of_lecturer", "phase", "lecturer", "started_at", "id"),
        Index("ix_sessions_of_series", "phase", "series_id", "started_at", "id"),
        Index("ix_sessions_of_language", "phase", "language", "started_at", "id"),
        Index("ix_sessions_access_epoch", "access_epoch"),
        Index("ix_sessions_deleted_at", "deleted_at"),
        Index("ix_sessions_removal_deleted_at", "removal", "deleted_at"),
        Index("ix_sessions_held_until", "held_until"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    phase: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    end_reason: Mapped[str | None] = mapped_column(String(200), default=None)
    state_version: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    mp4_path: Mapped[str | None] = mapped_column(String(500), default=None)
    mp4_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    edit_version: Mapped[int] = mapped_column(default=1, server_default="1")
    mp4_version: Mapped[int] = mapped_column(default=1, server_default="1")
    lecturer: Mapped[str] = mapped_column(String(200), default="", server_default="")
    language: Mapped[str | None] = mapped_column(String(35), default=None)
    license: Mapped[str | None] = mapped_column(String(100), default=None)
    series_id: Mapped[str | None] = mapped_column(ForeignKey("series.id"), default=None)
    visibility: Mapped[str] = mapped_column(String(16), default=Visibility.ROOM, server_default="room")
    publish_at: Mapped[datetime | None] = mapped_column(default=None)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
    seconds: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    access_epoch: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    pictures_version: Mapped[int | None] = mapped_column(default=None)
    poster: Mapped[str | None] = mapped_column(String(64), default=None)
    poster_at: Mapped[float | None] = mapped_column(default=None)
    hidden_spans: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")
    withheld_before: Mapped[int] = mapped_column(default=1, server_default="1")
    shown: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), default=None)
    downloads: Mapped[bool] = mapped_column(default=True, server_default=true())
    kept: Mapped[str] = mapped_column(String(16), default=Kept.PUBLISHED, server_default="published")
    held_until: Mapped[datetime | None] = mapped_column(default=None)
    removal: Mapped[str | None] = mapped_column(String(16), default=None)
    removal_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"), default=None)
    removed_at: Mapped[datetime | None] = mapped_column(default=None)


class Tag(Base):
    """A word that a recording is found by, as it was written."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_tag_session_id", "tag", "session_id"),)

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(50), primary_key=True)


class ClockReading(Base):
    """The wall clock as it was read last before recordings are removed for good (`library.keeping.Reading`);
    one row. `steady`: seconds.
    """

    __tablename__ = "clock_readings"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column()
    steady: Mapped[float] = mapped_column()


class BackupGeneration(Base):
    """A generation as the backup's place listed it last (`library.backup_records`): pages need not ask there.

    `bytes`: of all in it; `bytes_new`: of what no earlier one had. `verified`: what was new was read again.
    """

    __tablename__ = "backup_generations"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(50))
    objects: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    bytes_new: Mapped[int] = mapped_column(BigInteger)
    verified: Mapped[bool] = mapped_column()


class BackupResult(Base):
    """What became of one backup, proof, check or drill. `details`: counts, and what was wrong by name."""

    __tablename__ = "backup_results"
    __table_args__ = (
        CheckConstraint("kind IN ('backup', 'proof', 'verify', 'drill')", name="kind"),
        Index("ix_backup_results_kind_at", "kind", "at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16))
    generation: Mapped[str | None] = mapped_column(String(100), default=None)
    at: Mapped[datetime] = mapped_column()
    seconds: Mapped[float] = mapped_column()
    ok: Mapped[bool] = mapped_column()
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobWait(StrEnum):
    """Why a job waits that was tried already. A program may give a word of its own, too."""

    RETRY = "retry"  # it failed, and is tried again after a growing wait
    DISK = "disk"  # there is no room
    MODEL = "model"  # what it works with is not there
    SCANNER = "scanner"  # nobody can check it for viruses
    LATER = "later"  # as its message says


class Job(Base):
    """A piece of heavy work. `owner` and `attempt` fence: who lost the lease can write no more.

    `subject`: id of what it works on. `key`: unique; enqueuing it again is no second job.
    `progress`: 0 to 1. `lane`: only so many jobs of a lane run at a time in each worker.
    `started_at`, `paced_at`, `paced_from`: of the newest attempt: its beginning, and when and where its
    progress was first told. `waits_for`: a JobWait, or a program's own word. `error`, `log`: of the newest
    attempt that failed: why, and its last lines; until the job is done.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
        Index("ix_jobs_lane_state_not_before", "lane", "state", "not_before"),
        Index("ix_jobs_state_finished_at_id", "state", "finished_at", "id"),
        Index("ix_jobs_finished_at_id", "finished_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(50))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    subject: Mapped[str] = mapped_column(String(200), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(16), default=JobState.WAITING)
    lane: Mapped[str] = mapped_column(String(50))
    owner: Mapped[str | None] = mapped_column(String(100), default=None)
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    not_before: Mapped[datetime] = mapped_column(default=utc_now)
    waits_for: Mapped[str | None] = mapped_column(String(20), default=None)
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str] = mapped_column(String(500), default="")
    error: Mapped[str | None] = mapped_column(Text, default=None)
    log: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    paced_at: Mapped[datetime | None] = mapped_column(default=None)
    paced_from: Mapped[float] = mapped_column(default=0.0, server_default="0")
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class FilmState(StrEnum):
    UPLOADING = "uploading"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class Film(Base):
    """A film to be played into a room's lectures, from an upload or (`session_id`) a recording.

    `bytes`: of the upload as told, or of the recording. `reason`: why it failed, a word of
    `recorder.media_facts`. `seconds`, `width`, `height`: once it is ready. `cut`: the file told of more.
    """

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("state IN ('uploading', 'preparing', 'ready', 'failed')", name="state"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), index=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), default=None)
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id"), default=None)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default=FilmState.UPLOADING)
    reason: Mapped[str | None] = mapped_column(String(50), default=None)
    bytes: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float | None] = mapped_column(default=None)
    width: Mapped[int | None] = mapped_column(default=None)
    height: Mapped[int | None] = mapped_column(default=None)
    cut: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class UploadState(StrEnum):
    UPLOADING = "uploading"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"
    QUARANTINED = "quarantined"


class Upload(Base):
    """A file on its way into the library: `session_id` is the recording that it becomes.

    `filename`: as it was called. `bytes`: as told. `reason`: why it failed, a word of `recorder.media_facts`;
    of one in quarantine, what was found in it.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(
            "state IN ('uploading', 'preparing', 'ready', 'failed', 'quarantined')", name="state"
        ),
        Index("ix_uploads_state_created_at", "state", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), default=None)
    filename: Mapped[str] = mapped_column(String(300))
    bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), default=UploadState.UPLOADING)
    reason: Mapped[str | None] = mapped_column(String(200), default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ScheduledLecture(Base):
    """A lecture that is to be held. `minutes`: its planned length. `session_id`: the session that held it."""

    __tablename__ = "scheduled_lectures"
    __table_args__ = (
        Index("ix_scheduled_lectures_room_id_starts_at", "room_id", "starts_at"),
        Index("ix_scheduled_lectures_starts_at_id", "starts_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id"), default=None)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime] = mapped_column()
    minutes: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class CopyState(StrEnum):
    UPLOADING = "uploading"
    WHOLE = "whole"


class SafetyCopy(Base):
    """A piece of what a studio kept of a lecture, to heal the gaps of its recording with.

    `bytes`: as told. `began_at`: unix seconds by this server's clock when its first sample was taken, as the
    studio guessed it.
    """

    __tablename__ = "copies"
    __table_args__ = (CheckConstraint("state IN ('uploading', 'whole')", name="state"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=CopyState.UPLOADING)
    bytes: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[float] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ObjectState(StrEnum):
    WHOLE = "whole"
    DAMAGED = "damaged"


class MediaObject(Base):
    """A file of a recording as it was when it was whole, and the store (`ObjectStore.name`) that keeps it.

    `kind`: `take`, `index`, `edits` or `mp4`. `session_id`: None once the session is deleted; copies in other
    stores are then removed. `damaged_reason`: a word of `Damage`. `verified_at`: when it was read last.
    `moved_at`: since when the disk has given it up, for the copy in the bucket has it all.
    """

    __tablename__ = "objects"
    __table_args__ = (
        CheckConstraint("state IN ('whole', 'damaged')", name="state"),
        UniqueConstraint("store", "key"),
        Index("ix_objects_store_verified_at_id", "store", "verified_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    store: Mapped[str] = mapped_column(String(300))
    key: Mapped[str] = mapped_column(String(500))
    session_id: Mapped[str | None] = mapped_column(
        ForeignKey("sessions.id", ondelete="SET NULL"), default=None, index=True
    )
    kind: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), default=ObjectState.WHOLE, index=True)
    damaged_reason: Mapped[str | None] = mapped_column(String(20), default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    verified_at: Mapped[datetime] = mapped_column(default=utc_now)
    moved_at: Mapped[datetime | None] = mapped_column(default=None)


class TranscriptOrigin(StrEnum):
    """Who wrote it: a speech engine, a person in the editor, a person's file."""

    ENGINE = "engine"
    PERSON = "person"
    UPLOAD = "upload"


class TranscriptRow(Base):
    """A version of what was said in a session; its cues never change, but those of one that is still growing
    (`complete` false) become more. `language`: BCP 47, None while nobody knows. `author`: a user's id.
    """

    __tablename__ = "transcripts"
    __table_args__ = (
        CheckConstraint("origin IN ('engine', 'person', 'upload')", name="origin"),
        UniqueConstraint("session_id", "version"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"))
    version: Mapped[int] = mapped_column()
    language: Mapped[str | None] = mapped_column(String(35), default=None)
    origin: Mapped[str] = mapped_column(String(16))
    complete: Mapped[bool] = mapped_column(default=True)
    author: Mapped[str | None] = mapped_column(ForeignKey("users.id"), default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class CueRow(Base):
    """`number` from 0, in order of time; `start` and `end` in seconds of the session's clock. `hidden`: some
    of it lies in a hidden span, so that it is not found.
    """

    __tablename__ = "cues"

    transcript_id: Mapped[str] = mapped_column(ForeignKey("transcripts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    start: Mapped[float] = mapped_column()
    end: Mapped[float] = mapped_column()
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    hidden: Mapped[bool] = mapped_column(default=False, server_default=false())


class SearchPlace(Base):
    """Where a session stands among what can be found (`search_index`): `place` numbers its passages.

    `transcript_id`: whose cues are found; `about`: the words of its title, lecturer and description that are.
    """

    __tablename__ = "search_places"

    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), unique=True)
    transcript_id: Mapped[str | None] = mapped_column(ForeignKey("transcripts.id"), default=None)
    about: Mapped[str] = mapped_column(Text, default="")


class WatchedRow(Base):
    """What a signed-in viewer has watched of a recording (`library.watching`).

    `spans`: as `library.watched_spans.packed` gives them, `position`: where it was left, seconds of the
    session's clock. `credit`: seconds that may be claimed beyond the time that passes.
    """

    __tablename__ = "watched"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True, index=True)
    spans: Mapped[list[int]] = mapped_column(JSON)
    position: Mapped[float] = mapped_column()
    credit: Mapped[float] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()


class ChapterOrigin(StrEnum):
    """Where a chapter comes from: a person, a person's WebVTT file, something that happened in it."""

    PERSON = "person"
    VTT = "vtt"
    EVENT = "event"


class ChapterRow(Base):
    """`number` from 0, in order of time; `at` in seconds of the session's clock, up to the next one's."""

    __tablename__ = "chapters"
    __table_args__ = (CheckConstraint("origin IN ('person', 'vtt', 'event')", name="origin"),)

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[float] = mapped_column()
    title: Mapped[str] = mapped_column(String(300))
    origin: Mapped[str] = mapped_column(String(16))


class AlarmRow(Base):
    """Trouble that named people are told of (`library.alarm_states.Alarm`); at most one of a kind and subject
    is open.
    """

    __tablename__ = "alarms"
    __table_args__ = (
        Index(
            "uq_alarms_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("recovered_at IS NULL"),
            postgresql_where=text("recovered_at IS NULL"),
        ),
        Index("ix_alarms_since_id", "since", "id"),
        Index("ix_alarms_recovered_at", "recovered_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(50))
    subject: Mapped[str] = mapped_column(String(200), default="")
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id"), default=None)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    since: Mapped[datetime] = mapped_column()
    again: Mapped[int] = mapped_column(default=0)
    quiet_since: Mapped[datetime | None] = mapped_column(default=None)
    told_at: Mapped[datetime | None] = mapped_column(default=None)
    recovered_at: Mapped[datetime | None] = mapped_column(default=None)
    recovery_told_at: Mapped[datetime | None] = mapped_column(default=None)


class AvailabilityDay(Base):
    """For how many seconds of a day (UTC, `2026-11-26`) a probe found its thing well, or not, or was not made
    (`skipped`). What is left of the day nobody looked.
    """

    __tablename__ = "availability_days"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    probe: Mapped[str] = mapped_column(String(50), primary_key=True)
    good: Mapped[float] = mapped_column(Float)
    bad: Mapped[float] = mapped_column(Float)
    skipped: Mapped[float] = mapped_column(Float)


class Device(StrEnum):
    """What somebody watches with, as far as its browser tells."""

    PHONE = "phone"
    TABLET = "tablet"
    DESKTOP = "desktop"
    OTHER = "other"


class Visit(Base):
    """One watching of one lecture, live or recorded, by one page (`library.usage`; decision 0028).

    `id`: made of the page's own random value, the room and the lecture, so that whichever web process hears a
    beacon writes the same row. `viewer`: made of that value alone, what strangers are counted by; `user_id`:
    who was signed in. No references: a row must not keep a person, a room or a lecture from being removed.
    `seconds`: played; `stalled`: of waiting for media; `height`, `kbps`: of the picture seen last.
    """

    __tablename__ = "visits"
    __table_args__ = (
        CheckConstraint("device IN ('phone', 'tablet', 'desktop', 'other')", name="device"),
        Index("ix_visits_started_at_id", "started_at", "id"),
        Index("ix_visits_organization_id_started_at_id", "organization_id", "started_at", "id"),
        Index("ix_visits_user_id", "user_id"),
    )

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    room_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    session_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), default=None)
    user_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), default=None)
    viewer: Mapped[str] = mapped_column(String(16))
    live: Mapped[bool] = mapped_column()
    device: Mapped[str] = mapped_column(String(8))
    started_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime] = mapped_column()
    seconds: Mapped[int] = mapped_column(default=0)
    stalled: Mapped[int] = mapped_column(default=0)
    stalls: Mapped[int] = mapped_column(default=0)
    height: Mapped[int | None] = mapped_column(default=None)
    kbps: Mapped[int | None] = mapped_column(default=None)
    latency_ms: Mapped[int | None] = mapped_column(default=None)


class UsageTotal(Base):
    """What visits that began in a day, week or month add up to; of nobody in particular, and kept.

    `span`: a `usage_periods.Span`; `first`: its first day in the server's zone, ISO. `room_id` "": of all of
    the organization's rooms; `organization_id` "", too: of the installation; that row is there for each
    period that was added up. `smooth`: visits that waited for less than a hundredth of their time.
    `latency_ms`, `kbps`: means of those that told theirs.
    """

    __tablename__ = "usage_totals"

    span: Mapped[str] = mapped_column(String(8), primary_key=True)
    first: Mapped[str] = mapped_column(String(10), primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    lectures: Mapped[int] = mapped_column(default=0)
    visits: Mapped[int] = mapped_column(default=0)
    viewers: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[int] = mapped_column(BigInteger, default=0)
    stalled: Mapped[int] = mapped_column(BigInteger, default=0)
    smooth: Mapped[int] = mapped_column(default=0)
    phones: Mapped[int] = mapped_column(default=0)
    tablets: Mapped[int] = mapped_column(default=0)
    desktops: Mapped[int] = mapped_column(default=0)
    latency_ms: Mapped[int | None] = mapped_column(default=None)
    kbps: Mapped[int | None] = mapped_column(default=None)
    added_up_at: Mapped[datetime] = mapped_column()


class Notice(Base):
    """Words of an admin to all users: of an organization, or (None) of the installation.

    `texts`: by language (`ja`, `en`, `zh`), at least one. Shown from `starts_at` to `ends_at` (None: until it
    is withdrawn). `mailed_at`: when somebody ordered that it goes by mail, too.
    """

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_starts_at", "starts_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id"), default=None)
    texts: Mapped[dict[str, str]] = mapped_column(JSON)
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[str | None] = mapped_column(String(ID_LENGTH), default=None)
    mailed_at: Mapped[datetime | None] = mapped_column(default=None)


class NoticeMail(Base):
    """To whom a notice was sent by mail: written before it is, so that nobody ever gets it twice.

    `sent_at`: None while it is on its way, and for good where the job was killed just then.
    """

    __tablename__ = "notice_mails"

    notice_id: Mapped[str] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    refused: Mapped[bool] = mapped_column(default=False, server_default=false())

"""What was said in a session, in versions: written by an engine chunk by chunk, by a person, or from a file.

Called within the caller's transaction, in web, worker and command line. A version's cues never change; which
version counts is a rule, not a mark: a person's before an engine's, a whole one before one that is still
growing, then the newest. So transcribing again takes nothing away from what somebody corrected. The version
that counts is the one that is found (`search_index`), from the same transaction on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from library import hidden_words, search_index
from library.database import exclusive
from library.hidden_words import Hidden
from library.models import CueRow, LectureSession, TranscriptOrigin, TranscriptRow
from library.transcript_formats import Cue, check_language, fit_cues, words_of, words_values

_CHUNK = 500


class NotGrowing(LookupError):
    """There is no such version to be added to: it is complete, or gone."""


def save(
    transaction: Session,
    session_id: str,
    language: str | None,
    cues: Iterable[Cue],
    *,
    origin: TranscriptOrigin | str,
    author: str | None = None,
) -> int:
    """A new, whole version → its number. Raises UnfitTranscript."""
    row = _new_version(transaction, session_id, language, TranscriptOrigin(origin), author)
    _add(transaction, row, 0, fit_cues(cues))
    _index(transaction, session_id)
    return row.version


def begin(transaction: Session, session_id: str, language: str | None = None) -> int:
    """A version of an engine's that `append` makes longer and `finish` completes → its number."""
    row = _new_version(transaction, session_id, language, TranscriptOrigin.ENGINE, None)
    row.complete = False
    transaction.flush()
    _index(transaction, session_id)
    return row.version


def append(
    transaction: Session,
    session_id: str,
    version: int,
    cues: Iterable[Cue],
    *,
    language: str | None = None,
) -> None:
    """More of a growing version, later than what it has; `language`, where it was not known before.

    In the transaction that notes which chunk was done, nothing is written twice after a kill. Raises
    UnfitTranscript, NotGrowing.
    """
    row = _growing(transaction, session_id, version)
    row.language = row.language or check_language(language)
    transaction.flush()
    known = count_cues(transaction, row)
    _add(transaction, row, known, fit_cues(cues))
    search_index.index_more(transaction, session_id, row, known)


def finish(transaction: Session, session_id: str, version: int) -> None:
    """The version is whole. Idempotent."""
    row = _version(transaction, session_id, version)
    if row is not None and not row.complete:
        row.complete = True
        transaction.flush()
        _index(transaction, session_id)


def lock(transaction: Session, session_id: str) -> None:
    """Nobody else writes a version of it until the transaction ends."""
    exclusive(transaction, f"transcript:{session_id}")


def current(transaction: Session, session_id: str) -> TranscriptRow | None:
    """The version that is shown and searched; None where there is none."""
    by_engine = case((TranscriptRow.origin == TranscriptOrigin.ENGINE, 1), else_=0)
    query = _of(session_id).order_by(by_engine, TranscriptRow.complete.desc(), TranscriptRow.version.desc())
    return transaction.scalar(query.limit(1))


def versions(transaction: Session, session_id: str) -> Sequence[TranscriptRow]:
    """All of them, newest first."""
    return transaction.scalars(_of(session_id).order_by(TranscriptRow.version.desc())).all()


def cues_of(
    transaction: Session, row: TranscriptRow, first: int = 0, most: int | None = None
) -> tuple[Cue, ...]:
    """A version's cues from number `first` on, at most `most`."""
    query = select(CueRow).where(CueRow.transcript_id == row.id, CueRow.number >= first)
    rows = transaction.scalars(query.order_by(CueRow.number).limit(most))
    return tuple(Cue(cue.start, cue.end, cue.text, words_of(cue.words)) for cue in rows)


def count_cues(transaction: Session, row: TranscriptRow) -> int:
    query = select(func.count()).select_from(CueRow).where(CueRow.transcript_id == row.id)
    return transaction.scalar(query) or 0


def hide(transaction: Session, session_id: str) -> None:
    """The session hides other spans now: what was said in them is not found any more, from this transaction
    on, and what is not hidden any more is. No cue is changed.
    """
    lock(transaction, session_id)
    search_index.index_transcript(transaction, session_id, None)
    hidden = _hidden(transaction, session_id)
    for row in versions(transaction, session_id):
        cues = cues_of(transaction, row)
        flagged = [number for number, cue in enumerate(cues) if hidden_words.shown(cue, hidden) is not cue]
        of_row = update(CueRow).where(CueRow.transcript_id == row.id)
        transaction.execute(of_row.where(CueRow.hidden).values(hidden=False))
        for begin in range(0, len(flagged), _CHUNK):
            chunk = flagged[begin : begin + _CHUNK]
            transaction.execute(of_row.where(CueRow.number.in_(chunk)).values(hidden=True))
    _index(transaction, session_id)


def remove(transaction: Session, session_id: str) -> None:
    """All versions: the recording is gone for good."""
    search_index.index_transcript(transaction, session_id, None)
    ids = select(TranscriptRow.id).where(TranscriptRow.session_id == session_id)
    transaction.execute(delete(CueRow).where(CueRow.transcript_id.in_(ids)))
    transaction.execute(delete(TranscriptRow).where(TranscriptRow.session_id == session_id))


def _of(session_id: str) -> Select[TranscriptRow]:
    return select(TranscriptRow).where(TranscriptRow.session_id == session_id)


def _version(transaction: Session, session_id: str, version: int) -> TranscriptRow | None:
    return transaction.scalar(_of(session_id).where(TranscriptRow.version == version))


def _growing(transaction: Session, session_id: str, version: int) -> TranscriptRow:
    lock(transaction, session_id)
    row = _version(transaction, session_id, version)
    if row is None or row.complete:
        raise NotGrowing(f"{session_id}, version {version}")
    return row


def _new_version(
    transaction: Session,
    session_id: str,
    language: str | None,
    origin: TranscriptOrigin,
    author: str | None,
) -> TranscriptRow:
    lock(transaction, session_id)
    newest = select(func.max(TranscriptRow.version)).where(TranscriptRow.session_id == session_id)
    row = TranscriptRow(
        session_id=session_id,
        version=(transaction.scalar(newest) or 0) + 1,
        language=check_language(language),
        origin=origin,
        author=author,
    )
    transaction.add(row)
    transaction.flush()
    return row


def _index(transaction: Session, session_id: str) -> None:
    search_index.index_transcript(transaction, session_id, current(transaction, session_id))


def _hidden(transaction: Session, session_id: str) -> tuple[Hidden, ...]:
    session = transaction.get(LectureSession, session_id)
    return hidden_words.hidden_of(session.hidden_spans if session is not None else ())


def _add(transaction: Session, row: TranscriptRow, first: int, cues: Sequence[Cue]) -> None:
    if not cues:
        return
    hidden = _hidden(transaction, row.session_id)
    values = [
        {
            "transcript_id": row.id,
            "number": number,
            "start": cue.start,
            "end": cue.end,
            "text": cue.text,
            "words": words_values(cue.words) or None,
            "hidden": hidden_words.shown(cue, hidden) is not cue,
        }
        for number, cue in enumerate(cues, start=first)
    ]
    transaction.execute(insert(CueRow), values)

"""What was said in lectures, and where its words stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime
from library.search_index import BREAK, passage_number, place_number
from library.search_passages import Change, passages_on
from library.search_tokens import words_of

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcripts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=True),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transcripts"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_transcripts_session_id"),
        sa.ForeignKeyConstraint(["author"], ["users.id"], name="fk_transcripts_author"),
        sa.UniqueConstraint("session_id", "version", name="uq_transcripts_session_id_version"),
        sa.CheckConstraint("origin IN ('engine', 'person', 'upload')", name=op.f("ck_transcripts_origin")),
    )
    op.create_table(
        "cues",
        sa.Column("transcript_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("transcript_id", "number", name="pk_cues"),
        sa.ForeignKeyConstraint(["transcript_id"], ["transcripts.id"], name="fk_cues_transcript_id"),
    )
    op.create_table(
        "search_places",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("transcript_id", sa.String(36), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_search_places"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_search_places_session_id"),
        sa.ForeignKeyConstraint(["transcript_id"], ["transcripts.id"], name="fk_search_places_transcript_id"),
        sa.UniqueConstraint("session_id", name="uq_search_places_session_id"),
    )
    _make_passage_words()
    _index_what_is_there()


def _make_passage_words() -> None:
    """What `library.search_passages` writes: of no model, for each database has its own."""
    if op.get_bind().dialect.name == "postgresql":
        # In the row and not compressed: phrases are looked up in it, and to unpack it costs more.
        op.execute(
            "CREATE TABLE passage_words (id bigint PRIMARY KEY, words tsvector NOT NULL)"
            " WITH (toast_tuple_target = 8160)"
        )
        op.execute("ALTER TABLE passage_words ALTER COLUMN words SET STORAGE EXTERNAL")
        op.execute("CREATE INDEX ix_passage_words_words ON passage_words USING gin (words)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE passage_words USING fts5(words, content='', tokenize='ascii', prefix=1)"
        )


def _index_what_is_there() -> None:
    """Titles, lecturers and descriptions of the lectures up to now."""
    connection = op.get_bind()
    passages, taken = passages_on(connection), set()
    rows = connection.execute(
        sa.text(
            "SELECT sessions.id, sessions.started_at, sessions.title, users.display_name,"
            " sessions.description FROM sessions JOIN rooms ON rooms.id = sessions.room_id"
            " LEFT JOIN users ON users.id = rooms.owner_id"
            " ORDER BY sessions.started_at, sessions.id"
        ).columns(started_at=UtcDateTime())
    )
    for session_id, started_at, *about in rows.all():
        place = place_number(started_at)
        while place in taken:
            place += 1
        taken.add(place)
        words = BREAK.join(one for one in about if one)
        told = {"place": place, "session": session_id, "about": words}
        connection.execute(
            sa.text("INSERT INTO search_places (place, session_id, about) VALUES (:place, :session, :about)"),
            told,
        )
        passages.replace([Change(passage_number(place, 0), (), words_of(words))])


def downgrade() -> None:
    op.drop_table("passage_words")
    op.drop_table("search_places")
    op.drop_table("cues")
    op.drop_table("transcripts")

"""The catalogue: what people say of a recording and who may watch it; tokens for programs."""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_sessions_by_title": ["phase", "title", "id", "visibility", "room_id", "organization_id"],
    "ix_sessions_by_seconds": ["phase", "seconds", "id", "visibility", "room_id", "organization_id"],
    "ix_sessions_of_lecturer": ["phase", "lecturer", "started_at", "id"],
    "ix_sessions_of_series": ["phase", "series_id", "started_at", "id"],
    "ix_sessions_of_language": ["phase", "language", "started_at", "id"],
    "ix_sessions_access_epoch": ["access_epoch"],
    "ix_sessions_deleted_at": ["deleted_at"],
}


def upgrade() -> None:
    _make_tables()
    for column in _columns():
        op.add_column("sessions", column)
    # By hand: Alembic would make SQLite's table anew for a constraint, and other tables refer to it.
    op.execute(
        "ALTER TABLE sessions ADD COLUMN series_id VARCHAR(36) "
        "CONSTRAINT fk_sessions_series_id REFERENCES series (id)"
    )
    op.execute(
        "ALTER TABLE sessions ADD COLUMN visibility VARCHAR(16) DEFAULT 'room' NOT NULL CONSTRAINT "
        "ck_sessions_visibility CHECK "
        "(visibility IN ('room', 'private', 'unlisted', 'organization', 'public'))"
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "sessions", columns)
    _fill_in()


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "sessions")
    with op.batch_alter_table("sessions") as table:
        table.drop_constraint(op.f("ck_sessions_visibility"), type_="check")
        for name in ("visibility", "series_id", *(column.name for column in _columns())):
            table.drop_column(name)
    for name in ("api_tokens", "tags", "series"):
        op.drop_table(name)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("lecturer", sa.String(200), nullable=False, server_default=""),
        sa.Column("language", sa.String(35), nullable=True),
        sa.Column("license", sa.String(100), nullable=True),
        sa.Column("publish_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False, server_default="0"),
        sa.Column("access_epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("words", sa.Text(), nullable=False, server_default=""),
    ]


def _make_tables() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_series_organization_id"),
        sa.UniqueConstraint("organization_id", "title", name="uq_series_organization_id_title"),
    )
    op.create_table(
        "tags",
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("tag", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "tag", name="pk_tags"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_tags_session_id"),
    )
    op.create_index("ix_tags_tag_session_id", "tags", ["tag", "session_id"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_tokens_user_id"),
        sa.UniqueConstraint("token_sha256", name="uq_api_tokens_token_sha256"),
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])


def _fill_in() -> None:
    """Of the recordings that are there: who held the lecture, by the clock how long it was, and the words."""
    op.execute(
        "UPDATE sessions SET lecturer = COALESCE((SELECT users.display_name FROM rooms JOIN users "
        "ON users.id = rooms.owner_id WHERE rooms.id = sessions.room_id), '')"
    )
    sessions = sa.table(
        "sessions",
        sa.column("id", sa.String()),
        sa.column("title", sa.String()),
        sa.column("lecturer", sa.String()),
        sa.column("started_at", UtcDateTime()),
        sa.column("ended_at", UtcDateTime()),
        sa.column("seconds", sa.Float()),
        sa.column("words", sa.Text()),
    )
    known = [
        {
            "session": row.id,
            "length": max(0.0, ((row.ended_at or row.started_at) - row.started_at).total_seconds()),
            "found_by": unicodedata.normalize("NFKC", f"{row.title}\n{row.lecturer}").casefold(),
        }
        for row in op.get_bind().execute(sa.select(sessions))
    ]
    if known:
        change = sa.update(sessions).where(sessions.c.id == sa.bindparam("session"))
        values = {"seconds": sa.bindparam("length"), "words": sa.bindparam("found_by")}
        op.get_bind().execute(change.values(values), known)

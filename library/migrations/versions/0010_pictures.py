"""Which version of the edit list a session's pictures are of, its poster; pictures of what is recorded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime, new_id, utc_now

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

_sessions = sa.table(
    "sessions", *(sa.column(name) for name in ("id", "phase", "bytes", "edit_version", "started_at"))
)
_jobs = sa.table(
    "jobs",
    *(sa.column(name, sa.String()) for name in ("id", "kind", "key", "subject", "state", "lane", "message")),
    *(sa.column(name, sa.Integer()) for name in ("attempt", "max_attempts")),
    *(sa.column(name, UtcDateTime()) for name in ("not_before", "created_at")),
    sa.column("payload", sa.JSON()),
    sa.column("progress", sa.Double()),
)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("pictures_version", sa.Integer(), nullable=True))
    op.add_column("sessions", sa.Column("poster", sa.String(64), nullable=True))
    op.add_column("sessions", sa.Column("poster_at", sa.Double(), nullable=True))
    _order_what_is_recorded()


def _order_what_is_recorded() -> None:
    """As `library.pictures.order_pictures` does since; the newest recordings are looked at first."""
    ended = sa.select(_sessions.c.id, _sessions.c.edit_version)
    ended = ended.where(_sessions.c.phase == "ended", _sessions.c.bytes > 0)
    now = utc_now()
    rows = [
        {
            "id": new_id(),
            "kind": "pictures",
            "key": f"pictures:{session_id}:{version}",
            "subject": session_id,
            "payload": {"version": version},
            "state": "waiting",
            "lane": "pictures",
            "message": "",
            "attempt": 0,
            "max_attempts": 3,
            "progress": 0.0,
            "not_before": now,
            "created_at": now,
        }
        for session_id, version in op.get_bind().execute(ended.order_by(_sessions.c.started_at.desc()))
    ]
    if rows:
        op.bulk_insert(_jobs, rows)


def downgrade() -> None:
    op.execute(sa.delete(_jobs).where(_jobs.c.kind == "pictures"))
    with op.batch_alter_table("sessions") as table:
        for name in ("poster_at", "poster", "pictures_version"):
            table.drop_column(name)

"""The audit log, which nobody changes, and counts of what intruders do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0022"
down_revision = "0024"
branch_labels = None
depends_on = None

FIXED = ("number", "at", "actor_id", "organization_id", "action", "subject", "personal_sha256", "hash")
ERASED = ("address", "details", "salt")

_WORDS = "the audit log is append-only"


def _changes(differs: str) -> str:
    """The condition of a change that is more than an erasure."""
    fixed = (f"NEW.{name} {differs} OLD.{name}" for name in FIXED)
    return " OR ".join((*fixed, *(f"NEW.{name} IS NOT NULL" for name in ERASED)))


def _sqlite_triggers() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
    op.execute(f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {refuse}")
    op.execute(f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit WHEN {_changes('IS NOT')} {refuse}")


def _postgresql_triggers() -> None:
    refuse = "FOR EACH ROW EXECUTE FUNCTION audit_stays()"
    op.execute(
        "CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {refuse}")
    changes = _changes("IS DISTINCT FROM")
    op.execute(
        f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW WHEN ({changes})"
        " EXECUTE FUNCTION audit_stays()"
    )


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=True),
        sa.Column("organization_id", sa.String(36), nullable=True),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("address", sa.String(64), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("salt", sa.String(32), nullable=True),
        sa.Column("personal_sha256", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_index("ix_audit_organization_id_number", "audit", ["organization_id", "number"])
    op.create_index("ix_audit_actor_id_number", "audit", ["actor_id", "number"])
    op.create_index("ix_audit_action_number", "audit", ["action", "number"])
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_table(
        "intrusion_signs",
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("began_at", "kind", "address", "subject", name="pk_intrusion_signs"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def downgrade() -> None:
    op.drop_table("intrusion_signs")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_stays()")

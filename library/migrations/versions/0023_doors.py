"""Doors: an organization's entry rules, who is invited into a room, and links that open one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0023"
down_revision = "0020"
branch_labels = None
depends_on = None

_BEFORE = "access IN ('open', 'members', 'password')"
_NOW = "access IN ('open', 'members', 'password', 'invited')"


def upgrade() -> None:
    _check_access(_BEFORE, _NOW)
    op.add_column(
        "organizations", sa.Column("doors_version", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("rooms", sa.Column("guarded", sa.Boolean(), nullable=False, server_default=sa.false()))
    unchecked = sa.Column("email_unchecked", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("users", unchecked)
    op.create_table(
        "entry_rules",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("effect", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("value", sa.String(253), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entry_rules"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_entry_rules_organization_id"
        ),
        sa.UniqueConstraint("organization_id", "effect", "kind", "value", name="uq_entry_rules_line"),
        sa.CheckConstraint("effect IN ('allow', 'deny')", name=op.f("ck_entry_rules_effect")),
        sa.CheckConstraint("kind IN ('person', 'network', 'host')", name=op.f("ck_entry_rules_kind")),
    )
    op.create_table(
        "room_invitations",
        sa.Column("room_id", sa.String(36), nullable=False),
        sa.Column("value", sa.String(254), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "value", name="pk_room_invitations"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_room_invitations_room_id"),
    )
    op.create_index("ix_room_invitations_value", "room_invitations", ["value"])
    op.create_table(
        "room_links",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("room_id", sa.String(36), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_room_links"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_room_links_room_id"),
    )
    op.create_index("ix_room_links_room_id", "room_links", ["room_id"])


def downgrade() -> None:
    op.drop_table("room_links")
    op.drop_table("room_invitations")
    op.drop_table("entry_rules")
    op.drop_column("users", "email_unchecked")
    op.drop_column("rooms", "guarded")
    op.drop_column("organizations", "doors_version")
    # The nearest that was known then: a password that nobody has lets in who manages the room.
    op.execute(
        "UPDATE rooms SET access = 'password', password_hash = NULL, access_epoch = access_epoch + 1 "
        "WHERE access = 'invited'"
    )
    _check_access(_NOW, _BEFORE)


def _check_access(before: str, now: str) -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_rooms_access"), "rooms", type_="check")
        op.create_check_constraint(op.f("ck_rooms_access"), "rooms", now)
        return
    # SQLite's own way to change a constraint that no row breaks (its documentation, ALTER TABLE, 7): other
    # tables refer to this one, so it cannot be made anew.
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :before, :now) "
            "WHERE type = 'table' AND name = 'rooms' AND instr(sql, :before) > 0"
        ),
        {"before": before, "now": now},
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"the table rooms has no constraint {before}")
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))

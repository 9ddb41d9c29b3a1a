"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", INT, autoincrement=False, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "delta",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("seq", INT, autoincrement=False, nullable=False),
        sa.Column("base_seq", INT, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("uri", "seq", name=op.f("pk_delta")),
    )
    op.create_table(
        "document",
        sa.Column("id", INT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("kind", "subject", "version", name=op.f("uq_document_kind_subject_version")),
    )
    op.create_table(
        "event",
        sa.Column("id", INT, nullable=False),
        sa.Column("gate_id", sa.String(), nullable=False),
        sa.Column("journal", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", INT, nullable=False),
        sa.Column("venue_id", sa.String(), nullable=True),
        sa.Column("at", INT, nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("colour", sa.String(), nullable=True),
        sa.Column("issuer", sa.String(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("lane", INT, nullable=True),
        sa.Column("direction", sa.String(), nullable=True),
        sa.Column("raw_centi_c", INT, nullable=True),
        sa.Column("estimate_centi_c", INT, nullable=True),
        sa.Column("millis", INT, nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("gate_id", "journal", "sequence", name=op.f("uq_event_gate_id_journal_sequence")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_event_at"), "event", ["at"], unique=False)
    op.create_index(op.f("ix_event_venue_id_at"), "event", ["venue_id", "at"], unique=False)
    op.create_table(
        "issuer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer")),
    )
    op.create_table(
        "journal",
        sa.Column("gate_id", sa.String(), nullable=False),
        sa.Column("journal", sa.LargeBinary(), nullable=False),
        sa.Column("contiguous_to", INT, nullable=False),
        sa.Column("head_sequence", INT, nullable=True),
        sa.Column("head_hash", sa.LargeBinary(), nullable=True),
        sa.Column("checked_at", INT, nullable=True),
        sa.PrimaryKeyConstraint("gate_id", "journal", name=op.f("pk_journal")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "region",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("level", INT, nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_region_level")),
        sa.ForeignKeyConstraint(["parent_id"], ["region.id"], name=op.f("fk_region_parent_id_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
    )
    op.create_index(op.f("ix_region_parent_id"), "region", ["parent_id"], unique=False)
    op.create_table(
        "rotation",
        sa.Column("id", INT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key_label", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("updated_at", INT, nullable=False),
        sa.CheckConstraint(
            "state IN ('prepared', 'awaiting', 'published', 'active', 'retired', 'removed')",
            name=op.f("ck_rotation_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation")),
    )
    op.create_table(
        "signing_request",
        sa.Column("id", INT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("answered_at", INT, nullable=True),
        sa.CheckConstraint(
            "state IN ('awaiting', 'answered', 'withdrawn')", name=op.f("ck_signing_request_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_request")),
    )
    op.create_table(
        "status_list",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("shard", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("iat", INT, nullable=False),
        sa.Column("expires", INT, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_status_list")),
        sa.UniqueConstraint("issuer_id", "shard", name=op.f("uq_status_list_issuer_id_shard")),
    )
    op.create_table(
        "user",
        sa.Column("id", INT, nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("disabled_at", INT, nullable=True),
        sa.CheckConstraint("role IN ('owner', 'viewer')", name=op.f("ck_user_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("login", name=op.f("uq_user_login")),
    )
    op.create_table(
        "user_session",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", INT, nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("seen_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("user_agent_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_session_user_id_user")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_user_session")),
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)
    op.create_table(
        "venue",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("region_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("capacity", INT, nullable=True),
        sa.Column("created_at", INT, nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_venue_region_id_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venue")),
    )
    op.create_index(op.f("ix_venue_region_id"), "venue", ["region_id"], unique=False)
    op.create_table(
        "gate",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("venue_id", sa.String(), nullable=True),
        sa.Column("lane", INT, nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("enrolled_at", INT, nullable=True),
        sa.Column("revoked_at", INT, nullable=True),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_gate_direction")),
        sa.CheckConstraint(
            "state IN ('seen', 'enrolled', 'assigned', 'in_service', 'retired')", name=op.f("ck_gate_state")
        ),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name=op.f("fk_gate_venue_id_venue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate")),
    )
    op.create_index(op.f("ix_gate_venue_id"), "gate", ["venue_id"], unique=False)
    op.create_table(
        "permit",
        sa.Column("id", INT, nullable=False),
        sa.Column("venue_id", sa.String(), nullable=False),
        sa.Column("region_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("valid_from", INT, nullable=False),
        sa.Column("valid_until", INT, nullable=False),
        sa.Column("granted_at", INT, nullable=False),
        sa.Column("withdrawn_at", INT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_permit_region_id_region")),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name=op.f("fk_permit_venue_id_venue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit")),
    )
    op.create_index(op.f("ix_permit_venue_id"), "permit", ["venue_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("gate_id", sa.String(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", INT, nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.id"], name=op.f("fk_assignment_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", name=op.f("pk_assignment")),
    )
    op.create_table(
        "gate_key",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("gate_id", sa.String(), nullable=False),
        sa.Column("kid", sa.LargeBinary(), nullable=False),
        sa.Column("cose_key", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_pem", sa.String(), nullable=False),
        sa.Column("not_before", INT, nullable=False),
        sa.Column("not_after", INT, nullable=False),
        sa.Column("revoked_at", INT, nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.id"], name=op.f("fk_gate_key_gate_id_gate")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_gate_key")),
    )
    op.create_index(op.f("ix_gate_key_gate_id"), "gate_key", ["gate_id"], unique=False)
    op.create_index(op.f("ix_gate_key_kid"), "gate_key", ["kid"], unique=False)
    op.create_table(
        "gate_state",
        sa.Column("gate_id", sa.String(), nullable=False),
        sa.Column("session", sa.LargeBinary(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", INT, nullable=True),
        sa.Column("hello", sa.LargeBinary(), nullable=True),
        sa.Column("hello_at", INT, nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.id"], name=op.f("fk_gate_state_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", name=op.f("pk_gate_state")),
    )
    op.create_table(
        "enrol_token",
        sa.Column("id", INT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("gate_id", sa.String(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("used_at", INT, nullable=True),
        sa.Column("withdrawn_at", INT, nullable=True),
        sa.Column("issued_serial", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.id"], name=op.f("fk_enrol_token_gate_id_gate")),
        sa.ForeignKeyConstraint(
            ["issued_serial"], ["gate_key.serial"], name=op.f("fk_enrol_token_issued_serial_gate_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrol_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_enrol_token_digest")),
    )
    op.create_index(op.f("ix_enrol_token_gate_id"), "enrol_token", ["gate_id"], unique=False)


def downgrade() -> None:
    op.drop_table("enrol_token")
    op.drop_table("gate_state")
    op.drop_table("gate_key")
    op.drop_table("assignment")
    op.drop_table("permit")
    op.drop_table("gate")
    op.drop_table("venue")
    op.drop_table("user_session")
    op.drop_table("user")
    op.drop_table("status_list")
    op.drop_table("signing_request")
    op.drop_table("rotation")
    op.drop_table("region")
    op.drop_table("meta")
    op.drop_table("journal")
    op.drop_table("issuer")
    op.drop_table("event")
    op.drop_table("document")
    op.drop_table("delta")
    op.drop_table("audit")

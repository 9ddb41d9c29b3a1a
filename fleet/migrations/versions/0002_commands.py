"""Commands to gates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "'waiting', 'sent', 'done', 'refused', 'failed', 'unanswered'"


def upgrade() -> None:
    op.create_table(
        "command",
        sa.Column("id", INT, nullable=False),
        sa.Column("command_id", sa.LargeBinary(), nullable=False),
        sa.Column("gate_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("sent_at", INT, nullable=True),
        sa.Column("answered_at", INT, nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_command_state")),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.id"], name=op.f("fk_command_gate_id_gate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command")),
        sa.UniqueConstraint("command_id", name=op.f("uq_command_command_id")),
    )
    op.create_index(op.f("ix_command_gate_id"), "command", ["gate_id"])
    op.create_index(op.f("ix_command_state"), "command", ["state"])


def downgrade() -> None:
    op.drop_table("command")

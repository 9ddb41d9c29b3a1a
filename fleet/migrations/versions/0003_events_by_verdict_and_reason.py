"""Events are found by verdict and by reason; a language that was never chosen is the browser's."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_event_verdict_at"), "event", ["verdict", "at"])
    op.create_index(op.f("ix_event_reason_at"), "event", ["reason", "at"])
    # Until now every account began with this one, chosen or not.
    op.execute("UPDATE \"user\" SET language = '' WHERE language = 'zh-CN'")


def downgrade() -> None:
    op.execute("UPDATE \"user\" SET language = 'zh-CN' WHERE language = ''")
    op.drop_index(op.f("ix_event_reason_at"), "event")
    op.drop_index(op.f("ix_event_verdict_at"), "event")

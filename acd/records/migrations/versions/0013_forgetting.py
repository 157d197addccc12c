"""What a person wrote in the log of the promises may be taken away, on request or by the clock; nothing else of it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_REFUSAL = "the log of the promises is append-only"
_COLUMNS = ("callback", "step", "at", "by", "what", "attempt", "old", "new")
_SAME = " AND ".join(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in _COLUMNS)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        same = _SAME.replace("IS NOT DISTINCT FROM", "IS")
        op.execute("DROP TRIGGER callback_log_no_update")
        op.execute(
            "CREATE TRIGGER callback_log_no_update BEFORE UPDATE ON callback_log "
            f"WHEN NOT (NEW.why IS NULL AND {same}) BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    op.execute("DROP TRIGGER callback_log_no_change ON callback_log")
    op.execute(
        "CREATE TRIGGER callback_log_no_removal BEFORE DELETE OR TRUNCATE ON callback_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION callback_log_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER callback_log_no_change BEFORE UPDATE ON callback_log "
        f"FOR EACH ROW WHEN (NOT (NEW.why IS NULL AND {_SAME})) EXECUTE FUNCTION callback_log_is_append_only()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER callback_log_no_update")
        op.execute(
            "CREATE TRIGGER callback_log_no_update BEFORE UPDATE ON callback_log "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    for trigger in ("callback_log_no_removal", "callback_log_no_change"):
        op.execute(f"DROP TRIGGER {trigger} ON callback_log")
    op.execute(
        "CREATE TRIGGER callback_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON callback_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION callback_log_is_append_only()"
    )

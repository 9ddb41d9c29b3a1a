"""The journal: it opens, its newest events follow from one another, and it does not pile up."""

from collections.abc import Iterator
from typing import Final

from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, graded
from device.firmware.errors import JournalError
from device.firmware.readiness import BACKLOG_EVENTS
from device.firmware.store import CHECKED_AT_OPEN
from device.firmware.words import Both, plain
from wire.health import Trouble


def run(context: Context) -> Iterator[Finding]:
    """Read the file as it is, also while its gate runs. Raises `GateError`."""
    store, _ = context.files.held()
    about = Both("哈希链", "chain")
    try:
        checked = store.verify_chain(CHECKED_AT_OPEN)
    except JournalError as error:
        fix = Both(
            "保留 gate.db 交给服务商，换卡后重新登记",
            "keep gate.db for whoever looks into it; replace the card",
        )
        yield Finding(Grade.FAIL, Both("日志不连续", str(error)), Both("连续", "unbroken"), fix, about)
        return
    yield Finding(Grade.PASS, Both(f"最新 {checked} 条连续", f"the newest {checked} events fit"), about=about)
    backlog = store.backlog
    fix = Both("检查网络和服务器", "check the network and the fleet")
    limit = plain(f"< {BACKLOG_EVENTS}")
    value = Both(f"{backlog} 条", f"{backlog} events")
    yield graded(
        backlog < BACKLOG_EVENTS, value, limit, fix, bad=Grade.WARN, about=Both("未上传", "not sent yet")
    )


CHECK: Final = Check(
    name="journal",
    title=Both("日志", "journal"),
    proves=Both("日志可读、未被改动、没有积压", "that the journal can be read, was not changed, and is sent"),
    run=run,
    troubles=(Trouble.JOURNAL, Trouble.JOURNAL_FULL, Trouble.BACKLOG),
)

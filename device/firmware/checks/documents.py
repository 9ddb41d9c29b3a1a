"""The signed documents: which are held, how old they are, and what that costs by policy."""

from collections.abc import Iterator
from typing import Final

from device.firmware import lists
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade
from device.firmware.dates import date
from device.firmware.health import documents_of
from device.firmware.readiness import Parts, troubles
from device.firmware.trust import Beliefs
from device.firmware.words import NOTHING, Both, plain
from wire.documents import Document
from wire.health import TROUBLES, Severity, Trouble

DAY_S: Final = 86_400
_GRADES: Final = {Severity.BLOCKS: Grade.FAIL, Severity.REFERS: Grade.WARN, Severity.NOTE: Grade.WARN}
_TRUST: Final = (Trouble.NO_TRUST, Trouble.TRUST_EXPIRED, Trouble.TRUST_OLD)
_ASSIGNMENT: Final = (
    Trouble.NO_ASSIGNMENT,
    Trouble.ASSIGNMENT_EXPIRED,
    Trouble.NO_PERMISSION,
    Trouble.CLOSED,
)


def run(context: Context) -> Iterator[Finding]:
    """Believe what the disk holds, as at a start, and judge it as readiness does. Raises `GateError`."""
    store, restored = context.files.held()
    del store
    beliefs, policy = restored.beliefs, restored.beliefs.policy()
    found = troubles(documents_of(beliefs, withheld=False), Parts(), policy, context.now_s, 0)
    yield _told(found, (Trouble.NO_ROOT,), _dated(beliefs.root), NOTHING, Both("根", "root"))
    age = Both(f"≤ {policy.trust_age_s // DAY_S} 天", f"≤ {policy.trust_age_s // DAY_S} days old")
    yield _told(found, _TRUST, _dated(beliefs.trust), age, Both("信任", "trust"))
    yield _told(found, _ASSIGNMENT, _dated(beliefs.assignment), NOTHING, Both("分配", "assignment"))
    age = Both(f"≤ {policy.list_age_s // 3600} 小时", f"≤ {policy.list_age_s // 3600} h old")
    yield _told(
        found, (Trouble.NO_LIST, Trouble.LIST_OLD), _lists(context, beliefs), age, Both("列表", "lists")
    )
    for words in restored.dropped:
        fix = Both("联网后会重新下发", "it comes again once the gate is online")
        yield Finding(Grade.WARN, Both(f"不再采信：{words}", f"not believed any more: {words}"), fix=fix)


def _told(
    found: frozenset[Trouble], about: tuple[Trouble, ...], value: Both, limit: Both, part: Both
) -> Finding:
    """The worst of what is wrong with one kind of document, or that nothing is."""
    wrong = max((trouble for trouble in about if trouble in found), key=_severity, default=None)
    if wrong is None:
        return Finding(Grade.PASS, value, limit, about=part)
    words = TROUBLES[wrong]
    told = Both(f"{words.zh}（{value.zh}）", f"{words.en} ({value.en})")
    return Finding(_GRADES[words.severity], told, limit, Both(words.fix_zh, words.fix_en), part)


def _severity(trouble: Trouble) -> Severity:
    return TROUBLES[trouble].severity


def _dated(document: Document | None) -> Both:
    if document is None:
        return plain("—")
    until = date(document.expires)
    return Both(f"第 {document.version} 版，至 {until}", f"version {document.version}, until {until}")


def _lists(context: Context, beliefs: Beliefs) -> Both:
    wanted = lists.carried(beliefs.trust, beliefs.gate)
    held = [beliefs.lists[uri].issued for uri in wanted if uri in beliefs.lists]
    if not held:
        return plain(f"0 / {len(wanted)}")
    hours = (context.now_s - min(held)) / 3600
    return Both(
        f"{len(held)} / {len(wanted)}，最旧 {hours:.1f} 小时",
        f"{len(held)} / {len(wanted)}, oldest {hours:.1f} h",
    )


CHECK: Final = Check(
    name="documents",
    title=Both("文件", "documents"),
    proves=Both("签名文件齐全、未过期、不过旧", "that the signed documents are held, valid and fresh enough"),
    run=run,
)

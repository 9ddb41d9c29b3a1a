"""What a gate believes, holds and would refuse, told from its files in words and in fields."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from device.firmware import lists, readiness
from device.firmware.config import GateConfig
from device.firmware.dates import date
from device.firmware.errors import GateError
from device.firmware.evidence import from_data
from device.firmware.live import Running
from device.firmware.readiness import Documents, Parts
from device.firmware.refusals import Refusal, refusals
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from wire.documents import Permission
from wire.health import TROUBLES, Severity, Trouble

_NOTHING: Final = "—"


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: a stable name for programs, words for people, and the value."""

    name: str
    zh: str
    en: str
    value: str | int


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts, and the troubles: what files alone can show, and what the running gate says besides."""

    rows: tuple[Row, ...]
    troubles: tuple[Trouble, ...]
    dropped: tuple[str, ...]
    refuses: tuple[Refusal, ...] = ()
    running: Running | None = None
    """What the running gate tells; None: none runs."""
    holds_files: bool = False
    """A gate holds the files, whether it tells anything or not."""
    unread: str = ""
    """Why the files could not be read, where only the running gate could be asked."""

    @property
    def decides(self) -> bool:
        """Whether nothing that is known keeps the gate from deciding."""
        return all(TROUBLES[trouble].severity is not Severity.BLOCKS for trouble in self.troubles)


def look(
    config: GateConfig, now_s: int, running: Running | None = None, *, holds_files: bool = False
) -> Standing:
    """Read the files of the gate that `config` describes.

    GateError when they cannot be read and no gate runs: what a running one tells, anybody may hear.
    """
    gate = Row("gate", "闸机", "gate", config.gate)
    try:
        store, restored = from_data(Path(config.data), config.root)
    except GateError as error:
        if running is None:
            raise
        return Standing((gate,), _sorted(_told(running)), (), running=running, unread=str(error))
    try:
        ends = certificate_end(config.path(config.broker.certificate))
        rows = (*_document_rows(restored.beliefs), *_journal_rows(store), _end(ends))
        troubles = _troubles(restored.beliefs, store, ends, now_s)
    finally:
        store.close()
    return Standing(
        rows=(gate, *rows),
        troubles=_sorted(troubles | _told(running)),
        dropped=restored.dropped,
        refuses=refusals(restored.beliefs, now_s),
        running=running,
        holds_files=holds_files,
    )


def _told(running: Running | None) -> frozenset[Trouble]:
    """What the running gate has found; a name that this program does not know is a later gate's."""
    names = set(running.told.troubles) if running is not None else set()
    return frozenset(trouble for trouble in Trouble if trouble.name.lower() in names)


def _sorted(found: frozenset[Trouble]) -> tuple[Trouble, ...]:
    """The worst first."""
    return tuple(sorted(found, key=lambda trouble: (-TROUBLES[trouble].severity, trouble)))


def certificate_end(path: Path) -> int | None:
    """When the certificate ends, unix seconds; None when there is none."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None
    return int(certificate.not_valid_after_utc.timestamp())


def _troubles(beliefs: Beliefs, store: Store, ends: int | None, now_s: int) -> frozenset[Trouble]:
    carried = lists.carried(beliefs.trust, beliefs.gate)
    issued = tuple(token.issued if (token := beliefs.lists.get(uri)) else None for uri in carried)
    list_ends = tuple(beliefs.lists[uri].expires for uri in carried if uri in beliefs.lists)
    documents = Documents(
        root=beliefs.root,
        trust=beliefs.trust,
        assignment=beliefs.assignment,
        lists=issued,
        list_ends=list_ends,
    )
    parts = Parts(backlog=store.backlog, certificate_ends=ends)
    return readiness.troubles(documents, parts, beliefs.policy(), now_s, doubt_ms=0)


def _document_rows(beliefs: Beliefs) -> tuple[Row, ...]:
    root, trust, assignment = beliefs.root, beliefs.trust, beliefs.assignment
    carried = lists.carried(beliefs.trust, beliefs.gate)
    permission = assignment.permission if assignment else None
    return (
        Row("root", "根文件", "root", _version(root.version, root.expires) if root else _NOTHING),
        Row("trust", "信任文件", "trust", _version(trust.version, trust.expires) if trust else _NOTHING),
        Row("issuers", "发码机构", "issuers", ", ".join(i.id for i in trust.issuers) if trust else _NOTHING),
        Row(
            "assignment",
            "分配",
            "assignment",
            _version(assignment.version, assignment.expires) if assignment else _NOTHING,
        ),
        Row("venue", "场所", "venue", _venue(beliefs)),
        Row("permission", "扫码许可", "permission", _until(permission)),
        Row("lists", "状态列表", "lists", f"{len(beliefs.lists)} / {len(carried)}"),
        *(
            Row(f"list {uri}", f"列表 {uri}", f"list {uri}", f"{token.seq}, {date(token.issued)}")
            for uri, token in sorted(beliefs.lists.items())
        ),
    )


def _until(permission: Permission | None) -> str:
    return f"– {date(permission.ends)}" if permission else _NOTHING


def _venue(beliefs: Beliefs) -> str:
    assignment = beliefs.assignment
    if assignment is None:
        return _NOTHING
    return f"{assignment.venue_zh} · {assignment.venue_en}, {assignment.lane}"


def _journal_rows(store: Store) -> tuple[Row, ...]:
    return (
        Row("journal", "日志", "journal", store.journal.hex()),
        Row("head", "最新序号", "newest event", store.head),
        Row("backlog", "未确认", "without a receipt", store.backlog),
        Row("epoch", "服务器纪元", "epoch of the fleet", store.epoch.hex() if store.epoch else _NOTHING),
        Row(
            "floor",
            "时钟下限",
            "floor of the clock",
            date(store.floor_ms // 1000) if store.floor_ms else _NOTHING,
        ),
    )


def _end(ends: int | None) -> Row:
    return Row("certificate", "证书到期", "certificate ends", date(ends) if ends is not None else _NOTHING)


def _version(version: int, expires: int) -> str:
    return f"{version} – {date(expires)}"

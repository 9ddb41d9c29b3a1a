"""One gate alone: all that it holds, signed by an authority of two keys, for measurements without a fleet."""

import datetime as dt
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from device.firmware.config import example
from device.firmware.gate import DATABASE
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from wire import code, documents, envelope, policy, status
from wire.documents import EVERYBODY, KeyUse, Role, RoleKeys
from wire.keys import PrivateKey

GATE: Final = "0123456789ab"
DAY_S: Final = 86_400
URI: Final = "jl/0"


@dataclass(frozen=True, slots=True)
class Lone:
    """The authority's key, the issuer's and one holder's, and the moment it all begins, unix seconds."""

    now_s: int = field(default_factory=lambda: int(time.time()))
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    issuer: PrivateKey = field(default_factory=PrivateKey.generate)
    holder: PrivateKey = field(default_factory=PrivateKey.generate)

    def furnish(self, directory: Path) -> Path:
        """Write all that a gate needs to serve, its enrolment too, into `directory`; the configuration."""
        (directory / "root.1.jx").write_bytes(envelope.sign(self._root(), [self.key]))
        store = Store.open(directory / DATABASE, GATE, journal_limit_bytes=512_000_000)
        store.keep("trust", "", 1, envelope.sign(self._trust(), [self.key]))
        store.keep("assignment", "", 1, envelope.sign(self._assignment(), [self.key]))
        store.keep("list", URI, 1, status.issue_token(self._list(), self.issuer))
        store.close()
        self._enrol(directory)
        config = directory / "gate.toml"
        config.write_text(example(gate=GATE, data=str(directory), host="127.0.0.1", port=1))
        return config

    def beliefs(self) -> Beliefs:
        """The same as a gate has it in memory."""
        held = Beliefs(GATE)
        held.first_root(envelope.sign(self._root(), [self.key]))
        held.new_trust(envelope.sign(self._trust(), [self.key]), self.now_s)
        held.new_assignment(envelope.sign(self._assignment(), [self.key]), self.now_s)
        held.new_list("jl", 0, status.issue_token(self._list(), self.issuer), self.now_s)
        return held

    def time(self, nonce: bytes, now_ms: int) -> documents.Time:
        """The signed time's content, as the answer to a hello."""
        return documents.Time(
            **self._dates(), audience=GATE, now_ms=now_ms, nonce=nonce, root=1, trust=1, lists={URI: 1}
        )

    def text(self, number: int, at_s: int | None = None) -> str:
        """What the phone of this person shows at `at_s`, unix seconds; None: now."""
        claims = code.Claims(
            issuer="jl",
            issued=self.now_s - 60,
            expires=self.now_s + DAY_S,
            list_uri=URI,
            index=0,
            subject=number.to_bytes(16),
            holder=self.holder.public,
        )
        return code.to_text(
            code.prove(code.issue(claims, self.issuer), at_s or int(time.time()), self.holder)
        )

    def _dates(self) -> dict[str, Any]:
        return {"version": 1, "issued": self.now_s - 60, "expires": self.now_s + DAY_S}

    def _root(self) -> documents.Root:
        alone = RoleKeys(threshold=1, kids=(self.key.public.kid,))
        roles = dict.fromkeys(Role, alone)
        return documents.Root(**self._dates(), audience=EVERYBODY, keys=(self.key.public,), roles=roles)

    def _trust(self) -> documents.Trust:
        span = {"not_before": self.now_s - DAY_S, "not_after": self.now_s + DAY_S}
        known = documents.Issuer(
            id="jl",
            name_zh="吉林",
            name_en="Jilin",
            keys=tuple(documents.IssuerKey(key=self.issuer.public, use=use, **span) for use in KeyUse),
            lists=(documents.ListRef(uri=URI, shard=0, carried_by=("",)),),
        )
        return documents.Trust(**self._dates(), audience=EVERYBODY, issuers=(known,), bounds=policy.LOOSEST)

    def _assignment(self) -> documents.Assignment:
        return documents.Assignment(
            **self._dates(),
            audience=GATE,
            venue="v",
            venue_zh="商场",
            venue_en="Mall",
            category="mall",
            location="north",
            permission=documents.Permission(region="r", scope="scan", begins=0, ends=self.now_s + DAY_S),
            lane="A",
            direction=documents.Direction.ENTRY,
            policy=policy.DEFAULT,
            staff=(),
            hours=(),
            closed_days=(),
            utc_offset_min=480,
            closed=False,
        )

    def _list(self) -> status.Token:
        green = status.StatusList(bytes(8))
        return status.Token(
            uri=URI, issued=self.now_s - 60, expires=self.now_s + DAY_S, seq=1, statuses=green
        )

    def _enrol(self, directory: Path) -> None:
        own = PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, GATE)])
        today = dt.datetime.now(dt.UTC)
        public = own.crypto().public_key()
        certificate = x509.CertificateBuilder(name, name, public, 1, today, today + dt.timedelta(90))
        pem = certificate.sign(own.crypto(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (directory / "gate.key").write_bytes(own.to_pem())
        (directory / "gate.key").chmod(0o600)
        for file in ("gate.pem", "ca.pem"):
            (directory / file).write_bytes(pem)

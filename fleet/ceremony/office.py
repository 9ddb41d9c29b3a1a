"""The office directory: sealed root and trust keys, and every document that was ever signed with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.errors import FleetError
from fleet.keys import chain
from fleet.keys.sealed import OFFLINE, ONLINE, read_private, replace_private, seal_role_key, write_private
from wire import envelope
from wire.documents import EVERYBODY, Role, RoleKeys, Root, Trust
from wire.errors import WireError
from wire.keys import PrivateKey

DAY_S: Final = 86_400
ROOT_LIFE_S: Final = 3 * 365 * DAY_S  # gates may lie in a store for a long time
MIN_PASSPHRASE: Final = 12  # characters; the files are copied to sticks and safes
MAX_DOCUMENT_BYTES: Final = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many root and trust keys there are, and how many of them must sign."""

    root_keys: int = 3
    root_threshold: int = 2
    trust_keys: int = 2
    trust_threshold: int = 1

    def check(self) -> None:
        """FleetError for numbers that cannot be."""
        pairs = ((self.root_threshold, self.root_keys), (self.trust_threshold, self.trust_keys))
        most = 8  # COSE_Sign holds 16 signatures: those of an old and of a new set of root keys
        if not all(1 <= least <= keys <= most for least, keys in pairs):
            raise FleetError(
                f"a threshold is at least 1 and at most the number of keys, and there are at most {most} keys"
            )


@dataclass(frozen=True, slots=True)
class Office:
    """What is known without a passphrase: the chain of roots and the newest trust document."""

    directory: Path
    roots: tuple[Root, ...]
    trust: Trust | None

    @property
    def root(self) -> Root:
        """The root in force."""
        return self.roots[-1]

    def keys(self, passphrase: str) -> dict[bytes, PrivateKey]:
        """Every key of the office by kid; FleetError if one does not open."""
        opened: dict[bytes, PrivateKey] = {}
        for path in sorted(self.directory.glob("*.key")):
            try:
                key = PrivateKey.from_pem(read_private(path), passphrase.encode())
            except WireError as error:
                raise FleetError(
                    f"{path.name} does not open: wrong passphrase or damaged file; nothing was signed"
                ) from error
            opened[key.public.kid] = key
        return opened

    def add_key(self, role: Role, key: PrivateKey, passphrase: str) -> None:
        """Keep a new root or trust key, sealed with the passphrase."""
        if role not in OFFLINE:
            raise FleetError(f"a {role.value} key does not belong in the office")
        path = self.directory / f"{role.value}-{key.public.kid.hex()}.key"
        write_private(path, key.to_pem(passphrase.encode()))

    def kept(self, kind: str, version: int) -> bytes | None:
        """The signed document of that version, complete or not, if this office has signed it."""
        for path in (self._complete(kind, version), self._partial(kind, version)):
            if path.is_file():
                return path.read_bytes()
        return None

    def keep(self, document: Root | Trust, data: bytes, *, complete: bool) -> None:
        """Remember a signed document; a complete one takes the place of its partial form."""
        kind = envelope.KINDS[type(document)].name
        partial = self._partial(kind, document.version)
        if not complete:
            replace_private(partial, data)
        elif not self._complete(kind, document.version).is_file():
            write_private(self._complete(kind, document.version), data)
            partial.unlink(missing_ok=True)

    def _complete(self, kind: str, version: int) -> Path:
        return self.directory / f"{kind}-{version}.cbor"

    def _partial(self, kind: str, version: int) -> Path:
        return self.directory / f"{kind}-{version}.partial"


def load(directory: Path) -> Office:
    """Open an office; the chain of its roots is verified from version 1 on."""
    try:
        root = chain.first_root(_document(directory / "root-1.cbor"))
        roots = [root]
        while (path := directory / f"root-{root.version + 1}.cbor").is_file():
            root = chain.next_root(root, _document(path))
            roots.append(root)
        return Office(directory, tuple(roots), _newest_trust(directory, roots))
    except WireError as error:
        raise FleetError(f"a document in {directory} is damaged: {error}; restore the directory") from error


def _document(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise FleetError(f"{path} is missing; make an office with: jx-fleet ceremony create") from error


def _newest_trust(directory: Path, roots: Iterable[Root]) -> Trust | None:
    """The newest complete trust document; it may have been signed under an earlier root than the newest."""
    versions = [p.stem.removeprefix("trust-") for p in directory.glob("trust-*.cbor")]
    newest = max((int(v) for v in versions if v.isdecimal()), default=None)
    if newest is None:
        return None
    data = _document(directory / f"trust-{newest}.cbor")
    last: WireError | None = None
    for root in reversed(tuple(roots)):
        try:
            return chain.next_trust(root, None, data)
        except WireError as error:
            last = error
    raise FleetError(f"trust-{newest}.cbor in {directory} is damaged: {last}; restore the directory")


def check_passphrase(passphrase: str) -> str:
    """The passphrase, if it is long enough; FleetError otherwise."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise FleetError(f"a passphrase has at least {MIN_PASSPHRASE} characters; nothing was made")
    return passphrase


def create(directory: Path, fleet_keys: Path, plan: Plan, passphrase: str, now: int) -> Office:
    """Make all keys and root version 1; both directories must be new or empty, and apart.

    The office gets root and trust keys; `fleet_keys`, to be carried to the server, the online keys.
    """
    plan.check()
    check_passphrase(passphrase)
    _apart(directory, fleet_keys)
    counts = {Role.ROOT: plan.root_keys, Role.TRUST: plan.trust_keys} | dict.fromkeys(ONLINE, 1)
    keys = {role: [PrivateKey.generate() for _ in range(count)] for role, count in counts.items()}
    thresholds = {Role.ROOT: plan.root_threshold, Role.TRUST: plan.trust_threshold}
    root = _root(keys, thresholds, now)
    data = envelope.sign(root, keys[Role.ROOT])
    office = Office(directory, (root,), None)
    for role in OFFLINE:
        for key in keys[role]:
            office.add_key(role, key, passphrase)
    for role in ONLINE:
        seal_role_key(fleet_keys, role, keys[role][0])
    write_private(fleet_keys / "root-1.cbor", data)
    office.keep(root, data, complete=True)
    return office


def _root(keys: Mapping[Role, list[PrivateKey]], thresholds: Mapping[Role, int], now: int) -> Root:
    return Root(
        version=1,
        issued=now,
        expires=now + ROOT_LIFE_S,
        audience=EVERYBODY,
        keys=tuple(key.public for role in Role for key in keys[role]),
        roles={
            role: RoleKeys(
                threshold=thresholds.get(role, 1), kids=tuple(key.public.kid for key in keys[role])
            )
            for role in Role
        },
    )


def _apart(directory: Path, fleet_keys: Path) -> None:
    office, carried = directory.resolve(), fleet_keys.resolve()
    if office == carried or office in carried.parents or carried in office.parents:
        raise FleetError("the office and the keys for the server must lie apart; nothing was made")
    for path in (directory, fleet_keys):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise FleetError(f"{path} is not an empty directory; nothing was made, choose a new one")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)

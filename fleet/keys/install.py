"""Taking the online keys and the first root over from the ceremony."""

from pathlib import Path

from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, FleetError
from fleet.keys import dates, ledger, sealed, sticks
from wire.documents import Role, Root

MAX_ROOT_BYTES = 65_536


def install(session: Session, carried: Path, keys: Path, now: int, actor: str) -> Root:
    """Copy the keys that the ceremony made for the server into `keys` and store root version 1.

    Everything is checked before anything is written; FleetError says what does not fit.
    """
    if ledger.root(session) is not None:
        raise ConflictError("this fleet has a root already; nothing was installed. Rotate keys instead")
    if not (carried / "root-1.cbor").is_file():
        raise FleetError(f"{carried} holds no root-1.cbor; give the directory the ceremony made")
    data = sticks.read(carried / "root-1.cbor", MAX_ROOT_BYTES)
    root = ledger.verified(session, data)
    if not isinstance(root, Root):
        raise FleetError(f"{carried}/root-1.cbor is no root document; nothing was installed")
    if wrong := dates.ahead(root, now, dates.PUBLISHED_AHEAD_S):
        raise FleetError(f"{wrong}. Nothing was installed")
    opened = {role: sealed.open_role_key(carried, role, read=_carried) for role in sealed.ONLINE}
    for role, key in opened.items():
        if key.public.kid not in root.keys_of(role):
            raise FleetError(
                f"{role.value}.key is not the {role.value} key of the root; nothing was installed"
            )
    for role in sealed.ONLINE:
        _copy(carried, keys, role)
    ledger.add(session, root, data, now)
    audit.append(session, now, actor, "keys.installed", root=root.version)
    return root


def _carried(path: Path) -> bytes:
    """A file on a stick, which is formatted without owners and modes; whoever has the stick has the keys."""
    return sticks.read(path, sealed.MAX_FILE_BYTES)


def _copy(carried: Path, keys: Path, role: Role) -> None:
    for place in (sealed.key_file, sealed.pass_file):
        data, path = _carried(place(carried, role)), place(keys, role)
        if not path.exists() or sealed.read_private(path) != data:  # an installation may be repeated
            sealed.write_private(path, data)

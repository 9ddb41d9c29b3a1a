"""Keys in a PKCS#11 token: found, made and used; they never leave it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleet.errors import FleetError
from wire.errors import WireError
from wire.keys import COORDINATE_BYTES, Alg, PublicKey

if TYPE_CHECKING:
    import pkcs11
    from pkcs11 import _pkcs11

MODULE_VARIABLE: Final = "JX_PKCS11_MODULE"
_ID_BYTES: Final = 8
# CKA_EC_POINT is a DER octet string around 04 || x || y (PKCS#11 2.40, 2.3.3); some tokens leave that out.
_POINT: Final = b"\x04"
_WRAPPED: Final = b"\x04\x41\x04"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key lies: the token's label, and the key's CKA_ID in it."""

    token: str
    id: bytes


class TokenKey:
    """A key that signs inside its token, while the session it came from is open."""

    def __init__(self, key: "pkcs11.SignMixin", public: PublicKey) -> None:
        self._key = key
        self._public = public

    @property
    def public(self) -> PublicKey:
        """The key with which others verify."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 raw signature bytes over `message`; FleetError if the token fails or signs with another key."""
        from pkcs11 import Mechanism, PKCS11Error

        try:
            # CKM_ECDSA signs a digest and returns r || s, each as long as the order (PKCS#11 2.40, 2.3.1).
            signature: bytes = self._key.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA)
            self._public.verify(signature, message)
        except (PKCS11Error, WireError) as error:
            raise FleetError(
                f"the token did not sign: {_named(error)}; nothing was signed with it"
            ) from error
        return signature


@contextmanager
def session(
    module: Path | None, token: str, pin: str, *, writing: bool = False
) -> Iterator["pkcs11.Session"]:
    """A session with the token of that label, logged in once; FleetError says what is missing."""
    try:
        import pkcs11
    except ImportError as error:
        raise FleetError(
            "this key is in a PKCS#11 token, and python-pkcs11 is not installed: "
            "pip install 'jixiang-gate[pkcs11]'; nothing was signed"
        ) from error
    if module is None:
        raise FleetError(
            f"this key is in a PKCS#11 token: say where its module is, --module FILE or {MODULE_VARIABLE} "
            "(SoftHSM: apt install softhsm2, /usr/lib/softhsm/libsofthsm2.so); nothing was signed"
        )
    try:
        opened = _library(module).get_token(token_label=token).open(user_pin=pin, rw=writing)
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise FleetError(f"token {token!r}: {_advice(error)}; nothing was signed") from error
    with opened:
        yield opened


def _library(module: Path) -> "_pkcs11.lib":
    import pkcs11

    if not module.is_file():
        raise FleetError(f"{module} is no PKCS#11 module: install the token's software, or correct --module")
    return pkcs11.lib(str(module.resolve()))


def find(opened: "pkcs11.Session", place: Place, public: PublicKey) -> TokenKey:
    """The private key at a place; FleetError if the token holds none there."""
    import pkcs11

    try:
        key = opened.get_key(pkcs11.ObjectClass.PRIVATE_KEY, id=place.id)
    except pkcs11.PKCS11Error as error:
        raise FleetError(
            f"token {place.token!r} holds no key {place.id.hex()}: {_named(error)}; is it another token?"
        ) from error
    if not isinstance(key, pkcs11.SignMixin):
        raise FleetError(f"token {place.token!r} holds something else under {place.id.hex()}")
    return TokenKey(key, public)


def make(opened: "pkcs11.Session", token: str, label: str, known: set[PublicKey]) -> tuple[Place, TokenKey]:
    """A P-256 key under a label: one that an interrupted try left there, or a new one.

    `known` are the keys that the office has taken up already.
    """
    import secrets

    import pkcs11

    try:
        wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.Attribute.LABEL: label}
        for found in list(opened.get_objects(wanted)):  # one search at a time: PKCS#11 2.40, 5.7
            public = _public(found[pkcs11.Attribute.EC_POINT])
            if public not in known:
                place = Place(token, bytes(found[pkcs11.Attribute.ID]))
                return place, find(opened, place, public)
        curve = {pkcs11.Attribute.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters("secp256r1")}
        domain = opened.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        place = Place(token, secrets.token_bytes(_ID_BYTES))
        half, _ = domain.generate_keypair(
            id=place.id,
            label=label,
            store=True,
            capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
            private_template={pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False},
        )
        return place, find(opened, place, _public(half[pkcs11.Attribute.EC_POINT]))
    except pkcs11.PKCS11Error as error:
        raise FleetError(f"token {token!r} made no key: {_named(error)}; nothing was kept") from error


def _public(point: bytes) -> PublicKey:
    size = 2 * COORDINATE_BYTES
    for start in (_WRAPPED, _POINT):
        if point.startswith(start) and len(point) == len(start) + size:
            x, y = point[-size:-COORDINATE_BYTES], point[-COORDINATE_BYTES:]
            return PublicKey(Alg.ES256, x, y)
    raise FleetError("the token's key is not on P-256; nothing was kept")


def _named(error: Exception) -> str:
    return str(error) or type(error).__name__


_WRONG_PIN: Final = (
    "the PIN is wrong; a token locks itself after a few wrong ones, so be sure before the next"
)
# what the library calls it -> what to do
_ADVICE: Final = {
    "PinIncorrect": _WRONG_PIN,
    "PinInvalid": _WRONG_PIN,
    "PinLenRange": "the PIN is too short or too long",
    "PinLocked": "the PIN is locked; its security officer unlocks it with the token's own software",
    "NoSuchToken": "no such token is present: put it in, or see its label with the token's own software",
    "MultipleTokensReturned": "several tokens have this label: leave only one in",
    "TokenNotPresent": "the token was taken out: put it in",
    "UserPinNotInitialized": "the token has no PIN yet: set it with the token's own software",
}


def _advice(error: Exception) -> str:
    return _ADVICE.get(type(error).__name__, _named(error))

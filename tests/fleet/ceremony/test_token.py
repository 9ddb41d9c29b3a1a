"""Keys in tokens where there is no token: what is said, and what no file can bring about."""

import builtins
from pathlib import Path

import pytest

from fleet.ceremony import founding, keyring, office, token
from fleet.ceremony.keyring import Voice
from fleet.errors import FleetError
from wire.documents import Role
from wire.keys import PrivateKey

PLACE = token.Place("north", b"\x01\x02")


@pytest.fixture
def held(tmp_path):
    (tmp_path / "office").mkdir()
    made = office.load(tmp_path / "office")
    made.add_token(Role.ROOT, PLACE, PrivateKey.generate().public)
    return office.load(tmp_path / "office")


def opening(held: office.Office, voice: Voice):
    with keyring.opened(held, {key.kid for key in held.own_keys()}, voice) as ring:
        return ring


def test_without_the_library_the_message_says_what_to_install(held, monkeypatch):
    real = builtins.__import__

    def none(name, *rest, **more):
        if name == "pkcs11":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(FleetError, match=r"pip install 'jixiang-gate\[pkcs11\]'"):
        opening(held, Voice(pin="1234", module=Path("/usr/lib/none.so")))


def test_without_a_module_the_message_says_how_to_name_one(held):
    with pytest.raises(FleetError, match="--module FILE or JX_PKCS11_MODULE"):
        opening(held, Voice(pin="1234"))
    with pytest.raises(FleetError, match="is no PKCS#11 module"):
        opening(held, Voice(pin="1234", module=Path("/usr/lib/none.so")))


def test_what_is_no_library_is_not_loaded(held, tmp_path):
    other = tmp_path / "module.so"
    other.write_text("not a library")
    with pytest.raises(FleetError, match="token 'north'"):
        opening(held, Voice(pin="1234", module=other))


def test_without_a_pin_the_key_is_left_out(held):
    with pytest.raises(FleetError, match="no PIN"):
        opening(held, Voice(module=Path("/usr/lib/none.so")))
    with pytest.raises(FleetError, match="no PIN"):
        opening(held, Voice(module=Path("/usr/lib/none.so"), ask=lambda _: ""))


def test_a_pin_is_asked_for_once_even_for_two_keys_and_never_tried_as_a_passphrase(held):
    held.add_token(Role.TRUST, token.Place("north", b"\x03"), PrivateKey.generate().public)
    founding.make_sealed(held, Role.TRUST, "a file", Voice.of("correct horse battery"))
    asked = []

    def ask(what: str) -> str:
        asked.append(what)
        return "1234" if "PIN" in what else "correct horse battery"

    ring = opening(held, Voice(module=Path("/usr/lib/none.so"), ask=ask))
    assert [what for what in asked if "PIN" in what] == ["PIN · token north"]
    assert len(ring.signers) == 1
    assert len(ring.left_out) == 2


def test_no_file_of_an_office_names_a_library(held):
    (path,) = (key.path for key in held.own_keys())
    said = path.read_bytes()
    path.unlink()
    path.write_bytes(said.replace(b'"token"', b'"module":"/tmp/evil.so","token"'))
    path.chmod(0o600)
    with pytest.raises(FleetError, match="is damaged"):
        opening(held, Voice(pin="1234", module=Path("/usr/lib/none.so")))


@pytest.mark.parametrize(
    "point", [b"", b"\x04" + b"x" * 63, b"\x02" + b"x" * 64, b"\x04\x41\x04" + b"x" * 65]
)
def test_a_point_that_is_not_on_p256_is_refused(point):
    with pytest.raises(FleetError, match="P-256"):
        token._public(point)


@pytest.mark.parametrize("start", [b"\x04", b"\x04\x41\x04"])
def test_a_point_is_read_with_and_without_its_octet_string(start):
    key = PrivateKey.generate().public
    assert token._public(start + key.x + key.y) == key

"""The files of the ceremony in docs/formats.md: the code reads its examples and has its numbers."""

import base64
import json
import re
from pathlib import Path

import pytest

from fleet.ceremony import backup, office, seal
from fleet.errors import FleetError
from fleet.keys import cards, fingerprints, issuers, paper, sealed
from wire import cbor
from wire.documents import Role
from wire.keys import PrivateKey

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
SECTION = PAGE[PAGE.index("## Files of the ceremony") : PAGE.index("## Messages of a gate")]
CARD, PEM = (re.findall(rf"```{kind}\n(.*?)```", SECTION, re.DOTALL)[0].encode() for kind in ("json", "pem"))
PASSPHRASE = "north orchard lantern"


def paragraph(name: str) -> str:
    return next(part for part in SECTION.split("\n\n") if part.startswith(f"**{name}**"))


def test_the_example_card_is_read_and_says_what_the_page_says():
    card = cards.decode(CARD)
    assert f"called `{card.file_name}`" in SECTION
    assert f"fingerprint is `{fingerprints.of_key(card.key)}`" in SECTION
    said = json.loads(CARD)
    assert list(said) == ["format", "role", "label", "key", "proof"]
    assert "`jx-key-card 1 ROLE KEY LABEL`" in SECTION
    claim = " ".join(("jx-key-card 1", said["role"], said["key"], said["label"])).encode()
    issuers.public_key(said["key"]).verify(bytes.fromhex(said["proof"]), claim)


def test_a_card_of_the_key_is_written_as_the_page_has_it():
    key = PrivateKey.from_pem(PEM, PASSPHRASE.encode())
    made, shown = json.loads(cards.write(Role.ROOT, "north safe", key)), json.loads(CARD)
    assert made | {"proof": ""} == shown | {"proof": ""}
    assert len(made["proof"]) == len(shown["proof"]) == 128


def test_the_example_seal_opens_with_its_passphrase_and_is_built_as_the_page_has_it():
    assert f"the passphrase `{PASSPHRASE}`" in SECTION
    key = PrivateKey.from_pem(PEM, PASSPHRASE.encode())
    assert key.public == cards.decode(CARD).key
    for pem in (PEM, seal.sealed(key, PASSPHRASE)):
        assert shape(pem) == tree()


def shape(pem: bytes) -> list[str]:
    """The nested tags of a seal as lines, with every object identifier, number, and length of 16 bytes."""
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    return list(walked(der, 0))


def walked(der: bytes, depth: int):
    while der:
        tag, length, at = der[0], der[1], 2
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(der[2:at])
        content, der = der[at : at + length], der[at + length :]
        indent = "  " * depth
        if tag == 0x30:
            yield f"{indent}SEQUENCE"
            yield from walked(content, depth + 1)
        elif tag == 0x02:
            yield f"{indent}INTEGER {int.from_bytes(content)}"
        elif tag == 0x04:
            yield f"{indent}OCTET STRING" + (" 16" if length == 16 else "")
        else:
            yield f"{indent}OBJECT IDENTIFIER {dotted(content)}"


def dotted(content: bytes) -> str:
    """An object identifier as X.690, 8.19 encodes it."""
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def tree() -> list[str]:
    (drawn,) = re.findall(r"```\n(SEQUENCE\n.*?)```", SECTION, re.DOTALL)
    lines = []
    for line in drawn.splitlines():
        found = re.match(r"( *)(SEQUENCE|OCTET STRING|INTEGER \d+|OBJECT IDENTIFIER [\d.]+)", line)
        lines.append(found[0] + (" 16" if "16 bytes" in line else ""))
    return lines


def test_a_copy_and_a_place_of_a_key_are_made_as_the_page_says(tmp_path):
    card = cards.decode(CARD)
    files = {card.file_name: CARD, f"root-{card.key.kid.hex()}.key": PEM}
    said = {name: base64.b64encode(data).decode() for name, data in files.items()}
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps({"format": 1, "made_at": 1_795_300_000, "files": said}))
    held = backup.restore(copy, tmp_path / "office")
    assert [key.kid for key in held.own_keys()] == [card.key.kid]
    assert held.cards == {card.key.kid: card}
    place = tmp_path / "a.token"
    key = cbor.encode(card.key.cose()).hex()
    place.write_text(json.dumps({"format": 1, "key": key, "token": "north", "id": "0011"}))
    place.chmod(0o600)
    assert office.read_token(place)[1] == card.key
    for wrong in ({"token": "n" * 33}, {"id": ""}, {"id": "00" * 65}, {"module": "/tmp/evil.so"}):
        place.write_text(json.dumps({"format": 1, "key": key, "token": "north", "id": "0011"} | wrong))
        with pytest.raises(FleetError, match="damaged"):
            office.read_token(place)


def test_the_limits_of_the_page_are_those_of_the_code():
    limits = {
        "Key card": cards.MAX_FILE_BYTES,
        "Seal of a key": sealed.MAX_FILE_BYTES,
        "Place of a key": sealed.MAX_FILE_BYTES,
        "Keys for the server": sealed.MAX_FILE_BYTES,
        "Signing request": paper.MAX_FILE_BYTES,
        "Copy of an office": backup.MAX_BYTES,
    }
    for name, most in limits.items():
        assert f"{most:,} bytes" in paragraph(name)
    assert f"1 to {cards.MAX_LABEL} printable" in paragraph("Key card")
    assert f"INTEGER {1 << seal.LOG_N} " in SECTION
    fields = set(paper.Request.__struct_fields__)
    assert fields == set(re.findall(r"`([a-z_]+)`", paragraph("Signing request")))

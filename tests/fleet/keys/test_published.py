"""Files in which other systems publish their keys: what they are taken for, and what hostile ones can do."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.errors import FleetError
from fleet.keys import published, published_keys
from fleet.keys.published_keys import Span
from fleet.keys.published_rows import Row
from wire.errors import WireError
from wire.foreign import jwk
from wire.foreign.keys import RsaKey
from wire.foreign.passes import EVERY_KIND, Format, Kind
from wire.keys import PublicKey

NOW = 1_795_300_000
YEAR = 365 * 86_400
SPAN = Span(now=NOW, ends=NOW + YEAR)


def keys(data: bytes, system: Format | None = None):
    """Every key of a file, all of which must be usable."""
    taken = published.read(data)
    return [published_keys.read(row, system or taken.form.format, SPAN) for row in taken.rows]


def reasons(data: bytes, system: Format | None = None) -> list[str]:
    """Why the keys of a file cannot be used."""
    taken, found = published.read(data), []
    for row in taken.rows:
        with pytest.raises(WireError) as caught:
            published_keys.read(row, system or taken.form.format, SPAN)
        found.append(caught.value.detail)
    return found


@pytest.mark.parametrize("shape", ["german", "gateway", "polish", "pem", "der", "array", "payload"])
def test_a_certificate_is_the_same_in_whatever_form_it_is_published(press, shape):
    der = press.dsc(uses="tv")
    data = {
        "german": press.german(der),
        "gateway": press.gateway(der),
        "polish": press.polish(der),
        "pem": b"# a comment before\n" + press.pem(der),
        "der": der,
        "array": json.dumps([press.text(der)]).encode(),
        "payload": json.dumps(
            {"payload": press.text(press.german(der, signed=False)), "signature": ""}
        ).encode(),
    }[shape]
    (found,) = keys(data)
    assert found.key.kid == press.kid(der)
    assert found.key.kinds == Kind.TEST | Kind.VACCINATION
    assert (found.key.not_before, found.key.not_after) == (NOW - YEAR, NOW + YEAR)
    assert found.dated
    assert found.odd == ()
    (row,) = published.read(data).rows
    assert published_keys.country(row) == "DE"
    assert published.read(data).signed == (shape in {"german", "payload"})


def test_the_dutch_list_has_several_keys_under_one_id_and_no_dates(press):
    one, two = press.private(), press.large()
    data = press.dutch(
        [(b"\x01" * 8, one, "NL", "r"), (b"\x01" * 8, two, "NL", ""), (b"Key1RE", one, "IE", "tv")]
    )
    assert published.read(press.dutch([], wrapped=True)).signed
    first, second, third = keys(data)
    assert first.key.key == PublicKey.from_cryptography(one.public_key())
    assert isinstance(second.key.key, RsaKey)
    assert [first.key.kinds, second.key.kinds] == [Kind.RECOVERY, EVERY_KIND]
    assert third.key.kid == b"Key1RE"
    assert not first.dated
    assert first.key.not_after == NOW + YEAR
    assert first.key.not_before <= NOW
    assert [row.country for row in published.read(data).rows] == ["NL", "NL", "IE"]


def test_the_swedish_list_comes_signed_with_keys_beside_their_certificates(press):
    one, two = press.private(), press.private()
    ders = [press.dsc(one, "SE"), press.dsc(two, "GR")]
    taken = published.read(press.swedish([("SE", one, ders[0]), ("EL", two, ders[1])]))
    assert taken.signed
    assert [row.country for row in taken.rows] == ["SE", "GR"]
    assert [published_keys.read(row, Format.HC1, SPAN).key.kid for row in taken.rows] == [
        press.kid(der) for der in ders
    ]


@pytest.mark.parametrize("by_kid", [True, False])
def test_the_swiss_list_has_numbers_in_plain_base64_and_rsa_with_a_sign_byte(press, by_kid):
    one, two = press.private(), press.large()
    data = press.swiss([(b"\x01" * 8, one, "sig"), (b"\x02" * 8, two, "tv")], by_kid=by_kid)
    first, second = keys(data)
    assert first.key.key == PublicKey.from_cryptography(one.public_key())
    assert len(second.key.key.modulus) == 256
    assert second.key.kinds == Kind.TEST | Kind.VACCINATION
    assert reasons(press.swiss([(b"\x01" * 8, one, "l")], by_kid=by_kid)) == [
        "it is for a use that is not known here"
    ]


def test_a_list_by_key_ids_has_dates_and_countries_beside_bare_keys(press):
    data = press.italian([(b"\x01" * 8, press.private(), "HR", NOW - 10, NOW + 10)])
    (found,) = keys(data)
    assert found.dated
    assert (found.key.not_before, found.key.not_after) == (NOW - 10, NOW + 10)
    assert published.read(data).rows[0].country == "HR"


def test_a_jwk_set_is_of_smart_health_cards_unless_somebody_says_otherwise(press):
    key = press.private()
    (card,) = keys(press.key_set(press.as_jwk(key)))
    public = PublicKey.from_cryptography(key.public_key())
    assert card.key.kid == jwk.thumbprint(public).encode()
    assert card.odd == ()
    (other,) = keys(press.key_set(press.as_jwk(key, "mine")))
    assert other.key.kid == b"mine"
    assert other.odd == ("its id is not its thumbprint",)
    (signer,) = keys(press.key_set(press.as_jwk(key, press.text(b"\x07" * 8))), Format.HC1)
    assert signer.key.kid == b"\x07" * 8


def test_a_certificate_beside_a_jwk_limits_it_and_must_be_its_own(press):
    key = press.private()
    chain = {"x5c": [press.text(press.dsc(key, ends=NOW + 5))]}
    (found,) = keys(press.key_set(press.as_jwk(key) | chain))
    assert found.key.not_after == NOW + 5
    assert found.dated
    assert reasons(press.key_set(press.as_jwk(press.private()) | chain)) == [
        "the certificate beside the key is for another one"
    ]
    assert reasons(press.swedish([("SE", press.private(), press.dsc(key))])) == [
        "the key beside its certificate is another one"
    ]


def test_a_directory_names_its_issuers(press):
    key = press.as_jwk(press.private())
    taken = published.read(
        press.directory([("https://a.example/i", "A", [key]), ("https://b.example", 7, [key, {}])])
    )
    assert [(row.iss, row.name) for row in taken.rows] == [
        ("https://a.example/i", "A"),
        ("https://b.example", ""),
        ("https://b.example", ""),
    ]


def test_a_did_document_gives_the_fragments_as_ids(press):
    key = press.as_jwk(press.private())
    del key["kid"]
    data = press.did([("key-1", key)])
    (found,) = keys(data)
    assert found.key.kid == b"key-1"
    (row,) = published.read(data).rows
    assert row.iss == "did:web:nzcp.example.nz"
    elsewhere = json.loads(data) | {"id": "did:web:other.example"}
    assert reasons(json.dumps(elsewhere).encode()) == ["its id is no fragment of this document"]


def test_a_method_that_is_not_for_assertions_signs_no_passes(press):
    whole = json.loads(press.did([("key-1", press.as_jwk(press.private()))]))
    for relations in ([], ["did:web:nzcp.example.nz#key-2"], None, "key-1", [{}]):
        data = json.dumps(whole | {"assertionMethod": relations}).encode()
        assert reasons(data) == ["its document does not list it for assertions"]
    (found,) = keys(json.dumps(whole | {"assertionMethod": ["#key-1"]}).encode())
    assert found.key.kid == b"key-1"


def test_a_key_id_that_is_not_the_certificates_counts_and_is_said(press):
    der = press.dsc()
    (found,) = keys(press.german(der, kid=press.text(b"Key1RE")))
    assert found.key.kid == b"Key1RE"
    assert "another key id" in found.odd[0]


def test_a_list_never_widens_what_its_certificate_allows(press):
    der = press.dsc(uses="t")
    (found,) = keys(press.german(der, keyUsage=["t", "v"]))
    assert found.key.kinds == Kind.TEST
    assert "differ" in found.odd[0]
    assert reasons(press.german(der, keyUsage=["r"])) == ["list and certificate allow nothing in common"]


def test_no_key_counts_longer_than_its_certificate_or_than_it_is_said(press):
    der = press.dsc(ends=NOW + 9 * YEAR)
    (row,) = published.read(der).rows
    assert published_keys.read(row, Format.HC1, SPAN).key.not_after == NOW + 9 * YEAR
    limited = Span(now=NOW, ends=NOW + YEAR, latest=NOW + 2 * YEAR)
    assert published_keys.read(row, Format.HC1, limited).key.not_after == NOW + 2 * YEAR


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"certificateType": "CSCA"}, "of the type CSCA"),
        ({"certificateType": "\x1b[2J"}, "of the type other"),
        ({"rawData": "?"}, "no base64"),
        ({"rawData": 7}, "no text of a fitting length"),
        ({"rawData": "A" * 20_000}, "no text of a fitting length"),
        ({"rawData": None}, "neither a certificate nor a key"),
        ({"rawData": "AAAA"}, "an element is cut short"),
    ],
)
def test_a_row_that_cannot_be_used_says_why_and_spoils_no_other(press, row, words):
    body = json.loads(press.german(press.dsc(), press.dsc(), signed=False))
    body["certificates"][0] |= row
    first, second = published.read(json.dumps(body).encode()).rows
    with pytest.raises(WireError, match=words):
        published_keys.read(first, Format.HC1, SPAN)
    assert published_keys.read(second, Format.HC1, SPAN).key.key


def test_weak_and_strange_keys_are_refused_with_a_reason(press):
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP384R1())
    assert "2048 to 4096 bits" in reasons(press.dutch([(b"\x01" * 8, small, "NL", "")]))[0]
    assert "P-256" in reasons(press.dutch([(b"\x01" * 8, curve, "NL", "")]))[0]
    assert "ES256" in reasons(press.key_set(jwk.write(RsaKey(b"\xc5" * 256, b"\x01\x00\x01"))))[0]


def test_a_private_key_in_a_bundle_is_named_as_what_it_is(press):
    data = press.pem(press.dsc()) + b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"
    _, second = published.read(data).rows
    assert "private key" in second.trouble
    given = {**press.as_jwk(press.private()), "d": "AA"}
    assert "private half" in reasons(press.key_set(given))[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0815",
        b"{}",
        b"[",
        b"\xff\xff",
        b"null",
        b'"text"',
        b"[" * 100_000,
        b'{"a": 1}',
        b'{"keys": 7}',
        b"a.b.c",
        b"x {}",
    ],
)
def test_what_has_no_known_form_says_so_and_changes_nothing(data):
    with pytest.raises(FleetError, match="nothing was changed"):
        published.read(data)


def test_a_file_is_bounded_in_bytes_and_in_rows():
    with pytest.raises(FleetError, match="16000000 bytes"):
        published.read(b"[" + b" " * published.MAX_FILE_BYTES + b"]")
    with pytest.raises(FleetError, match="20000 keys"):
        published.read(json.dumps(["" for _ in range(published.MAX_ROWS + 1)]).encode())


NAMES = st.sampled_from(
    [
        *published.SHAPES,
        *(
            "kid",
            "keyId",
            "rawData",
            "country",
            "ian",
            "subjectPk",
            "keyUsage",
            "use",
            "crv",
            "x",
            "y",
            "n",
            "e",
        ),
        *("x5c", "kty", "issuer", "iss", "name", "id", "publicKeyJwk", "notBefore", "notAfter", "subject"),
        *("payload", "signature", "certificateType", "AAAAAAAAAAA=", "DE"),
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.text(max_size=12),
    st.sampled_from(
        ["AAAAAAAAAAA=", "P-256", "EC", "tv", "did:web:a#b", "2021-05-20T13:17:46Z", "C=DE", "DSC"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def survives(data: bytes) -> None:
    """Whatever the file holds: FleetError, or rows that are keys or say why they are none."""
    try:
        taken = published.read(data)
    except FleetError as error:
        assert str(error).isprintable()  # noqa: PT017 - most of these files are refused, and may be
        return
    for row in taken.rows:
        assert row.where.isprintable()
        assert row.trouble.isprintable()
        published_keys.country(row)
        for system in Format:
            try:
                found = published_keys.read(row, system, SPAN)
            except WireError as error:
                assert error.detail.isprintable()  # noqa: PT017 - as above
            else:
                assert 0 < len(found.key.kid) <= 64
                assert found.key.not_after <= SPAN.latest


@settings(deadline=None)
@given(VALUES)
def test_json_of_any_shape_is_survived(value):
    survives(json.dumps(value).encode())


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=3), st.sampled_from(sorted(published.SHAPES)), VALUES)
def test_json_of_nearly_the_right_shape_is_survived(more, member, value):
    survives(
        json.dumps(
            {**more, member: [value, value] if member != "eu_keys" else {"AAAAAAAAAAA=": value}}
        ).encode()
    )


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data):
    survives(data)


@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_list_is_survived(press_once, data):
    whole = bytearray(data.draw(st.sampled_from(press_once)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(whole[: data.draw(st.integers(1, len(whole)))]))


@pytest.fixture(scope="module")
def press_once(press):
    """One small file of each form."""
    key = press.private()
    der = press.dsc(key, uses="t")
    return (
        der,
        press.pem(der, der),
        press.german(der),
        press.polish(der),
        press.dutch([(b"\x01" * 8, key, "NL", "t")]),
        press.swedish([("SE", key, der)]),
        press.swiss([(b"\x01" * 8, key, "sig")]),
        press.italian([(b"\x01" * 8, key, "IT", 0, NOW)]),
        press.key_set(press.as_jwk(key)),
        press.directory([("https://a.example", "A", [press.as_jwk(key)])]),
        press.did([("key-1", press.as_jwk(key))]),
    )


def test_a_country_is_not_guessed(press):
    assert published_keys.country(Row(where="x", certificate=press.dsc(country=""))) == ""
    assert published_keys.country(Row(where="x", certificate=b"\x30\x00")) == ""
    assert published_keys.country(Row(where="x", country="FR", certificate=press.dsc())) == "FR"

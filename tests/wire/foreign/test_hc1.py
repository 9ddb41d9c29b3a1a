"""EU certificates: every shape that real issuers give them, every limit, and each layer by its name."""

import contextlib
import json
import math
import time
import tracemalloc
import zlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import foreign
from sandbox.foreign import Shape
from wire import base45
from wire.errors import Flaw, WireError
from wire.foreign import certificate, hc1
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Format, Kind, Pass, Statement

NOW_S = 1_795_000_000
DAY_S = 86_400
ES256 = int(PassAlg.ES256)
AUTHORITY = foreign.Authority()
SIGNER, OTHER, RSA = (
    AUTHORITY.signer(NOW_S - DAY_S, NOW_S + DAY_S, alg=alg)
    for alg in (PassAlg.ES256, PassAlg.ES256, PassAlg.PS256)
)
DOSE = foreign.vaccination("2026-10-01", number="AB#1")
TEST = foreign.sample("2026-11-18T08:05:00+02:00", number="CD#2")
RECOVERED = foreign.recovery("2026-08-01", "2026-08-12", "2027-01-28", number="EF#3")
BODY = foreign.certificate("v", [DOSE])
OCTOBER_S = 1_790_812_800


def text(body=None, signer=SIGNER, changes=None, **shape):
    body = BODY if body is None else body
    return foreign.hc1(body, signer, NOW_S, NOW_S + DAY_S, shape=Shape(**shape), changes=changes)


def flaw(content):
    with pytest.raises(WireError) as caught:
        hc1.parse(content)
    return caught.value.flaw


def refused(group, entry, version="1.3.0", **changes):
    return flaw(text(foreign.certificate(group, [entry], version, **changes))) is Flaw.SCHEMA


@pytest.mark.parametrize("signer", [SIGNER, RSA], ids=["ES256", "PS256"])
def test_a_certificate_is_read_and_its_signature_holds(signer):
    found = hc1.parse(text(signer=signer))
    assert found.kid == signer.kid
    assert found.alg is signer.alg
    assert found.verify(certificate.read(signer.certificate).key) == Pass(
        format=Format.HC1,
        issuer="HB",
        issued=NOW_S,
        not_before=None,
        expires=NOW_S + DAY_S,
        number=b"URN:UVCI:01:HB:AB#1",
        statements=(Statement(kind=Kind.VACCINATION, at=OCTOBER_S, doses=2, doses_needed=2),),
    )
    with pytest.raises(WireError) as caught:
        found.verify(OTHER.public)
    assert caught.value.flaw is (Flaw.SIGNATURE if signer is SIGNER else Flaw.ALG)


def test_a_test_has_the_moment_of_its_sample():
    (found,) = hc1.parse(text(foreign.certificate("t", [TEST]))).body.statements
    assert found == Statement(kind=Kind.TEST, at=1_794_981_900, positive=False)


def test_a_recovery_counts_to_the_end_of_its_last_day():
    (found,) = hc1.parse(text(foreign.certificate("r", [RECOVERED]))).body.statements
    assert found == Statement(kind=Kind.RECOVERY, at=1_785_542_400, begins=1_786_492_800, ends=1_801_180_799)


def test_a_result_is_negative_positive_or_unknown():
    def result(code):
        entry = foreign.sample("2026-11-18", code)
        return hc1.parse(text(foreign.certificate("t", [entry]))).body.statements[0].positive

    assert result(foreign.NEGATIVE) is False
    assert result(foreign.POSITIVE) is True
    assert result("") is result("NEGATIVE") is None


def test_everything_that_it_says_can_be_shown():
    said = hc1.parse(text(changes={5: NOW_S - 1.5})).claims
    assert said == {
        "iss": "HB",
        "iat": NOW_S,
        "nbf": NOW_S - 2,
        "exp": NOW_S + DAY_S,
        "hcert": {"eu_dcc_v1": BODY},
    }
    odd = BODY | {"meta": {"x": b"\1", 1: math.nan, "t": cbor2.undefined}}
    shown = hc1.parse(text(odd)).claims
    assert json.loads(json.dumps(shown, allow_nan=False))["hcert"]["eu_dcc_v1"]["meta"]["x"] == "01"


@pytest.mark.parametrize(
    "shape",
    [
        {"tags": ()},
        {"tags": (61, 18)},
        {"tags": (18, 18)},
        {"tags": (55_799, 61, 18), "claim_tags": (61,)},
        {"protected": {1: ES256}, "unprotected": {4: SIGNER.kid}},
        {"protected": {4: SIGNER.kid}, "unprotected": {1: ES256, 4: b"other"}},
        {"protected": {1: ES256, 4: SIGNER.kid, 3: 0}, "unprotected": {4: OTHER.kid}},
        {"protected": b"", "unprotected": {1: ES256, 4: SIGNER.kid}},
        {"protected": b"\xa0", "unprotected": {1: ES256, 4: SIGNER.kid}},
        {"protected": b"\xa0", "signed_as": b"", "unprotected": {1: ES256, 4: SIGNER.kid}},
        {"protected": b"", "signed_as": b"\xa0", "unprotected": {1: ES256, 4: SIGNER.kid}},
    ],
)
def test_every_shape_of_real_certificates_is_read(shape):
    found = hc1.parse(text(**shape))
    assert found.kid == SIGNER.kid
    assert found.verify(SIGNER.public) == hc1.parse(text()).body


def test_the_key_that_is_asked_for_is_the_protected_one_even_if_only_the_other_would_fit():
    found = hc1.parse(text(protected={1: ES256, 4: OTHER.kid}, unprotected={4: SIGNER.kid}))
    assert found.kid == OTHER.kid


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({6: NOW_S + 0.75, 4: float(NOW_S + DAY_S)}, {}),
        ({6: cbor2.CBORTag(1, NOW_S), 4: cbor2.CBORTag(1, NOW_S + DAY_S)}, {}),
        ({1: None}, {"issuer": ""}),
        ({6: None}, {"issued": None}),
        ({6: 253_402_300_799}, {"issued": 253_402_300_799}),
        ({5: NOW_S + 5}, {"not_before": NOW_S + 5}),
        ({-260: {1: BODY, 2: "later"}, 7: b"id", "x": 1}, {}),
    ],
)
def test_claims_are_read_as_real_issuers_write_them(changes, where):
    plain = hc1.parse(text()).body
    found = hc1.parse(text(changes=changes)).body
    assert {name: getattr(found, name) for name in where} == where
    assert found.statements == plain.statements
    assert found.expires == plain.expires


@pytest.mark.parametrize(
    "changes",
    [
        {4: None},  # a certificate that never ends
        {4: math.nan},
        {4: math.inf},
        {4: -1},
        {4: 2**64 - 1},
        {4: True},
        {4: "2026-12-01"},
        {6: "2026-12-01"},
        {5: b""},
        {1: 7},
        {1: "H" * 81},
        {-260: None},
        {-260: [BODY]},
        {-260: {2: BODY}},
        {-260: {1: [BODY]}},
        {-260: {1: None}},
    ],
    ids=repr,
)
def test_claims_that_are_missing_or_mean_nothing_are_refused(changes):
    assert flaw(text(changes=changes)) is Flaw.SCHEMA


@pytest.mark.parametrize(
    "changes",
    [
        {"v": None, "t": None, "r": None},
        {"v": []},
        {"v": [DOSE, DOSE]},
        {"t": [TEST]},
        {"r": []},
        {"v": {"0": DOSE}},
        {"v": [7]},
        {"ver": "2.0.0"},
        {"ver": "1.3"},
        {"ver": "11.3.0"},
        {"ver": None},
        {"ver": 1},
        {"nam": None},
        {"nam": "Anyperson"},
        {"nam": {}},
        {"nam": {"fn": "Anyperson", "gn": "Robin"}},
        {"nam": {"fnt": "Anyperson"}},
        {"nam": {"fnt": "ANYPERSON", "gnt": "RÖBIN"}},
        {"nam": {"fnt": "ANYPERSON", "gn": "罗宾", "gnt": ""}},
        {"nam": {"fn": "任何人", "fnt": ""}},
        {"nam": {"fnt": "A" * 81}},
        {"nam": {"fn": "A" * 81, "fnt": "A"}},
        {"nam": {"fnt": 7}},
        {"nam": {"fn": 7, "fnt": "A"}},
        {"dob": None},
        {"dob": 1951},
        {"dob": "1815-08-24"},
        {"dob": "20.01.1951"},
        {"dob": "1951-01-20Z"},
        {"dob": "2027"},
        {"dob": "2026-11-20"},
    ],
    ids=repr,
)
def test_a_body_that_is_not_as_its_schema_has_it_is_refused(changes):
    assert refused("v", DOSE, **changes)


@pytest.mark.parametrize(
    ("group", "entry", "name", "values"),
    [
        ("v", DOSE, "tg", ("840539007", None, 840539006, "")),
        ("v", DOSE, "vp", (None, 1119349007, "x" * 81)),
        ("v", DOSE, "mp", (None,)),
        ("v", DOSE, "ma", (None, "ORG-99999999", "ORG-", "ORG-2000302150")),
        ("v", DOSE, "dn", (None, 0, -1, 1.0, "1", True, 100)),
        ("v", DOSE, "sd", (None, 0, 2**64 - 1)),
        ("v", DOSE, "dt", (None, "2026-10", "2026-02-30", 20261001, "")),
        ("v", DOSE, "co", (None, "hb", "XY", "AA", "QM", "ZZ", "HARBOURTOWN", 7)),
        ("v", DOSE, "is", (None, 7, "x" * 81)),
        ("v", DOSE, "ci", (None, "", 7, "x" * 81)),
        ("t", TEST, "tg", (None, "94558-4")),
        ("t", TEST, "tt", (None, 7)),
        ("t", TEST, "tr", (None, False)),
        ("t", TEST, "sc", (None, "yesterday", NOW_S, "2026-11-18T25:00:00Z")),
        ("t", TEST, "nm", (7, "x" * 129)),
        ("t", TEST, "ma", (7,)),
        ("t", TEST, "tc", (7, "x" * 129)),
        ("r", RECOVERED, "fr", (None, "2026")),
        ("r", RECOVERED, "df", (None, "soon")),
        ("r", RECOVERED, "du", (None, "never")),
        ("r", RECOVERED, "co", (None,)),
    ],
    ids=str,
)
def test_an_entry_that_is_not_as_its_schema_has_it_is_refused(group, entry, name, values):
    for value in values:
        assert refused(group, entry | {name: value})
    if None in values:
        assert refused(group, {key: part for key, part in entry.items() if key != name})


@pytest.mark.parametrize(
    "changes",
    [
        {"dob": ""},
        {"dob": "1951"},
        {"dob": "1951-01"},
        {"dob": "1951-00-00"},
        {"dob": "1951-01-20T00:00:00"},
        {"dob": "2026-11-18"},
        {"dob": "2026-11-19"},  # where it is tomorrow already
        {"t": None, "r": None},
        {"nam": {"fnt": "", "gnt": "ROBIN"}},
        {"nam": {"gnt": "ROBIN"}},
        {"nam": {"fn": "", "fnt": "ANYPERSON", "gn": "", "gnt": ""}},
        {"nam": {"fn": None, "fnt": "ANYPERSON", "gnt": None}},
        {"ver": "1.0.0"},
        {"ver": "1.3.3"},
        {"meta": {"reference": [1, {"a": 2.5}]}},
        {"v": [DOSE | {"co": ""}]},
        {"v": [DOSE | {"co": "XK"}]},
        {"v": [DOSE | {"co": "UNHCR"}]},
        {"v": [DOSE | {"ma": "Bharat-Biotech"}]},
        {"v": [DOSE | {"ma": "ORG-1000030215"}]},
        {"v": [DOSE | {"dt": "2026-10-01T00:00:00"}]},
        {"v": [DOSE | {"dt": cbor2.CBORTag(1_004, "2026-10-01")}]},
        {"v": [DOSE | {"dt": cbor2.CBORTag(0, "2026-10-01T00:00:00Z")}]},
        {"v": [DOSE | {"dn": 3, "sd": 3}]},
    ],
    ids=repr,
)
def test_what_real_certificates_have_is_accepted(changes):
    (found,) = hc1.parse(text(foreign.certificate("v", [DOSE], **changes))).body.statements
    assert found.at == OCTOBER_S


def test_what_a_test_may_leave_out_may_be_left_out():
    bare = {name: TEST[name] for name in ("tg", "tt", "sc", "tr", "co", "is", "ci")}
    for entry in (bare, bare | {"nm": None, "ma": "", "tc": "x" * 100, "dr": "2026-11-18"}):
        assert hc1.parse(text(foreign.certificate("t", [entry]))).body.kinds is Kind.TEST


def test_nobody_knows_when_a_certificate_without_a_time_was_made():
    assert hc1.parse(text(BODY | {"dob": "2098"}, changes={6: None})).body.issued is None


def test_before_1_3_there_may_be_several_entries_and_all_of_them_are_its_number():
    doses = [foreign.vaccination("2026-09-01", 1, number="A"), foreign.vaccination("2026-10-01", number="B")]
    found = hc1.parse(text(foreign.certificate("v", doses, "1.2.1"))).body
    assert [statement.doses for statement in found.statements] == [1, 2]
    assert found.number == b"URN:UVCI:01:HB:A\nURN:UVCI:01:HB:B"
    assert flaw(text(foreign.certificate("v", doses, "1.3.0"))) is Flaw.SCHEMA
    assert flaw(text(foreign.certificate("v", doses * 9, "1.2.1"))) is Flaw.SCHEMA
    assert flaw(text(foreign.certificate("v", doses[:1], "1.2.1", t=[TEST]))) is Flaw.SCHEMA


def message():
    return zlib.decompress(base45.decode(text()[len(hc1.PREFIX) :]))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", Flaw.PREFIX),
        (text()[4:], Flaw.PREFIX),
        ("HC2:" + text()[4:], Flaw.PREFIX),
        ("hc1:" + text()[4:], Flaw.PREFIX),
        (" " + text(), Flaw.PREFIX),
        (text() + "=", Flaw.BASE45),
        (text() + "\n", Flaw.BASE45),
        ("HC1:" + text()[4:].lower(), Flaw.BASE45),
        ("HC1::::", Flaw.BASE45),
        ("HC1:", Flaw.INFLATE),
        ("HC1:" + "0" * 4_293, Flaw.SIZE),
        (text(compressed=False), Flaw.INFLATE),
        ("HC1:" + base45.encode(zlib.compress(message())[:-1]), Flaw.INFLATE),
        ("HC1:" + base45.encode(zlib.compress(message())[:-4] + bytes(4)), Flaw.INFLATE),
        ("HC1:" + base45.encode(zlib.compress(message()) + b"\0"), Flaw.INFLATE),
        ("HC1:" + base45.encode(zlib.compress(message())[2:-4]), Flaw.INFLATE),
        (foreign.hc1_text(b""), Flaw.CBOR),
        (foreign.hc1_text(b"\0\x91"), Flaw.CBOR),
        (foreign.hc1_text(message()[:-1]), Flaw.CBOR),
        (foreign.hc1_text(message() + b"\0"), Flaw.CBOR),
        (foreign.hc1_text(b"\x80"), Flaw.COSE),
        (foreign.hc1_text(foreign.sign1(b"", SIGNER, b"k")), Flaw.CBOR),
        (foreign.hc1_text(foreign.sign1(b"\x80", SIGNER, b"k")), Flaw.SCHEMA),
        (text(protected={1: -8, 4: b"k"}), Flaw.ALG),
        (text(protected={1: ES256, 4: 7}), Flaw.KID),
    ],
    ids=lambda value: value if isinstance(value, Flaw) else "",
)
def test_each_layer_is_named_when_it_is_wrong(content, expected):
    assert flaw(content) is expected


def test_an_empty_bomb_takes_no_memory():
    bomb = foreign.hc1_text(bytes(1_500_000))
    assert len(bomb) < 4_296
    tracemalloc.start()
    begin = time.process_time()
    assert flaw(bomb) is Flaw.INFLATE
    spent, peak = time.process_time() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
    assert spent < 0.2


@pytest.mark.parametrize(
    "payload",
    [
        b"\x81" * 16_000 + b"\0",
        b"\x9f" * 16_000,
        b"\xbf" + b"\x80\0" * 8_000,
        b"\xb9\x1f\x40" + b"\0\0" * 8_000,
        cbor2.dumps({-260: {1: BODY | {"x": [0] * 16_000}}}),
        cbor2.dumps({-260: {1: BODY | {"x": {n: n for n in range(3_000)}}}}),
    ],
    ids=len,
)
def test_nested_and_crowded_payloads_are_refused_soon(payload):
    content = foreign.hc1_text(foreign.sign1(payload, SIGNER, SIGNER.kid)[:16_000])
    begin = time.process_time()
    assert flaw(content) in {Flaw.CBOR, Flaw.SIZE, Flaw.INFLATE}
    assert time.process_time() - begin < 0.2


def test_a_refusal_names_nobody():
    for body in (BODY | {"dob": "1815-08-24"}, foreign.certificate("v", [DOSE | {"ci": ""}])):
        with pytest.raises(WireError) as caught:
            hc1.parse(text(body))
        for secret in ("1815", "Robin", "ROBIN", "AB#1"):
            assert secret not in str(caught.value)


JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 2**64),
    st.floats(),
    st.text(max_size=9),
    st.binary(max_size=9),
    st.just([]),
    st.just({}),
)


def changes_of(fields):
    return st.dictionaries(st.sampled_from(sorted(fields)), JSON, max_size=2)


@given(changes_of(DOSE | TEST | RECOVERED), changes_of({"fn", "fnt", "gn", "gnt"}), changes_of(BODY))
def test_any_body_is_read_or_refused(of_entry, of_name, of_body):
    for group, entry in (("v", DOSE), ("t", TEST), ("r", RECOVERED)):
        name = BODY["nam"] | of_name
        body = foreign.certificate(group, [entry | of_entry], nam=name) | of_body
        with contextlib.suppress(WireError):
            found = hc1.parse(text(body))
            json.dumps(found.claims, allow_nan=False)
            assert found.verify(SIGNER.public).statements


@given(st.dictionaries(st.sampled_from([1, 4, 5, 6, -260]), JSON, max_size=3))
def test_any_claims_are_read_or_refused(changes):
    with contextlib.suppress(WireError):
        assert hc1.parse(text(changes=changes)).body.expires >= 1


@given(st.binary(max_size=200))
def test_any_inflated_bytes_are_read_or_refused(data):
    for content in (foreign.hc1_text(data), foreign.hc1_text(foreign.sign1(data, SIGNER, SIGNER.kid))):
        with contextlib.suppress(WireError):
            hc1.parse(content)

"""Whose pass it is, as each system writes it, and nothing where it is written otherwise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.bearer import MOST, bearer
from sandbox import foreign, health_cards
from wire.foreign import reader
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Format, Pass, Unverified
from wire.keys import PrivateKey

BEGINS_S, ENDS_S = 1_790_000_000, 1_800_000_000


def parsed(system, claims):
    body = Pass(
        format=system, issuer="", issued=None, not_before=None, expires=None, number=b"1", statements=()
    )
    return Unverified(body=body, alg=PassAlg.ES256, kid=b"", covers=(b"",), signature=b"", claims=claims)


def certified(**name):
    return parsed(Format.HC1, {"hcert": {"eu_dcc_v1": {"nam": name, "dob": "1998-02-26"}}})


def test_an_eu_certificate_tells_the_name_as_a_passport_has_it():
    stated = foreign.certificate("v", [foreign.vaccination("2026-11-01")])
    text = foreign.hc1(stated, foreign.Authority().signer(BEGINS_S, ENDS_S), BEGINS_S, ENDS_S)
    assert bearer(reader.parse(text)) == ("ANYPERSON ROBIN", "1951-01-20")
    assert bearer(certified(fnt="MUSTERFRAU<GOESSINGER", gnt="GABRIELE", fn="Müsterfrau")) == (
        "MUSTERFRAU GOESSINGER GABRIELE",
        "1998-02-26",
    )


def test_an_nz_pass_and_a_health_card_tell_it_as_they_have_it():
    nz = foreign.nzcp(foreign.new_signer(), BEGINS_S, ENDS_S)
    card = health_cards.sign(health_cards.claims(health_cards.bundle([]), BEGINS_S), PrivateKey.generate())
    for text in (nz, health_cards.text(card)):
        assert bearer(reader.parse(text)) == ("Anyperson Robin", "1951-01-20")


def test_what_is_not_stated_is_left_out():
    assert bearer(certified(fnt="MUSTER")) == ("MUSTER", "1998-02-26")
    assert bearer(certified()) == ("1998-02-26",)
    assert bearer(parsed(Format.SHC, {"vc": {"credentialSubject": {"fhirBundle": {"entry": [{}]}}}})) == ()
    person = {"resource": {"resourceType": "Patient", "name": [{"family": "A", "given": []}]}}
    assert bearer(
        parsed(Format.SHC, {"vc": {"credentialSubject": {"fhirBundle": {"entry": [{}, person]}}}})
    ) == ("A",)


def test_a_name_without_end_is_cut():
    assert [len(line) for line in bearer(certified(fnt="A" * 999))] == [MOST, 10]


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["hcert", "eu_dcc_v1", "nam", "fnt", "vc", "credentialSubject", "fhirBundle", "entry"]
            )
            | st.sampled_from(["resource", "resourceType", "name", "given", "dob"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("system", Format)
@given(claims=st.dictionaries(st.sampled_from(["hcert", "vc"]), values, max_size=2))
def test_whatever_a_signer_has_written_there_are_a_few_short_lines(system, claims):
    lines = bearer(parsed(system, json.loads(json.dumps(claims))))
    assert len(lines) <= 2
    assert all(0 < len(line) <= MOST for line in lines)

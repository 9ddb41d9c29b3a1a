"""Hundreds of keys of other systems, as a key officer reads what happens to them."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.keys import foreign_words, paper
from fleet.keys.words import trust_words
from wire.documents import ForeignIssuer, ForeignKey, Issuer, IssuerKey, KeyUse, Trust
from wire.foreign.keys import RsaKey
from wire.foreign.passes import EVERY_KIND, Format, Kind
from wire.keys import Alg, PublicKey
from wire.policy import LOOSEST

NOW = 1_795_300_000
YEAR = 365 * 86_400


def p256(number: int) -> PublicKey:
    return PublicKey(Alg.ES256, number.to_bytes(32), bytes(32))


def row(number: int, **more) -> ForeignKey:
    made = ForeignKey(
        kid=b"\xff" + number.to_bytes(7), key=p256(number), not_before=NOW, not_after=NOW + YEAR
    )
    return replace(made, **more)


def issuer(count: int = 3, name: str = "hc1-de", **more) -> ForeignIssuer:
    made = ForeignIssuer(
        id=name,
        name_zh="德国",
        name_en="Germany",
        format=Format.HC1,
        iss="",
        keys=tuple(row(n + 1) for n in range(count)),
    )
    return replace(made, **more)


def trust(*foreign: ForeignIssuer, **more) -> Trust:
    made = Trust(
        version=1,
        issued=NOW,
        expires=NOW + YEAR,
        audience="*",
        issuers=(),
        bounds=LOOSEST,
        foreign=foreign,
    )
    return replace(made, **more)


def said(old: ForeignIssuer | None, new: ForeignIssuer | None) -> str:
    before, after = trust(*([old] if old else [])), trust(*([new] if new else []))
    return "\n".join(foreign_words.changes(before, after))


def test_a_new_issuer_is_told_with_its_count_its_kinds_and_its_algorithms():
    keys = (*issuer(40).keys, row(99, key=RsaKey(bytes([200]) * 256, b"\x01\x00\x01"), kinds=Kind.TEST))
    told = said(None, issuer(keys=keys))
    assert 'foreign issuer hc1-de added: "Germany" (HC1 passes)' in told
    assert "hc1-de gets 41 keys" in told
    assert "ES256 40, PS256 1" in told
    assert "vaccinations 40, tests 41, recoveries 40" in told
    assert "…+17" in told
    assert "ATTENTION" not in told


def test_an_issuer_without_a_change_costs_no_line():
    assert said(issuer(), issuer()) == ""


def test_added_removed_and_changed_keys_are_counted_apart():
    first, second, third = issuer().keys
    told = said(issuer(), issuer(keys=(first, replace(second, kinds=Kind.TEST), row(7))))
    assert "hc1-de gets 1 key\n" in told
    assert "hc1-de LOSES 1 key: what they signed is refused" in told
    assert foreign_words.short(third.kid) in told
    assert "other dates or uses for 1 key of hc1-de" in told


def test_a_removed_issuer_is_loud():
    assert "foreign issuer hc1-de REMOVED with 3 keys: its passes are refused" in said(issuer(), None)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"format": Format.SHC}, "NO name in its passes"),
        ({"format": Format.SHC, "iss": "https://a.example"}, "SHC instead of HC1"),
        ({"keys": (row(1), replace(row(9), kid=row(1).kid))}, "ANOTHER KEY under a known id of hc1-de"),
        ({"keys": (row(1), replace(row(9), kid=row(1).kid))}, "several keys of hc1-de have one id"),
        ({"keys": (row(1, not_after=NOW + 11 * YEAR),)}, "valid for more than 10 years"),
        ({"keys": (row(1, not_after=NOW, not_before=NOW),)}, "never valid: 1 key of hc1-de"),
        ({"keys": ()}, "hc1-de has no key"),
    ],
)
def test_what_is_suspicious_is_loud(changed, words):
    told = said(issuer(), issuer(**changed))
    assert any("ATTENTION" in line and words in line for line in told.split("\n")), told


def test_a_key_that_two_issuers_hold_is_loud_and_so_is_one_of_an_issuer_of_codes():
    both = trust(issuer(1), issuer(1, "hc1-fr"))
    told = "\n".join(foreign_words.changes(None, both))
    assert told.count("ATTENTION: held by several of these issuers: 1 key of") == 2
    assert "hc1-de, hc1-fr" in told
    own = IssuerKey(key=p256(1), use=KeyUse.CODES, not_before=0, not_after=NOW)
    jl = Issuer(id="jl", name_zh="吉林", name_en="Jilin", keys=(own,), lists=())
    told = "\n".join(foreign_words.changes(None, trust(issuer(1), issuers=(jl,))))
    assert "hc1-de, jl" in told


def test_keys_that_have_ended_are_said():
    assert "ended already: 2 keys of hc1-de" in said(
        None, issuer(keys=(row(1, not_after=NOW), row(2, not_after=NOW - 1, not_before=0), row(3)))
    )


def test_no_text_of_an_issuer_passes_for_other_words():
    made = issuer(format=Format.SHC, iss='x" / ATTENTION: y', id="a / b")
    (head, *_), told = said(None, made).split("\n"), said(None, made)
    assert head.startswith('加入外部机构 "a / b"')
    assert '"x\\" / ATTENTION: y"' in told


def test_the_greatest_trust_document_fits_into_a_request():
    names = [f"hc1-{n}" for n in range(128)]
    old = trust(*(issuer(20, name) for name in names))
    new = trust(
        *(
            issuer(
                keys=tuple(row(5, not_after=NOW + 20 * YEAR, kid=b"\x01" * 64) for _ in range(30)), id=name
            )
            for name in names
        )
    )
    lines = trust_words(old, new)
    assert len(lines) <= 2000
    assert max(len(line) for line in lines) <= 2000
    request = paper.Request(number=1, act="sign-trust", words=list(lines), root=1, root_digest="ab")
    assert paper.decode(paper.encode(request)) == request


KEYS = st.builds(
    ForeignKey,
    kid=st.binary(min_size=1, max_size=3),
    key=st.integers(1, 3).map(p256),
    not_before=st.integers(NOW, NOW + 1),
    not_after=st.integers(NOW + 1, NOW + 2),
    kinds=st.sampled_from([EVERY_KIND, Kind.TEST]),
)
ISSUERS = st.builds(
    ForeignIssuer,
    id=st.sampled_from(["a", "b"]),
    name_zh=st.sampled_from(["一", '"']),
    name_en=st.sampled_from(["one", "/"]),
    format=st.sampled_from(Format),
    iss=st.sampled_from(["", "x"]),
    keys=st.lists(KEYS, max_size=3).map(tuple),
)


@settings(deadline=None)
@given(st.none() | ISSUERS, ISSUERS, ISSUERS)
def test_the_same_words_after_the_same_base_mean_the_same(old, one, other):
    base = trust(*([old] if old else []))
    assert (trust_words(base, trust(one)) == trust_words(base, trust(other))) == (one == other)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_a_short_id_is_plain(kid):
    told = foreign_words.short(kid)
    assert len(told) <= 8
    assert told.isascii()
    assert " " not in told


def test_every_field_of_a_key_is_known_here():
    assert {field.name for field in fields(ForeignKey)} == {"kid", "key", "not_before", "not_after", "kinds"}

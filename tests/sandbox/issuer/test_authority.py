import json

import pytest

from fleet.keys import issuers
from sandbox.errors import SandboxError
from sandbox.issuer import description
from sandbox.issuer.authority import LIST_URI, Authority
from sandbox.issuer.residents import DEMO_PEOPLE, populate
from wire import code, status
from wire.documents import KeyUse
from wire.errors import WireError
from wire.keys import PrivateKey
from wire.reasons import Colour

NOW = 1_800_000_000


@pytest.fixture
def authority(tmp_path):
    one = Authority.open(tmp_path, 7, NOW)
    yield one
    one.close()


def test_the_same_seed_makes_the_same_people_and_another_seed_others():
    assert populate(7) == populate(7)
    assert {r.subject for r in populate(7)}.isdisjoint(r.subject for r in populate(8))


def test_every_person_has_an_index_and_a_subject_of_their_own():
    people = populate(7)
    assert len({r.index for r in people}) == len({r.subject for r in people}) == len(people) > DEMO_PEOPLE


def test_a_phones_credential_verifies_with_the_code_key_and_is_bound_to_the_holder(authority):
    holder = PrivateKey.generate()
    credential = authority.issue_phone(3, holder.public, NOW)
    parsed = code.parse(code.to_text(code.prove(credential, NOW, holder)))
    claims = code.verify(parsed, authority.code_key).claims
    assert claims.holder == holder.public
    assert (claims.list_uri, claims.index) == (LIST_URI, authority.resident(3).index)
    with pytest.raises(WireError):
        code.verify(parsed, authority.list_key)


def test_a_paper_credential_carries_a_masked_name_and_no_holder(authority):
    claims = code.verify(code.parse(code.to_text(authority.issue_paper(12, NOW))), authority.code_key).claims
    assert claims.holder is None
    assert claims.paper is not None
    assert claims.paper.masked_name == "居民*12"


def test_an_ended_credential_has_begun_before_it_ended(authority):
    credential = authority.issue_phone(3, PrivateKey.generate().public, NOW, life_s=-3600)
    claims = code.parse(code.to_text(credential)).claims
    assert claims.issued < claims.expires < NOW


def test_the_list_says_everybodys_colour(authority):
    statuses = authority.current().statuses
    assert all(statuses[r.index] == r.colour for r in authority.residents)


def test_a_delta_leads_exactly_from_the_list_before_to_the_list_after(authority):
    before = authority.current()
    seq = authority.recolour(5, Colour.RED, NOW + 5)
    (delta,) = [p for p in authority.waiting() if p.kind == "delta" and p.seq == seq]
    after = status.apply(before, status.verify_delta(delta.data, authority.list_key))
    assert after == authority.current()
    assert after.seq == before.seq + 1
    assert after.statuses[authority.resident(5).index] == Colour.RED


def test_renewing_changes_nothing_but_sequence_and_dates(authority):
    before = authority.current()
    authority.renew(NOW + 60)
    after = authority.current()
    assert (after.seq, after.issued) == (before.seq + 1, NOW + 60)
    assert after.statuses == before.statuses


def test_a_second_run_carries_on_with_the_same_keys_people_colours_and_a_later_sequence(tmp_path):
    first = Authority.open(tmp_path, 7, NOW)
    first.recolour(2, Colour.ORANGE, NOW + 1)
    kept = (first.code_key, first.list_key, first.residents, first.founded)
    seq = first.current().seq
    first.close()
    second = Authority.open(tmp_path, 99, NOW + 100)
    assert (second.code_key, second.list_key, second.residents, second.founded) == kept
    assert second.current().seq > seq
    second.close()


def test_only_the_newest_list_waits_but_every_delta_does(authority):
    authority.recolour(1, Colour.RED, NOW)
    authority.recolour(1, Colour.GREEN, NOW)
    kinds = [p.kind for p in authority.waiting()]
    assert kinds.count("list") == 1
    assert kinds.count("delta") == 3  # opening renewed the list once
    assert kinds[-1] == "list"


def test_a_list_that_was_taken_covers_the_deltas_before_it(authority):
    authority.recolour(1, Colour.RED, NOW)
    authority.taken(authority.waiting()[-1])
    assert authority.waiting() == ()


def test_a_number_nobody_has_is_refused(authority):
    with pytest.raises(SandboxError, match="nobody"):
        authority.recolour(9999, Colour.RED, NOW)


def test_a_damaged_ledger_says_what_to_do(tmp_path):
    (tmp_path / "issuer.db").write_bytes(b"no database at all, not even close" * 100)
    with pytest.raises(SandboxError, match="demo-clean"):
        Authority.open(tmp_path, 7, NOW)


def test_the_fleet_reads_the_issuers_description(authority, tmp_path):
    issuer = issuers.read(description.write(authority, tmp_path / "issuer.json"))
    assert {row.use: row.key for row in issuer.keys} == {
        KeyUse.CODES: authority.code_key,
        KeyUse.LISTS: authority.list_key,
    }
    assert [ref.uri for ref in issuer.lists] == [LIST_URI]
    assert all(row.not_before < NOW < row.not_after for row in issuer.keys)
    assert "pem" not in json.dumps(description.description(authority)).lower()

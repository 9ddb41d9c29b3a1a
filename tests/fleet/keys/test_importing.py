"""Keys that join a trust document: the same ones again change nothing, and their order does not matter."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.errors import FleetError
from fleet.keys import fitting, importing, issuers
from fleet.keys.importing import Options
from fleet.keys.published import ARRAY, JWKS, Published
from fleet.keys.published_keys import Span
from fleet.keys.published_rows import Row
from fleet.keys.words import trust_words
from wire.foreign import jwk
from wire.foreign.passes import Format, Kind
from wire.keys import PrivateKey

NOW = 1_795_300_000
DAY = 86_400
KEYS = [jwk.write(PrivateKey.generate().public) for _ in range(3)]
EMPTY = issuers.renewed(None, 1, NOW)
SPAN = Span(now=NOW, ends=NOW + 365 * DAY)

ROWS = st.builds(
    Row,
    where=st.just("row"),
    jwk=st.sampled_from(KEYS),
    kid=st.none() | st.sampled_from([b"\x01" * 8, b"\x02" * 8, b"Key1RE"]),
    country=st.sampled_from(["", "DE", "FR"]),
    kinds=st.none() | st.sampled_from([Kind.TEST, Kind.VACCINATION]),
    begins=st.none() | st.sampled_from([NOW - DAY, NOW]),
    ends=st.none() | st.sampled_from([NOW - 1, NOW, NOW + DAY]),
)
LISTS = st.lists(ROWS, max_size=8)
CHOICES = st.builds(
    Options,
    exactly=st.booleans(),
    skip_expired=st.booleans(),
    renew=st.booleans(),
    id=st.sampled_from(["", "eu"]),
)


def joined(trust, rows, options):
    found = importing.gather([("file", Published(ARRAY, tuple(rows)))], options, trust, SPAN)
    made, changes = importing.merged(trust, found, options, NOW)
    return made, changes, found


@settings(deadline=None)
@given(LISTS, LISTS, CHOICES)
def test_the_same_list_again_changes_nothing(before, rows, options):
    held, *_ = joined(EMPTY, before, Options())
    once, changes, found = joined(held, rows, options)
    again, twice, _ = joined(once, rows, options)
    assert again == once
    assert all(row.added == row.changed == row.removed == 0 for row in twice)
    assert found.counts["rows"] == len(rows)
    taken = sum(len(keys) for keys in found.keys.values())
    left = len(found.left_out) + found.counts["twice"] + found.counts["expired"]
    assert taken + left == len(rows)
    assert sum(row.added + row.changed + row.unchanged for row in changes) >= taken
    fitting.body(once)
    fitting.words(trust_words(EMPTY, once))


@settings(deadline=None)
@given(LISTS, st.randoms(use_true_random=False))
def test_the_order_of_a_list_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = joined(EMPTY, rows, Options())[0], joined(EMPTY, shuffled, Options())[0]
    assert {i.id: i for i in one.foreign} == {i.id: i for i in other.foreign}


@settings(deadline=None)
@given(LISTS, LISTS)
def test_what_is_added_takes_nothing_away(before, rows):
    held, *_ = joined(EMPTY, before, Options())
    made, *_ = joined(held, rows, Options())
    old = {(i.id, k.kid, k.key) for i in held.foreign for k in i.keys}
    assert old <= {(i.id, k.kid, k.key) for i in made.foreign for k in i.keys}


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from([Format.SHC, Format.NZCP]))
def test_whatever_an_issuer_calls_itself_the_document_stays_readable(iss, system):
    options = Options(system=Format.SHC, iss=iss or "x")
    row = Row(where="row", jwk=KEYS[0], iss=iss, name=iss)
    try:
        found = importing.gather([("file", Published(replace_form(system), (row,)))], options, EMPTY, SPAN)
    except FleetError:
        return
    fitting.body(importing.merged(EMPTY, found, options, NOW)[0])


def replace_form(system):
    return JWKS if system is Format.SHC else replace(JWKS, format=system)

"""What a bundle states counts only where it is about COVID-19, was done, and says when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import health_cards as cards
from wire.errors import Flaw, WireError
from wire.foreign import fhir
from wire.foreign.passes import Kind, Statement

DAY = 1_793_491_200  # 2026-11-01


def stated(*resources):
    return fhir.statements(cards.bundle(resources))


def vaccination(*resources):
    (statement,) = stated(*resources)
    assert statement.kind is Kind.VACCINATION
    return statement.doses, statement.doses_needed, statement.at


def test_doses_are_counted_and_the_newest_gives_the_date():
    doses = (cards.immunization("2026-11-01"), cards.immunization("2026-10-01", "207"))
    assert stated(*doses) == (Statement(kind=Kind.VACCINATION, at=DAY, doses=2, doses_needed=2),)


@pytest.mark.parametrize("cvx", ["212", "504", "506"])
def test_one_dose_of_some_vaccines_is_the_whole_series(cvx):
    assert vaccination(cards.immunization("2026-11-01", cvx)) == (1, 1, DAY)


def test_the_same_dose_from_two_sources_is_one():
    assert vaccination(*[cards.immunization("2026-11-01")] * 2) == (1, 2, DAY)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("2026-11-01", "2026-11-01T08:00:00Z"),
        ("2026-11-01", "2026-11-01T20:00:00-05:00"),
        ("2026-11-01T08:00:00+08:00", "2026-11-01T17:30:00+08:00"),
        ("2026-11-01T20:00:00-05:00", "2026-11-02T01:00:00Z"),
    ],
)
def test_the_same_dose_is_one_however_its_sources_write_the_time(first, again):
    given = [cards.immunization(first), cards.immunization(again)]
    assert vaccination(*given)[:2] == vaccination(*given[::-1])[:2] == (1, 2)
    assert vaccination(*given, cards.immunization("2026-10-01"))[:2] == (2, 2)


@pytest.mark.parametrize("day", ["2026-11", "2026", "2026-02-30", "yesterday", None, 5])
def test_with_a_dose_that_has_no_date_the_newest_is_not_known(day):
    assert vaccination(cards.immunization("2026-11-01"), cards.immunization(day)) == (2, 2, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "not-done"},
        {"status": "entered-in-error"},
        {"status": None},
        {"isSubpotent": True},
        {"vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "03"}]}},
        {"vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": 208}]}},
        {"vaccineCode": {"coding": [{"system": "urn:other", "code": "208"}, 5]}},
        {"vaccineCode": {"coding": {}}},
        {"vaccineCode": {"text": "COVID-19"}},
        {"vaccineCode": None},
        {"resourceType": "MedicationAdministration"},
    ],
)
def test_what_was_not_given_or_not_against_this_counts_nothing(changes):
    assert stated(cards.immunization("2026-11-01", **changes)) == ()


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://snomed.info/sct", "28581000087106"),
        ("http://id.who.int/icd11/mms", "XM0GQ8"),
        ("http://hl7.org/fhir/sid/cvx", "511"),
    ],
)
def test_other_code_systems_name_vaccines_too(system, code):
    coding = [{"system": "urn:local", "code": "x"}, {"system": system, "code": code}]
    assert vaccination(cards.immunization("2026-11-01", vaccineCode={"coding": coding})) == (1, 2, DAY)


@pytest.mark.parametrize(
    ("result", "positive"),
    [
        (cards.POSITIVE, True),
        (cards.NEGATIVE, False),
        ("10828004", True),
        ("260385009", False),
        ("419984006", None),
    ],
)
def test_a_test_is_positive_negative_or_neither(result, positive):
    at = DAY + 8 * 3600
    expected = Statement(kind=Kind.TEST, at=at, positive=positive)
    assert stated(cards.laboratory("2026-11-01T08:00:00Z", result)) == (expected,)
    assert stated(cards.laboratory("2026-11-01T16:00:00+08:00", result)) == (expected,)


def test_results_that_contradict_each_other_count_as_positive():
    coding = [
        {"system": "http://loinc.org", "code": "LA11883-8"},
        {"system": "http://loinc.org", "code": "LA11882-0"},
    ]
    (statement,) = stated(cards.laboratory("2026-11-01", valueCodeableConcept={"coding": coding}))
    assert statement.positive is True


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "preliminary"},
        {"loinc": "94563-4"},
        {"loinc": "94533-7"},
        {"code": None},
        {"status": "cancelled"},
    ],
)
def test_antibodies_single_genes_and_what_is_not_final_are_no_test(changes):
    assert stated(cards.laboratory("2026-11-01", **changes)) == ()


def test_a_test_over_a_period_counts_from_its_start():
    period = {"start": "2026-11-01", "end": "2026-11-05"}
    (statement,) = stated(cards.laboratory("2026-11-05", effectivePeriod=period))
    assert statement.at == DAY


def test_a_vaccination_and_tests_stand_side_by_side():
    found = stated(
        cards.laboratory("2026-11-01"), cards.immunization("2026-11-01"), cards.laboratory("2026-11-02")
    )
    assert [one.kind for one in found] == [Kind.VACCINATION, Kind.TEST, Kind.TEST]


@pytest.mark.parametrize(
    "bundle",
    [
        None,
        [],
        {},
        {"resourceType": "Patient", "entry": []},
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "entry": {}},
        {"resourceType": "Bundle", "entry": [5]},
        {"resourceType": "Bundle", "entry": [{"resource": {}}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": 5}}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}] * 2},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "x"}}] * 501},
    ],
)
def test_what_is_no_bundle_about_one_person_is_refused(bundle):
    with pytest.raises(WireError) as caught:
        fhir.statements(bundle)
    assert caught.value.flaw is Flaw.SCHEMA


@given(st.timedeltas(timedelta(0), timedelta(days=365 * 200)))
def test_dates_come_out_as_seconds(since):
    moment = datetime(1900, 1, 1, tzinfo=UTC) + since
    assert fhir.seconds(moment.isoformat()) == int(moment.timestamp())
    assert fhir.seconds(moment.replace(tzinfo=None).isoformat()) == int(moment.timestamp())


@pytest.mark.parametrize(
    "when", ["20261101", "2026-W44-7", "2026-11-01T24:00:00Z", "2026-11-01T8:00Z", "२०२६-11-01", ""]
)
def test_what_is_no_fhir_date_is_none(when):
    assert fhir.seconds(when) is None


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["completed", "final", "208"])
)
keys = st.sampled_from(
    ["status", "vaccineCode", "coding", "code", "system", "occurrenceDateTime", "resourceType", "resource"]
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, anything), st.sampled_from(["Immunization", "Observation", "Patient"]))
def test_any_resource_at_all_is_read_or_passed_over(fields, kind):
    found = stated(fields | {"resourceType": kind}) if kind != "Patient" else stated()
    assert all(one.kind in {Kind.TEST, Kind.VACCINATION} for one in found)


@given(anything)
def test_any_value_is_a_bundle_or_a_wire_error(value):
    for candidate in (value, {"resourceType": "Bundle", "entry": value}):
        try:
            fhir.statements(candidate)
        except WireError as error:
            if error.flaw is not Flaw.SCHEMA:
                raise

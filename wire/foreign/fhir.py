"""What a bundle of FHIR resources states about COVID-19: doses given, and tests with their results."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from wire.errors import Flaw, WireError
from wire.foreign.passes import Kind, Statement

MAX_ENTRIES: Final = 500
"""A whole life's immunizations are some sixty."""
DOSES_NEEDED: Final = 2
"""Of a vaccine that is not in SINGLE_DOSE; a card does not say it."""

_CVX: Final = "http://hl7.org/fhir/sid/cvx"
_SNOMED: Final = "http://snomed.info/sct"
_ICD11: Final = frozenset(
    {"http://id.who.int/icd11/mms", "http://id.who.int/icd/release/11/mms", "http://id.who.int/icd/entity"}
)
_LOINC: Final = "http://loinc.org"

# Vaccines against COVID-19, and no others: a card may list every vaccination of a life.
# CVX: CDC, "COVID-19 vaccine related codes"; 500 and above are those not used in the USA.
_CVX_COVID: Final = frozenset(
    map(
        str,
        (207, 208, *range(210, 214), 217, 218, 219, 221, *range(225, 231), 300, 301, 302, *range(308, 314)),
    )
) | frozenset(map(str, range(500, 522)))
# SNOMED CT: the international products and those of Canada's Vaccine Catalogue.
_SNOMED_COVID: Final = frozenset(
    {
        *("1119305005", "1119349007", "1142178009", "1157024006"),
        *("28571000087109", "28581000087106", "28761000087108", "28951000087107", "28961000087105"),
        *("29171000087106", "30151000087105", "31301000087101", "31311000087104", "31341000087103"),
        "31431000087100",
    }
)
# ICD-11, extension codes under "COVID-19 vaccines".
_ICD11_COVID: Final = frozenset(
    {"XM68M6", "XM1NL1", "XM5DF6", "XM9QW8", "XM0CX4", "XM5JC5", "XM1J92", "XM6AT1", "XM0GQ8"}
)
_VACCINES: Final = frozenset(
    {
        *((_CVX, code) for code in _CVX_COVID),
        *((_SNOMED, code) for code in _SNOMED_COVID),
        *((system, code) for system in _ICD11 for code in _ICD11_COVID),
    }
)
SINGLE_DOSE: Final = frozenset(
    {(_CVX, "212"), (_CVX, "504"), (_CVX, "506"), (_SNOMED, "28951000087107"), (_SNOMED, "31431000087100")}
)
"""Janssen, Sputnik Light, Convidecia: one dose is the whole series."""

# LOINC: presence of the virus's RNA or antigen in a specimen as a whole. Neither antibodies nor single
# genes are here: "not detected" there does not mean that somebody is not infected.
_PRESENCE: Final = frozenset(
    (_LOINC, code)
    for code in (
        *("94309-2", "94500-6", "94502-2", "94531-1", "94565-9", "94759-8", "94845-5", "95406-5", "95608-6"),
        *("94558-4", "95209-3", "96119-3", "97097-0"),
    )
)
# SNOMED CT qualifiers and LOINC answers (lists LL1055-4 and LL2206-2).
_RESULTS: Final[Mapping[tuple[str, str], bool]] = {
    (_SNOMED, "260373001"): True,
    (_SNOMED, "10828004"): True,
    (_SNOMED, "840533007"): True,
    (_SNOMED, "260415000"): False,
    (_SNOMED, "260385009"): False,
    (_LOINC, "LA11882-0"): True,
    (_LOINC, "LA6576-8"): True,
    (_LOINC, "LA18996-1"): True,
    (_LOINC, "LA11883-8"): False,
    (_LOINC, "LA6577-6"): False,
}
_FINAL: Final = ("final", "amended", "corrected")
_DATE: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
_DAY: Final = len("2026-11-22")


def statements(bundle: object) -> tuple[Statement, ...]:
    """What a bundle (decoded JSON) states: at most one vaccination with all its doses, and each test.

    WireError(SCHEMA) when it is no bundle about one person. What is not about COVID-19, was not done or
    is not final is passed over.
    """
    doses: list[Mapping[str, Any]] = []
    tests: list[Statement] = []
    people = 0
    for resource in _resources(bundle):
        kind, status = resource["resourceType"], resource.get("status")
        people += kind == "Patient"
        if kind == "Immunization" and status == "completed" and resource.get("isSubpotent") is not True:
            doses.append(resource)
        elif kind == "Observation" and status in _FINAL:
            tests += _test(resource)
    if people > 1:
        raise WireError(Flaw.SCHEMA, "the bundle is about more than one person")
    return (*_vaccination(doses), *tests)


def _resources(bundle: object) -> Iterator[Mapping[str, Any]]:
    match bundle:
        case {"resourceType": "Bundle", "entry": [*entries]} if len(entries) <= MAX_ENTRIES:
            pass
        case _:
            raise WireError(Flaw.SCHEMA, f"not a FHIR bundle of at most {MAX_ENTRIES} entries")
    for entry in entries:
        match entry:
            case {"resource": {"resourceType": str()} as resource}:
                yield resource
            case _:
                raise WireError(Flaw.SCHEMA, "an entry of the bundle holds no resource")


def _vaccination(resources: Sequence[Mapping[str, Any]]) -> Iterator[Statement]:
    """All doses as one statement. Two of one day are one, as cards have the same dose from two sources.

    The day is the one that is written: one source tells the hour, another does not, or tells it in UTC.
    """
    given = [
        (resource.get("occurrenceDateTime"), codes)
        for resource in resources
        if not _VACCINES.isdisjoint(codes := _codes(resource.get("vaccineCode")))
    ]
    if given:
        dated = [(at, str(when)[:_DAY]) for when, _ in given if (at := seconds(when)) is not None]
        moments, days = {at for at, _ in dated}, {day for _, day in dated}
        undated = len(given) - len(dated)
        single = any(not SINGLE_DOSE.isdisjoint(codes) for _, codes in given)
        yield Statement(
            kind=Kind.VACCINATION,
            at=None if undated else max(moments),  # the newest may be the one without a date
            doses=min(len(moments), len(days)) + undated,
            doses_needed=1 if single else DOSES_NEEDED,
        )


def _test(resource: Mapping[str, Any]) -> Iterator[Statement]:
    if not _PRESENCE.isdisjoint(_codes(resource.get("code"))):
        period = resource.get("effectivePeriod")
        at = period.get("start") if isinstance(period, dict) else resource.get("effectiveDateTime")
        results = {_RESULTS.get(coding) for coding in _codes(resource.get("valueCodeableConcept"))} - {None}
        # Codes that contradict each other say nothing, but for one that says positive.
        positive = True if True in results else False if results else None
        yield Statement(kind=Kind.TEST, at=seconds(at), positive=positive)


def _codes(concept: object) -> list[tuple[str, str]]:
    """The (system, code) pairs of a CodeableConcept; none for anything that is not one."""
    match concept:
        case {"coding": [*codings]}:
            return [(row["system"], row["code"]) for row in codings if _is_coding(row)]
    return []


def _is_coding(row: object) -> bool:
    match row:
        case {"system": str(), "code": str()}:
            return True
    return False


def seconds(when: object) -> int | None:
    """A FHIR date or dateTime as unix seconds; None for a year or a month alone, or no date at all.

    A date counts from its midnight UTC, and a time that names no zone as UTC.
    """
    if not isinstance(when, str) or not _DATE.fullmatch(when):
        return None
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

"""What every pass has in common, whichever system it is of."""

import pytest

from wire.foreign.passes import Format, Kind, Pass, Statement


def a_pass(**changes):
    fields = {"format": Format.HC1, "issuer": "HB", "issued": 1, "not_before": None, "expires": 100}
    return Pass(**fields | {"number": b"1", "statements": ()} | changes)


@pytest.mark.parametrize(("system", "over_at"), [(Format.HC1, 101), (Format.SHC, 101), (Format.NZCP, 100)])
def test_it_is_over_as_its_standard_says(system, over_at):
    assert a_pass(format=system).over_at == over_at
    assert a_pass(format=system, expires=None).over_at is None


def test_it_is_about_all_that_it_states():
    stated = (Statement(kind=Kind.TEST), Statement(kind=Kind.RECOVERY))
    assert a_pass(statements=stated).kinds == Kind.TEST | Kind.RECOVERY
    assert a_pass().kinds == Kind(0)

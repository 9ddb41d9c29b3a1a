"""Which list belongs to whom, where no other test asks."""

import pytest

from device.firmware import lists
from device.firmware.errors import Refusal, Refused


def test_a_list_that_no_issuer_names_is_refused(beliefs):
    assert any(issuer.lists for issuer in beliefs.trust.issuers)
    with pytest.raises(Refused) as refused:
        lists.bind_uri(beliefs.trust, "nobody:0")
    assert refused.value.reason is Refusal.WRONG_ISSUER


def test_without_trust_no_list_is_anybodys(beliefs):
    uri = beliefs.trust.issuers[0].lists[0].uri
    assert lists.bind_uri(beliefs.trust, uri).ref.uri == uri
    with pytest.raises(Refused):
        lists.bind_uri(None, uri)

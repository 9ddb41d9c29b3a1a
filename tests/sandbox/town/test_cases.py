import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device.firmware import counts
from sandbox.abroad import Abroad
from sandbox.issuer.authority import Authority
from sandbox.town.cases import CASES, NEIGHBOUR, Case, Supplies
from sandbox.wallet import pictures
from sandbox.wallet.purse import Purse
from wire import code
from wire.errors import Flaw, WireError
from wire.foreign import certificate, reader
from wire.keys import PrivateKey
from wire.policy import DEFAULT
from wire.reasons import Reason

NOW = 1_800_000_000


@pytest.fixture(scope="module")
def supplies(tmp_path_factory):
    place = tmp_path_factory.mktemp("town")
    authority = Authority.open(place / "issuer", 7, NOW)
    purse = Purse(place / "wallet", authority, NOW)
    abroad = Abroad(place / "abroad", NOW)
    yield Supplies(authority, purse, PrivateKey.generate(), PrivateKey.generate(), abroad)
    purse.close()
    authority.close()


def made(supplies, case):
    return CASES[case].make(supplies, 20, NOW)


@pytest.mark.parametrize("case", [Case.GREEN, Case.FEVER, Case.SCREENSHOT, Case.EXPIRED, Case.PAPER])
def test_honest_codes_verify(supplies, case):
    code.verify(code.parse(made(supplies, case)), supplies.authority.code_key)


def test_a_screenshot_is_minutes_old(supplies):
    assert code.parse(made(supplies, Case.SCREENSHOT)).proof_issued == NOW - 180


def test_an_expired_code_has_a_fresh_proof(supplies):
    parsed = code.parse(made(supplies, Case.EXPIRED))
    assert parsed.proof_issued == NOW
    assert parsed.claims.expires < NOW


def test_a_forged_code_names_the_real_key_and_does_not_verify(supplies):
    parsed = code.parse(made(supplies, Case.FORGED))
    assert parsed.kid == supplies.authority.code_key.kid
    with pytest.raises(WireError) as caught:
        code.verify(parsed, supplies.authority.code_key)
    assert caught.value.flaw is Flaw.SIGNATURE


def test_a_strangers_code_verifies_with_the_neighbours_key_only(supplies):
    parsed = code.parse(made(supplies, Case.STRANGER))
    assert parsed.claims.issuer == NEIGHBOUR
    assert parsed.kid != supplies.authority.code_key.kid
    code.verify(parsed, supplies.neighbour.public)


def test_a_printed_phone_code_has_lost_its_proof(supplies):
    parsed = code.parse(made(supplies, Case.PRINTED))
    assert parsed.proof is None
    assert parsed.claims.holder is not None


@pytest.mark.parametrize(("case", "reason"), [(Case.TRAVELLER, None), (Case.OLD_TEST, Reason.TEST_OLD)])
def test_a_travellers_certificate_verifies_and_counts_or_does_not(supplies, case, reason):
    text = made(supplies, case)
    known = certificate.read(x509.load_pem_x509_certificate(_published(supplies)).public_bytes(Encoding.DER))
    parsed = reader.parse(text)
    body = parsed.verify(known.key)
    assert parsed.kid == known.kid
    assert counts.against(body.statements, DEFAULT, NOW) is reason
    assert body.expires > NOW
    assert made(supplies, case) == text != CASES[case].make(supplies, 21, NOW)


def _published(supplies):
    return supplies.abroad.certificate.read_bytes()


def test_another_run_has_the_same_signer_abroad(supplies):
    again = Abroad(supplies.abroad.certificate.parent, NOW + 9)
    parsed = reader.parse(again.vaccinated(20, NOW))
    assert parsed.kid == reader.parse(made(supplies, Case.TRAVELLER)).kid
    assert again.certificate.parent.stat().st_mode & 0o077 == 0


def test_a_payment_code_is_no_health_code(supplies):
    assert not code.is_code(made(supplies, Case.PAYMENT))


def test_two_codes_stand_apart_in_one_picture(supplies):
    import zxingcpp

    one, other = (pictures.luma(CASES[Case.GREEN].make(supplies, n, NOW)) for n in (20, 21))
    both = pictures.beside(one, other).repeat(4, axis=0).repeat(4, axis=1)
    assert len(zxingcpp.read_barcodes(both)) == 2

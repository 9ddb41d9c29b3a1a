import dataclasses

import pytest

from wire import attendance, documents, envelope
from wire.errors import WireError

COMMAND = documents.Command(
    version=1,
    issued=1,
    expires=2,
    audience="0123456789ab",
    id=bytes(16),
    nonce=bytes(16),
    action=documents.Action.MEASURE_REGISTERED,
    reason="asked",
    number="7F2A-00031",
)


def test_a_number_names_the_gate_and_counts():
    assert attendance.registration_number("0123456789ab", 31) == "89AB-00031"
    assert attendance.registration_number("0123456789ab", 100_000) == "89AB-00000"


def test_every_reason_to_open_by_hand_has_words_in_both_languages():
    assert set(attendance.HAND_REASONS) == set(attendance.HandReason)
    assert all(words.zh and words.en for words in attendance.HAND_REASONS.values())
    assert not attendance.UNATTENDED.keys() & attendance.HAND_REASONS.keys()


@pytest.mark.parametrize(
    "changes", [{"number": None}, {"action": documents.Action.OPEN_ONCE}], ids=["none", "with another action"]
)
def test_a_registration_number_belongs_to_measuring_and_to_it_alone(changes):
    with pytest.raises(ValueError, match="belongs to"):
        dataclasses.replace(COMMAND, **changes)


def test_a_command_that_was_written_so_is_refused():
    body = envelope.write_body(dataclasses.replace(COMMAND, number="7F2A-00032"))
    assert envelope.read_body(documents.Command, body).number == "7F2A-00032"
    with pytest.raises(WireError, match="belongs to"):
        envelope.read_body(documents.Command, body.replace(b"\x0c\x05", b"\x0c\x01"))

"""The enrolment ticket: what is written can be read, and nothing else."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import enrolment
from wire.errors import Flaw, WireError

TICKET = enrolment.ticket(
    "https://fleet.example:8443", bytes(range(32)), "0123456789ab", b"s" * 16, 1_795_000_000
)
tickets = st.builds(
    enrolment.Ticket,
    url=st.just("https://127.0.0.1:8443"),
    ca=st.binary(min_size=32, max_size=32),
    gate=st.binary(min_size=6, max_size=6),
    secret=st.binary(min_size=16, max_size=16),
    expires=st.integers(0, 2**40),
    wifi_name=st.none() | st.just("门口"),
    wifi_password=st.none() | st.just("correct horse"),
)


@given(tickets)
def test_what_is_written_is_read(ticket):
    assert enrolment.decode(enrolment.encode(ticket)) == ticket


def test_the_text_fits_the_alphanumeric_mode_of_a_small_code():
    text = enrolment.encode(TICKET)
    assert re.fullmatch(r"JXE1:[A-Z2-7]+", text)
    assert len(text) <= 178  # QR version 8 at error correction M (ISO/IEC 18004, table 7: 221 characters)


def test_a_typed_ticket_may_be_broken_into_groups_and_lower_case():
    text = enrolment.encode(TICKET).lower()
    grouped = text[:5] + " - ".join(text[5:][n : n + 4] for n in range(0, len(text), 4)) + "\n"
    assert enrolment.decode(grouped) == TICKET


@given(tickets, st.data())
def test_one_wrong_character_is_noticed(ticket, data):
    text = enrolment.encode(ticket)
    at = data.draw(st.integers(5, len(text) - 2))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").filter(lambda c: c != text[at]))
    with pytest.raises(WireError):
        enrolment.decode(text[:at] + other + text[at + 1 :])


@given(st.text() | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=").map(lambda t: "JXE1:" + t))
def test_any_other_text_is_refused_and_never_crashes(text):
    with pytest.raises(WireError):
        enrolment.decode(text)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("JX1:ABC", Flaw.PREFIX),
        ("", Flaw.PREFIX),
        ("JXE1:", Flaw.SCHEMA),
        ("JXE1:1089", Flaw.SCHEMA),
        ("JXE1:" + "A" * 1024, Flaw.SIZE),
    ],
)
def test_each_refusal_says_what_is_wrong(text, flaw):
    with pytest.raises(WireError) as refused:
        enrolment.decode(text)
    assert refused.value.flaw is flaw


@pytest.mark.parametrize("url", ["http://fleet.example", "https://fleet.example/", "ftp://x", ""])
def test_a_ticket_to_anything_but_https_can_neither_be_made_nor_read(url):
    with pytest.raises(ValueError, match="https"):
        dataclasses.replace(TICKET, url=url)


def test_the_secret_does_not_show_when_a_ticket_is_printed():
    assert "73737373" not in repr(TICKET)

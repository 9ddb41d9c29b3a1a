"""Which texts are passes, and whose."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import foreign, health_cards
from wire import base45
from wire.errors import Flaw, WireError
from wire.foreign import reader
from wire.foreign.passes import Format
from wire.keys import PrivateKey

NOW_S = 1_795_000_000
SIGNER = foreign.new_signer()
CARD = health_cards.claims(health_cards.bundle([health_cards.immunization("2026-10-01")]), NOW_S)
PASSES = {
    Format.HC1: foreign.hc1(
        foreign.certificate("v", [foreign.vaccination("2026-10-01")]), SIGNER, NOW_S, NOW_S + 9
    ),
    Format.NZCP: foreign.nzcp(SIGNER, NOW_S, NOW_S + 9),
    Format.SHC: health_cards.text(health_cards.sign(CARD, PrivateKey.generate())),
}


@pytest.mark.parametrize("system", Format)
def test_every_system_has_its_reader(system):
    assert reader.is_pass(PASSES[system])
    assert reader.parse(PASSES[system]).body.format is system


def test_the_scheme_of_a_card_is_the_same_in_capitals():
    text = PASSES[Format.SHC]
    assert reader.parse(text.replace("shc:/", "SHC:/")) == reader.parse(text)


@pytest.mark.parametrize(
    "text", ["", "HC1", "hc1:6BF", "HC2:6BF", " HC1:6BF", "nzcp:/1/AA", "JX1:6BF", "shc:"]
)
def test_other_texts_are_no_passes(text):
    assert not reader.is_pass(text)
    with pytest.raises(WireError) as caught:
        reader.parse(text)
    assert caught.value.flaw is Flaw.PREFIX


def test_a_pass_of_a_later_version_is_a_pass_that_nobody_reads():
    assert reader.is_pass("NZCP:/2/AA")
    with pytest.raises(WireError) as caught:
        reader.parse("NZCP:/2/AA")
    assert caught.value.flaw is Flaw.PREFIX


@given(st.sampled_from(("HC1:", "NZCP:/1/", "shc:/", "")), st.text(max_size=60))
def test_any_text_is_a_pass_or_refused(prefix, text):
    with contextlib.suppress(WireError):
        reader.parse(prefix + text)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_pass_or_refused(data):
    for text in (f"HC1:{base45.encode(data)}", foreign.hc1_text(data), foreign.nzcp_text(data)):
        with contextlib.suppress(WireError):
            reader.parse(text)


@given(st.sampled_from(list(Format)), st.data())
def test_a_damaged_pass_is_refused_or_says_the_same(system, data):
    text = PASSES[system]
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.characters(max_codepoint=126)) + text[at + 1 :]
    with contextlib.suppress(WireError):
        found = reader.parse(damaged)
        if system is not Format.SHC:
            found = found.verify(SIGNER.public)
            assert found == reader.parse(text).body

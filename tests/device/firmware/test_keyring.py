"""Keys given in lines: whatever they are, a run of any length keeps no more than it has use for."""

import base64
import gc
import json
import tracemalloc

import pytest

from device.firmware import keyring, lines
from sandbox import foreign
from wire.errors import Flaw, WireError

NOW_S = 1_795_000_000
SIGNER = foreign.Authority().signer(NOW_S - 9, NOW_S + 9)
QR = foreign.hc1(foreign.certificate("v", [foreign.vaccination("2026-11-01")]), SIGNER, NOW_S - 9, NOW_S + 9)
KID = base64.b64encode(SIGNER.kid).decode()
CERT = base64.b64encode(SIGNER.certificate).decode()
LONG = "A" * 500_000


@pytest.mark.parametrize(
    "row",
    [
        lambda _: {"kid": KID, "cert": "AAAA"},
        lambda number: {"kid": KID, "cert": f"AAA{'ABCDEFGHIJKLMNOP'[number]}"},
        lambda number: {"kid": KID, "jwk": {"x": f"{LONG}{number}"}},
        lambda number: {"jwk": {"kty": "OKP", "x": f"{LONG}{number}"}},
        lambda number: {"kid": f"{LONG}{number}", "cert": CERT},
    ],
)
def test_a_run_does_not_grow_with_the_lines_whose_keys_are_refused(row):
    def run(numbers):
        for number in numbers:
            fields = {"id": number, "qr": QR, "clock": NOW_S, "trust": [row(number)], "more": LONG}
            assert json.loads(lines.reply(json.dumps(fields).encode(), NOW_S))["valid"] is False
        gc.collect()

    run(range(2))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        run(range(2, 10))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < len(LONG)


def test_a_jwk_of_any_depth_is_answered_under_its_lines_id():
    for depth in range(850, 1000):  # what can just be read cannot be written any more
        deep = "[" * depth + "]" * depth
        head = json.dumps({"id": 7, "qr": QR, "clock": NOW_S})[:-1]
        line = f'{head}, "trust": [{{"kid": "{KID}", "jwk": {{"x": {deep}}}}}]}}'
        said = json.loads(lines.reply(line.encode(), NOW_S))
        assert (said["id"], said["reason"]) in {(7, "kid"), (None, "line")}


@pytest.mark.parametrize(
    ("row", "flaw"),
    [
        ({"cert": "AAAA"}, Flaw.CERTIFICATE),
        ({"cert": "A" * 12_001}, Flaw.SIZE),
        ({"jwk": {"kty": "oct"}}, Flaw.KID),
        ({"jwk": {"kty": "EC", "x5c": ["A" * 33_000]}}, Flaw.KID),
    ],
)
def test_a_key_that_cannot_be_used_says_why_each_time(row, flaw):
    (one,) = keyring.given([row])
    for _ in range(2):
        with pytest.raises(WireError) as refused:
            one.opened()
        assert refused.value.flaw is flaw
        assert refused.value.__cause__ is None


def test_a_refused_key_has_no_id_not_even_an_empty_one():
    (one,) = keyring.given([{"cert": "AAAA"}])
    assert not one.names(keyring.meanings(b"="))

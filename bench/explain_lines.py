"""Promise: `jx-gate explain --jsonl` answers 500 lines a second on one core, its start included.

The floor is one bare verification by `cryptography` for each line. Every line is another pass: EU
certificates, SMART Health Cards and NZ passes in turn, with the key that each needs. The CPU time is that of
the real command.
"""

import base64
import json
import resource
import statistics
import subprocess
import sys
import time

from sandbox import foreign, health_cards
from wire.foreign import jwk
from wire.keys import PrivateKey

GOAL = 500.0
LINES, ROUNDS = 3_000, 5
NOW_S = 1_795_000_000
EXPIRES_S = 4_000_000_000
COMMAND = [sys.executable, "-c", "from device.firmware.command import main; main()", "explain", "--jsonl"]


def questions() -> bytes:
    """One line for each pass."""
    signer = foreign.Authority().signer(0, EXPIRES_S)
    cards, passes = PrivateKey.generate(), foreign.new_signer()
    certificate = {
        "kid": base64.b64encode(signer.kid).decode(),
        "cert": base64.b64encode(signer.certificate).decode(),
    }
    card_key = {
        "iss": health_cards.ISSUER,
        "kid": jwk.thumbprint(cards.public),
        "jwk": jwk.write(cards.public),
    }
    pass_key = {"iss": foreign.NZ_ISSUER, "kid": foreign.NZ_KEY, "jwk": jwk.write(passes.public)}
    rows: list[dict[str, object]] = []
    for number in range(LINES // 3):
        dose = foreign.vaccination("2026-11-01", number=f"{number:08X}")
        bundle = health_cards.bundle([health_cards.immunization("2026-10-01")], f"Anyperson {number}")
        card = health_cards.sign(health_cards.claims(bundle, NOW_S - number), cards)
        rows += [
            {
                "qr": foreign.hc1(foreign.certificate("v", [dose]), signer, NOW_S, EXPIRES_S),
                "trust": [certificate],
            },
            {"qr": health_cards.text(card), "trust": [card_key]},
            {"qr": foreign.nzcp(passes, NOW_S - number, EXPIRES_S), "trust": [pass_key]},
        ]
    named = ({"id": place, "clock": NOW_S} | row for place, row in enumerate(rows))
    return b"".join(json.dumps(row).encode() + b"\n" for row in named)


def children_s() -> float:
    """CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def answered_s(asked: bytes) -> float:
    """CPU seconds of the command for all lines."""
    before = children_s()
    ran = subprocess.run(COMMAND, input=asked, capture_output=True, check=True)  # noqa: S603 - fixed words
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    if not all(answer["valid"] for answer in answers) or len(answers) != LINES:
        raise SystemExit("not every pass was answered as valid: nothing is measured")
    return children_s() - before


def bare_s() -> float:
    """CPU seconds of as many bare verifications."""
    signer = PrivateKey.generate()
    message = bytes(500)
    signature = signer.sign(message)
    began = time.process_time()
    for _ in range(LINES):
        signer.public.verify(signature, message)
    return time.process_time() - began


def main() -> None:
    """Measure and print one line of JSON."""
    asked = questions()
    pairs = [(bare_s(), answered_s(asked)) for _ in range(ROUNDS)]
    rate = LINES / statistics.median(own for _, own in pairs)
    line = {
        "name": "explain --jsonl: passes of three systems",
        "value": round(rate, 1),
        "unit": "lines a CPU second",
        "floor": round(LINES / statistics.median(least for least, _ in pairs), 1),
        "ratio": round(statistics.median(least / own for least, own in pairs), 3),
        "goal": GOAL,
        "holds": rate >= GOAL,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()

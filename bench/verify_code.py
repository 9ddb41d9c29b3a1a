"""Promise: verifying a phone's code costs little more than its two signatures.

The floor is two bare P-256 verifications by `cryptography` in the same run, rounds interleaved.
"""

import itertools
import json
import statistics
import time
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from wire import code, keys, status

GOAL = 0.65
ROUNDS, CALLS, PEOPLE = 41, 50, 500


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call, averaged over CALLS."""
    began = time.process_time()
    for _ in range(CALLS):
        work()
    return (time.process_time() - began) / CALLS


def presented(issuer: keys.PrivateKey, number: int) -> str:
    """The QR text on one person's phone."""
    holder = keys.PrivateKey.generate()
    claims = code.Claims(
        issuer="jl",
        issued=1_790_000_000,
        expires=1_800_000_000,
        list_uri="https://status.jl.example/7",
        index=123_456 + number,
        subject=number.to_bytes(16),
        holder=holder.public,
    )
    return code.to_text(code.prove(code.issue(claims, issuer), 1_795_000_000 + number, holder))


def main() -> None:
    """Measure and print one line of JSON."""
    issuer = keys.PrivateKey.generate()
    # Another person each time, as at a gate; only what stays the same (issuer, headers) may be remembered.
    texts = [presented(issuer, number) for number in range(PEOPLE)]
    colours = status.StatusList(bytes(status.MAX_LIST_BYTES))
    following = itertools.cycle(texts)

    def ours() -> int:
        verified = code.verify(code.parse(next(following)), issuer.public)
        return colours[verified.claims.index]

    algorithm, message = ec.ECDSA(hashes.SHA256()), bytes(300)
    private = ec.generate_private_key(ec.SECP256R1())
    public, signature = private.public_key(), private.sign(message, algorithm)

    def floor() -> None:
        public.verify(signature, message, algorithm)
        public.verify(signature, message, algorithm)

    cpu_s(ours)
    pairs = [(cpu_s(floor), cpu_s(ours)) for _ in range(ROUNDS)]
    ratio = statistics.median(bare / own for bare, own in pairs)
    line = {
        "name": "verify a phone code: parse, two signatures, colour",
        "value": round(statistics.median(own for _, own in pairs) * 1e6, 1),
        "unit": "µs CPU",
        "floor": round(statistics.median(bare for bare, _ in pairs) * 1e6, 1),
        "ratio": round(ratio, 3),
        "goal": GOAL,
        "holds": ratio >= GOAL,
    }
    print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()

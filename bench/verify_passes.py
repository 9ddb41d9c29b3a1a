"""Promise: a pass of another system costs little more than its signature, and less than with a peer.

The floor of each is one bare verification by `cryptography` with the same kind of key, rounds interleaved.
The peer is the `cwt` package, which checks the signature and dates of an EU certificate and nothing that it
states; it wants other versions of our dependencies, so it runs in an environment of its own (`--peer`).
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox import foreign, health_cards
from wire import base45, cbor, keys
from wire.foreign import hc1, reader
from wire.foreign import keys as pass_keys
from wire.foreign.keys import PassAlg, PassKey

GOAL = 0.65
ROUNDS, CALLS, PASSES = 41, 40, 200
ISSUED, EXPIRES = 1_795_000_000, 4_000_000_000
PEER_PYTHON = Path(".peer/bin/python")
PEER = """
import json, statistics, sys, time
import cbor2, cwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
given = json.load(sys.stdin)
key = cwt.COSEKey.new(cbor2.loads(bytes.fromhex(given["key"])))
messages = [bytes.fromhex(text) for text in given["messages"]]
private = ec.generate_private_key(ec.SECP256R1())
public, algorithm, data = private.public_key(), ec.ECDSA(hashes.SHA256()), bytes(500)
signature = private.sign(data, algorithm)
def cpu_s(work, items):
    began = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - began) / len(items)
pairs = []
for _ in range(given["rounds"]):
    bare = cpu_s(lambda _: public.verify(signature, data, algorithm), messages)
    pairs.append((bare, cpu_s(lambda message: cwt.decode(message, key), messages)))
print(json.dumps([statistics.median(column) for column in zip(*pairs)] + [cwt.__version__]))
"""


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call, averaged over CALLS."""
    began = time.process_time()
    for _ in range(CALLS):
        work()
    return (time.process_time() - began) / CALLS


def bare(signer: foreign.Signer) -> Callable[[], object]:
    """One verification with this kind of key, and nothing else."""
    message = bytes(500)
    signature, public = signer.sign(message), signer.public
    if isinstance(public, keys.PublicKey):
        return lambda: public.verify(signature, message)
    return lambda: pass_keys.verify(public, signature, message)


def row(name: str, texts: Sequence[str], key: PassKey, floor: Callable[[], object]) -> float:
    """Measure one system, print its line, and give its CPU seconds."""
    following = itertools.cycle(texts)
    cpu_s(lambda: reader.parse(next(following)).verify(key))
    pairs = [(cpu_s(floor), cpu_s(lambda: reader.parse(next(following)).verify(key))) for _ in range(ROUNDS)]
    ratio = statistics.median(least / own for least, own in pairs)
    own = statistics.median(own for _, own in pairs)
    line = {
        "name": f"verify {name}: parse, one signature",
        "value": round(own * 1e6, 1),
        "unit": "µs CPU",
        "floor": round(statistics.median(least for least, _ in pairs) * 1e6, 1),
        "ratio": round(ratio, 3),
        "goal": GOAL,
        "holds": ratio >= GOAL,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return own / statistics.median(least for least, _ in pairs)


def peer(python: Path, texts: Sequence[str], signer: foreign.Signer, ours: float) -> None:
    """The same certificates through `cwt`; what is compared is each one's multiple of its own bare floor."""
    messages = [zlib.decompress(base45.decode(text[len(hc1.PREFIX) :])) for text in texts]
    given = {
        "key": cbor.encode(signer.public.cose() | {2: signer.kid, 3: -7}).hex(),
        "rounds": ROUNDS,
        "messages": [message.hex() for message in messages],
    }
    ran = subprocess.run(  # noqa: S603 -- a program that stands here, through no shell
        [str(python), "-c", PEER], input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True
    )
    least, own, version = json.loads(ran.stdout)
    ratio = own / least / ours
    line = {
        "name": f"verify an EU certificate (ES256), beside cwt {version}",
        "value": round(ours, 3),
        "unit": "bare verifications",
        "floor": round(own / least, 3),
        "ratio": round(ratio, 3),
        "goal": 1.0,
        "holds": ratio >= 1.0,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def european(signer: foreign.Signer) -> list[str]:
    """One vaccination each, of different people."""
    return [
        foreign.hc1(
            foreign.certificate("v", [foreign.vaccination("2026-11-01", number=f"{number:08X}")]),
            signer,
            ISSUED + number,
            EXPIRES,
        )
        for number in range(PASSES)
    ]


def cards(signer: keys.PrivateKey) -> list[str]:
    """Two doses each."""
    doses = [health_cards.immunization("2026-09-01"), health_cards.immunization("2026-10-01")]
    made = [
        health_cards.claims(health_cards.bundle(doses, family=f"Anyperson {number}"), ISSUED + number)
        for number in range(PASSES)
    ]
    return [health_cards.text(health_cards.sign(each, signer)) for each in made]


def main() -> None:
    """Measure and print a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, default=PEER_PYTHON, help="a Python that has the package cwt")
    python = parser.parse_args().peer
    authority = foreign.Authority()
    signer = authority.signer(0, EXPIRES)
    texts, floor = european(signer), bare(signer)
    ours = row("an EU certificate (ES256)", texts, signer.public, floor)
    rsa = authority.signer(0, EXPIRES, alg=PassAlg.PS256)
    row("an EU certificate (PS256)", european(rsa), rsa.public, bare(rsa))
    own = keys.PrivateKey.generate()
    row("a SMART Health Card", cards(own), own.public, floor)
    passes = [foreign.nzcp(signer, ISSUED + number, EXPIRES) for number in range(PASSES)]
    row("an NZ COVID Pass", passes, signer.public, floor)
    if python.exists():
        peer(python, texts, signer, ours)
    else:
        sys.stderr.write(f"no peer: {python} is missing\n")


if __name__ == "__main__":
    main()

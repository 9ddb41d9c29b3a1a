"""Promise: a pass or a paper code costs little more than its signature, and less than with a peer.

The floor of each is one bare verification by `cryptography` with the same kind of key, rounds interleaved.
The peer is the `cwt` package, for all that is a CWT (a card is none): it gets what a text holds, checks
the signature and dates, and reads nothing that a pass states. It wants other versions of our dependencies, so
it runs in an environment of its own (`--peer`).
"""

import argparse
import base64
import itertools
import json
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox import foreign, health_cards
from wire import base45, cbor, code, keys
from wire.foreign import hc1, reader
from wire.foreign import keys as pass_keys
from wire.foreign.keys import PassAlg

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


@dataclass(frozen=True)
class System:
    """Texts of one system, how ours checks one of them, and what one bare verification is."""

    name: str
    texts: Sequence[str]
    check: Callable[[str], object]
    floor: Callable[[], object]


def row(system: System) -> float:
    """Measure one system, print its line, and give its cost in bare verifications."""
    following = itertools.cycle(system.texts)

    def ours() -> object:
        return system.check(next(following))

    cpu_s(ours)
    pairs = [(cpu_s(system.floor), cpu_s(ours)) for _ in range(ROUNDS)]
    least, own = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(floor / cost for floor, cost in pairs)
    line = {"name": f"verify {system.name}: parse, one signature", "value": round(own * 1e6, 1)}
    line |= {"unit": "µs CPU", "floor": round(least * 1e6, 1)}
    say(line, ratio, GOAL)
    return own / least


def say(line: dict[str, object], ratio: float, goal: float) -> None:
    """Print one line of JSON; these promises are lower limits."""
    line |= {"ratio": round(ratio, 3), "goal": goal, "holds": ratio >= goal}
    print(json.dumps(line, ensure_ascii=False), flush=True)


def peer(python: Path, name: str, messages: Sequence[bytes], key: dict[int, object], ours: float) -> None:
    """The same through `cwt`; what is compared is each one's multiple of its own bare floor."""
    given = {"key": cbor.encode(key).hex(), "rounds": ROUNDS, "messages": [each.hex() for each in messages]}
    ran = subprocess.run(  # noqa: S603 -- a program that stands here, through no shell
        [str(python), "-c", PEER], input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True
    )
    least, own, version = json.loads(ran.stdout)
    line = {"name": f"verify {name}, beside cwt {version}", "value": round(ours, 3)}
    line |= {"unit": "bare verifications", "floor": round(own / least, 3)}
    say(line, own / least / ours, 1.0)


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


def papers(signer: keys.PrivateKey) -> list[str]:
    """Paper codes: a phone's has a second signature, and a promise of its own (verify_code.py)."""
    claims = code.Claims(
        issuer="jl",
        issued=ISSUED,
        expires=EXPIRES,
        list_uri="https://status.jl.example/7",
        index=0,
        subject=bytes(16),
        paper=code.PaperName(masked_name="张*", id_tail="123X"),
    )
    made = (replace(claims, index=number, subject=number.to_bytes(16)) for number in range(PASSES))
    return [code.to_text(code.issue(each, signer)) for each in made]


def main() -> None:
    """Measure and print a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, default=PEER_PYTHON, help="a Python that has the package cwt")
    python = parser.parse_args().peer
    authority, own = foreign.Authority(), keys.PrivateKey.generate()
    signer, rsa = authority.signer(0, EXPIRES), authority.signer(0, EXPIRES, alg=PassAlg.PS256)
    floor, nz = bare(signer), [foreign.nzcp(signer, ISSUED + each, EXPIRES) for each in range(PASSES)]

    def by(key: pass_keys.PassKey) -> Callable[[str], object]:
        return lambda text: reader.parse(text).verify(key)

    eu = System("an EU certificate (ES256)", european(signer), by(signer.public), floor)
    new_zealand = System("an NZ COVID Pass", nz, by(signer.public), floor)
    paper = System("a paper code", papers(own), lambda text: code.verify(code.parse(text), own.public), floor)
    costs = {system.name: row(system) for system in (eu, new_zealand, paper)}
    row(System("an EU certificate (PS256)", european(rsa), by(rsa.public), bare(rsa)))
    row(System("a SMART Health Card", cards(own), by(own.public), floor))
    if not python.exists():
        sys.stderr.write(f"no peer: {python} is missing\n")
        return
    unpacked = {
        eu.name: [zlib.decompress(base45.decode(text[len(hc1.PREFIX) :])) for text in eu.texts],
        new_zealand.name: [from_base32(text.rpartition("/")[2]) for text in nz],
        paper.name: [base45.decode(text[len(code.PREFIX) :]) for text in paper.texts],
    }
    kids = {eu.name: signer.kid, new_zealand.name: foreign.NZ_KEY.encode(), paper.name: own.public.kid}
    for name, messages in unpacked.items():
        key = (own if name == paper.name else signer).public.cose() | {2: kids[name], 3: -7}
        peer(python, name, messages, key, costs[name])


def from_base32(text: str) -> bytes:
    """Base32 without its padding."""
    return base64.b32decode(text + "=" * (-len(text) % 8))


if __name__ == "__main__":
    main()

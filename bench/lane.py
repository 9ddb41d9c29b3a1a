"""Promise: one lane passes 40 people a minute with a thermometer that needs 0.9 s to settle.

Virtual time: the firmware's own step before a model of the chip's lag and of people who walk with stated
times, so the figure is the design's and not this machine's. One line of JSON for each way to walk; who walks
slower than the goal leaves room for is shown beside it.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from device.firmware.trust import Beliefs
from sandbox.turnstile import STYLES, Queue
from wire import code, documents, envelope, policy, status
from wire.documents import EVERYBODY, KeyUse, Role, RoleKeys
from wire.keys import PrivateKey

GOAL = 40.0
PEOPLE = 60
GATE, NOW_S, DAY_S = "0123456789ab", 1_795_000_000, 86_400


def believed(key: PrivateKey, issuer: PrivateKey) -> Beliefs:
    """Everything that a gate holds, in as few words as the formats take; one key signs it all."""
    dates: Any = {"version": 1, "issued": NOW_S - 60, "expires": NOW_S + DAY_S}
    span = {"not_before": NOW_S - DAY_S, "not_after": NOW_S + DAY_S}
    alone = RoleKeys(threshold=1, kids=(key.public.kid,))
    root = documents.Root(**dates, audience=EVERYBODY, keys=(key.public,), roles=dict.fromkeys(Role, alone))
    known = documents.Issuer(
        id="jl",
        name_zh="吉林",
        name_en="Jilin",
        keys=tuple(documents.IssuerKey(key=issuer.public, use=use, **span) for use in KeyUse),
        lists=(documents.ListRef(uri="jl/0", shard=0, carried_by=("",)),),
    )
    trust = documents.Trust(**dates, audience=EVERYBODY, issuers=(known,), bounds=policy.LOOSEST)
    assignment = documents.Assignment(
        **dates,
        audience=GATE,
        venue="v",
        venue_zh="商场",
        venue_en="Mall",
        category="mall",
        location="north",
        permission=documents.Permission(region="r", scope="scan", begins=0, ends=NOW_S + DAY_S),
        lane="A",
        direction=documents.Direction.ENTRY,
        policy=policy.DEFAULT,
        staff=(),
        hours=(),
        closed_days=(),
        utc_offset_min=480,
        closed=False,
    )
    green = status.StatusList(bytes(8))
    colours = status.Token(uri="jl/0", issued=NOW_S - 60, expires=NOW_S + DAY_S, seq=1, statuses=green)
    beliefs = Beliefs(GATE)
    beliefs.first_root(envelope.sign(root, [key]))
    beliefs.new_trust(envelope.sign(trust, [key]), NOW_S)
    beliefs.new_assignment(envelope.sign(assignment, [key]), NOW_S)
    beliefs.new_list("jl", 0, status.issue_token(colours, issuer), NOW_S)
    return beliefs


TIME = documents.Time(
    version=1,
    issued=NOW_S,
    expires=NOW_S + DAY_S,
    audience=GATE,
    now_ms=NOW_S * 1000,
    nonce=bytes(16),
    root=1,
    trust=1,
    lists={"jl/0": 1},
)


def main() -> None:
    """Let each queue through and print what it came to."""
    key, issuer, holder = (PrivateKey.generate() for _ in range(3))
    beliefs = believed(key, issuer)

    def text(number: int, at_ms: int) -> str:
        claims = code.Claims(
            issuer="jl",
            issued=NOW_S - 60,
            expires=NOW_S + DAY_S,
            list_uri="jl/0",
            index=0,
            subject=number.to_bytes(16),
            holder=holder.public,
        )
        return code.to_text(code.prove(code.issue(claims, issuer), NOW_S + at_ms // 1000, holder))

    for style in STYLES:
        with tempfile.TemporaryDirectory() as directory:
            queue = Queue(beliefs, TIME, style, Path(directory) / "gate.db")
            report = queue.run(text, PEOPLE)
            queue.close()
        line = {
            "name": f"people through one lane, {style.name}",
            "value": round(report.a_minute, 1),
            "unit": "people a minute",
            "floor": GOAL,
            "ratio": round(report.a_minute / GOAL, 3),
            "goal": GOAL,
            "holds": report.a_minute >= GOAL,
            "seconds": report.parts,
            "bottleneck": report.bottleneck,
        }
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()

# noqa: INP001 - a script that stands beside the pages it renders for
"""The tables of the documentation, rendered from the tables of the code: `python docs/generate.py`."""

import runpy
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from device.firmware import config, parts, thermometry
from wire import (
    attendance,
    cbor,
    code,
    cose,
    documents,
    enrolment,
    envelope,
    health,
    keys,
    messages,
    policy,
    reason_words,
    reasons,
    schema,
    status,
    topics,
)
from wire.foreign import certificate, hc1, loose_cbor, loose_cose, notation, nzcp, passes, shc

TABLES: Final = Path(__file__).parent / "tables"
NOTE: Final = "<!-- Rendered by docs/generate.py from the code: change the code, then run it. -->\n\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(head)] + [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    rule = ["---"] * len(lines[0])
    return NOTE + "".join(f"| {' | '.join(line)} |\n" for line in [lines[0], rule, *lines[1:]])


def _topics() -> str:
    rows = [
        (name, " · ".join(f"`{t}`" for t in grant.publish), " · ".join(f"`{t}`" for t in grant.subscribe))
        for name, grant in topics.ACL.items()
    ]
    return _table(("who", "may publish", "may subscribe"), rows)


def _reasons() -> str:
    rows = [
        (w.code, w.verdict.name.lower(), w.zh, w.en, f"{w.screen_zh} · {w.screen_en}")
        for w in reason_words.REASONS.values()
    ]
    return _table(("code", "verdict", "给工作人员", "for staff", "screen"), rows)


def _verdicts() -> str:
    rows = runpy.run_path(str(Path(__file__).with_name("verdicts.py")))["rows"]
    return _table(("what the gate finds", "verdict", "reason"), rows())


def _by_hand() -> str:
    return _table(
        ("word", "why"),
        (
            (f"`{word}`", f"{w.zh} · {w.en}")
            for word, w in (attendance.HAND_REASONS | attendance.UNATTENDED).items()
        ),
    )


def _sites() -> str:
    rows = (
        (
            site.name.lower(),
            a.k,
            f"{a.ambient_low_c:g} – {a.ambient_high_c:g} °C",
            f"± {a.uncertainty_c:g} °C",
            a.source,
        )
        for site, a in thermometry.SITES.items()
    )
    return _table(("site", "k", "ambient", "uncertainty", "source"), rows)


def _pins() -> str:
    example = config.read(config.example().encode(), "gate.toml")
    return _table(("GPIO", "pin", "接线", "wire", "as configured"), parts.wires_of(example))


def _troubles() -> str:
    rows = [
        (t.value, t.name.lower(), w.severity.name.lower(), f"{w.zh} · {w.en}", f"{w.fix_zh} · {w.fix_en}")
        for t, w in health.TROUBLES.items()
    ]
    return _table(("number", "name", "cost", "what is wrong", "what to do"), rows)


def _documents() -> str:
    rows = [
        (
            f"`{row.content_type}`",
            row.role.value,
            "COSE_Sign (98)" if row.many_signers else "COSE_Sign1 (18)",
            f"{row.max_bytes:,}",
            (kind.__doc__ or "").strip().splitlines()[0],
        )
        for kind, row in envelope.KINDS.items()
    ]
    return _table(("content type", "signed by role", "envelope", "bytes at most", "says"), rows)


def _policy() -> str:
    rows = [
        (
            f"`{name}`",
            int(getattr(policy.DEFAULT, name)),
            int(getattr(policy.LOOSEST, name)),
            {"min": "lower", "max": "higher"}[policy.STRICTER[name].__name__]
            if name in policy.STRICTER
            else "the venue's alone",
        )
        for name in (field for field in policy.Policy.__dataclass_fields__)
    ]
    return _table(("field", "default", "loosest bound", "stricter is"), rows)


def _limits() -> str:
    rows = [
        ("code, QR text", f"{code.MAX_TEXT:,} characters"),
        ("code, bytes", f"{code.MAX_BYTES:,}"),
        ("status list token, delta", f"{status.MAX_TOKEN_BYTES:,}"),
        ("status list, inflated", f"{status.MAX_LIST_BYTES:,}"),
        ("changes in a delta", f"{status.MAX_CHANGES:,}"),
        *((kind.__name__.lower(), f"{most:,}") for kind, (_, most) in messages.MESSAGES.items()),
        ("events in a batch", messages.MAX_BATCH),
        ("checkpoint", 512),
        ("enrolment ticket, text", f"{enrolment.MAX_CHARACTERS:,} characters"),
        ("nesting of CBOR", cbor.MAX_DEPTH),
        ("items of CBOR around a signed payload", cose.MAX_ENVELOPE_ITEMS),
        ("EU certificate and NZ pass, QR text", f"{passes.MAX_TEXT:,} characters"),
        ("EU certificate, inflated", f"{hc1.MAX_BYTES:,}"),
        ("NZ pass, bytes", f"{nzcp.MAX_BYTES:,}"),
        (
            "EU certificate and NZ pass, nesting, items of CBOR",
            f"{loose_cbor.MAX_DEPTH}, {loose_cbor.MAX_ITEMS:,}",
        ),
        ("EU certificate and NZ pass, protected header", loose_cose.MAX_HEADER_BYTES),
        ("health card, QR text", f"{shc.MAX_TEXT:,} characters"),
        ("health card, parts", shc.MAX_CHUNKS),
        ("health card, JWS", f"{shc.MAX_JWS:,} characters"),
        ("health card, inflated", f"{shc.MAX_INFLATED_BYTES:,}"),
        ("health card, nesting of JSON", notation.MAX_DEPTH),
        ("certificate of a signer", f"{certificate.MAX_BYTES:,}"),
    ]
    return _table(("what", "at most"), rows)


def _notation(value: object, depth: int = 0) -> str:
    """CBOR diagnostic notation (RFC 8949, 8), broken into lines at the outermost map or array."""
    match value:
        case bytes():
            return f"h'{value.hex()}'"
        case str():
            return f'"{value}"'
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case dict():
            inner = ", ".join(f"{_notation(k)}: {_notation(v, depth + 1)}" for k, v in value.items())
            return f"{{{inner}}}"
        case list() | tuple():
            return f"[{', '.join(_notation(v, depth + 1) for v in value)}]"
    return str(value)


class _Example:
    """A signer whose signature is 64 bytes of 0x5a: the examples must not change from run to run."""

    public = keys.PublicKey(keys.Alg.ES256, bytes(range(32)), bytes(range(32, 64)))

    def sign(self, message: bytes) -> bytes:
        """Nothing is signed: an example verifies with no key."""
        return b"\x5a" * (keys.SIGNATURE_BYTES if message else 0)


class _SixtyFourZeros(status.StatusList):
    """128 people, all green; deflated once, because every build of zlib has its own idea of the best."""

    def deflate(self) -> bytes:
        """The zlib form."""
        return bytes.fromhex("78da6360a00c000000400001")


def _examples() -> str:
    signer = _Example()
    claims = code.Claims(
        issuer="jl",
        issued=1_790_000_000,
        expires=1_800_000_000,
        list_uri="https://status.jl.example/7",
        index=123_456,
        subject=bytes(range(16)),
        holder=signer.public,
    )
    credential = code.issue(claims, signer)
    base = status.Token(uri="u", issued=1, expires=9, seq=4, statuses=_SixtyFourZeros(bytes(64)))
    packed = status.pack_changes({0: 1, 7: 15, 31: 12})
    entry = messages.Entry(
        sequence=7,
        previous=bytes(32),
        at_ms=1_795_000_000_000,
        clock=messages.ClockTrust.SIGNED,
        kind=messages.Event.PASSAGE,
        verdict=reasons.Verdict.ADMIT,
        reason=reasons.Reason.GREEN,
        colour=reasons.Colour.GREEN,
        issuer="jl",
        subject=bytes(range(16)),
        took_ms=41,
    )
    command = documents.Command(
        version=3,
        issued=1_795_000_000,
        expires=1_795_000_060,
        audience="0123456789ab",
        id=bytes(16),
        nonce=bytes(16),
        action=documents.Action.OPEN_ONCE,
        reason="asked",
    )
    parts = {
        "Credential": credential,
        "Proof": code.prove(credential, 1_795_000_000, signer),
        "Status list token": status.issue_token(base, signer),
        "Changes of a delta: 0 → 1, 7 → 15, 31 → 12": packed,
        "Event": messages.write(entry),
        "Command": envelope.sign(command, [signer]),
        "Policy": schema.write(policy.CODEC, policy.DEFAULT),
    }
    return NOTE + "\n".join(_example(name, data) for name, data in parts.items())


def _example(name: str, data: bytes) -> str:
    digits = data.hex()
    lines = "\n".join(digits[at : at + 96] for at in range(0, len(digits), 96))
    words = ""
    if data[0] == 0xD2:  # noqa: PLR2004 - tag 18, COSE_Sign1
        words = f"18({_notation(cbor.decode(data[1:], max_bytes=len(data)))})"
    elif data[0] >= 0xA0:  # noqa: PLR2004 - a map
        words = _notation(cbor.decode(data, max_bytes=len(data)))
    said = f"\n```\n{words}\n```\n" if words else ""
    return f"## {name} ({len(data)} bytes)\n\n```\n{lines}\n```\n{said}"


RENDERED: Final[dict[str, Callable[[], str]]] = {
    "topics.md": _topics,
    "verdicts.md": _verdicts,
    "reasons.md": _reasons,
    "by-hand.md": _by_hand,
    "pins.md": _pins,
    "sites.md": _sites,
    "troubles.md": _troubles,
    "documents.md": _documents,
    "policy.md": _policy,
    "limits.md": _limits,
    "examples.md": _examples,
}


def main() -> None:
    """Write every table."""
    TABLES.mkdir(exist_ok=True)
    for name, render in RENDERED.items():
        (TABLES / name).write_text(render())
    sys.stdout.write(f"{len(RENDERED)} tables in {TABLES}\n")


if __name__ == "__main__":
    main()

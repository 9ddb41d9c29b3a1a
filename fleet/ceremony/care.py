"""Commands that look after an office: check, paper, backup, restore, passphrase."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from fleet.ceremony import backup as copies
from fleet.ceremony import keyring, rehearsal, seal
from fleet.ceremony import passphrase as passphrases
from fleet.ceremony.office import Office, load
from fleet.ceremony.rehearsal import Level
from fleet.ceremony.terminal import OfficeDir, PassFile, say, tell, voice
from fleet.errors import FleetError
from fleet.keys import fingerprints
from fleet.keys.offline import ROLES
from fleet.keys.phrases import moment
from fleet.keys.sealed import replace_private

_MARKS: Final = {Level.GOOD: "✓", Level.CARE: "!", Level.BAD: "✗"}


def check(office_dir: OfficeDir, passphrase_file: PassFile = None) -> None:
    """Rehearse: every key opens, every document verifies, what is to be done by when. Signs nothing real."""
    findings = rehearsal.rehearse(load(office_dir), voice(passphrase_file), int(time.time()))
    for level in reversed(Level):
        lines = [f for f in findings if f.level is level]
        if lines:
            say(_MARKS[level], [text for found in lines for text in (found.zh, found.en)])
    bad = sum(found.level is Level.BAD for found in findings)
    if bad:
        raise FleetError(f"{bad} of {len(findings)} things are wrong with this office: see above")
    tell(f"演练通过 / the rehearsal went well: {len(findings)}")


def paper(office_dir: OfficeDir) -> None:
    """Print fingerprints to keep on paper beside a copy, and to read to others."""
    held = load(office_dir)
    tell(f"吉祥门离线办公室 / Jixiang Gate office · {moment(int(time.time()))[:10]}")
    for root in (*held.roots[:1], *held.roots[1:][-1:]):
        tell(f"root-{root.version} {fingerprints.of_root(root)}")
    for line in _keys(held):
        tell(line)


def _keys(held: Office) -> list[str]:
    mine = {key.kid: "token" if key.in_token else "file" for key in held.own_keys()}
    cards = held.cards or {}
    keys = {key for role in ROLES for key in (held.root.keys_of(role).values() if held.roots else ())}
    keys |= {card.key for card in cards.values()}
    roles = {kid: role for role in ROLES for kid in (held.root.roles[role].kids if held.roots else ())}
    lines = []
    for key in sorted(keys, key=lambda k: (k.kid not in roles, roles.get(k.kid, ""), k.kid)):
        role = roles[key.kid].value if key.kid in roles else f"（{cards[key.kid].role.value}）"
        label = cards[key.kid].label if key.kid in cards else "?"
        here = f"（在此 / here: {mine[key.kid]}）" if key.kid in mine else ""
        lines += [f"{role} · {label}{here}", f"  {fingerprints.of_key(key)}"]
    return lines


def backup(
    office_dir: OfficeDir, out: Annotated[Path, typer.Option("--out", help="A new file, on a stick.")]
) -> None:
    """Copy the office into one file: keys stay sealed, keys in tokens stay in their tokens."""
    count = copies.write(load(office_dir), out, int(time.time()))
    tell(f"{out}: {count} 个文件；与口令分开保存，并随附 jx-fleet ceremony paper 的打印件")
    tell(f"{out}: {count} files; keep it apart from its passphrase, with a print of: jx-fleet ceremony paper")


def restore(
    copy: Annotated[Path, typer.Argument(help="The file that backup wrote.")], office_dir: OfficeDir
) -> None:
    """Make an office of a copy, in a new directory."""
    held = copies.restore(copy, office_dir)
    tell(f"已恢复到 {office_dir}，请核对指纹并演练 / restored; compare the fingerprint, then rehearse:")
    if held.roots:
        tell(f"  root-{held.root.version} {fingerprints.of_root(held.root)}")
    tell(f"  jx-fleet ceremony check --office {office_dir}")


def reseal(
    office_dir: OfficeDir,
    passphrase_file: PassFile = None,
    new_file: Annotated[
        Path | None,
        typer.Option("--new-passphrase-file", help="Read the new one from this file (0600)."),
    ] = None,
) -> None:
    """Seal the keys that open with your passphrase with a new one; copies keep the old one."""
    said = voice(passphrase_file)
    fresh = voice([new_file] if new_file else None).for_new()
    said.typed.append(fresh)  # what an interrupted try has sealed anew opens with it
    held = load(office_dir)
    done = 0
    for key in held.own_keys():
        if key.in_token:
            continue
        try:
            opened = keyring.unseal(key, said)
        except FleetError as error:
            tell(f"未改 / left as it is: {error}")
            continue
        replace_private(key.path, seal.sealed(opened, fresh))
        done += 1
    tell(f"{done} 把密钥换了口令；旧备份仍用旧口令，请重新备份并销毁旧备份")
    tell(f"{done} keys are sealed anew; older copies open with the old one: make a new one, destroy them")


def passphrase() -> None:
    """Suggest a passphrase; nothing keeps it but you."""
    typer.echo(passphrases.suggest())

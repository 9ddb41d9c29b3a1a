"""The command line of the offline desk: `jx-fleet ceremony …`."""

import time
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from fleet.ceremony import desk, office
from fleet.errors import FleetError
from fleet.keys import paper
from fleet.keys.chain import next_root, next_trust
from fleet.keys.sealed import read_private, replace_private
from fleet.keys.words import root_words
from wire.documents import Root, Trust
from wire.errors import WireError

app = typer.Typer(
    name="ceremony",
    help="Keys that never come near the server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False)
_LOOK_S: Final = 0.5

OfficeDir = Annotated[Path, typer.Option("--office", help="The office directory.")]
PassFile = Annotated[Path | None, typer.Option(help="Read the passphrase from this file (0600).")]
Out = Annotated[Path, typer.Option("--out", help="Directory for signed documents.")]
Yes = Annotated[bool, typer.Option("--yes", help="Sign without asking.")]
RequestFile = Annotated[Path, typer.Argument(help="The file of a signing request.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the desk; errors are one line and exit status 1."""
    try:
        app(arguments, prog_name="jx-fleet ceremony")
    except (FleetError, WireError) as error:
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"[red]error[/red] {_shown(error)}")
    raise SystemExit(1) from error


def _shown(error: Exception) -> str:
    """What an error says, without what a hostile file would have the terminal do."""
    return escape("".join(sign if sign.isprintable() else "�" for sign in str(error)))


def _now() -> int:
    return int(time.time())


def _passphrase(file: Path | None, *, new: bool = False) -> str:
    if file is not None:
        return read_private(file).decode().rstrip("\r\n")
    given: str = typer.prompt("Passphrase of the office", hide_input=True, confirmation_prompt=new)
    return given


def _say(title: str, words: tuple[str, ...] | list[str]) -> None:
    console.print(Panel("\n".join(f"• {escape(line)}" for line in words), title=escape(title)))


@app.command()
def create(
    office_dir: OfficeDir,
    fleet_keys: Annotated[Path, typer.Option(help="Directory to carry to the server.")],
    root_keys: int = 3,
    root_threshold: int = 2,
    trust_keys: int = 2,
    trust_threshold: int = 1,
    passphrase_file: PassFile = None,
) -> None:
    """Make root and trust keys, the server's online keys and root version 1."""
    plan = office.Plan(
        root_keys=root_keys,
        root_threshold=root_threshold,
        trust_keys=trust_keys,
        trust_threshold=trust_threshold,
    )
    plan.check()
    secret = _passphrase(passphrase_file, new=True)
    made = office.create(office_dir, fleet_keys, plan, secret, _now())
    _say("根文件 / root", root_words(None, made.root))
    console.print(
        f"Keep {escape(str(office_dir))} offline. Carry {escape(str(fleet_keys))} to the server, then:"
    )
    console.print(f"  jx-fleet keys install {escape(str(fleet_keys))} --dir DIR", soft_wrap=True)


@app.command()
def show(request: RequestFile, office_dir: OfficeDir) -> None:
    """Say in words what a request would sign."""
    asked = paper.read(request)
    _say(f"{asked.number} · {asked.act}", desk.review(office.load(office_dir), asked, _now()).words)


@app.command()
def sign(
    request: RequestFile,
    office_dir: OfficeDir,
    out: Out,
    passphrase_file: PassFile = None,
    yes: Yes = False,
) -> None:
    """Show a request in words, ask, sign it, write the answer."""
    asked = paper.read(request)
    held = office.load(office_dir)
    proposal = desk.review(held, asked, _now())
    _ask_and_sign(held, proposal, f"{asked.number} · {asked.act}", out, passphrase_file, yes=yes)


@app.command()
def countersign(
    document: Annotated[Path, typer.Argument(help="A document that another officer has signed already.")],
    office_dir: OfficeDir,
    out: Out,
    passphrase_file: PassFile = None,
    yes: Yes = False,
) -> None:
    """Show what a partly signed document says, ask, add this office's signatures."""
    held, data = office.load(office_dir), document.read_bytes()
    proposal = desk.review_document(held, data, _now())
    _ask_and_sign(held, proposal, document.name, out, passphrase_file, yes=yes, joined=(data,))


@app.command()
def watch(
    requests: Annotated[Path, typer.Argument(help="Directory in which requests appear.")],
    office_dir: OfficeDir,
    out: Out,
    passphrase_file: PassFile = None,
    yes: Yes = False,
) -> None:
    """Show and sign every request that appears, until interrupted; for a demonstration."""
    if not yes:
        raise FleetError("watch signs without asking: say so with --yes, or sign each request by hand")
    secret = _passphrase(passphrase_file)
    seen: set[str] = set()
    while True:
        for path in sorted(requests.glob(f"*{paper.SUFFIX}")):
            if path.name not in seen:
                seen.add(path.name)
                _answer(path, office_dir, out, secret)
        time.sleep(_LOOK_S)


def _answer(path: Path, office_dir: Path, out: Path, secret: str) -> None:
    try:
        asked, held = paper.read(path), office.load(office_dir)
        proposal = desk.review(held, asked, _now())
        _say(f"{asked.number} · {asked.act}", proposal.words)
        _write(desk.sign(held, proposal, secret), out)
    except (FleetError, WireError) as error:
        console.print(f"[red]refused[/red] {escape(path.name)}: {_shown(error)}")


@app.command("rotate-trust")
def rotate_trust(office_dir: OfficeDir, out: Out, passphrase_file: PassFile = None, yes: Yes = False) -> None:
    """Make a new trust key, put it into the next root, sign the trust document again with it."""
    held = office.load(office_dir)
    proposal = desk.new_trust_key(held, _now())
    _ask_and_sign(held, proposal, "new-trust-key", out, passphrase_file, yes=yes)


@app.command()
def take(document: Path, office_dir: OfficeDir) -> None:
    """Remember a document that another office has completed."""
    held, data = office.load(office_dir), document.read_bytes()
    taken: Root | Trust
    try:
        taken = next_root(held.root, data)
    except WireError:
        taken = next_trust(held.root, held.trust, data)
    held.keep(taken, data, complete=True)
    console.print(f"kept {escape(document.name)}")


def _ask_and_sign(
    held: office.Office,
    proposal: desk.Review,
    title: str,
    out: Path,
    passphrase_file: Path | None,
    *,
    yes: bool,
    joined: tuple[bytes, ...] = (),
) -> None:
    _say(title, proposal.words)
    if not yes and not typer.confirm("签署吗？ Sign this?"):
        raise FleetError("nothing was signed")
    _write(desk.sign(held, proposal, _passphrase(passphrase_file), joined), out)


def _write(answers: list[desk.Signed], out: Path) -> None:
    for answer in answers:
        name = answer.name if answer.complete else answer.name.replace(".cbor", ".partial")
        path = out / name
        replace_private(path, answer.data)
        console.print(f"wrote {escape(str(path))} ({escape(answer.words)})", soft_wrap=True)
    if not all(answer.complete for answer in answers):
        console.print("Carry the partial file to the next officer: jx-fleet ceremony countersign FILE")

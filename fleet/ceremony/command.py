"""The command line of the offline desk: `jx-fleet ceremony …`."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from fleet.ceremony import act, care, circulate, desk, founding, office, officers, signing
from fleet.ceremony.act import Manner
from fleet.ceremony.alone import alone, one_at_a_time
from fleet.ceremony.keyring import Voice
from fleet.ceremony.terminal import (
    Heard,
    OfficeDir,
    Out,
    PassFile,
    Yes,
    console,
    printable,
    say,
    tell,
    token_options,
    voice,
)
from fleet.ceremony.token import MODULE_VARIABLE
from fleet.errors import FleetError
from fleet.keys import dates, paper
from fleet.keys.words import root_words
from wire.errors import WireError

app = typer.Typer(
    name="ceremony",
    help="Keys that never come near the server. The manual: docs/ceremony.md",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_LOOK_S: Final = 0.5

RequestFile = Annotated[Path, typer.Argument(help="The file of a signing request.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the desk; errors are one line and exit status 1."""
    try:
        app(arguments, prog_name="jx-fleet ceremony")
    except (FleetError, WireError) as error:
        _fail(str(error), error)
    except OSError as error:
        said = f"{error.filename or 'a file'} cannot be used: {error.strerror}"
        _fail(f"{said}; what is signed is kept in the office. Make room, then give the command again", error)


def _fail(words: str, error: Exception) -> NoReturn:
    said = escape(printable(words))
    Console(stderr=True, highlight=False).print(f"[red]error[/red] {said}", soft_wrap=True)
    raise SystemExit(1) from error


def _now() -> int:
    return int(time.time())


@app.callback()
def tokens(
    module: Annotated[
        Path | None, typer.Option(help="The PKCS#11 module of a token.", envvar=MODULE_VARIABLE)
    ] = None,
    pin_file: Annotated[
        Path | None, typer.Option(help="Read a token's PIN from this file (0600), instead of typing it.")
    ] = None,
) -> None:
    """Keys that never come near the server. The manual: docs/ceremony.md"""  # noqa: D415 - a path ends it
    token_options(module, pin_file)


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
    """Make all keys at this one desk, the server's online keys and root version 1."""
    plan = founding.Plan(
        root_keys=root_keys,
        root_threshold=root_threshold,
        trust_keys=trust_keys,
        trust_threshold=trust_threshold,
    )
    plan.check()
    now = dates.clock(_now(), None)
    made = founding.create(office_dir, fleet_keys, plan, voice(passphrase_file).for_new(), now)
    say("根文件 / root", root_words(None, made.root))
    tell(f"把 {office_dir} 离线保存；把 {fleet_keys} 带到服务器，然后：")
    tell(f"Keep {office_dir} offline. Carry {fleet_keys} to the server, then:")
    tell(f"  jx-fleet keys install {fleet_keys} --dir DIR")


@app.command()
def show(request: RequestFile, office_dir: OfficeDir) -> None:
    """Say in words what a request would sign."""
    asked = paper.read(request)
    say(f"{asked.number} · {asked.act}", desk.review(office.load(office_dir), asked, _now()).words)


@app.command()
@one_at_a_time
def sign(
    request: RequestFile,
    office_dir: OfficeDir,
    out: Out,
    cards: Annotated[
        Path | None, typer.Option(help="Directory with the cards of keys that come in, for their labels.")
    ] = None,
    passphrase_file: PassFile = None,
    heard: Heard = None,
    yes: Yes = False,
) -> None:
    """Show a request in words, ask, sign it, write the answer."""
    asked = paper.read(request)
    held = office.load(office_dir)
    proposal = desk.review(held, asked, _now())
    manner = Manner(voice=voice(passphrase_file), out=out, heard=heard or (), yes=yes)
    known = circulate.cards_in([cards] if cards else [])
    act.perform(held, proposal, f"{asked.number} · {asked.act}", manner, cards=known)


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
    said = voice(passphrase_file)
    seen: set[str] = set()
    while True:
        for path in sorted(requests.glob(f"*{paper.SUFFIX}")):
            if path.name not in seen:
                seen.add(path.name)
                _answer(path, office_dir, out, said)
        time.sleep(_LOOK_S)


def _answer(path: Path, office_dir: Path, out: Path, said: Voice) -> None:
    try:
        asked, held = paper.read(path), office.load(office_dir)
        proposal = desk.review(held, asked, _now())
        say(f"{asked.number} · {asked.act}", proposal.words)
        with alone(office_dir):
            act.write(held, signing.sign(held, proposal, said), out)
    except (FleetError, WireError) as error:
        console.print(f"[red]refused[/red] {escape(printable(f'{path.name}: {error}'))}", soft_wrap=True)


# In the order of the help; those that change an office hold it meanwhile.
_CHANGING: Final[tuple[Callable[..., None], ...]] = (
    officers.key,
    officers.found,
    officers.change,
    officers.rotate_trust,
    circulate.countersign,
    circulate.take,
    circulate.withdraw,
    care.reseal,
    care.restore,
)
_LOOKING: Final[tuple[Callable[..., None], ...]] = (
    circulate.give,
    circulate.status,
    care.check,
    care.paper,
    care.backup,
    care.passphrase,
)
for _command in _CHANGING:
    app.command(_command.__name__.replace("_", "-"))(one_at_a_time(_command))
for _command in _LOOKING:
    app.command(_command.__name__.replace("_", "-"))(_command)

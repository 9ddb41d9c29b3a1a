"""The manual of the key officers, followed to the letter: its commands are given, its outcomes compared."""

import ast
import json
import re
import shlex
import shutil
import time
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from fleet import server
from fleet.ceremony import command
from fleet.config import FILE_NAME
from fleet.db import open_database
from fleet.keys import cards
from wire import cbor
from wire.keys import PrivateKey

MANUAL = Path(__file__).parents[3] / "docs" / "ceremony.md"
BLOCK = re.compile(r"<!-- time: (\d+) days -->|^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"(north|south|west|east|server)\$ (.*)")
SPOKEN = re.compile(r"(?:[A-Z2-7]{5}-){4}[A-Z2-7]{5}")
DAY = 86_400
STICKS = ("stick", "stick2", "new")


def steps():
    """("days", number) or ("command", machine, command, what it shows)."""
    found = []
    for days, block in BLOCK.findall(MANUAL.read_text()):
        if days:
            found.append(("days", int(days)))
        for line in block.splitlines():
            prompt = PROMPT.fullmatch(line)
            if prompt:
                found.append(("command", prompt[1], prompt[2], []))
            else:
                found[-1][3].append(line)
    return found


class Machines:
    """Desks and a server, each a directory; a stick that is in all of them; what people have read out."""

    def __init__(self, place: Path, monkeypatch):
        self.place, self.patch, self.run = place, monkeypatch, CliRunner()
        self.spoken: dict[str, set[str]] = {}
        self.options = {
            name: {option for parameter in found.params for option in parameter.opts}
            for name, found in get_command(command.app).commands.items()
        }
        for stick in STICKS:
            (place / stick).mkdir()
        for name in ("north", "south", "west", "east", "server"):
            (place / name).mkdir()
            for stick in STICKS:
                (place / name / stick).symlink_to(place / stick)
            secret = place / name / "passphrase"
            secret.write_text(f"{name} {'orchard lantern kettle'}")
            secret.chmod(0o600)
        self._server()

    def _server(self):
        fleet = self.place / "server" / "fleet-data"
        fleet.mkdir()
        (fleet / FILE_NAME).write_text("")
        with open_database(fleet / "fleet.db") as database:
            database.upgrade()
        key = cbor.encode(PrivateKey.generate().public.cose()).hex()
        row = {"key": key, "use": "codes", "not_before": 0, "not_after": 2_000_000_000}
        issuer = {"id": "jl", "name_zh": "吉林省", "name_en": "Jilin", "keys": [row], "lists": []}
        (self.place / "server" / "issuer.json").write_text(json.dumps(issuer))

    def give(self, machine: str, line: str) -> str:
        """Give a command at a machine; its output."""
        self.patch.chdir(self.place / machine)
        argv = [self._filled(word, before) for before, word in with_before(words(line))]
        if argv[0] in {"cp", "rm"}:
            return self._file(argv)
        assert argv[0] == "jx-fleet", line
        if argv[1] == "ceremony":
            output = self._invoke(command.app, argv[2:] + self._people(argv[2]), line)
        else:
            output = self._invoke(server.app, argv[1:], line)
        self.spoken.setdefault(machine, set()).update(SPOKEN.findall(output))
        return output

    def _people(self, name: str) -> list[str]:
        """What the officer types: their passphrase, and fingerprints that were read on screens."""
        typed = []
        if "--passphrase-file" in self.options[name]:
            typed += ["--passphrase-file", "passphrase"]
        if "--heard" in self.options[name]:
            spoken = {said for seen in self.spoken.values() for said in seen}
            typed += [word for said in sorted(spoken) for word in ("--heard", said)]
        return typed

    def _invoke(self, app, argv: list[str], line: str) -> str:
        result = self.run.invoke(app, argv, input="y\ny\ny\n", env={"COLUMNS": "200"})
        if result.exit_code:
            raise AssertionError(f"{line}\n{result.output}") from result.exception
        return result.output

    def _filled(self, word: str, before: str) -> str:
        """A word with the letters of a key in the place of its label."""

        def letters(found: re.Match[str]) -> str:
            known = [cards.read(path) for path in (self.place / "stick").glob("*.card.json")]
            (card,) = [card for card in known if card.label == found[1]]
            return card.key.fingerprint if before == "--remove" else card.key.kid.hex()

        return re.sub(r"\{([^}]+)\}", letters, word)

    def _file(self, argv: list[str]) -> str:
        if argv[0] == "rm":
            for name in argv[2:]:
                shutil.rmtree(name)
        elif argv[1] == "-r":
            shutil.copytree(argv[2], Path(argv[3]) / argv[2])
        else:
            for name in argv[1:-1]:
                shutil.copy(name, argv[-1])
        return ""


def words(line: str) -> list[str]:
    """The words of a command; what stands in braces is one."""
    closed = re.sub(r"\{[^}]+\}", lambda found: found[0].replace(" ", "\0"), line)
    return [word.replace("\0", " ") for word in shlex.split(closed)]


def with_before(said):
    """Each word with the one before it."""
    return [(said[at - 1] if at else "", word) for at, word in enumerate(said)]


def sayings() -> list[str]:
    """Every text in the source of desk and server, with "…" for what is filled in."""
    found = []
    for place in ("ceremony", "keys"):
        for path in (MANUAL.parents[1] / "fleet" / place).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    parts = [str(getattr(part, "value", "")) for part in node.values]
                    kinds = [isinstance(part, ast.Constant) for part in node.values]
                    found.append("".join(p if k else "…" for p, k in zip(parts, kinds, strict=True)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return found


def test_what_the_manual_explains_is_what_the_desk_says():
    section = MANUAL.read_text().split("## When the desk says no")[1].split("## What the files are")[0]
    rows = [row.split("|")[1].strip() for row in re.findall(r"^\|.*\|$", section, re.MULTILINE)][2:]
    assert len(rows) > 8
    said = sayings()
    for saying in (saying for row in rows for saying in row.split(" · ")):
        parts = [re.escape(part.strip()) for part in re.split(r"…|N(?= |-|$)", saying) if part.strip()]
        assert any(re.search(".*".join(parts), text, re.DOTALL) for text in said), saying


@pytest.mark.usefixtures("cheap_seals")
def test_the_manual_works_as_it_stands(tmp_path, monkeypatch):
    machines, travelled, real = Machines(tmp_path, monkeypatch), [0], time.time
    monkeypatch.setattr(time, "time", lambda: real() + travelled[0])
    given = 0
    for step in steps():
        if step[0] == "days":
            travelled[0] += step[1] * DAY
            continue
        _, machine, line, shown = step
        output = machines.give(machine, line)
        for expected in shown:
            wanted = expected.split("TSUZM")[0].strip()
            assert wanted in output, f"{machine}$ {line}\n{output}"
        given += 1
        travelled[0] += 60
    assert given > 60

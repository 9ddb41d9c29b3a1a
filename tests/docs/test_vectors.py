"""The published cases: each is judged as its file says, and its layers are those of its text."""

import ast
import json
import re
from pathlib import Path

import pytest

from device.firmware import lines
from device.firmware.answer import Why
from sandbox import health_cards
from sandbox.vectors import layers
from wire.errors import Flaw
from wire.keys import PrivateKey

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "docs" / "vectors"
FILES = sorted(PLACE.rglob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_is_judged_as_its_file_says(path):
    case = json.loads(path.read_text())
    line = {"id": path.stem} | {name: case[name] for name in ("qr", "clock", "trust")}
    said = json.loads(lines.reply(json.dumps(line).encode(), 0))
    assert (said["id"], said["valid"], said["reason"]) == (path.stem, case["valid"], case["reason"])
    assert case["valid"] is (case["reason"] is None)
    if case["reason"] != "prefix":
        assert said["format"] == case["format"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_layers_of_a_case_are_those_of_its_text(path):
    case = json.loads(path.read_text())
    texts = [case["qr"]] if isinstance(case["qr"], str) else case["qr"]
    assert json.loads(json.dumps(layers.taken_apart(texts))) == case["layers"]


def test_a_card_of_many_parts_is_taken_apart_in_the_order_of_their_numbers():
    bundle = health_cards.bundle([health_cards.immunization("2026-11-01")])
    jws = health_cards.sign(health_cards.claims(bundle, 1_795_000_000), PrivateKey.generate())
    parts = health_cards.texts(jws, 60)
    assert len(parts) > 10
    assert layers.taken_apart(parts[::-1])["jws"] == jws


def test_every_format_and_most_reasons_have_a_case():
    cases = [json.loads(path.read_text()) for path in FILES]
    assert {case["format"] for case in cases} == {"JX1", "HC1", "SHC", "NZCP"}
    assert sum(case["valid"] for case in cases) >= 20
    assert len({case["reason"] for case in cases}) >= 20


def sources(module: str, seen: set[Path]) -> set[Path]:
    """The source of a module and of all of ours that it imports."""
    place = ROOT.joinpath(*module.split("."))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if path.is_file() and path not in seen:
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "wire":
                for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                    sources(name, seen)
    return seen


def test_the_page_names_every_reason_that_can_be_given_and_no_other():
    """Readers give the flaws that stand in their source; those of lists and topics are not reached."""
    text = "".join(path.read_text() for path in sources("device.firmware.answer", set()))
    flaws = {Flaw[name].value for name in re.findall(r"\bFlaw\.([A-Z0-9]+)\b", text)}
    assert {Flaw.PREFIX, Flaw.CHUNKS, Flaw.INFLATE} <= flaws < set(Flaw)
    page = (PLACE / "README.md").read_text()
    told = page[page.index("Reasons, in the order") : page.index("There is no other")]
    named = set(re.findall(r"`([a-z0-9_]+)`", told))
    assert named == flaws | set(Why) | {lines.LINE}
    assert {json.loads(path.read_text())["reason"] for path in FILES} - {None} <= named

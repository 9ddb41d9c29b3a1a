"""The published cases: each is judged as its file says, and its layers are those of its text."""

import json
from pathlib import Path

import pytest

from device.firmware import lines
from sandbox.vectors import layers

PLACE = Path(__file__).parents[2] / "docs" / "vectors"
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


def test_every_format_and_most_reasons_have_a_case():
    cases = [json.loads(path.read_text()) for path in FILES]
    assert {case["format"] for case in cases} == {"JX1", "HC1", "SHC", "NZCP"}
    assert sum(case["valid"] for case in cases) >= 20
    assert len({case["reason"] for case in cases}) >= 20

"""The tables of the documentation are those of the code."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
RENDERED = runpy.run_path(str(DOCS / "generate.py"))["RENDERED"]


@pytest.mark.parametrize("name", RENDERED)
def test_a_table_is_current(name):
    assert (DOCS / "tables" / name).read_text() == RENDERED[name](), "run: python docs/generate.py"


def test_no_table_is_left_over():
    assert {path.name for path in (DOCS / "tables").iterdir()} == set(RENDERED)


@pytest.mark.parametrize("name", RENDERED)
def test_a_page_shows_every_table(name):
    pages = [page.read_text() for page in DOCS.glob("*.md")]
    assert any(f"tables/{name}" in page for page in pages)

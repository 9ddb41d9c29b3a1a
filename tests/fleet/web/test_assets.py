"""What browsers are served: exact vendored files, small compressed ones, an icon sprite of our own."""

import gzip
import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from fleet.web import assets

VENDOR = assets.OWN / "vendor"
TEMPLATES = assets.OWN.parent / "templates"
FILES = tomllib.loads((VENDOR / "vendor.toml").read_text())["file"]


@pytest.mark.parametrize("row", FILES, ids=lambda row: row["path"])
def test_a_vendored_file_is_the_one_that_was_checked(row):
    assert hashlib.sha256((VENDOR / row["path"]).read_bytes()).hexdigest() == row["sha256"]
    assert (VENDOR / row["licence_file"]).read_text().strip()
    assert f"{row['package']} {row['version']}" in (VENDOR / "VERSION.txt").read_text().splitlines()


def test_nothing_is_vendored_without_a_row():
    rows = {row["path"] for row in FILES} | {row["licence_file"] for row in FILES}
    assert {path.name for path in VENDOR.iterdir()} == rows | {"vendor.toml", "VERSION.txt"}


def test_every_icon_is_the_wheels_own_and_every_used_one_is_there():
    sprite = (assets.OWN / "icons.svg").read_text()
    wheel = re.sub(r"\s*\n\s*", "", (assets.BOOTSTRAP / "icons" / "bootstrap-icons.svg").read_text())
    held = re.findall(r"<symbol.*?</symbol>", sprite)
    assert all(symbol in wheel for symbol in held)
    names = {re.search(r'id="([^"]+)"', symbol)[1] for symbol in held}
    used = set()
    for path in [*TEMPLATES.rglob("*.html"), TEMPLATES.parent / "entries" / "words.py"]:
        used |= {
            word for word in re.findall(r'"([a-z][a-z0-9-]+)"', path.read_text()) if word in wheel_ids(wheel)
        }
    assert used - names <= WORDS_THAT_ARE_NO_ICONS
    assert names <= used, f"unused: {names - used}"


# words in quotes that happen to be names in the big sprite as well
WORDS_THAT_ARE_NO_ICONS = {"code", "dot", "filter", "fire", "list", "menu", "search", "stack", "table"}


def wheel_ids(wheel):
    return set(re.findall(r'<symbol[^>]*id="([^"]+)"', wheel))


def test_files_are_named_by_their_content_and_compressed(tmp_path: Path):
    urls = assets.build(tmp_path).urls
    assert set(urls) == set(assets.FILES)
    for url in urls.values():
        path = tmp_path / url.removeprefix(assets.URL_PREFIX)
        data = path.read_bytes()
        assert hashlib.sha256(data).hexdigest()[:8] in path.name
        assert gzip.decompress(path.with_name(path.name + ".gz").read_bytes()) == data


def test_building_again_changes_nothing_and_removes_what_is_old(tmp_path: Path):
    first = assets.build(tmp_path).urls
    (tmp_path / "console.00000000.css").write_text("old")
    assert assets.build(tmp_path).urls == first
    assert not (tmp_path / "console.00000000.css").exists()


def test_a_browser_that_can_gets_the_compressed_file(client, app):
    url = app.jinja_env.globals["asset"]("bootstrap.css")
    small = client.get(url, headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.data) < 35_000 < len(client.get(url, buffered=True).data)


def test_nothing_points_to_another_origin_or_a_map():
    for name, path in assets.FILES.items():
        if name in {"mark.svg", "icons.svg"}:
            continue
        text = assets._drop_source_map(path.read_bytes()).decode()
        assert "sourceMappingURL" not in text, name
        if name in {"console.css", "console.js", "theme.js"}:
            assert "//" not in re.sub(r"^\s*//.*$|//[^\n\"']*$", "", text, flags=re.MULTILINE), name

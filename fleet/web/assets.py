"""Static files: named by their content, compressed once at the start, served by WhiteNoise.

Pages themselves are not compressed: they carry a form token beside what a visitor typed, and the length of
a compressed page can betray a secret that stands beside chosen text (breachattack.com).
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from wsgiref.headers import Headers

import flask_bootstrap
from flask import Flask
from whitenoise import WhiteNoise

from fleet.web.headers import HEADERS

URL_PREFIX: Final = "/assets/"
OWN: Final = Path(__file__).parent.parent / "static"
BOOTSTRAP: Final = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5"

# Everything a browser may get, by the name templates use.
FILES: Final[Mapping[str, Path]] = {
    "bootstrap.css": BOOTSTRAP / "css" / "bootstrap.min.css",
    "console.css": OWN / "console.css",
    "theme.js": OWN / "theme.js",
    "console.js": OWN / "console.js",
    "icons.svg": OWN / "icons.svg",
    "mark.svg": OWN / "mark.svg",
    "htmx.js": OWN / "vendor" / "htmx.min.js",
    "htmx-sse.js": OWN / "vendor" / "htmx-sse.min.js",
}


@dataclass(frozen=True, slots=True)
class Assets:
    """Where each file is found: template name -> URL path."""

    urls: Mapping[str, str]

    def __call__(self, name: str) -> str:
        """URL path of the file `name` of FILES."""
        return self.urls[name]


def _drop_source_map(data: bytes) -> bytes:
    """Remove the pointer to a map that is not served, so that developer tools do not ask for it."""
    marker = data.rfind(b"/*# sourceMappingURL=")
    return data if marker < 0 else data[:marker].rstrip() + b"\n"


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(path)


def build(directory: Path) -> Assets:
    """Write every file as <name>.<digest>.<ext>, and a .gz beside it, into `directory`; older ones go."""
    directory.mkdir(parents=True, exist_ok=True)
    urls: dict[str, str] = {}
    keep: set[str] = set()
    for name, source in FILES.items():
        data = _drop_source_map(source.read_bytes())
        stem, dot, extension = name.rpartition(".")
        served = f"{stem}.{hashlib.sha256(data).hexdigest()[:8]}{dot}{extension}"
        keep |= {served, f"{served}.gz"}
        if not (directory / f"{served}.gz").exists():
            _write(directory / served, data)
            _write(directory / f"{served}.gz", gzip.compress(data, mtime=0))
        urls[name] = URL_PREFIX + served
    for path in directory.iterdir():
        if path.name not in keep:
            path.unlink(missing_ok=True)
    return Assets(urls)


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value


def register(app: Flask, directory: Path) -> None:
    """Build into `directory`, serve under /assets/ for a year, and give templates `asset(name)`."""
    app.jinja_env.globals["asset"] = build(directory)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # Flask's documented way to wrap an application
        app.wsgi_app,
        root=str(directory),
        prefix=URL_PREFIX,
        max_age=31_536_000,
        allow_all_origins=False,
        add_headers_function=_add_headers,
        immutable_file_test=lambda _path, _url: True,
    )

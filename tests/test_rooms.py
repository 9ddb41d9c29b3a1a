"""The rules of the house, read from the source itself: who may look into which room, and its size."""

import ast
import functools
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
ROOMS = ("wire", "device", "fleet", "provisioning", "sandbox", "tests", "bench", "docs")
MAX_CODE_LINES, MAX_FUNCTION_LINES, MAX_METHODS = 250, 40, 15

# Which of our modules a module may import: the longest prefix on the left decides.
MAY_IMPORT = {
    "wire": ("wire",),
    "device": (),
    "device.drivers": ("wire.errors", "device.drivers"),
    "device.firmware": ("wire", "device.drivers", "device.firmware"),
    "fleet": ("wire", "fleet"),
    "provisioning": ("wire", "device.drivers", "device.firmware", "provisioning"),
    "sandbox": ("wire", "device", "fleet", "provisioning", "sandbox"),
    "tests": ("wire", "device", "fleet", "provisioning", "sandbox"),
    "bench": ("wire", "device", "fleet", "provisioning", "sandbox"),
    "docs": ("wire", "device", "fleet", "provisioning"),
}
PROTOCOLS = "device.drivers"  # the package alone; its modules name chips, and only `parts` may
CHIPS = ("device.firmware.parts", "device.drivers", "provisioning", "sandbox", "tests", "bench")
CEREMONY = "fleet.ceremony"
CEREMONY_USERS = (CEREMONY, "fleet.command", "sandbox", "tests", "bench")
HARDWARE = {"picamera2", "gpiozero", "smbus2", "luma", "lgpio", "spidev", "libcamera"}
HARDWARE_HOMES = ("device.drivers", "sandbox.board", "sandbox.guest.inside", "tests")
# Files that compute and touch nothing: no I/O, no clock, no randomness, no thread.
PURE = (
    "wire",
    *(
        f"device.firmware.{name}"
        for name in (
            "admit",
            "answer",
            "attend",
            "attend_table",
            "attention",
            "bearer",
            "button",
            "counts",
            "courier",
            "door",
            "explain",
            "explain_code",
            "explain_pass",
            "explained",
            "figures",
            "gather",
            "holder",
            "keyring",
            "lane",
            "lane_table",
            "lines",
            "lists",
            "memory",
            "panel",
            "preview",
            "prompts",
            "readiness",
            "recognise",
            "refusals",
            "scan",
            "screens",
            "thermometry",
            "trust",
        )
    ),
)
IMPURE = {
    *("os", "io", "time", "socket", "sqlite3", "pathlib", "random", "secrets", "subprocess", "threading"),
    *(
        "asyncio",
        "tempfile",
        "shutil",
        "logging",
        "multiprocessing",
        "select",
        "ssl",
        "urllib",
        "http",
        "uuid",
    ),
}
IMPURE_ALLOWED = {("wire.cbor", "io")}  # BytesIO: cbor2 tells only a stream where an item ended
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
NOBODYS_ROOM = {"common", "utils", "util", "helpers", "helper", "shared", "misc"}
# Functions longer than the limit, each with the reason why it is better whole.
LONG_FUNCTIONS: dict[str, str] = {}


@functools.cache
def _parsed(text):
    try:
        return ast.parse(text)
    except SyntaxError:  # said by manner_faults, with the module's name
        return ast.parse('"""No Python."""')


@dataclass(frozen=True)
class Source:
    """One file: its module name, whether it is a package, its text and tree."""

    module: str
    package: bool
    text: str

    @property
    def tree(self):
        return _parsed(self.text)

    @property
    def room(self):
        return self.module.split(".")[0]


def within(module, *prefixes):
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


@functools.cache
def sources():
    return list(_sources())


def _sources():
    for room in ROOMS:
        for path in sorted((HOUSE / room).rglob("*.py")):
            parts = path.relative_to(HOUSE).with_suffix("").parts
            package = parts[-1] == "__init__"
            if "__pycache__" not in parts:
                yield Source(".".join(parts[:-1] if package else parts), package, path.read_text())


def imports(source):
    """Every imported name: `from a.b import c` counts as a.b and as a.b.c."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "." * node.level + (node.module or "")
            else:
                yield str(node.module)
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _drivers_named(name):
    """Whether a name is a driver module, not one of the Protocols in the package."""
    last = name.removeprefix(PROTOCOLS + ".").split(".")[0]
    return name.startswith(PROTOCOLS + ".") and (HOUSE / "device" / "drivers" / f"{last}.py").exists()


def import_faults(source):
    room = max((key for key in MAY_IMPORT if within(source.module, key)), key=len)
    for name in imports(source):
        top = name.split(".")[0]
        if name.startswith("."):
            yield f"{source.module}: relative import {name}"
        elif top in ROOMS and top not in {"tests", "bench", "docs"}:
            above = any(allowed.startswith(name + ".") for allowed in MAY_IMPORT[room])
            if not above and not within(name, *MAY_IMPORT[room]):
                yield f"{source.module}: {room} may not import {name}"
        if _drivers_named(name) and not within(source.module, *CHIPS):
            yield f"{source.module}: only device.firmware.parts names chips, not {name}"
        if within(name, CEREMONY) and not within(source.module, *CEREMONY_USERS):
            yield f"{source.module}: the server never imports the ceremony"
        if top in HARDWARE and not within(source.module, *HARDWARE_HOMES):
            yield f"{source.module}: {top} is a driver's business"


def purity_faults(source):
    if not within(source.module, *PURE):
        return
    for name in imports(source):
        top = name.split(".")[0]
        if top in IMPURE and (source.module, top) not in IMPURE_ALLOWED:
            yield f"{source.module}: imports {name}, and is pure"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in CLOCKS:
                yield f"{source.module}: asks {owner}.{node.attr}, and is pure"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"open", "print"}
        ):
            yield f"{source.module}: calls {node.func.id}, and is pure"


def _docstring_lines(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            said = first.value if isinstance(first, ast.Expr) else None
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                yield from range(said.lineno, (said.end_lineno or 0) + 1)


@functools.cache
def _tokens(source):
    try:
        return list(tokenize.generate_tokens(io.StringIO(source.text).readline))
    except (tokenize.TokenError, SyntaxError):  # said by manner_faults
        return []


def code_lines(source):
    """The numbers of the lines that hold code: neither blank nor comment nor docstring."""
    quiet = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    lines = set()
    for token in _tokens(source):
        if token.type not in quiet:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - set(_docstring_lines(source.tree))


def size_faults(source):
    if source.room in {"tests", "docs"} or ".versions." in source.module:
        return  # tests are lists of cases; migrations are written once and never touched again
    lines = code_lines(source)
    if len(lines) > MAX_CODE_LINES:
        yield f"{source.module}: {len(lines)} code lines, more than {MAX_CODE_LINES}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = len(lines & set(range(node.lineno, (node.end_lineno or 0) + 1)))
            if length > MAX_FUNCTION_LINES and f"{source.module}.{node.name}" not in LONG_FUNCTIONS:
                yield f"{source.module}.{node.name}: {length} code lines, more than {MAX_FUNCTION_LINES}"
        elif isinstance(node, ast.ClassDef):
            defined = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
            methods = [n for n in defined if not n.name.startswith("_")]  # what others have to learn
            if len(methods) > MAX_METHODS:
                yield f"{source.module}.{node.name}: {len(methods)} public methods, more than {MAX_METHODS}"


def manner_faults(source):
    if NOBODYS_ROOM & set(source.module.split(".")):
        yield f"{source.module}: nobody knows whose room that is"
    try:
        ast.parse(source.text)
    except SyntaxError as error:
        yield f"{source.module}:{error.lineno}: no Python of the oldest version that is promised"
        return
    if source.room != "tests" and not ast.get_docstring(source.tree):  # a test's name is its sentence
        yield f"{source.module}: no docstring says which room this is"
    for token in _tokens(source):
        if token.type == tokenize.COMMENT:
            said = re.search(r"#\s*(noqa|type:\s*ignore)(.*)", token.string)
            if said and not re.match(r"(: [A-Z0-9, ]+|\[[\w-]+(, ?[\w-]+)*\])\s+(--?|#) \S*\w", said[2]):
                yield f"{source.module}:{token.start[0]}: `{said[1]}` without its code and a reason"


RULES = (import_faults, purity_faults, size_faults, manner_faults)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule):
    found = sources()
    assert {"wire", "device", "fleet", "sandbox"} <= {source.room for source in found}
    faults = [fault for source in found for fault in rule(source)]
    assert not faults, "\n" + "\n".join(faults)


def planted(module, text):
    source = Source(module, False, text)
    return [fault for rule in RULES for fault in rule(source)]


GOOD = '"""A room."""\n'


@pytest.mark.parametrize(
    ("module", "line", "word"),
    [
        ("wire.x", "import device.firmware.lane", "may not import"),
        ("wire.x", "from fleet import db", "may not import"),
        ("device.drivers.x", "from device.firmware import lane", "may not import"),
        ("device.firmware.x", "import fleet.db", "may not import"),
        ("device.firmware.x", "from device.drivers import camera", "names chips"),
        ("device.firmware.x", "import device.drivers.gpio", "names chips"),
        ("device.firmware.x", "import sandbox.town", "may not import"),
        ("fleet.x", "from device.firmware.lane import step", "may not import"),
        ("fleet.x", "import provisioning", "may not import"),
        ("fleet.x", "import provisioning.card", "may not import"),
        ("fleet.server", "from fleet import ceremony", "never imports the ceremony"),
        ("fleet.keys.pages", "import fleet.ceremony.sign", "never imports the ceremony"),
        ("provisioning.x", "from fleet.db import open_database", "may not import"),
        ("provisioning.x", "import sandbox", "may not import"),
        ("wire.x", "from . import cbor", "relative"),
        ("device.firmware.x", "import smbus2", "driver's business"),
        ("fleet.x", "from luma.oled import device", "driver's business"),
        ("sandbox.town", "import gpiozero", "driver's business"),
        ("wire.x", "import os.path", "is pure"),
        ("wire.x", "from time import time", "is pure"),
        ("wire.x", "import io", "is pure"),
        ("device.firmware.lane", "import secrets", "is pure"),
        ("device.firmware.trust", "import datetime\nx = datetime.datetime.now()", "is pure"),
        ("device.firmware.admit", "open('x')", "is pure"),
        ("fleet.utils", "", "whose room"),
        ("fleet.common.x", "", "whose room"),
        ("fleet.x", "import a  # noqa", "reason"),
        ("fleet.x", "import a  # noqa: F401", "reason"),
        ("fleet.x", "import a  # noqa: F401 -", "reason"),
        ("fleet.x", "x = 1  # type: ignore[misc]", "reason"),
        ("fleet.x", "x = 1  # type: ignore - because", "reason"),
        ("fleet.x", "x = 1\n" * 250, "code lines"),
        ("fleet.x", "def f():\n" + "    x = 1\n" * 40, "code lines"),
        (
            "fleet.x",
            "class A:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(16)),
            "public methods",
        ),
    ],
)
def test_a_planted_fault_is_found(module, line, word):
    more = "\ny = 2\n" if word == "code lines" else "\n"
    faults = planted(module, GOOD + line + more)
    assert any(word in fault for fault in faults), faults


def test_what_does_not_parse_is_found():
    assert any("no Python" in fault for fault in planted("fleet.x", GOOD + "def f(:\n"))


def test_a_missing_docstring_is_found():
    assert any("docstring" in fault for fault in planted("fleet.x", "x = 1\n"))


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("wire.x", "import hashlib\nfrom wire import cbor\n"),
        ("wire.cbor", "import io\n"),
        ("device.firmware.lane", "from wire.reasons import Reason\nfrom device.drivers import Camera\n"),
        ("device.firmware.parts", "from device.drivers import camera\n"),
        ("device.firmware.clock", "import time\n"),
        ("device.drivers.gpio", "import gpiozero\nfrom device.drivers import Barrier\n"),
        ("fleet.command", "from fleet import ceremony\n"),
        ("sandbox.board.i2c", "import smbus2\nimport fleet.server\n"),
        ("fleet.x", "import a  # noqa: F401, E501 - it registers itself\n"),
        ("fleet.x", "x = 1  # type: ignore[misc, no-any-return]  # the library has no types\n"),
        ("fleet.x", 'def f():\n    """Many.\n' + "lines\n" * 300 + '    """\n' + "# words\n\n" * 200),
        ("device.firmware.trust", "from datetime import timedelta\nx = timedelta(1)\n"),
    ],
)
def test_what_is_allowed_is_not_called_a_fault(module, text):
    assert planted(module, GOOD + text) == []

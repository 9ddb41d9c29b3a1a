"""Chinese is complete, says what is there now, and the compiled file is the written one."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

FLEET = Path(__file__).parents[3] / "fleet"
CATALOG = FLEET / "translations" / "zh" / "LC_MESSAGES"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None}
METHODS = [
    ("web/**.py", "python"),
    ("people/**.py", "python"),
    ("entries/**.py", "python"),
    ("overview/**.py", "python"),
    ("templates/**.html", "jinja2"),
]
# marks and names that are the same in Chinese
NO_CHINESE = {"of", "of %(count)d"}


def written():
    with (CATALOG / "messages.po").open("rb") as file:
        return {message.id: message for message in read_po(file, locale="zh") if message.id}


def used():
    return {found[2] for found in extract_from_dir(FLEET, METHODS, keywords=KEYWORDS)}


def key(message_id):
    return message_id if isinstance(message_id, str) else tuple(message_id)


def test_every_sentence_is_translated_and_none_is_left_over():
    assert {key(found) for found in used()} == {key(found) for found in written()}


def test_every_translation_is_chinese_and_none_is_doubtful():
    for message_id, message in written().items():
        strings = [message.string] if isinstance(message.string, str) else message.string
        assert all(strings), message_id
        assert not message.fuzzy, message_id
        chinese = any("\u4e00" <= c <= "\u9fff" for c in "".join(strings))
        assert chinese or key(message_id) in NO_CHINESE or message_id == "%(trouble)s: %(fix)s.", message_id


def test_every_translation_keeps_its_placeholders():
    for message_id, message in written().items():
        singular = message_id if isinstance(message_id, str) else message_id[1]
        strings = [message.string] if isinstance(message.string, str) else message.string
        for string in strings:
            assert sorted(re.findall(r"%\(\w+\)[sd]", singular)) == sorted(
                re.findall(r"%\(\w+\)[sd]", string)
            )


def test_the_compiled_file_is_the_written_one():
    with (CATALOG / "messages.mo").open("rb") as file:
        compiled = {key(message.id): key(message.string) for message in read_mo(file) if message.id}
    assert compiled == {key(found): key(message.string) for found, message in written().items()}

"""What no template may hold: scripts or styles inside it, handlers, or another origin."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[3] / "fleet" / "templates"


class Checker(HTMLParser):
    """Collects what the content policy would refuse, and what a form would lack."""

    def __init__(self):
        super().__init__()
        self.wrong = []
        self.inside = None
        self.ids = []
        self.forms = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        self.ids += [names["id"]] if "id" in names else []
        self.wrong += [
            f"{tag} {name}" for name in names if name == "style" or name.startswith(("on", "hx-on"))
        ]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.wrong.append(tag)
        for name in ("src", "href", "action", "hx-get", "sse-connect"):
            value = names.get(name) or "/"
            if not value.startswith(("/", "#")) or value.startswith("//"):
                self.wrong.append(f"{tag} {name}={value}")
        if tag == "form":
            self.forms.append([names.get("method", "get"), False])
        if tag == "input" and names.get("name") == "csrf_token" and names.get("value"):
            self.forms[-1][1] = True


@pytest.mark.parametrize(
    "path", ["/", "/entries", "/entries?verdict=deny", "/account", "/nope", "/overview/live"]
)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_page_obeys_its_own_policy(signed_in, app, console_database, town, clock, path, language):
    app.config["WTF_CSRF_ENABLED"] = True
    town.populate(console_database, clock.now, count=80)
    with console_database.session() as session:
        session.query(town.directory.User).one().language = language
    checker = Checker()
    checker.feed(signed_in.get(path).text)
    assert checker.wrong == []
    assert len(checker.ids) == len(set(checker.ids))
    assert all(has_token for method, has_token in checker.forms if method == "post")


def test_no_template_turns_escaping_off():
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", text), path


def test_a_name_cannot_become_markup(signed_in, console_database, town, clock):
    from fleet.models import Gate, Venue

    town.populate(console_database, clock.now, count=30)
    with console_database.session() as session:
        session.get(Gate, town.gate_id(0)).name = "<img src=x onerror=alert(1)>"
        session.get(Venue, "museum").name_zh = '"><script>alert(1)</script>'
    for path in ("/", "/entries"):
        page = signed_in.get(path).text
        assert "<script>" not in page
        assert "<img src=x" not in page

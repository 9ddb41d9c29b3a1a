"""The console in a real Chromium: no complaint, no error, small, live, fit for keys and phones."""

import os
import re
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

LIMIT_BYTES = 120_000
PAGES = {
    "overview": "/",
    "entries": "/entries",
    "entries-filtered": "/entries?verdict=deny",
    "account": "/account",
}
WATCH = """
window.jxSeen = [];
document.addEventListener("securitypolicyviolation", (e) => {
  window.jxSeen.push(e.violatedDirective + " " + e.blockedURI);
});
"""


class Visit:
    """One browser window with everything it complained about, and the bytes it was sent."""

    def __init__(self, browser, console, *, theme="light", width=1280, locale="zh-CN"):
        height = 844 if width < 500 else 900
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, locale=locale
        )
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.url = console.url
        self.complaints = []
        self.received = 0
        self.updates = set()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        wire = self.context.new_cdp_session(self.page)
        wire.send("Network.enable")
        wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        wire.on("Network.loadingFinished", self._count)
        wire.on("Network.requestWillBeSent", self._asked)

    def _count(self, event):
        if event["requestId"] not in self.updates:
            self.received += int(event["encodedDataLength"])

    def _asked(self, event):
        if event.get("type") in {"XHR", "EventSource"}:  # what has changed since, not the page
            self.updates.add(event["requestId"])
        if not event["request"]["url"].startswith((self.url, "data:")):
            self.complaints.append(f"elsewhere: {event['request']['url']}")

    def sign_in(self, town, language="zh-CN"):
        self.page.goto(self.url + "/sign-in")
        self.page.fill("#login", "wang")
        self.page.fill("#password", town.PASSWORD)
        self.page.click("main form .button")
        self.page.wait_for_url(self.url + "/")
        if self.page.locator("html").get_attribute("lang") != language:
            self.page.click("#menu summary")
            self.page.click(f"#menu button[value={language}]")
            self.page.wait_for_function(f"document.documentElement.lang === '{language}'")
        return self

    def open(self, path):
        """Load a page and wait until it is live if it can be."""
        self.received = 0
        self.page.goto(self.url + path, wait_until="load")
        if self.page.locator("#live-pill").count():
            self.page.wait_for_selector("#live-pill[data-state=live]")
        return self.page

    def violations(self):
        return self.page.evaluate("window.jxSeen")

    def close(self):
        self.context.close()


@pytest.fixture
def visit(browser, console):
    made = []

    def open_(**more):
        made.append(Visit(browser, more.pop("of", console), **more))
        return made[-1]

    yield open_
    for one in made:
        one.close()


def keep_picture(page, tmp_path, name):
    """A picture for people to look at; JX_PICTURES says where to keep them."""
    folder = Path(os.environ.get("JX_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert (folder / f"{name}.png").stat().st_size > 5_000


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_is_clean_and_small(visit, town, tmp_path, language, theme, width):
    seen = visit(theme=theme, width=width)
    seen.sign_in(town, language)
    for name, path in PAGES.items():
        page = seen.open(path)
        assert seen.violations() == []
        assert seen.complaints == []
        assert 0 < seen.received <= LIMIT_BYTES, f"{name}: {seen.received} bytes"
        assert page.locator("html").get_attribute("data-bs-theme") == theme
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            f"{name} is wider than the window"
        )
        assert page.evaluate("document.styleSheets.length") == 2
        keep_picture(page, tmp_path, f"{name}-{language}-{theme}-{width}")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_an_empty_fleet_leads_to_the_first_gate(visit, town, tmp_path, empty_console, language):
    seen = visit(of=empty_console)
    page = seen.sign_in(town, language).open("/")
    assert page.locator(".steps code").count() >= 5
    assert seen.complaints == []
    keep_picture(page, tmp_path, f"empty-{language}")


def test_an_entry_appears_without_reloading(visit, town, console):
    seen = visit()
    page = seen.sign_in(town).open("/")
    page.evaluate("window.stillHere = true")
    before = int(re.sub(r"\D", "", page.locator("#figure-refused").inner_text()))
    town.add_events(
        console.database,
        [town.event(int(time.time()), 10**6 + before, verdict="deny", reason="red", colour="red")],
    )
    page.wait_for_function(
        "n => document.querySelector('#figure-refused').textContent.replace(/\\D/g, '') === String(n)",
        arg=before + 1,
        timeout=5000,
    )
    assert page.evaluate("window.stillHere") is True
    assert seen.complaints == []


def test_the_button_of_new_entries_appears_and_shows_them(visit, town, console):
    seen = visit()
    page = seen.sign_in(town).open("/entries?verdict=deny")
    number = int(time.time())
    town.add_events(
        console.database,
        [town.event(number, 2 * 10**6 + number % 10**6, verdict="deny", reason="red", colour="red")],
    )
    page.wait_for_selector("#fresh a", timeout=5000)
    page.keyboard.press("n")
    page.wait_for_load_state()
    assert "A-211" in page.locator("tbody tr").first.inner_text()


def test_what_was_opened_stays_open_through_an_update(visit, town, console):
    seen = visit()
    page = seen.sign_in(town).open("/")
    page.click("#chart-table summary")
    shown = page.locator("#figure-admitted").inner_text()
    town.add_events(console.database, [town.event(int(time.time()), 3 * 10**6)])
    page.wait_for_function("old => document.querySelector('#figure-admitted').innerText !== old", arg=shown)
    assert page.locator("#chart-table").get_attribute("open") is not None


def test_the_pill_tells_when_the_server_is_gone_and_when_it_is_back(visit, town, empty_console):
    seen = visit(of=empty_console)
    page = seen.sign_in(town).open("/")
    assert empty_console.stop() < 8  # the grace of 5 s and a busy machine
    page.wait_for_selector("#live-pill[data-state=reconnecting], #live-pill[data-state=stale]", timeout=8000)
    page.wait_for_selector("#live-pill[data-state=stale]", timeout=20_000)
    assert re.search(r"\d\d:\d\d:\d\d", page.locator("#live-pill").inner_text())
    empty_console.start()
    page.wait_for_selector("#live-pill[data-state=live]", timeout=30_000)


def test_without_a_stream_the_page_asks(visit, town, console):
    seen = visit()
    seen.sign_in(town)
    seen.context.route("**/live", lambda route: route.fulfill(status=503))
    page = seen.page
    page.goto(seen.url + "/entries")
    town.add_events(console.database, [town.event(int(time.time()), 4 * 10**6)])
    page.wait_for_selector("#fresh a", timeout=15_000)
    assert page.locator("#live-pill").get_attribute("data-state") in {"live", "reconnecting"}


def test_the_theme_can_be_chosen_and_is_kept(visit, town):
    seen = visit()
    page = seen.sign_in(town).open("/")
    page.click("#menu summary")
    page.click("[data-theme=dark]")
    assert seen.open("/entries").locator("html").get_attribute("data-bs-theme") == "dark"


def test_the_console_can_be_used_with_keys_alone(visit, town):
    seen = visit()
    page = seen.sign_in(town).open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("2")
    page.wait_for_url("**/entries")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "since"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.focus("#menu summary")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    assert page.locator("#menu").get_attribute("open") is not None
    assert outline == "solid"
    page.keyboard.press("Escape")
    assert page.locator("#menu").get_attribute("open") is None


def test_signing_out_closes_the_console(visit, town):
    seen = visit()
    page = seen.sign_in(town).open("/")
    page.click("#menu summary")
    page.click("#menu form[action='/sign-out'] button")
    page.wait_for_url("**/sign-in")
    page.goto(seen.url + "/entries")
    assert "/sign-in?next=" in page.url


def test_an_open_page_leaves_when_its_session_is_ended_elsewhere(visit, town):
    seen, other = visit(), visit()
    page = seen.sign_in(town).open("/")
    admin = other.sign_in(town).open("/account")
    admin.click("form[action='/account/sessions/end'] >> nth=0 >> button")
    admin.wait_for_load_state()
    page.wait_for_url("**/sign-in", timeout=30_000)

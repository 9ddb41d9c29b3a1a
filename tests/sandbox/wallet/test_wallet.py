import io
import re

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from sandbox.abroad import TESTED, VACCINATED, VISITORS, Abroad
from sandbox.issuer.authority import Authority
from sandbox.issuer.residents import ATTENDANT, DEMO_PEOPLE, PAPER_PERSON, STAFF
from sandbox.wallet import words
from sandbox.wallet.app import create_wallet
from sandbox.wallet.doors import GateName, Seen, Walk
from sandbox.wallet.purse import Purse
from wire import code
from wire.foreign import reader
from wire.reasons import Colour, Reason

NOW = 1_800_000_005
GATES = (GateName("0a0000000001", "商场", "mall"), GateName("0a0000000002", "大厅", "hall"))


class Doors:
    gates = GATES

    def __init__(self):
        self.shown = []
        self.walks = {}

    def show(self, gate, number, body_c):
        self.shown.append((gate, number, body_c))

    def seen(self, gate):
        return self.walks.get(gate)

    def press(self, gate, *, long):
        self.shown.append((gate, long))

    def screen(self, gate):
        return Image.new("1", (128, 64)) if gate == GATES[0].id else None


@pytest.fixture
def doors():
    return Doors()


@pytest.fixture
def authority(tmp_path):
    one = Authority.open(tmp_path / "issuer", 7, NOW)
    yield one
    one.close()


@pytest.fixture
def client(tmp_path, authority, doors):
    purse = Purse(tmp_path / "wallet", authority, NOW)
    app = create_wallet(authority, purse, Abroad(tmp_path / "abroad", NOW), doors, lambda: NOW)
    app.testing = True
    yield app.test_client()
    purse.close()


def page(client, path, **headers):
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def read_png(data):
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    return zxingcpp.read_barcode(picture).text


def test_the_saved_picture_is_a_code_that_verifies_and_was_just_renewed(client, authority):
    answer = client.get("/people/3/code.png")
    assert "attachment" in answer.headers["Content-Disposition"]
    parsed = code.parse(read_png(answer.data))
    code.verify(parsed, authority.code_key)
    assert parsed.proof_issued == NOW - NOW % 10
    assert parsed.claims.subject == authority.resident(3).subject


def test_the_paper_persons_code_is_paper(client):
    answer = client.get(f"/people/{PAPER_PERSON}/code.png")
    parsed = code.parse(read_png(answer.data))
    assert parsed.claims.paper is not None
    assert parsed.proof is None


@pytest.mark.parametrize("visitor", [VACCINATED, TESTED])
def test_a_visitor_from_abroad_has_a_certificate_and_no_colour(client, doors, visitor):
    path = f"/people/{visitor.number}"
    text = page(client, path)
    assert visitor.en in text
    assert "What the issuer says" not in text
    assert "data-renew" not in text
    answer = client.get(f"{path}/code.png")
    assert "visitor-" in answer.headers["Content-Disposition"]
    assert reader.parse(read_png(answer.data)).body.number.endswith(str(visitor.number).encode())
    assert client.post(f"{path}/colour", data={"colour": "RED"}).status_code == 404
    assert client.post(f"{path}/show", data={"gate": GATES[0].id, "warm": "36.5"}).status_code == 303
    assert doors.shown == [(GATES[0].id, visitor.number, 36.5)]
    doors.walks[GATES[0].id] = Seen(visitor.number, Walk.DECIDED, Reason.TEST_OLD, 0.4)
    assert client.get(f"/gates/{GATES[0].id}/now").get_json()["who"] == f"Visitor {visitor.letter}"


def test_the_code_on_the_page_is_an_image_of_its_own(client):
    answer = client.get("/people/3/code.svg")
    assert answer.mimetype == "image/svg+xml"
    assert b"style=" not in answer.data


def test_the_attendants_button_is_pressed_at_the_chosen_gate(client, doors):
    gate = GATES[1].id
    assert "Long press" in page(client, "/people/5")
    for how in ("short", "long"):
        assert client.post("/people/5/press", data={"gate": gate, "press": how}).status_code == 303
    assert doors.shown == [(gate, False), (gate, True)]
    assert client.post("/people/5/press", data={"gate": gate, "press": "twice"}).status_code == 400
    assert client.post("/people/5/press", data={"gate": "0" * 12, "press": "long"}).status_code == 400


def test_who_works_at_the_mall_is_told_so(client):
    assert "attendant at the mall" in page(client, f"/people/{ATTENDANT}")
    assert "works at the mall" in page(client, f"/people/{STAFF[0]}")
    assert "at the mall" not in page(client, "/people/1")


@pytest.mark.parametrize("path", ["/", "/people/1", "/people/12", "/people/99", "/static/wallet.css"])
def test_every_answer_has_the_strict_policy(client, path):
    with client.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy


@pytest.mark.parametrize("path", ["/", "/people/1", "/people/12", "/people/99", "/people/901"])
def test_no_page_has_inline_style_or_script(client, path):
    text = client.get(path).get_data(as_text=True)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_the_home_page_shows_the_demo_people_and_nobody_else(client):
    text = page(client, "/")
    assert len(re.findall(r'href="/people/\d+"', text)) == DEMO_PEOPLE + len(VISITORS)
    assert client.get(f"/people/{DEMO_PEOPLE + 1}").status_code == 404


def test_no_page_shows_a_subject(client, authority):
    text = page(client, "/") + page(client, "/people/1")
    assert authority.resident(1).subject.hex() not in text


def test_a_colour_is_changed_at_the_issuer(client, authority):
    answer = client.post("/people/3/colour", data={"colour": "RED", "gate": GATES[1].id})
    assert answer.status_code == 303
    assert authority.resident(3).colour is Colour.RED
    assert 'value="RED" data-colour="RED" aria-pressed="true"' in page(client, answer.location)


@pytest.mark.parametrize("colour", ["", "PURPLE", "red"])
def test_a_colour_that_is_none_changes_nothing(client, authority, colour):
    assert client.post("/people/3/colour", data={"colour": colour}).status_code == 400
    assert authority.resident(3).colour is Colour.GREEN


def test_showing_sends_the_person_to_the_gate_with_that_temperature(client, doors):
    answer = client.post("/people/3/show", data={"gate": GATES[1].id, "warm": "38.6"})
    assert answer.status_code == 303
    assert doors.shown == [(GATES[1].id, 3, 38.6)]


@pytest.mark.parametrize(
    "form", [{"gate": "nowhere", "warm": "36.5"}, {"gate": GATES[0].id, "warm": "99"}, {"gate": GATES[0].id}]
)
def test_nonsense_sends_nobody(client, doors, form):
    assert client.post("/people/3/show", data=form).status_code == 400
    assert doors.shown == []


def test_the_newest_walk_is_told_in_words(client, doors):
    doors.walks[GATES[0].id] = Seen(3, Walk.DECIDED, Reason.EXPIRED, 0.42)
    told = client.get(f"/gates/{GATES[0].id}/now", headers={"Accept-Language": "zh-CN"}).get_json()
    assert (told["verdict"], told["code"], told["text"]) == ("deny", "A-203", "拒绝")


def test_the_gates_screen_is_mirrored_and_missing_when_the_gate_is(client):
    assert client.get(f"/gates/{GATES[0].id}/screen.png").mimetype == "image/png"
    assert client.get(f"/gates/{GATES[1].id}/screen.png").status_code == 404
    assert client.get("/gates/nowhere/now").status_code == 404


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}]
)
def test_other_sites_cannot_press_buttons(client, authority, headers):
    assert client.post("/people/3/colour", data={"colour": "RED"}, headers=headers).status_code == 403
    assert authority.resident(3).colour is Colour.GREEN


def test_the_language_follows_the_browser_and_can_be_chosen(client):
    assert 'lang="zh-CN"' in page(client, "/", **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert 'lang="en"' in page(client, "/", **{"Accept-Language": "fr"})
    client.post("/language", data={"language": "zh"})
    assert 'lang="zh-CN"' in page(client, "/", **{"Accept-Language": "en"})


def test_every_word_is_there_in_both_languages():
    assert all(zh and en and zh != en for zh, en in words.WORDS.values())
    assert set(words.COLOURS) == set(Colour)


def test_phones_are_kept_and_renewed_before_they_end(tmp_path, authority):
    first = Purse(tmp_path / "wallet", authority, NOW)
    credential = first.phone(3).credential
    first.close()
    second = Purse(tmp_path / "wallet", authority, NOW + 60)
    assert second.phone(3).credential == credential
    second.close()
    later = Purse(tmp_path / "wallet", authority, NOW + 20 * 86_400)
    assert later.phone(3).credential != credential
    assert later.phone(3).holder.public == second.phone(3).holder.public
    later.close()

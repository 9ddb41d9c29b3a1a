"""The overview page: figures, checklist, what needs attention, and what costs nothing at any size."""

import re

import pytest

from fleet.models import Permit, SigningRequest, StatusList


@pytest.fixture
def filled(signed_in, console_database, town, clock):
    town.populate(console_database, clock.now, count=200, hours=5)
    return signed_in


def figure(page, name):
    return re.sub(r"<[^>]+>|\s", "", re.search(rf'id="figure-{name}">(.*?)</dd>', page, re.DOTALL)[1])


def test_the_figures_are_todays(filled):
    page = filled.get("/").text
    shown = sum(int(figure(page, name)) for name in ("admitted", "refused", "referred"))
    assert shown == 200
    assert figure(page, "gates") == "4/6"


def test_the_fragment_is_the_same_part_of_the_page(filled):
    page, fragment = filled.get("/").text, filled.get("/overview/live").text
    assert fragment.strip() in page
    assert "<html" not in fragment


def test_the_fragment_tells_the_time_for_the_pill(filled):
    assert filled.get("/overview/live").headers["X-Console-Time"] == "11:00:00"


def test_an_empty_fleet_shows_what_to_type(signed_in):
    page = signed_in.get("/").text
    for command in ("region add", "venue add", "venue grant", "gate add"):
        assert f"jx-fleet {command}" in page
    assert "还没有闸机" in page


def test_a_fleet_that_is_set_up_shows_no_checklist(filled):
    assert "开通步骤" not in filled.get("/").text


def test_every_gate_is_shown_with_word_and_reason(filled, town):
    page = filled.get("/").text
    for name, *_ in town.GATES:
        assert name in page
    for words in ("未就绪", "摄像头故障", "失联", "转人工处理", "就绪，待检查", "信任 <b>6 / 7"):
        assert words in page


def test_what_needs_somebody_is_listed_worst_first(filled):
    part = filled.get("/").text.split('id="attention-title"')[1].split("</section>")[0]
    assert re.findall(r"<strong>(.*?) <span", part) == ["Hall A", "Hall B", "South 1", "Hall C", "North 2"]
    assert "另有 1 项" in part


def test_permits_lists_and_signatures_ask_in_time(signed_in, console_database, town, clock):
    town.populate(console_database, clock.now, count=0)
    with console_database.session() as session:
        session.query(Permit).delete()
        session.query(StatusList).first().expires = clock.now - 1
        for gate_state in session.query(town.GateState):
            gate_state.ready, gate_state.online, gate_state.received_at = True, True, clock.now
            gate_state.body, gate_state.versions = None, {}
        session.add(SigningRequest(kind="trust", words="", body=b"", created_at=clock.now))
    part = signed_in.get("/").text.split('id="attention-title"')[1].split("</section>")[0]
    assert "没有扫码许可" in part
    assert "尚未收到新版本" in part
    assert "1 份文件等待离线签名" in part


def test_the_page_stays_small_with_many_gates_in_trouble(signed_in, console_database, town, clock):
    from fleet.models import Gate, GateState
    from wire.messages import Held

    town.populate(console_database, clock.now)
    held = Held(root=1, trust=3, assignment=0, lists={town.LISTS[0]: 117, town.LISTS[1]: 11})
    body = town.state_body(held, online=True, ready=True, troubles=(town.Trouble.CAMERA, town.Trouble.DISK))
    known = {"online": True, "ready": True, "body": body, "received_at": clock.now}
    with console_database.session() as session:
        for n in range(100, 300):
            key = town.gate_id(n)
            session.add(Gate(id=key, name=f"Gate {n}", venue_id="museum", state="assigned", created_at=0))
            session.flush()
            session.add(GateState(gate_id=key, versions=town.versions(held), **known))
    page = signed_in.get("/")
    assert "共 207 台" in page.text
    # 60 kB of files and 5 kB of headers come with it: see the limit of the browser test.
    assert len(page.data) < 54_000

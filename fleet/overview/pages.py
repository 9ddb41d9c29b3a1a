"""The overview page and the part of it that is replaced while somebody looks."""

import threading
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Flask, current_app, make_response, render_template
from flask.typing import ResponseReturnValue

from fleet.overview import attention, gates
from fleet.overview.chart import chart
from fleet.overview.gates import Standing
from fleet.overview.tally import Tally
from fleet.web.context import Console, console
from fleet.web.language import is_chinese
from wire.health import TROUBLES, Trouble

pages: Final = Blueprint("overview", __name__)
EXTENSION: Final = "jx-tally"
MOST_GATES: Final = 40  # rows of the table: with them the page and its files stay below 120 kB


def register(app: Flask) -> None:
    """Give the application its tally and its pages."""
    app.extensions[EXTENSION] = Tally(app.extensions["jx-console"].zone)
    app.register_blueprint(pages)


def warm(app: Flask) -> None:
    """Count today's events before anybody asks, in a thread of its own; a page meanwhile waits for it."""
    shared: Console = app.extensions["jx-console"]

    def count() -> None:
        with shared.database.reading() as read:
            app.extensions[EXTENSION].today(read, shared.now())

    threading.Thread(target=count, name="warm", daemon=True).start()


def trouble_words(trouble: Trouble) -> tuple[str, str]:
    """What is wrong and what to do about it, in the language of the request."""
    row = TROUBLES[trouble]
    return (row.zh, row.fix_zh) if is_chinese() else (row.en, row.fix_en)


def _content() -> Mapping[str, Any]:
    shared = console()
    now = shared.now()
    tally: Tally = current_app.extensions[EXTENSION]
    with shared.database.reading() as read:
        today = tally.today(read, now)
        rows = gates.rows(read, now)
        items = attention.items(read, rows, now)
        steps = attention.steps(read)
    in_service = [row for row in rows if row.standing is not Standing.EXPECTED]
    return {
        "today": today,
        "chart": chart(today.hours),
        "gates": rows[:MOST_GATES],
        "gates_total": len(rows),
        "gates_in_service": len(in_service),
        "gates_ready": sum(
            row.standing in {Standing.READY, Standing.NOTE, Standing.REFERS} for row in in_service
        ),
        "items": items[: attention.MOST],
        "items_total": len(items),
        "steps": steps if not all(step.done for step in steps) else [],
        "trouble_words": trouble_words,
        "Standing": Standing,
        "now": now,
    }


@pages.get("/")
def overview() -> ResponseReturnValue:
    """The whole page."""
    return render_template("overview/page.html", **_content())


@pages.get("/overview/live")
def live() -> ResponseReturnValue:
    """What changes on it."""
    response = make_response(render_template("overview/live.html", **_content()))
    response.headers["X-Console-Time"] = console().time_of_day()
    return response

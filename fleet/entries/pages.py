"""The entries page and the count of what is new."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from fleet.entries import filters as urls
from fleet.entries import query
from fleet.entries.filters import Filters
from fleet.entries.words import COLOURS, KINDS, REASON_BY_NAME, VERDICTS, stored
from fleet.models import Venue
from fleet.web.context import console
from fleet.web.language import pick
from wire.reason_words import REASONS

pages: Final = Blueprint("entries", __name__)


def _show(row: query.Entry) -> Mapping[str, Any]:
    """Words and marks of one row for the template."""
    tone, icon, zh, en = VERDICTS.get(row.verdict or "", ("muted", "info-circle-fill", "", ""))
    kind = KINDS.get(row.kind, (row.kind, row.kind))
    reason = REASON_BY_NAME.get(row.reason or "")
    words = REASONS[reason] if reason is not None else None
    return {
        "row": row,
        "tone": "fever" if row.reason == "fever" else tone,
        "icon": "thermometer-high" if row.reason == "fever" else icon,
        "verdict": pick(zh, en) or pick(*kind),
        "code": words.code if words else "",
        "reason": pick(words.zh, words.en) if words else pick(*kind) if row.verdict else "",
        "colour": pick(*COLOURS.get(row.colour or "", ("", ""))),
    }


def _choices(session: Any, chosen: Filters) -> Mapping[str, Any]:  # noqa: ANN401 - a SQLAlchemy session
    venues = session.execute(select(Venue.id, Venue.name_zh, Venue.name_en).order_by(Venue.id))
    return {
        "venues": [(key, pick(zh, en)) for key, zh, en in venues],
        "verdicts": [(key, pick(zh, en)) for key, (_tone, _icon, zh, en) in VERDICTS.items()],
        "reasons": [
            (words.code, f"{words.code} {pick(words.zh, words.en)}")
            for words in REASONS.values()
            if chosen.verdict in {None, stored(words.verdict)}
        ],
    }


def _link(endpoint: str, kept: Mapping[str, str], **more: object) -> str:
    """A URL of this area; only names and values made here go into it, never arguments as they came."""
    arguments = urlencode({**kept, **{name: str(value) for name, value in more.items()}})
    return url_for(endpoint) + (f"?{arguments}" if arguments else "")


@pages.get("/entries")
def entries() -> ResponseReturnValue:
    """One page of entries; `before` or `after` in the URL says which."""
    shared = console()
    chosen = urls.read(request.args, shared.now(), shared.zone)
    before, after = urls.place(request.args.get("before")), urls.place(request.args.get("after"))
    with shared.database.reading() as read:
        shown = query.page(read, chosen, before=before, after=after)
        choices = _choices(read, chosen)
    first = before is None and (after is None or shown.newer is None)
    kept = chosen.query(shared.zone) if request.args else {}
    return render_template(
        "entries/page.html",
        rows=[_show(row) for row in shown.rows],
        chosen=chosen,
        since=urls.local_text(chosen.since, shared.zone),
        until=urls.local_text(chosen.until, shared.zone),
        older=_link("entries.entries", kept, before=shown.older) if shown.older else None,
        newer=_link("entries.entries", kept, after=shown.newer) if shown.newer else None,
        newest=_link("entries.entries", kept),
        fresh_url=_link("entries.fresh", kept, head=shown.head) if first and chosen.until is None else None,
        **choices,
    )


@pages.get("/entries/fresh")
def fresh() -> Response:
    """The button that says how many matching entries came after `head`; empty while there are none."""
    shared = console()
    chosen = urls.read(request.args, shared.now(), shared.zone)
    head = request.args.get("head", default=0, type=int)
    with shared.database.reading() as read:
        count = query.fresh(read, chosen, head) if 0 <= head < 2**62 else 0
    kept = chosen.query(shared.zone) if set(request.args) - {"head"} else {}
    words = _("99+ new") if count >= query.MOST_FRESH else _("%(count)d new", count=count)
    response = make_response(
        render_template(
            "entries/fresh.html",
            count=count,
            words=words,
            newest=_link("entries.entries", kept),
            fresh_url=_link("entries.fresh", kept, head=head),
        )
    )
    response.headers["X-Console-Time"] = shared.time_of_day()
    return response

"""The wallet's pages: pick a person, see the live code, change the colour, walk to a gate."""

import io
import threading
import time
from collections.abc import Callable
from typing import Final, TypeAlias

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, url_for
from PIL import Image
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as AnyResponse

from sandbox.abroad import VISITORS, Abroad
from sandbox.issuer.authority import Authority
from sandbox.issuer.residents import DEMO_PEOPLE, PAPER_PERSON, Resident
from sandbox.wallet import pictures, words
from sandbox.wallet.doors import Doors, Seen
from sandbox.wallet.purse import RENEW_S, Purse
from wire import code
from wire.reason_words import REASONS
from wire.reasons import Colour

LOWEST_C: Final = 34.0
HIGHEST_C: Final = 42.0
NORMAL_C: Final = 36.5
SCREEN_SCALE: Final = 3
YEAR_S: Final = 365 * 86_400
COOKIE: Final = "jx_wallet_language"  # cookies know no ports: the console lives on the same host
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Answer: TypeAlias = Response | AnyResponse | str
Clock: TypeAlias = Callable[[], int]


def create_wallet(authority: Authority, purse: Purse, abroad: Abroad, doors: Doors, clock: Clock) -> Flask:
    """The wallet as a WSGI application; `clock` gives unix seconds."""
    app = Flask(__name__)
    app.jinja_env.globals.update(say=_say, colour_name=_colour_name, pick=_pick, Colour=Colour)
    app.before_request(_guard)
    app.before_request(_choose_language)
    app.after_request(_finish)
    app.register_error_handler(HTTPException, _trouble)
    _add_people(app, authority, doors)
    _add_codes(app, authority, purse, abroad, clock)
    _add_changes(app, authority, doors, clock)
    _add_gates(app, doors)
    return app


def _add_people(app: Flask, authority: Authority, doors: Doors) -> None:
    def home() -> str:
        people = authority.residents[:DEMO_PEOPLE]
        return render_template("home.html", people=people, visitors=VISITORS.values())

    def person(number: int) -> str:
        chosen = request.args.get("gate", doors.gates[0].id)
        gate = next((one for one in doors.gates if one.id == chosen), None) or abort(404)
        return render_template(
            "person.html",
            person=VISITORS.get(number) or _somebody(authority, number),
            who=_name(number),
            visits=number in VISITORS,
            is_paper=number == PAPER_PERSON,
            renew_s=RENEW_S,
            gates=doors.gates,
            gate=gate,
            now=_told(doors.seen(gate.id)),
            warm=request.args.get("warm", default=NORMAL_C, type=float),
            lowest=LOWEST_C,
            highest=HIGHEST_C,
        )

    app.add_url_rule("/", "home", home)
    app.add_url_rule("/people/<int:number>", "person", person)


def _add_codes(app: Flask, authority: Authority, purse: Purse, abroad: Abroad, clock: Clock) -> None:
    def text_of(number: int) -> str:
        now = clock()
        if number in VISITORS:
            return abroad.shown(VISITORS[number], now)
        _somebody(authority, number)
        if number == PAPER_PERSON:
            return code.to_text(authority.issue_paper(number, now))
        return purse.proof(number, now - now % RENEW_S)

    def code_svg(number: int) -> Answer:
        return Response(pictures.svg(text_of(number)), mimetype="image/svg+xml")

    def code_png(number: int) -> Answer:
        answer = Response(pictures.png(text_of(number)), mimetype="image/png")
        who = "visitor" if number in VISITORS else "resident"
        answer.headers["Content-Disposition"] = f'attachment; filename="{who}-{number}.png"'
        return answer

    app.add_url_rule("/people/<int:number>/code.svg", "code_svg", code_svg)
    app.add_url_rule("/people/<int:number>/code.png", "code_png", code_png)


def _add_changes(app: Flask, authority: Authority, doors: Doors, clock: Clock) -> None:
    def recolour(number: int) -> Answer:
        _somebody(authority, number)
        try:
            colour = Colour[request.form.get("colour", "")]
        except KeyError:
            abort(400)
        authority.recolour(number, colour, clock())
        return redirect(url_for("person", number=number, gate=request.form.get("gate")), 303)

    def show(number: int) -> Answer:
        if number not in VISITORS:
            _somebody(authority, number)
        gate = request.form.get("gate", "")
        warm = request.form.get("warm", type=float)
        if gate not in {one.id for one in doors.gates} or warm is None or not LOWEST_C <= warm <= HIGHEST_C:
            abort(400)
        doors.show(gate, number, warm)
        return redirect(url_for("person", number=number, gate=gate, warm=warm, _anchor="gate"), 303)

    def language() -> Answer:
        chosen = request.form.get("language", "")
        answer = redirect(request.referrer or url_for("home"), 303)
        if chosen in words.LANGUAGES:
            answer.set_cookie(COOKIE, chosen, max_age=YEAR_S, samesite="Strict", httponly=True)
        return answer

    app.add_url_rule("/people/<int:number>/colour", "recolour", recolour, methods=["POST"])
    app.add_url_rule("/people/<int:number>/show", "show", show, methods=["POST"])
    app.add_url_rule("/language", "language", language, methods=["POST"])


def _add_gates(app: Flask, doors: Doors) -> None:
    known = {one.id for one in doors.gates}

    def now(gate: str) -> Answer:
        if gate not in known:
            abort(404)
        return jsonify(_told(doors.seen(gate)))

    def screen(gate: str) -> Answer:
        image = doors.screen(gate) if gate in known else None
        if image is None:
            abort(404)
        return Response(_enlarged(image), mimetype="image/png")

    def press(number: int) -> Answer:
        gate, how = request.form.get("gate", ""), request.form.get("press")
        if gate not in known or how not in {"short", "long"}:
            abort(400)
        doors.press(gate, long=how == "long")
        return redirect(url_for("person", number=number, gate=gate, _anchor="gate"), 303)

    app.add_url_rule("/people/<int:number>/press", "press", press, methods=["POST"])
    app.add_url_rule("/gates/<gate>/now", "gate_now", now)
    app.add_url_rule("/gates/<gate>/screen.png", "gate_screen", screen)


def _somebody(authority: Authority, number: int) -> Resident:
    if not 1 <= number <= DEMO_PEOPLE:
        abort(404)
    return authority.resident(number)


def _told(seen: Seen | None) -> dict[str, object]:
    """The newest walk in words: for the page, and for its script."""
    if seen is None:
        return {"walk": "nobody", "text": _say("nobody")}
    told: dict[str, object] = {"walk": seen.walk.value, "who": _name(seen.number)}
    if seen.reason is None:
        return told | {"text": _say(seen.walk.value)}
    row = REASONS[seen.reason]
    told |= {"verdict": row.verdict.name.lower(), "text": _pick(words.VERDICTS[row.verdict])}
    told |= {"detail": _pick((row.zh, row.en)), "code": row.code}
    if seen.took_s is not None:
        told["took"] = _say("took", s=f"{seen.took_s:.1f}")
    return told


def _enlarged(image: Image.Image) -> bytes:
    """A monochrome screen is drawn in large square pixels, a colour screen as it is."""
    if image.mode == "1":
        size = (image.width * SCREEN_SCALE, image.height * SCREEN_SCALE)
        image = image.convert("L").resize(size, Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _say(key: str, **values: object) -> str:
    return words.say(key, g.language, **values)


def _pick(pair: tuple[str, str]) -> str:
    return words.pick(pair, g.language)


def _name(number: int) -> str:
    visitor = VISITORS.get(number)
    return _say("resident", n=number) if visitor is None else _say("visitor", n=visitor.letter)


def _colour_name(colour: Colour) -> str:
    return _pick(words.COLOURS[colour])


def _guard() -> None:
    """Only this computer's own browser, and only this page's own forms: no other site may press buttons."""
    g.language = "en"
    host = request.host.rsplit(":", 1)[0]
    if host not in LOOPBACK:
        abort(403)
    if request.method == "POST":
        origin = request.headers.get("Origin")
        if origin is not None and origin != request.host_url.rstrip("/"):
            abort(403)
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            abort(403)


def _choose_language() -> None:
    chosen = request.cookies.get(COOKIE, "")
    offered = request.accept_languages.best_match(["en", "zh", "zh-CN"], default="en")
    g.language = chosen if chosen in words.LANGUAGES else offered[:2]


def _finish(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _trouble(error: HTTPException) -> tuple[str, int]:
    not_found = 404
    status = error.code or 500
    return render_template("trouble.html", key="not_found" if status == not_found else "refused"), status


class _Quiet(WSGIRequestHandler):
    """Requests are of no interest in the town's terminal."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Say nothing."""


def serve(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """Serve in a thread of its own until `shutdown`; loopback only, as nothing here asks for a password."""
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, name="wallet", daemon=True).start()
    return server


def unix_now() -> int:
    """This computer's clock."""
    return int(time.time())

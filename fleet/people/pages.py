"""Signing in and out, one's own sessions, password and language."""

from typing import Final

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user

from fleet import audit
from fleet.errors import FleetError
from fleet.people import directory, known, passwords, sessions
from fleet.people.cookies import forget, remember
from fleet.people.forms import NewPassword, SignIn
from fleet.web.access import local_path, public
from fleet.web.context import console
from fleet.web.language import COOKIE, LANGUAGES, YEAR_S

pages: Final = Blueprint("people", __name__)
# One process serves the console, so memory is the right place for the counters.
limiter: Final = Limiter(key_func=get_remote_address, storage_uri="memory://", strategy="moving-window")

PER_ADDRESS: Final = "10 per minute; 60 per hour"
PER_NAME: Final = (
    "20 per hour"  # whoever asks from wherever: NIST SP 800-63B-4, 3.2.2 wants a bound per account
)


def _failed(response: Response) -> bool:
    return response.status_code == 401  # noqa: PLR2004 - HTTP's number for "sign in"


def _actor() -> str:
    """Who is signed in, as the audit log names people."""
    return f"user:{current_user.user_id}"


def _login() -> str:
    return request.form.get("login", "").strip().lower()[:32]


def _attempted_from() -> str:
    return known.browser(_login()) or get_remote_address()


def _attempted_name() -> str:
    return known.browser(_login()) or "name:" + _login()


@pages.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Show the form; who is signed in already goes on to the overview."""
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")) or "/")
    form = SignIn(next=local_path(request.args.get("next")) or "")
    return render_template("people/sign_in.html", form=form, failed=False)


@pages.post("/sign-in")
@limiter.limit(PER_ADDRESS, key_func=_attempted_from, deduct_when=_failed)
@limiter.limit(PER_NAME, key_func=_attempted_name, deduct_when=_failed)
@public
def sign_in_send() -> ResponseReturnValue:
    """Check name and password; a right answer begins a session with a new form secret."""
    form = SignIn()
    shared = console()
    user = None
    if form.validate_on_submit():
        with shared.database.reading() as read:
            user = directory.authenticate(read, form.login.data.strip().lower(), form.password.data)
    if user is None:
        return render_template("people/sign_in.html", form=form, failed=True), 401
    with shared.database.session() as write:
        token = sessions.begin(write, user, request.user_agent.string, shared.now())
        audit.append(write, shared.now(), f"user:{user.id}", "person.sign_in")
    session.clear()
    return known.remember(remember(redirect(local_path(form.next.data) or "/", 303), token), user.login)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session here and in the table."""
    with console().database.session() as write:
        sessions.end(write, current_user.token_digest)
        audit.append(write, console().now(), _actor(), "person.sign_out")
    session.clear()
    return forget(redirect(url_for("people.sign_in"), 303))


@pages.post("/language")
@public
def language() -> ResponseReturnValue:
    """Choose a language: kept with the account, or in this browser before signing in."""
    wish = request.form.get("language", "")
    if wish not in LANGUAGES:
        abort(400)
    response = redirect(local_path(request.form.get("next")) or "/", 303)
    response.set_cookie(
        COOKIE, wish, max_age=YEAR_S, httponly=True, samesite="Lax", secure=console().settings.web.tls
    )
    if current_user.is_authenticated:
        with console().database.session() as write:
            directory.get(write, current_user.login).language = wish
    return response


@pages.get("/account")
def account() -> ResponseReturnValue:
    """One's sessions and password."""
    return _account(NewPassword(), 200)


def _account(form: NewPassword, status: int) -> ResponseReturnValue:
    shared = console()
    with shared.database.reading() as read:
        listed = sessions.listed(read, current_user, shared.now())
    page = render_template("people/account.html", form=form, sessions=listed, idle_h=sessions.IDLE_S // 3600)
    return page, status


@pages.post("/account/password")
@limiter.limit(PER_ADDRESS, deduct_when=_failed)
def change_password() -> ResponseReturnValue:
    """Change one's own password; every other session ends."""
    form = NewPassword()
    shared = console()
    if not form.validate_on_submit():
        return _account(form, 422)
    with shared.database.reading() as read:
        known = directory.authenticate(read, current_user.login, form.current.data)
    if known is None:
        form.current.errors = [_("That is not your current password.")]
        return _account(form, 401)
    try:
        password_hash = passwords.digest(form.password.data)
    except FleetError:
        return _account(form, 422)
    with shared.database.session() as write:
        user = directory.get(write, current_user.login)
        directory.set_password(
            write, user, password_hash, shared.now(), _actor(), keep=current_user.token_digest
        )
    flash(_("Password changed. Every other session was ended."))
    return redirect(url_for("people.account"), 303)


@pages.post("/account/sessions/end")
def end_session() -> ResponseReturnValue:
    """End one of one's sessions by name, or, without a name, all but this one."""
    name = request.form.get("name")
    with console().database.session() as write:
        audit.append(write, console().now(), _actor(), "person.end_sessions", which=name or "others")
        if name is None:
            sessions.end_all(write, current_user.user_id, keep=current_user.token_digest)
        elif not sessions.end_named(write, current_user, name):
            abort(404)
    flash(_("Ended."))
    return redirect(url_for("people.account"), 303)

"""Chinese or English, and times as people at the gates read them."""

from pathlib import Path
from typing import Final

from flask import Flask, current_app, request
from flask_babel import Babel, format_decimal, get_locale
from flask_login import current_user

from fleet.web.context import console

TRANSLATIONS: Final = Path(__file__).parent.parent / "translations"
COOKIE: Final = "jx-language"
YEAR_S: Final = 365 * 86_400

# What people choose -> (Babel's name of it, its own name of itself)
LANGUAGES: Final = {"zh-CN": ("zh", "中文"), "en": ("en", "English")}


def choose() -> str:
    """A key of LANGUAGES: the person's choice, this browser's, what it asks for, or the fleet's."""
    wishes = (
        current_user.language if current_user.is_authenticated else None,
        request.cookies.get(COOKIE),
        request.accept_languages.best_match(["zh-CN", "zh", "en"]),
        console().settings.fleet.language,
    )
    for wish in wishes:
        if wish in LANGUAGES:
            return str(wish)
        if wish == "zh":
            return "zh-CN"
    return "zh-CN"


def is_chinese() -> bool:
    """Whether the running request is answered in Chinese."""
    return str(get_locale()).startswith("zh")


def pick(zh: str, en: str) -> str:
    """The one of two names to show; a missing one is replaced by the other."""
    return (zh or en) if is_chinese() else (en or zh)


def clock_text(at: int | None, shape: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment in the fleet's time zone; never: a dash."""
    return "–" if at is None else console().local(at).strftime(shape)


def zone_text() -> str:
    """The fleet's time zone with its distance from UTC now, e.g. `Asia/Shanghai, UTC+08:00`."""
    shared = console()
    offset = shared.local(shared.now()).strftime("%z")
    return f"{shared.zone.key}, UTC{offset[:3]}:{offset[3:]}"


def register(app: Flask) -> None:
    """Set up Flask-Babel and what templates need to speak."""
    app.config.update(BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS), BABEL_DEFAULT_LOCALE="zh")
    Babel(app, locale_selector=lambda: LANGUAGES[choose()][0])

    def speak() -> dict[str, object]:
        settings = current_app.extensions["jx-console"].settings
        return {
            "language": "zh-CN" if is_chinese() else "en",
            "languages": {key: name for key, (_, name) in LANGUAGES.items()},
            "fleet_name": pick(settings.fleet.name_zh, settings.fleet.name_en),
            "zone_text": zone_text,
        }

    app.context_processor(speak)
    app.jinja_env.filters.update(clock=clock_text, number=format_decimal)
    app.jinja_env.globals["pick"] = pick

"""The forms of signing in and of one's own account."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from fleet.people.passwords import LEAST_LENGTH, MOST_LENGTH


class SignIn(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """Name and password; `next` is checked where it is used."""

    login = StringField(_l("Sign-in name"), validators=[InputRequired(), Length(max=32)])
    password = PasswordField(_l("Password"), validators=[InputRequired(), Length(max=MOST_LENGTH)])
    next = HiddenField()


class NewPassword(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """Changing one's own password."""

    current = PasswordField(_l("Current password"), validators=[InputRequired(), Length(max=MOST_LENGTH)])
    password = PasswordField(
        _l("New password"),
        validators=[
            InputRequired(),
            Length(
                min=LEAST_LENGTH,
                max=MOST_LENGTH,
                message=_l("At least %(min)d characters.", min=LEAST_LENGTH),
            ),
        ],
    )
    again = PasswordField(
        _l("New password once more"),
        validators=[
            InputRequired(),
            EqualTo("password", message=_l("The two new passwords differ.")),
        ],
    )

"""Settings: what is wrong is named, nothing is guessed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.config import Settings, load_settings, parse_settings
from fleet.errors import FleetError


def test_an_empty_file_means_every_default():
    assert parse_settings("") == Settings()
    assert parse_settings("").est_url == "https://127.0.0.1:8443"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[web]\nporto = 1", "porto"),
        ("port = 1", "port"),
        ("[web]\nport = 0", "web.port"),
        ("[web]\nport = '80'", "web.port"),
        ("[web", "toml"),
        ("[web]\nhost = '0.0.0.0'", "plain HTTP"),
        ("[web]\nhost = 'fleet.example'", "plain HTTP"),
    ],
)
def test_a_wrong_setting_is_named(text, word):
    with pytest.raises(FleetError, match=word):
        parse_settings(text)


@pytest.mark.parametrize(
    "text", ["[web]\nhost = '::1'", "[web]\nhost = 'localhost'", "[web]\nhost='0.0.0.0'\ntls=true"]
)
def test_plain_http_stays_on_loopback(text):
    assert parse_settings(text)


def test_an_address_of_version_6_is_bracketed():
    assert parse_settings("[est]\nhost = '::1'").est_url == "https://[::1]:8443"


@given(st.text(max_size=80))
def test_any_text_is_settings_or_a_refusal(text):
    with contextlib.suppress(FleetError):
        parse_settings(text)


def test_a_directory_without_a_fleet_says_how_to_make_one(tmp_path):
    with pytest.raises(FleetError, match="jx-fleet init"):
        load_settings(tmp_path)

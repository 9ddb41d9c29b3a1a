"""`jx-gate explain` for passes: parts in one picture come together, and names show only to those who ask."""

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from device.firmware.command import app
from sandbox import health_cards
from wire.keys import PrivateKey

BUNDLE = health_cards.bundle([health_cards.immunization("2026-10-20", "212")])
CARD = health_cards.sign(health_cards.claims(BUNDLE, 1_794_000_000), PrivateKey.generate())


def run(*arguments):
    return CliRunner().invoke(app, ["explain", *map(str, arguments), "--clock", "1795000000"])


@pytest.fixture
def picture(tmp_path):
    """All parts of a card side by side, the last first."""
    codes = []
    for text in health_cards.texts(CARD, 200)[::-1]:
        barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
        code = np.asarray(zxingcpp.write_barcode_to_image(barcode, scale=4))
        codes.append(np.pad(code, ((0, 400 - code.shape[0]), (0, 400 - code.shape[1])), constant_values=255))
    Image.fromarray(np.hstack(codes)).save(tmp_path / "card.png")
    return tmp_path / "card.png"


def test_all_parts_of_a_card_in_one_picture_are_one_card(picture):
    result = run(picture)
    assert result.exit_code == 3, "nothing was verified"
    assert result.output.count("SMART Health Card") == 1
    assert "vaccination: 1/1" in result.output
    assert "Anyperson" not in result.output


def test_a_name_that_nobody_signed_is_not_shown_even_when_asked_for(picture):
    result = run(picture, "--names")
    assert "only when the signature holds" in result.output
    assert "Anyperson" not in result.output

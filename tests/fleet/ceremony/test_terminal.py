"""What an officer is shown before signing: all of it, however wide the terminal is."""

import io

from rich.console import Console

from fleet.ceremony import terminal

WORDS = (
    "jl 加入密钥 ES256 f4297e02f46693a3（签发健康码，2026-11-21 11:37:28Z – 2028-10-22 11:37:28Z）",
    "限度：再次通行间隔 – → 0 s / bound: pause before somebody may pass again – → 0 s",
)
FRAME = str.maketrans("", "", "╭─╮│╰╯•")


def test_not_one_letter_of_what_is_signed_is_left_out_at_any_width(monkeypatch):
    for width in range(40, 160):
        shown = io.StringIO()
        monkeypatch.setattr(terminal, "console", Console(file=shown, width=width, highlight=False))
        terminal.say("", WORDS)
        assert "".join(shown.getvalue().translate(FRAME).split()) == "".join("".join(WORDS).split()), width

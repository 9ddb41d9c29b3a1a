"""What the demo tells a person once everything runs: addresses, the login, what to try."""

from collections.abc import Iterator
from typing import Final

from sandbox.founding import address
from sandbox.layout import REPOSITORY, Layout
from sandbox.places import PLACES
from sandbox.ports import Ports
from sandbox.town.tell import Voice, padded
from sandbox.town.town import Tally, Town
from wire.reasons import Verdict

_LABEL_WIDE = 12


# What to try: words, and a command with {places} to fill in, if there is one.
_IDEAS: Final = (
    (
        ("在钱包里把一位居民改成红码，再到闸机出示", "in the wallet, turn a resident red and walk to a gate"),
        "",
    ),
    (("在钱包里让境外旅客去闸机出示证明", "in the wallet, send a visitor from abroad to a gate"), ""),
    (
        ("保存一个健康码图片，看看它是什么", "save a code as a picture and ask what it is"),
        ".venv/bin/jx-gate explain ~/Downloads/resident-1.png --data {gates}/{gate}",
    ),
    (
        ("撤销商场的扫码许可，几秒后闸机停用", "withdraw the mall's permission: its gate closes in seconds"),
        ".venv/bin/jx-fleet venue withdraw mall --reason trial --dir {fleet}",
    ),
    (("再授予许可", "and give it back"), ".venv/bin/jx-fleet venue grant mall --days 30 --dir {fleet}"),
    (
        ("轮换信任密钥（密钥员会自动签署）", "rotate the trust key; the key officer signs by itself"),
        ".venv/bin/jx-fleet rotate trust --dir {fleet}",
    ),
    (
        (
            "把签好的文件带回服务器，各闸机随即换用新密钥",
            "carry the answer back: every gate takes the new key",
        ),
        ".venv/bin/jx-fleet requests accept {fleet}/answers --dir {fleet}",
    ),
    (
        ("停掉服务器：闸机照常工作，20 秒后补传", "stop the fleet: gates go on; it is back in 20 s"),
        "kill {pid}",
    ),
    (("看一台闸机的记录", "look at one gate"), ".venv/bin/jx-fleet gate show {gate} --dir {fleet}"),
)


def guide(voice: Voice, layout: Layout, ports: Ports, fleet_pid: int) -> str:
    """The whole text."""
    return "\n".join(_lines(voice, layout, ports, fleet_pid))


def _lines(voice: Voice, layout: Layout, ports: Ports, fleet_pid: int) -> Iterator[str]:
    choose = voice.choose
    password = layout.password.read_text(encoding="utf-8").strip()
    data = _short(layout, "")
    rows = (
        (("控制台", "console"), f"{address(ports.console)}    admin  {password}"),
        (("钱包", "wallet"), address(ports.wallet)),
        (("数据、日志", "data, logs"), f"{data}  {_short(layout, 'logs')}"),
    )
    yield ""
    for label, value in rows:
        yield f"  {voice.paint(padded(choose(label), _LABEL_WIDE), '1')}{value}"
    yield ""
    places = {"fleet": _short(layout, "fleet"), "gates": _short(layout, "gates")}
    for words, command in _IDEAS:
        yield f"  • {choose(words)}"
        if command:
            filled = command.format(**places, gate=PLACES[0].gate.id, pid=fleet_pid)
            yield voice.paint(f"      {filled}", "36")
    yield ""
    end = ("Ctrl-C 停止；再次运行会继续。", "Ctrl-C stops everything; the next run carries on.")
    yield f"  {choose(end)}"
    yield ""


def _short(layout: Layout, name: str) -> str:
    """A path as one would type it in the checkout."""
    path = layout.root / name if name else layout.root
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)


def farewell(voice: Voice, town: Town) -> str:
    """How many came, and how they fared."""
    tally: Tally = town.tally
    names = (
        (Verdict.ADMIT, ("放行", "admitted")),
        (Verdict.DENY, ("拒绝", "denied")),
        (Verdict.REFER, ("转人工", "referred")),
        (Verdict.HINT, ("提示", "hinted at")),
        (None, ("未决", "left without a verdict")),
    )
    parts = [
        f"{tally.by_verdict[verdict]} {voice.choose(words)}"
        for verdict, words in names
        if verdict in tally.by_verdict
    ]
    return f"{tally.people} {voice.choose(('人', 'people'))}: {', '.join(parts) or '–'}"

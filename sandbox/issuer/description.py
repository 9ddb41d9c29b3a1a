"""The issuer as it describes itself to a fleet's key officer: names, keys with their use and time, lists."""

import json
from pathlib import Path
from typing import Any

from sandbox.issuer.authority import ISSUER, KEY_LIFE_S, LIST_URI, NAME_EN, NAME_ZH, SHARD, Authority
from wire import cbor
from wire.documents import KeyUse
from wire.keys import PublicKey


def description(authority: Authority) -> dict[str, Any]:
    """What stands in issuer.json: keys as the hex of their COSE_Key, times in unix seconds."""
    return {
        "id": ISSUER,
        "name_zh": NAME_ZH,
        "name_en": NAME_EN,
        "keys": [
            _key(authority, authority.code_key, KeyUse.CODES),
            _key(authority, authority.list_key, KeyUse.LISTS),
        ],
        "lists": [{"uri": LIST_URI, "shard": SHARD, "carried_by": [""]}],
    }


def _key(authority: Authority, key: PublicKey, use: KeyUse) -> dict[str, Any]:
    begins = authority.founded - 3600
    return {
        "use": use.name.lower(),
        "key": cbor.encode(key.cose()).hex(),
        "not_before": begins,
        "not_after": begins + KEY_LIFE_S,
    }


def write(authority: Authority, path: Path) -> Path:
    """Write issuer.json."""
    path.write_text(json.dumps(description(authority), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path

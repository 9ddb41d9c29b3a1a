"""Names of countries in Chinese and English, from the CLDR data that the console's languages come with."""

import functools
from collections.abc import Mapping
from typing import Final

from babel import Locale

UNKNOWN: Final = ("欧盟数字证书", "EU certificates")


def names(code: str) -> tuple[str, str]:
    """A country's names by its ISO 3166 code; the code where it has none, and a word for no country."""
    if not code:
        return UNKNOWN
    return _territories("zh_Hans").get(code, code), _territories("en").get(code, code)


@functools.cache
def _territories(language: str) -> Mapping[str, str]:
    return dict(Locale.parse(language).territories)

"""A page's HTML in one language → with the spaces that this language is set with on paper; letters stay as they are.

Sources: Lexique des règles typographiques en usage à l'Imprimerie nationale (French spaces); Code de rédaction
interinstitutionnel of the EU (none before : ; ! ?).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from communique.letters import NARROW, NBSP

_SPACE = f"[ {NBSP}{NARROW}]"
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+")

_UNITS = {
    "en": "million|billion|trillion|percent|per cent|euros?|won|dollars?|km|m|cm|mm|kg|g|t|ha|GW|MW|kWh|%"
    "|a\\.m\\.|p\\.m\\.",
    "fr": "millions?|milliards?|billions?|mille|pour cent|euros?|wons?|dollars?|€|M€|Md€|km|m|cm|mm|kg|g|t|ha|GW|MW"
    "|kWh|%|h|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
    "ko": "명|개사|개국|억|만|조|원|유로|달러",
}
_WITH_UNIT = {language: re.compile(rf"(?<=\d) (?=(?:{units})(?!\w))") for language, units in _UNITS.items()}
_GROUPS = re.compile(rf"(?<=\d){_SPACE}(?=\d{{3}}(?!\d))")
_HIGH = re.compile(rf"(?<=\S){_SPACE}(?=[;!?](?!\w))")
_COLON = re.compile(rf"(?<=\S){_SPACE}(?=:(?:\s|$|{NBSP}))")
_OPEN, _CLOSE = re.compile(rf"«{_SPACE}?(?=\S)"), re.compile(rf"(?<=\S){_SPACE}?»")
_HANGUL = re.compile("[가-힣\u1100-\u11ff\u3130-\u318f]+(?:[ ·,]+[가-힣\u1100-\u11ff\u3130-\u318f]+)*")


def set_(html: str, language: str, spacing: str = "national") -> str:
    """Return HTML whose text has no-break spaces where its language wants them; tags, code and addresses stay.

    ``spacing`` is the French profile: ``national`` or ``eu``. In French and English, Korean words are marked as Korean.
    """
    parts = re.split(
        r"(<(?:code|pre|style|script|title)\b.*?</(?:code|pre|style|script|title)>|<[^>]*>)", html, flags=re.S
    )
    rule = _french(spacing) if language == "fr" else _plain(language)
    return "".join(part if part.startswith("<") else _text(part, language, rule) for part in parts)


def _text(text: str, language: str, rule: Callable[[str], str]) -> str:
    if not text or text.isspace():
        return text
    text = text.replace("&nbsp;", NBSP)
    addresses = _ADDRESS.findall(text)
    set_text = rule(_ADDRESS.sub("\0", text))
    for address in addresses:
        set_text = set_text.replace("\0", address, 1)
    if language != "ko":
        set_text = _HANGUL.sub(r'<span lang="ko">\g<0></span>', set_text)
    return set_text


def _plain(language: str) -> Callable[[str], str]:
    return lambda text: _WITH_UNIT[language].sub(NBSP, text)


def _french(spacing: str) -> Callable[[str], str]:
    high, colon = (NARROW, NBSP) if spacing == "national" else ("", "")

    def rule(text: str) -> str:
        text = _WITH_UNIT["fr"].sub(NBSP, _GROUPS.sub(NARROW, text))
        text = _COLON.sub(colon, _HIGH.sub(high, text))
        return _CLOSE.sub(f"{NBSP}»", _OPEN.sub(f"«{NBSP}", text))

    return rule


#: A last word that is longer may stand alone in its line.
_LONGEST_LAST = 14


def headline(html: str) -> str:
    """Return a heading's HTML whose last word does not stand alone in a line, unless it is long."""
    words = html.rstrip().rsplit(" ", 1)
    if len(words) == 2 and len(words[1]) <= _LONGEST_LAST and words[0].count(" ") >= 2 and "<" not in words[1]:
        return NBSP.join(words)
    return html


def balanced(words: Sequence[float], space: float, measure: float) -> float:
    """Return the least width in which words of these widths take no more lines than in ``measure``.

    All in one unit. It is what ``text-wrap: balance`` means (CSS Text 4, 6.3.2), which WeasyPrint does not know.
    """
    lines = _lines(words, space, measure)
    low, high = max(words, default=0.0), measure
    if lines == 1 or low >= measure:
        return measure
    while high - low > measure / 500:
        middle = (low + high) / 2
        low, high = (low, middle) if _lines(words, space, middle) <= lines else (middle, high)
    return high


def _lines(words: Sequence[float], space: float, measure: float) -> int:
    """Return how many lines words take when each line is filled as far as it goes."""
    lines, filled = 1, -space
    for word in words:
        if filled + space + word > measure and filled > 0:
            lines, filled = lines + 1, word
        else:
            filled += space + word
    return lines

"""The numbers, dates, amounts and telephone numbers of a text, as values that can be compared across languages.

``3만``, ``30,000``, ``30 000`` and ``thirty thousand`` are one value. Sources: Korean counts by 만 (10⁴), 억 (10⁸) and
조 (10¹²); French groups digits by spaces and has a decimal comma (Lexique des règles typographiques en usage à
l'Imprimerie nationale), and a French billion is 10¹².
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

#: What one number may be meant as: an hour may be of the morning or of the evening.
Value = frozenset[Decimal]


@dataclass(frozen=True)
class Quantities:
    """``numbers`` are those in digits with their spelling; ``words`` may stand for others, but need not."""

    numbers: dict[Value, str]
    words: frozenset[Decimal]
    months: frozenset[int]
    weekdays: frozenset[int]
    currencies: frozenset[str]
    phones: tuple[str, ...]


_SPACE = "[ \u00a0\u202f\u2009]"
#: Digits in groups of three, whatever stands between the groups, or with a decimal mark.
_DIGITS = (
    rf"(?<!\d)\d{{1,3}}(?:(?:{_SPACE}\d{{3}})+|(?:,\d{{3}})+|(?:\.\d{{3}})+|(?:['’]\d{{3}})+)(?!\d)(?:[.,]\d+)?"
    r"|\d+(?:[.,]\d+)?"
)
_MULTIPLIERS = {
    "en": {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "mn": 10**6,
           "bn": 10**9, "tn": 10**12},
    "fr": {"cents": 100, "cent": 100, "mille": 1000, "milliers": 1000, "millier": 1000, "millions": 10**6,
           "million": 10**6, "milliards": 10**9, "milliard": 10**9, "billions": 10**12, "billion": 10**12,
           "M€": 10**6, "Md€": 10**9, "Mds€": 10**9, "k€": 1000, "Md": 10**9, "Mds": 10**9},
    "ko": {"십": 10, "백": 100, "천": 1000, "만": 10**4, "억": 10**8, "조": 10**12},
}  # fmt: skip
#: A letter that may be a unit as well: 20m is 20 million or 20 metres.
_MAYBE = {"m": 10**6, "k": 1000, "K": 1000, "M": 10**6, "B": 10**9, "b": 10**9}

_NUMBER = {
    "en": re.compile(
        rf"(?P<number>{_DIGITS})(?:(?:{_SPACE}|-)?(?P<unit>{'|'.join(_MULTIPLIERS['en'])})s?\b"
        rf"|(?P<maybe>[mkKMBb])\b)?"
    ),
    "fr": re.compile(
        rf"(?P<number>{_DIGITS})(?:{_SPACE}?(?P<unit>{'|'.join(sorted(_MULTIPLIERS['fr'], reverse=True))})"
        rf"(?:{_SPACE}(?P<more>milliards?|millions?))?(?![\w€])|(?P<maybe>[kKM])\b)?"
    ),
    "ko": re.compile(
        rf"(?P<article>제)?(?P<number>(?:(?:{_DIGITS})[십백천만억조]+{_SPACE}?)+(?:{_DIGITS})?|{_DIGITS})"
        rf"(?P<maybe>[mkKMBb](?![\w]))?"
    ),
}

_MONTHS = {
    "en": {name: n for n, names in enumerate(
        ("January Jan", "February Feb", "March Mar", "April Apr", "May", "June Jun", "July Jul", "August Aug",
         "September Sept Sep", "October Oct", "November Nov", "December Dec"), 1) for name in names.split()},
    "fr": {name: n for n, names in enumerate(
        ("janvier janv", "février févr", "mars", "avril", "mai", "juin", "juillet juil", "août aout",
         "septembre sept", "octobre oct", "novembre nov", "décembre déc"), 1) for name in names.split()},
    "ko": {},
}  # fmt: skip
_WEEKDAYS = {
    "en": {name: n for n, name in enumerate("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())},
    "fr": {name: n for n, name in enumerate("lundi mardi mercredi jeudi vendredi samedi dimanche".split())},
    "ko": {name: n for n, name in enumerate("월화수목금토일")},
}
_WORDS = {
    "en": {
        "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
        "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
        "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
        "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "a hundred": 100, "a thousand": 1000,
        "a million": 10**6, "a billion": 10**9, "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5,
        "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "once": 1, "twice": 2, "double": 2,
        "doubled": 2, "triple": 3, "tripled": 3, "dozen": 12, "both": 2, "a": 1, "an": 1, "noon": 12, "midnight": 0,
        "half": 50, "quarter": 25, "single": 1,
    },
    "fr": {
        "zéro": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8,
        "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
        "dix-sept": 17, "dix-huit": 18, "dix-neuf": 19, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50,
        "soixante": 60, "soixante-dix": 70, "quatre-vingts": 80, "quatre-vingt": 80, "quatre-vingt-dix": 90,
        "cent": 100, "mille": 1000, "premier": 1, "première": 1, "premiers": 1, "premières": 1, "deuxième": 2,
        "second": 2, "seconde": 2, "troisième": 3, "quatrième": 4, "cinquième": 5, "sixième": 6, "septième": 7,
        "huitième": 8, "neuvième": 9, "dixième": 10, "double": 2, "doublé": 2, "triple": 3, "triplé": 3,
        "dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40,
        "cinquantaine": 50, "centaine": 100, "millier": 1000, "midi": 12, "minuit": 0, "moitié": 50, "quart": 25,
        "tiers": 3,
    },
    "ko": {
        "하나": 1, "둘": 2, "셋": 3, "넷": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10,
        "스무": 20, "스물": 20, "서른": 30, "마흔": 40, "쉰": 50, "예순": 60, "일흔": 70, "여든": 80, "아흔": 90,
        "한": 1, "두": 2, "세": 3, "네": 4, "첫": 1, "첫째": 1, "둘째": 2, "셋째": 3, "넷째": 4, "정오": 12, "자정": 0,
        "절반": 50, "백": 100, "천": 1000, "만": 10**4, "십만": 10**5, "백만": 10**6, "천만": 10**7, "억": 10**8,
    },
}  # fmt: skip
_WORD = {
    language: re.compile(rf"(?i)\b(?:{'|'.join(sorted(words, key=len, reverse=True))})\b")
    for language, words in _WORDS.items()
    if language != "ko"
}
_CURRENCIES = {
    "EUR": (r"euros?\b|(?:[km]|mds?)?€|EUR\b|유로", "[€]|EUR"),
    "KRW": (r"(?:korean |south korean |sud-coréens? )?wons?\b|₩|KRW\b|원(?!년|의 |칙|문)", "[₩]|KRW"),
    "USD": (r"(?:US )?dollars?\b|USD\b|달러", r"(?:US)?\$|USD"),
    "JPY": (r"yens?\b|JPY\b|엔(?=[^가-힣]|$|을|이|의|에|으|규)", "JPY"),
    "CNY": (r"yuans?\b|CNY\b|RMB\b|위안", "CNY|RMB"),
    "GBP": (r"pounds?\b(?! of)|livres sterling|GBP\b|파운드", "£|GBP"),
}
#: Between a number and its currency: a unit, and the words that go with it.
_BETWEEN = (
    rf"{_SPACE}?(?:(?:{'|'.join((*_MULTIPLIERS['en'], *_MULTIPLIERS['fr']))})s?|[십백천만억조]+)?{_SPACE}?"
    rf"(?:여{_SPACE}?)?(?:(?:milliards|millions){_SPACE})?(?:d[’']|de{_SPACE})?"
)
_MONEY = {
    code: re.compile(rf"\d{_BETWEEN}(?:{after})|(?:{before}){_SPACE}?\d", re.IGNORECASE)
    for code, (after, before) in _CURRENCIES.items()
}

_PHONE = re.compile(r"(?<![\w.,])(?:\+|\(?0)\d?[\d \u00a0\u202f().\u2010-\u2013-]{6,20}\d(?![A-Za-z0-9_])")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})([-./])[ ]?(\d{1,2})\2[ ]?(\d{1,2})(?!\d)")
_CLOCK = {
    "en": re.compile(r"(?P<h>\d{1,2}):(?P<m>\d{2})(?!\d)(?: ?[ap]\.?m\b)?|(?P<h2>\d{1,2}) ?[ap]\.?m\b", re.IGNORECASE),
    "fr": re.compile(
        rf"(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?!\d)|(?P<h2>\d{{1,2}}){_SPACE}?h(?:eures?)?(?:{_SPACE}?(?P<m2>\d{{2}}))?(?![\w/])"
    ),
    "ko": re.compile(
        rf"(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?!\d)|(?P<h2>\d{{1,2}})시(?!간|군|리|장|민|청|도|의회)(?:{_SPACE}?(?P<m2>\d{{1,2}})분)?"
    ),
}
_ROMAN = re.compile(r"\b([IVX]{1,6})(?:e|er|ème|th|st|nd|rd)?\b")
_KO_NATIVE = re.compile(r"(?<![가-힣])(?:여러 )?(한|두|세|네)(?= [가-힣])")


def of(text: str, language: str) -> Quantities:
    """Return what a text says in numbers. Links, addresses and markup must be taken out of it before."""
    phones: list[str] = []

    def phone(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        if not 8 <= len(digits) <= 15:
            return match[0]
        phones.append(match[0].strip())
        return " "

    rest = _PHONE.sub(phone, text)
    months = frozenset(_months(rest, language))
    rest = _ISO_DATE.sub(r" \1 / \3 / \4 ", rest)
    spelled, words = _spelled(rest, language)
    return Quantities(
        numbers=dict(_numbers(rest, language)),
        words=frozenset(
            {*words, *map(Decimal, months), *(d for value, _ in _numbers(spelled, language) for d in value)}
        ),
        months=months,
        weekdays=frozenset(_weekdays(rest, language)),
        currencies=frozenset(code for code, pattern in _MONEY.items() if pattern.search(spelled)),
        phones=tuple(phones),
    )


def same_phone(one: str, other: str) -> bool:
    """Whether two spellings are one number: +82 44 204 7000 is 044-204-7000."""
    a, b = (re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0") for text in (one, other))
    return a == b or (min(len(a), len(b)) >= 8 and (a.endswith(b) or b.endswith(a)))


def _numbers(text: str, language: str) -> Iterator[tuple[Value, str]]:
    def clock(match: re.Match[str]) -> str:
        groups = match.groupdict()
        hour = Decimal(int(groups["h"] or groups["h2"]))
        minutes = groups.get("m") or groups.get("m2")
        found.append((frozenset({hour, hour % 12, hour % 12 + 12}), match[0]))
        if minutes and int(minutes):
            found.append((frozenset({Decimal(int(minutes))}), match[0]))
        return " "

    found: list[tuple[Value, str]] = []
    if any(mark in text for mark in (":", "시", "h", "m", "M")):
        text = _CLOCK[language].sub(clock, text)
    yield from found
    for match in _NUMBER[language].finditer(text):
        yield frozenset(_values(match, language)), match[0].strip(" \u00a0\u202f")


def _values(match: re.Match[str], language: str) -> Iterator[Decimal]:
    if language == "ko":
        values = [_korean(match["number"])] if re.search("[십백천만억조]", match["number"]) else []
        values = values or list(_decimals(match["number"], language))
        if match["article"]:  # 제3조 is article 3
            values += _decimals(re.match(_DIGITS, match["number"])[0], language)  # type: ignore[index]
    else:
        unit = _MULTIPLIERS[language][match["unit"]] if match["unit"] else 1
        if language == "fr" and match["more"]:
            unit *= _MULTIPLIERS["fr"][match["more"]]
        values = [value * unit for value in _decimals(match["number"], language)]
    yield from values
    if match["maybe"]:
        yield from (value * _MAYBE[match["maybe"]] for value in values)


def _decimals(text: str, language: str) -> Iterator[Decimal]:
    """Yield what digits may mean: 8,600 is one number in English, and two may be meant by it in French."""
    digits = re.sub(rf"{_SPACE}|['’]", "", text)
    mark = next((c for c in reversed(digits) if c in ",."), "")
    whole, _, rest = digits.rpartition(mark) if mark else (digits, "", "")
    if not mark:
        yield Decimal(digits)
        return
    if len(rest) == 3 and len(whole.split(mark)[0]) <= 3 and not ("," in digits and "." in digits):
        yield Decimal(re.sub("[,.]", "", digits))
        if (mark == "," and language != "fr") or mark in whole:
            return
    yield Decimal(f"{re.sub('[,.]', '', whole)}.{rest}")


def _korean(text: str) -> Decimal:
    """Return the value of a number with 십, 백, 천, 만, 억 and 조, such as 1조 2,000억 or 3만 5천."""
    total, section, number = Decimal(0), Decimal(0), Decimal(0)
    for part in re.findall(rf"{_DIGITS}|[십백천만억조]", text):
        unit = _MULTIPLIERS["ko"].get(part)
        if unit is None:
            number = next(_decimals(part, "ko"))
        elif unit < 10**4:
            section, number = section + (number or 1) * unit, Decimal(0)
        else:
            total, section, number = total + (section + number or 1) * unit, Decimal(0), Decimal(0)
    return total + section + number


def _months(text: str, language: str) -> Iterator[int]:
    if language == "ko":
        yield from (int(n) for n in re.findall(r"(?<!\d)(1[0-2]|0?[1-9])월", text))
    else:
        for name in re.findall(r"\b[A-Z][a-z]+\b" if language == "en" else r"(?i)\b[a-zéû]{3,}\b", text):
            number = _MONTHS[language].get(name if language == "en" else name.lower())
            # May and March are words as well: a date has a number beside them, or one of these before.
            if number and (name not in ("May", "March", "Mar") or _dated(name, text)):
                yield number
    yield from (int(match[3]) for match in _ISO_DATE.finditer(text) if 1 <= int(match[3]) <= 12)


def _dated(name: str, text: str) -> bool:
    before = r"\d(?:st|nd|rd|th)? (?:of )?|(?i:in|of|by|since|until|from|last|next|this|early|late|mid-?|and|to|–|-) ?"
    return bool(re.search(rf"(?:{before}){name}\b|\b{name}\.? \d", text))


def _weekdays(text: str, language: str) -> Iterator[int]:
    if language == "ko":
        for name in re.findall(r"([월화수목금토일])요일|\(([월화수목금토일])\)", text):
            yield _WEEKDAYS["ko"][name[0] or name[1]]
    else:
        for name in re.findall(r"\b[A-Za-z]+day\b|\b[a-z]+di\b|\bdimanche\b", text):
            if name in _WEEKDAYS[language]:
                yield _WEEKDAYS[language][name]


def _spelled(text: str, language: str) -> tuple[str, set[Decimal]]:
    """Return the text with number words in digits, and the values of those that join or are not certain."""
    known = _WORDS[language]
    values: set[Decimal] = set()
    if language == "ko":
        text = _KO_NATIVE.sub(lambda m: str(known[m[1]]), text)
        long = [word for word in known if len(word) > 1]
        values.update(Decimal(known[word]) for word in long if word in text)
        if re.search(r"양(?=국|측|기관|사|부처|자|당사)", text):
            values.add(Decimal(2))
        values.update(Decimal(_MULTIPLIERS["ko"][unit]) for unit in re.findall(r"수([십백천만억])", text))
        return text, values

    def digits(match: re.Match[str]) -> str:
        value = known[match[0].lower()]
        values.add(Decimal(value))
        return str(value)

    spelled = _WORD[language].sub(digits, text)
    # twenty-five, vingt-cinq, vingt et un
    for tens, unit in re.findall(r"\b([2-9]0)(?:[- ]|(?: et |-et-))(\d)\b", spelled):
        values.add(Decimal(tens) + Decimal(unit))
    values.update(Decimal(_roman(match[1])) for match in _ROMAN.finditer(text))
    return spelled, values


def _roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    return sum(v if all(v >= later for later in values[n + 1 :]) else -v for n, v in enumerate(values))

"""What each press culture writes in its own way: dates, datelines, embargoes, the mark at the end.

Sources: ko, the layout of ministries' 보도자료 on korea.kr; en, the Associated Press's dateline without the
year; fr, Lexique des règles typographiques en usage à l'Imprimerie nationale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date, get_timezone_location

from communique.letters import NBSP


@dataclass(frozen=True)
class Culture:
    """The conventions of one language.

    ``day`` writes a day, ``instant`` a day and a time; ``dateline`` opens the text, and is None where the culture
    has none; ``end_mark`` closes it, in the last paragraph (``end_inline``) or below it.
    """

    language: str
    day: Callable[[date], str]
    instant: Callable[[datetime], str]
    dateline: Callable[[str, date], str] | None
    end_mark: str
    end_inline: bool = False


def _is_place(at: datetime) -> bool:
    """Whether an instant's timezone is a city's, and not a mere offset from UTC."""
    return "/" in getattr(at.tzinfo, "key", "") and not getattr(at.tzinfo, "key", "").startswith("Etc/")


def _zone(at: datetime, language: str) -> str:
    """Return the name of an instant's timezone as readers know it: KST, heure de Séoul, 파리 시각."""
    if language != "en" and _is_place(at):
        return get_timezone_location(at, locale=language, return_city=True)
    name = at.tzname() or ""
    if name.isalpha():
        return name
    offset = at.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"


def _day_ko(day: date) -> str:
    return format_date(day, "y. M. d.(EEE)", locale="ko")


def _instant_ko(at: datetime) -> str:
    home = getattr(at.tzinfo, "key", "") == "Asia/Seoul"
    zone = "" if home else f"({_zone(at, 'ko')}{' 시각' if _is_place(at) else ''})"
    return f"{_day_ko(at.date())} {at:%H:%M}{zone}"


def _day_en(day: date) -> str:
    return format_date(day, "long", locale="en")


def _instant_en(at: datetime) -> str:
    return f"{at:%H:%M} {_zone(at, 'en')}, {_day_en(at.date())}"


def _dateline_en(city: str, day: date) -> str:
    return f"{city}, {format_date(day, 'MMMM d', locale='en')} – "


def _day_fr(day: date) -> str:
    # The first of a month is 1er in French.
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number}{NBSP}{format_date(day, 'MMMM y', locale='fr')}"


def _instant_fr(at: datetime) -> str:
    minutes = f"{NBSP}{at:%M}" if at.minute else ""
    zone = _zone(at, "fr")
    place = ("heure d’" if zone[:1] in "AEIOUYÉÎ" else "heure de ") + zone if _is_place(at) else zone
    return f"{_day_fr(at.date())} à {at.hour}{NBSP}h{minutes} ({place})"


def _dateline_fr(city: str, day: date) -> str:
    return f"{city}, le {_day_fr(day)} – "


CULTURES = {
    "ko": Culture("ko", _day_ko, _instant_ko, None, f"{NBSP}{NBSP}끝.", end_inline=True),
    "en": Culture("en", _day_en, _instant_en, _dateline_en, "###"),
    "fr": Culture("fr", _day_fr, _instant_fr, _dateline_fr, "– FIN –"),
}

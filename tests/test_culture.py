"""Each culture writes days, instants and datelines in its own way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from communique.culture import CULTURES
from communique.schema import moment

SEOUL, PARIS = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Paris")


def written(at: datetime) -> tuple[str, str, str]:
    return tuple(CULTURES[language].instant(at).replace("\u00a0", " ") for language in ("ko", "en", "fr"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("zone", "ko", "en", "fr"),
    [
        (SEOUL, "2023. 11. 1.(수) 09:00", "09:00 KST, November 1, 2023", "1er novembre 2023 à 9 h (heure de Séoul)"),
        (
            PARIS,
            "2023. 11. 1.(수) 09:00(파리 시각)",
            "09:00 CET, November 1, 2023",
            "1er novembre 2023 à 9 h (heure de Paris)",
        ),
        (
            timezone(timedelta(hours=9)),
            "2023. 11. 1.(수) 09:00(UTC+09:00)",
            "09:00 UTC+09:00, November 1, 2023",
            "1er novembre 2023 à 9 h (UTC+09:00)",
        ),
        (UTC, "2023. 11. 1.(수) 09:00(UTC)", "09:00 UTC, November 1, 2023", "1er novembre 2023 à 9 h (UTC)"),
        (
            ZoneInfo("Asia/Dubai"),
            "2023. 11. 1.(수) 09:00(두바이 시각)",
            "09:00 UTC+04:00, November 1, 2023",
            "1er novembre 2023 à 9 h (heure de Dubaï)",
        ),
    ],
)
def test_instants_name_their_timezone_as_readers_know_it(zone: timezone, ko: str, en: str, fr: str) -> None:
    assert written(datetime(2023, 11, 1, 9, tzinfo=zone)) == (ko, en, fr)


def test_french_hours_have_minutes_only_when_there_are_some() -> None:
    assert written(datetime(2023, 11, 21, 18, 5, tzinfo=PARIS))[2] == "21 novembre 2023 à 18 h 05 (heure de Paris)"


def test_datelines() -> None:
    day = date(2023, 11, 21)
    assert CULTURES["ko"].dateline is None
    english, french = CULTURES["en"].dateline, CULTURES["fr"].dateline
    assert english is not None
    assert french is not None
    assert english("Sejong", day) == "Sejong, November 21 – "
    assert french("Sejong", day) == "Sejong, le 21\u00a0novembre 2023 – "


def test_a_day_without_an_offset_is_in_the_newsrooms_timezone() -> None:
    assert moment("2023-11-21", SEOUL).at.isoformat() == "2023-11-21T00:00:00+09:00"
    assert moment("2023-11-21 09:30", SEOUL).at.isoformat() == "2023-11-21T09:30:00+09:00"
    assert moment("2023-11-21T00:30:00Z", SEOUL).at.isoformat() == "2023-11-21T00:30:00+00:00"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-03-29T02:30", "skip this time"),
        ("2026-10-25T02:30", "show this time twice"),
        ("21/11/2023", "write 2026-11-23"),
        ("2023-13-01", "there is no such day or hour"),
        ("2023-11-21T25:00", "there is no such day or hour"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        moment(text, PARIS)

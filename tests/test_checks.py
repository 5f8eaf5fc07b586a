"""What is wrong with a translation is found in each language, and what is right is left alone."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from communique import checks, glossary, po, quantities
from communique.errors import Problems
from communique.glossary import Glossary
from communique.messages import Message
from communique.reader import Reader, in_memory
from conftest import Room

VALLEY = "2023-11-21-cosmetic-valley"


def findings(
    source: str, translation: str, pair: str, *comments: str, terms: Glossary | None = None
) -> list[tuple[str, bool]]:
    """Return the names of what is found, each with whether it holds the language back; ``pair`` is like en-fr."""
    message = Message(source, (), (("releases/x.md", 1),), markdown=True)
    entry = po.Entry(source, (translation,), 1, comments=comments)
    found = checks.run(entry, message, *pair.split("-"), terms or Glossary())
    return [(f.check, not f.warning) for f in found]


RIGHT = [
    # numbers, in any grouping and with Korean units
    ("3만 명이 참여했다.", "30,000 people took part.", "ko-en"),
    ("3만 명이 참여했다.", "30 000 personnes ont participé.", "ko-fr"),
    ("3만 5천 명", "35,000 people", "ko-en"),
    ("1조 2,000억 원을 투자한다.", "It invests 1.2 trillion won.", "ko-en"),
    ("1조 2,000억 원을 투자한다.", "L’État investit 1 200 milliards de wons.", "ko-fr"),
    ("5천만 달러 규모", "worth $50 million", "ko-en"),
    ("약 3백여 개사가 참가", "about 300 companies", "ko-en"),
    ("a fund of €20 million", "2,000만 유로 기금", "en-ko"),
    ("a fund of 20 million euros", "un fonds de 20 M€", "en-fr"),
    ("8,600 researchers", "8 600 chercheurs", "en-fr"),
    ("8,600 researchers", "8,600 chercheurs", "en-fr"),
    ("1,234.5 tons", "1 234,5 tonnes", "en-fr"),
    ("12.5% of the 1,234 firms in Q3", "3분기 기업 1,234개사 중 12.5%", "en-ko"),
    ("It will hold 5 billion.", "Il en aura 5 milliards.", "en-fr"),
    # words for numbers
    ("Fifty startups in twenty-five cities", "25개 도시의 스타트업 50곳", "en-ko"),
    ("세 언어로 배포", "Published in 3 languages", "ko-en"),
    ("the 21st century", "le XXIe siècle", "en-fr"),
    ("한·불 양국 장관은 16일 만났다", "The ministers of the two countries met on the 16th", "ko-en"),
    # dates and times
    ("On November 21, 2023, at 3 p.m.", "2023년 11월 21일 오후 3시", "en-ko"),
    ("On November 21, 2023, at 3 p.m.", "Le 21 novembre 2023 à 15 h", "en-fr"),
    ("2023. 11. 21.(화)", "Tuesday, November 21, 2023", "ko-en"),
    ("2023.11.21.", "21 November 2023", "ko-en"),
    ("9월 3일~5일 09:30", "du 3 au 5 septembre à 9 h 30", "ko-fr"),
    ("from 3 to 5 p.m.", "오후 3시부터 5시까지", "en-ko"),
    ("24시간 운영, 3시간 소요", "open 24 hours, takes 3 hours", "ko-en"),
    ("제3조에 따라 5개월간", "under Article 3 for five months", "ko-en"),
    ("It may march on in 2024.", "Cela peut continuer en 2024.", "en-fr"),
    # telephone numbers, links, markup, marks
    ("Call +82 44 204 7000 or 02-123-4567", "전화 044-204-7000 또는 02-123-4567", "en-ko"),
    ("See [the page](https://x.example/a) for **more**.", "**[누리집](https://x.example/a)**에서 본다.", "en-ko"),
    ("① one ② two ③ three", "① 하나 ② 둘 ③ 셋", "en-ko"),
    ("Write to press@example.org.", "Écrivez à press@example.org.", "en-fr"),
    ("100% of 5 < 6", "100 % de 5 < 6", "en-fr"),
    # A Korean particle follows an address or a number without a space.
    ("Write to press@example.org.", "press@example.org로 보내면 된다.", "en-ko"),
    ("See www.example.org.", "www.example.org에서 볼 수 있다.", "en-ko"),
    ("Call 044-204-7000.", "044-204-7000으로 문의하면 된다.", "en-ko"),
    ("Call +82 44 204 7000.", "+82 44 204 7000으로 문의하면 된다.", "en-ko"),
    # what is the same in both languages
    ("LVMH", "LVMH", "en-ko"),
    ("PDF/UA-1", "PDF/UA-1", "en-fr"),
    ("Marc-Antoine JAMET", "Marc-Antoine JAMET", "en-fr"),
    ("Minister LEE Young said “we will go”.", "La ministre LEE Young a déclaré : « nous irons ».", "en-fr"),
    ("The word K-뷰티 is Korean.", "Le mot K-뷰티 est coréen.", "en-fr"),
]


@pytest.mark.parametrize(("source", "translation", "pair"), RIGHT)
def test_a_good_translation_raises_no_alarm(source: str, translation: str, pair: str) -> None:
    assert findings(source, translation, pair) == []


PROSE = "The ministry said on Monday that small firms of both countries will work together."
WRONG = [
    ("numbers", "3만 명이 참여했다.", "3,000 people took part.", "ko-en"),
    ("numbers", "3만 명이 참여했다.", "3 000 personnes ont participé.", "ko-fr"),
    ("numbers", "a fund of 30,000 euros", "3,000유로 기금", "en-ko"),
    ("numbers", "a fund of 30,000 euros", "3천 유로 기금", "en-ko"),
    ("numbers", "up 5%", "5.5% 증가", "en-ko"),
    ("numbers", "20 firms met on November 21", "12월 21일 기업 20곳이 만났다", "en-ko"),
    ("numbers", "20 firms met on November 21", "20 entreprises se sont réunies le 21 décembre", "en-fr"),
    ("numbers", "Tuesday, November 21", "11월 21일(수)", "en-ko"),
    ("numbers", "20 million euros", "2,000만 원", "en-ko"),
    ("numbers", "It will hold 5 billion.", "Il en aura 5 billions.", "en-fr"),
    ("numbers", "open from 09:30", "ouvert dès 9 h 45", "en-fr"),
    ("phones", "Call +82 44 204 7000", "전화 044-204-7001", "en-ko"),
    ("phones", "Call +82 44 204 7000", "Tél. +82 44 204 7100", "en-fr"),
    ("links", "See [the page](https://x.example/a)", "누리집을 보라", "en-ko"),
    ("links", "See [the page](https://x.example/a)", "Voir [la page] (https://x.example/a)", "en-fr"),
    ("links", "See www.example.org.", "Voir www.example.com.", "en-fr"),
    ("emails", "Write to press@example.org.", "Écrivez à presse@example.org.", "en-fr"),
    ("marks", "① one ② two ③ three", "① 하나 ② 둘 셋", "en-ko"),
    ("placeholders", "%(n)s left", "il en reste", "en-fr"),
    ("markup", "a **bold** word", "un **mot gras", "en-fr"),
    ("markup", "H<sub>2</sub>O is water.", "H2O, c’est de l’eau.", "en-fr"),
    ("markup", "the command `build`", "la commande build", "en-fr"),
    ("source", PROSE, PROSE, "en-ko"),
    ("source", PROSE, PROSE, "en-fr"),
    ("source", f"We begin. {PROSE}", f"우리는 시작한다. {PROSE}", "en-ko"),
    ("source", "중소기업은 함께 일한다", "Les PME 함께 travaillent", "ko-fr"),
    ("source", "중소기업은 함께 일한다", "The companies of both countries are at work for the future", "ko-fr"),
]


@pytest.mark.parametrize(("name", "source", "translation", "pair"), WRONG)
def test_an_error_is_found_and_holds_the_language_back(name: str, source: str, translation: str, pair: str) -> None:
    assert findings(source, translation, pair) == [(name, True)]


TOLD = [
    ("quotes", "“We go,” she said.", '"On y va", a-t-elle dit.', "en-fr"),
    ("quotes", "“We go,” she said.", "“On y va”, a-t-elle dit.", "en-fr"),
    ("quotes", "“We go,” she said.", "« On y va, a-t-elle dit.", "en-fr"),
    ("quotes", "“We go,” she said.", "«가자»라고 말했다.", "en-ko"),
    ("names", "Minister LEE Young spoke.", "La ministre Young Lee a pris la parole.", "en-fr"),
    ("doubled", "It is in the house.", "C’est dans dans la maison.", "en-fr"),
    ("length", "A long sentence tells what happened, who was there and why it matters to all.", "Bref.", "en-fr"),
    ("markup", "a **bold** word", "un mot gras", "en-fr"),
]


@pytest.mark.parametrize(("name", "source", "translation", "pair"), TOLD)
def test_what_is_doubtful_is_told_and_holds_nothing_back(name: str, source: str, translation: str, pair: str) -> None:
    assert findings(source, translation, pair) == [(name, False)]


@pytest.mark.parametrize(("name", "source", "translation", "pair"), [*WRONG, *TOLD])
def test_each_check_is_silenced_for_one_message_by_a_translators_comment_only(
    name: str, source: str, translation: str, pair: str
) -> None:
    assert findings(source, translation, pair, f"# ignore: {name}") == []
    assert [n for n, _ in findings(source, translation, pair, f"#, ignore-{name}", f"#. ignore: {name}")] == [name]


def test_silencing_a_check_that_does_not_exist_is_told() -> None:
    assert findings("3 cats", "3 chats", "en-fr", "# ignore: nubmers") == [("ignore", False)]


def test_a_pseudo_translation_is_told_and_not_held_back() -> None:
    text = f"{PROSE} It costs $5 billion."
    assert {held for _, held in findings(text, f"⟦{text}⟧", "en-fr")} == {False}


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("1조 2,345억 6,789만", "ko", [[1234567890000]]),
        ("십만 3천", "ko", [[3000]]),
        ("2억5천만", "ko", [[250000000]]),
        ("1,500 and 2.5", "en", [[1500], ["2.5"]]),
        ("1 500 et 2,5", "fr", [[1500], ["2.5"]]),
        ("3,000", "fr", [[3, 3000]]),
        ("$3bn, 20m", "en", [[3000000000], [20, 20000000]]),
        ("15 h 30", "fr", [[3, 15], [30]]),
        ("2023-11-21", "en", [[2023], [11], [21]]),
    ],
)
def test_numbers_are_values(text: str, language: str, values: list[list[object]]) -> None:
    found = [set(value) for value in quantities.of(text, language).numbers]
    assert found == [{Decimal(str(v)) for v in value} for value in values]


# --- the glossary ---

GLOSSARY = """term,language,translation,note
Ministry of SMEs and Startups,ko,중소벤처기업부,official name
Ministry of SMEs and Startups,fr,ministère des PME et des Startups|MSS,
SMEs,fr,PME,
"""


def terms(text: str) -> tuple[Glossary, list[str]]:
    problems = Problems()
    found = glossary.read(Reader(in_memory({glossary.PATH: text.encode()})), problems)
    return found, list(map(str, problems))


def test_a_translation_that_misses_a_term_is_told() -> None:
    known, problems = terms(GLOSSARY)
    assert problems == []
    source = "The Ministry of SMEs and Startups helps."
    assert findings(source, "Le Ministère des PME et des startups aide.", "en-fr", terms=known) == []
    assert findings(source, "Le MSS aide.", "en-fr", terms=known) == []
    assert findings(source, "중소벤처기업부가 돕는다.", "en-ko", terms=known) == []
    assert findings(source, "중기부가 돕는다.", "en-ko", terms=known) == [("glossary", False)]
    # SMEs is not a term of its own inside the longer one.
    assert findings(source, "Le ministère des entreprises aide.", "en-fr", terms=known) == [("glossary", False)]
    assert findings("SMEs grow.", "Les entreprises grandissent.", "en-fr", terms=known) == [("glossary", False)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "word,lang\n",
            "locales/glossary.csv:1: the first line is not the header; write term,language,translation,note",
        ),
        (GLOSSARY + "Fund,fre,fonds,\n", "locales/glossary.csv:5: there is no language 'fre'; did you mean 'fr'?"),
        (GLOSSARY + "Fund,fr,,\n", "locales/glossary.csv:5: a term or its translation is missing; "),
    ],
)
def test_a_wrong_row_of_the_glossary_is_told_with_its_line(text: str, told: str) -> None:
    (problem,) = terms(text)[1]
    assert problem.startswith(told)


def test_a_change_of_the_glossary_is_noticed_by_the_next_build(samples: Room) -> None:
    samples.run("build", VALLEY, "--format", "html")
    samples.write("locales/glossary.csv", "term,language,translation,note\nCosmetic Valley,ko,화장품 계곡,\n")
    done = samples.run("build", VALLEY, "--format", "html")
    told = [line for line in done.err if "warning: " in line]
    assert done.code == 0
    assert told
    assert all(
        re.match(rf"locales/ko/LC_MESSAGES/{VALLEY}\.po:\d+: warning: 'Cosmetic Valley' is '화장품 계곡'", t)
        for t in told
    )


# --- on the command line ---


def planted(room: Room, language: str, old: str, new: str) -> list[str]:
    """Put an error into a catalog of the sample; return what ``check`` tells, each line's file and line checked."""
    path = f"locales/{language}/LC_MESSAGES/{VALLEY}.po"
    entries = po.parse(room.read(path), path)
    entry = next(e for e in entries if old in e.strings[0])
    changed = entry.revised(strings=(entry.strings[0].replace(old, new),))
    room.write(path, po.dump([changed if e is entry else e for e in entries]))
    line = next(e.line for e in po.parse(room.read(path), path) if e.id == entry.id)
    done = room.run("check", VALLEY)
    assert done.code == 1
    assert f"  held back: {VALLEY} {language}: 1 error in {path}" in done.out
    assert all(told.startswith(f"{path}:{line}: ") for told in done.err)
    return [told.removeprefix(f"{path}:{line}: ") for told in done.err]


@pytest.mark.parametrize(
    ("language", "old", "new", "told"),
    [
        ("ko", "8,600", "6,800", "8,600 of the source became 6,800"),
        ("fr", "1994", "1995", "1994 of the source became 1995"),
        ("ko", "11월 8일", "11월 9일", "8 of the source became 9"),
        ("fr", "novembre", "décembre", "the months are not those of the source"),
    ],
)
def test_planted_errors_are_found_with_their_line(samples: Room, language: str, old: str, new: str, told: str) -> None:
    assert [t.partition(";")[0] for t in planted(samples, language, old, new)] == [told]


def test_the_sample_releases_raise_no_alarm(samples: Room) -> None:
    done = samples.run("check", "--strict")
    assert (done.code, done.err) == (0, [])

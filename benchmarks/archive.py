"""Newsrooms of any size to measure with: prose of real length, pictures in some, full catalogs; the same each time."""

from __future__ import annotations

import json
import random
from pathlib import Path

from PIL import Image

WORDS = {
    "en": "the ministry said on Monday that small companies of both countries will work together in new programs and "
    "that a fund of several million euros is open to startups which plan to enter foreign markets this year".split(),
    "ko": "중소벤처기업부는 올해 해외 시장에 진출하려는 창업기업을 위해 새로운 지원 사업을 "
    "시작한다고 밝혔다 이번 사업은 "
    "양국 기업이 함께 참여하며 기술 개발과 판로 개척을 돕는다".split(),
    "fr": "le ministère annonce que les petites entreprises des deux pays travailleront ensemble dans de nouveaux "
    "programmes et qu’un fonds est ouvert aux startups qui préparent leur entrée sur des marchés étrangers".split(),
}
PARAGRAPHS = 9


def write(folder: Path, releases: int) -> None:
    """Write a newsroom of so many releases in three languages; every fifth has a picture."""
    (folder / "newsroom.yaml").write_text(
        "name: Office of Examples\nshort_name: OE\noffice: Press Office\nurl: https://newsroom.example.org/\n"
        "timezone: Asia/Seoul\nlanguages: [ko, en, fr]\nsource_language: en\nboilerplate: About the office.\n"
        "contacts:\n  desk: {name: Press desk, role: Desk, email: press@example.org}\n",
        "utf-8",
    )
    (folder / "releases").mkdir()
    texts = {
        "ko": ["예시 사무소", "예시소", "대변인실", "사무소 소개.", "보도 창구", "창구"],
        "fr": ["Bureau des exemples", "BE", "Service de presse", "À propos du bureau.", "Contact presse", "Contact"],
    }
    words = ["Office of Examples", "OE", "Press Office", "About the office.", "Press desk", "Desk"]
    for language in ("ko", "fr"):
        (folder / f"locales/{language}/LC_MESSAGES").mkdir(parents=True)
        _catalog(folder, language, "newsroom", dict(zip(words, texts[language], strict=True)))
    for number in range(releases):
        _release(folder, number)


def _sentence(chance: random.Random, language: str, words: int) -> str:
    said = [chance.choice(WORDS[language])]
    while len(said) < words:
        # No word twice: the checks would tell of it.
        said.append(chance.choice([word for word in WORDS[language] if word != said[-1]]))
    return " ".join(said).capitalize() + "."


def _release(folder: Path, number: int) -> None:
    chance = random.Random(number)
    id_ = f"{2000 + number % 27}-{1 + number % 12:02}-{1 + number % 28:02}-release-{number:06}"
    day = id_[:10]
    lengths = [6, 22, 9, 9, 9, *(chance.randint(35, 75) for _ in range(PARAGRAPHS))]
    said = {language: [_sentence(chance, language, n) for n in lengths] for language in ("en", "ko", "fr")}
    title, summary, *rest = said["en"]
    facts: dict[str, object] = {
        "title": title,
        "date": day,
        "city": "Sejong",
        "summary": summary,
        "highlights": rest[:3],
    }
    if number % 5 == 0:
        (folder / f"releases/{id_}").mkdir()
        _picture(folder / f"releases/{id_}/picture.jpg", number)
        facts["images"] = [{"file": "picture.jpg", "alt": "A pattern"}]
    (folder / f"releases/{id_}.yaml").write_text(json.dumps(facts, ensure_ascii=False, indent=1), "utf-8")
    (folder / f"releases/{id_}.md").write_text("\n\n".join(rest[3:]) + "\n", "utf-8")
    for language in ("ko", "fr"):
        messages = dict(zip(said["en"], said[language], strict=True))
        _catalog(folder, language, id_, {**messages, "Sejong": "Sejong", "A pattern": "A pattern"})


def _picture(place: Path, number: int) -> None:
    Image.radial_gradient("L").resize((1200, 800)).rotate(number % 360).convert("RGB").save(place, quality=70)


def _catalog(folder: Path, language: str, domain: str, messages: dict[str, str]) -> None:
    entries = [f'msgid ""\nmsgstr "Language: {language}\\nContent-Type: text/plain; charset=UTF-8\\n"\n']
    for source, translation in messages.items():
        quoted = (json.dumps(text, ensure_ascii=False) for text in (source, translation))
        entries.append("msgid {}\nmsgstr {}\n".format(*quoted))
    (folder / f"locales/{language}/LC_MESSAGES/{domain}.po").write_text("\n".join(entries), "utf-8")

"""A ministry's release as it went out, put in as a release with catalogs, comes out whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from communique import messages, po
from conftest import ROOT, Room
from reading import assert_reads, load, sentences, squeeze
from test_outputs import html_text, page, pdf_text, press

SEEDS = sorted((ROOT.parent / "shared/seed").glob("*.txt"))
ID = "2023-11-21-seed"

pytestmark = pytest.mark.skipif(not SEEDS, reason="the seed, ../shared/seed, is not beside the project")


def catalog_of(texts: list[str], language: str) -> str:
    """Return a full catalog: each message in the letters of its language, its markup kept."""
    opening, closing = {"ko": ("가나다", "라마바"), "fr": ("« Ça", "été »")}[language]
    entries = [f'msgid ""\nmsgstr "Language: {language}\\nContent-Type: text/plain; charset=UTF-8\\n"\n']
    for text in texts:
        body = json.dumps(f"{opening} {text} {closing}", ensure_ascii=False)
        entries.append(f"msgid {json.dumps(text, ensure_ascii=False)}\nmsgstr {body}\n")
    return "\n".join(entries)


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The seed's text as a release, in its own order: office, headline, lead, highlights, text, spokesperson."""
    from conftest import copy

    room = copy(ROOT, tmp_path_factory.mktemp("seed"))
    lines = [line.strip() for line in SEEDS[0].read_text("utf-8").splitlines() if line.strip()]
    start = next(i for i, line in enumerate(lines) if line.startswith("The partnership"))
    title, _office, _person, summary, *rest = lines[start:]
    highlights, body = rest[:3], rest[3:-2]
    assert [h[0] for h in highlights] == ["①", "②", "③"]
    opening = "Sejong, November 21 – "
    assert body[0].startswith(opening)
    texts = {
        "title": title,
        "date": "2023-11-21",
        "city": "Sejong",
        "summary": summary,
        "highlights": [h[1:].strip() for h in highlights],
        "contacts": ["foreign-media"],
    }
    room.write(f"releases/{ID}.yaml", json.dumps(texts, ensure_ascii=False, indent=1))
    room.write(f"releases/{ID}.md", "\n\n".join([body[0].removeprefix(opening), *body[1:]]) + "\n")
    _, release = load(room.path, ID)
    for language in ("ko", "fr"):
        texts_of = [m.text for m in messages.of(release)]
        room.write(f"locales/{language}/LC_MESSAGES/{ID}.po", catalog_of(texts_of, language))
    done = room.run("build", ID, "--strict", "--now", "2023-11-21T10:00")
    # The source inside marks of the language is a pseudo-translation: it goes out, and is told.
    assert (done.code, [line for line in done.err if not re.match(r"\[|.*: warning: ", line)]) == (0, [])
    return room


def test_the_original_comes_out_word_for_word(seed: Room) -> None:
    original = SEEDS[0].read_text("utf-8")
    body = original[original.index("The partnership") :]
    wanted = [squeeze(line) for line in body.splitlines() if len(line.strip()) > 40]
    for text in (
        pdf_text(press(seed, ID, "en", "pdf")),
        press(seed, ID, "en", "txt").read_text("utf-8"),
        html_text(press(seed, ID, "en", "html").read_text("utf-8")),
        html_text(page(seed, ID, "en").read_text("utf-8")),
    ):
        assert [line for line in wanted if line not in squeeze(text)] == []
        assert "Rachel Minjo Chun" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("language", ["ko", "en", "fr"])
def test_every_sentence_is_there_once_and_in_order_in_every_format(seed: Room, language: str) -> None:
    expected = sentences(Path(seed.path), ID, language)
    assert len(expected) > 15
    assert_reads(pdf_text(press(seed, ID, language, "pdf")), expected)
    assert_reads(press(seed, ID, language, "txt").read_text("utf-8"), expected)
    assert_reads(html_text(press(seed, ID, language, "html").read_text("utf-8")), expected)
    assert_reads(html_text(page(seed, ID, language).read_text("utf-8"), only="main"), expected)


def test_one_changed_word_is_one_fuzzy_message_a_language_until_it_is_mended(seed: Room, tmp_path: Path) -> None:
    import shutil

    room = Room(tmp_path / "room")
    shutil.copytree(seed.path, room.path)
    room.edit(f"releases/{ID}.md", "over 100 companies", "over 120 companies")
    done = room.run("build", ID, "--format", "email")
    assert done.code == 0
    held = [line for line in done.out if line.startswith(f"  {ID} ")]
    paths = {language: f"locales/{language}/LC_MESSAGES/{ID}.po" for language in ("ko", "fr")}
    assert held == [f"  {ID} {language}: 1 missing in {path}" for language, path in paths.items()]
    assert room.run("translate", ID).code == 0
    status = room.run("status", ID)
    for language, path in paths.items():
        (fuzzy,) = [e for e in po.parse(room.read(path), path) if e.fuzzy and not e.obsolete]
        assert fuzzy.previous == fuzzy.id.replace("over 120", "over 100")
        assert f"  {ID} {language}: look at {path}:{fuzzy.line}" in status.out
        mended = room.read(path).replace("#, fuzzy\n", "")
        room.write(path, mended.replace(fuzzy.raw, fuzzy.raw.replace("over 100", "over 120")))
    assert room.run("status", ID, "--strict").code == 0
    done = room.run("build", ID, "--format", "email", "--strict")
    assert (done.code, [line for line in done.out if line.startswith(f"  {ID} ")]) == (0, [])

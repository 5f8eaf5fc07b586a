"""What comes out of the sample newsroom, read back by other people's programs."""

from __future__ import annotations

import email
import email.policy
import re
import subprocess
from email.message import EmailMessage
from itertools import pairwise, product
from pathlib import Path

import html5lib
import pypdf
import pytest

from conftest import ROOT, Room, needs
from reading import assert_reads, corrections, sentences, squeeze

VALLEY, LANGUAGES3 = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"
EDITIONS = list(product((VALLEY, LANGUAGES3), ("ko", "en", "fr")))
HANGUL = re.compile(r"[\uac00-\ud7a3]")


def press(room: Room, id_: str, language: str, kind: str) -> Path:
    return room.path / f"output/press/{id_}/{id_}.{language}.{kind}"


def page(room: Room, id_: str, language: str) -> Path:
    return room.path / f"output/site/{language}/{id_}/index.html"


def pdf_text(path: Path) -> str:
    """Return a PDF's text without the head and foot of its pages, which would stand inside a sentence."""
    area = ["-r", "72", "-x", "0", "-y", "40", "-W", "596", "-H", "751"]
    return subprocess.run(["pdftotext", *area, str(path), "-"], capture_output=True, check=True).stdout.decode()


def message(path: Path) -> EmailMessage:
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def html_text(data: str, *, only: str | None = None) -> str:
    """Return the text that a page shows, parsed strictly: one that is not HTML5 fails here."""
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(data)
    for hidden in (e for e in document.iter() if not isinstance(e.tag, str) or "display: none" in e.get("style", "")):
        hidden.text = ""
    top = document.find(f".//{only}") if only else document.find("body")
    assert top is not None
    return "".join(top.itertext())


@needs("pdftotext")
@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_a_pdf_has_every_sentence_once_and_in_order(built: Room, id_: str, language: str) -> None:
    text = pdf_text(press(built, id_, language, "pdf"))
    assert_reads(text, sentences(ROOT, id_, language, footnotes=False))
    notes = set(sentences(ROOT, id_, language)) - set(sentences(ROOT, id_, language, footnotes=False))
    assert {note: squeeze(text).count(note) for note in notes} == dict.fromkeys(notes, 1)


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_a_mail_has_every_sentence_once_and_in_order(built: Room, id_: str, language: str) -> None:
    expected = sentences(ROOT, id_, language)
    # What was corrected stands first in a mail.
    notes = [squeeze(text) for text in corrections(ROOT, id_, language)]
    expected = [*notes, *(text for text in expected if text not in notes)]
    text = press(built, id_, language, "txt").read_text("utf-8")
    assert_reads(re.sub(r" ?\[\d+\]", "", text), expected)
    assert_reads(html_text(press(built, id_, language, "html").read_text("utf-8")), expected)


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_a_page_has_every_sentence_once(built: Room, id_: str, language: str) -> None:
    seen = squeeze(html_text(page(built, id_, language).read_text("utf-8")))
    assert {s: seen.count(s) for s in sentences(ROOT, id_, language)} == dict.fromkeys(
        sentences(ROOT, id_, language), 1
    )


@needs("pdftotext")
@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_no_output_has_a_sentence_of_another_language(built: Room, id_: str, language: str) -> None:
    own = sentences(ROOT, id_, language)
    foreign = [s for other in ("ko", "en", "fr") if other != language for s in sentences(ROOT, id_, other)]
    # Other languages are called by their own names where their PDFs are offered.
    shown = re.sub(r"<li><a [^>]*hreflang=.*?</li>", "", page(built, id_, language).read_text("utf-8"))
    texts = {
        "pdf": pdf_text(press(built, id_, language, "pdf")),
        "txt": press(built, id_, language, "txt").read_text("utf-8"),
        "html": html_text(press(built, id_, language, "html").read_text("utf-8")),
        "page": html_text(shown, only="main"),
    }
    for name, text in texts.items():
        assert [s for s in foreign if s in squeeze(text) and s not in own] == [], name
        assert bool(HANGUL.search(text)) == (language == "ko"), name


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_nothing_of_a_template_or_of_markdown_is_left(built: Room, id_: str, language: str) -> None:
    for kind in ("html", "txt"):
        text = press(built, id_, language, kind).read_text("utf-8")
        assert not re.search(r"\{\{|\{%|%\(|\]\(|\*\*|None|Undefined", text)


@needs("pdffonts")
@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_a_pdf_embeds_subsets_of_our_fonts_alone(built: Room, id_: str, language: str) -> None:
    listing = subprocess.run(
        ["pdffonts", str(press(built, id_, language, "pdf"))], capture_output=True, check=True, text=True
    ).stdout
    fonts = [line.split() for line in listing.splitlines()[2:]]
    assert fonts
    for font in fonts:
        assert re.fullmatch(r"[A-Z]{6}\+Pretendard-GOV(-\w+)?", font[0])
        assert font[-5:-2] == ["yes", "yes", "yes"]  # embedded, subset, with Unicode values


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_a_pdf_says_what_it_is(built: Room, id_: str, language: str) -> None:
    document = pypdf.PdfReader(press(built, id_, language, "pdf"))
    about = document.metadata
    assert about is not None
    author = {"ko": "중소벤처기업부", "en": "Ministry of SMEs and Startups", "fr": "Ministère des PME et des Startups"}
    dates = {
        VALLEY: ("D:20231121000000+09'00", "D:20231121000000+09'00"),
        LANGUAGES3: ("D:20261116090000+09'00", "D:20261117000000+09'00"),
    }
    assert squeeze(about["/Title"]) == sentences(ROOT, id_, language)[0]
    assert about["/Author"] == author[language]
    assert (about["/CreationDate"], about["/ModDate"]) == dates[id_]
    catalog = document.trailer["/Root"]
    assert catalog["/Lang"] == language
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]


@needs("pdftotext")
def test_hangul_accents_and_circled_numbers_are_in_the_pdfs(built: Room) -> None:
    for language, letters in {"ko": "①②③④한뷰", "en": "①②③④éï", "fr": "①②③④éàèï’«»"}.items():
        assert set(letters) - set(pdf_text(press(built, VALLEY, language, "pdf"))) == set()


def test_datelines_and_dates_follow_each_culture(built: Room) -> None:
    texts = {lang: press(built, VALLEY, lang, "txt").read_text("utf-8") for lang in ("ko", "en", "fr")}
    assert "Sejong, November 21 – Minister LEE Young" in texts["en"]
    assert "Sejong, le 21\u00a0novembre 2023 – La ministre" in texts["fr"]
    assert "\n이영 중소벤처기업부 장관은 11월 8일" in texts["ko"]
    assert "보도자료 | 2023. 11. 21.(화)\n보도시점: 배포 즉시\n" in texts["ko"]
    assert "Press release | November 21, 2023\nFor immediate release\n" in texts["en"]
    assert "Communiqué de presse | 21\u00a0novembre 2023\nPour diffusion immédiate\n" in texts["fr"]
    assert "\n끝.\n" in texts["ko"]
    assert "\n###\n" in texts["en"]
    assert "\n– FIN –\n" in texts["fr"]


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_the_message_is_complete_but_for_its_recipients(built: Room, id_: str, language: str) -> None:
    mail = message(press(built, id_, language, "eml"))
    label = {"ko": "[보도자료] ", "en": "[Press release] ", "fr": "[Communiqué de presse] "}[language]
    mark = {"ko": "[정정] ", "en": "[CORRECTED] ", "fr": "[RECTIFICATIF] "}[language] * (id_ == LANGUAGES3)
    assert mail["Subject"].startswith(mark + label)
    assert squeeze(mail["Subject"].removeprefix(mark + label)) == sentences(ROOT, id_, language)[0]
    assert mail["From"].addresses[0].addr_spec == "press@example.org"
    assert [name for name in ("To", "Cc", "Bcc") if mail[name]] == []
    assert mail["Content-Language"] == language
    assert mail["Message-ID"] == f"<{id_}.v{1 + (id_ == LANGUAGES3)}.{language}@newsroom.example.org>"
    day = {VALLEY: "2023-11-21", LANGUAGES3: "2026-11-17"}[id_]  # the day of the release, or of its last correction
    assert mail["Date"].datetime.isoformat().startswith(day)
    assert not mail.defects
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]
    plain, html, pdf = [part for part in mail.walk() if not part.is_multipart()]
    assert plain.get_content().replace("\r\n", "\n") == press(built, id_, language, "txt").read_text("utf-8")
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == press(built, id_, language, "html").read_text(
        "utf-8"
    ).rstrip("\n")
    assert pdf.get_content() == press(built, id_, language, "pdf").read_bytes()
    assert pdf.get_filename() == f"{id_}.{language}.pdf"


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_mail_html_carries_its_styles_and_nothing_from_outside(built: Room, id_: str, language: str) -> None:
    data = press(built, id_, language, "html").read_bytes()
    assert len(data) < 102 * 1024
    text = data.decode()
    assert not re.search(r"<script|<link|@import|<iframe|<img|url\(|\son\w+=", text)
    assert 'style="' in text
    for address in re.findall(r'(?:href|src)="([^"]*)"', text):
        assert re.match(r"https://|mailto:|#fn", address), address


def test_plain_text_is_at_most_72_columns_wide_but_for_addresses(built: Room) -> None:
    from communique.letters import width

    for id_, language in EDITIONS:
        lines = press(built, id_, language, "txt").read_text("utf-8").splitlines()
        assert [line for line in lines if width(line) > 72 and "https://" not in line] == []


def test_a_page_switches_to_the_languages_that_are_out(built: Room) -> None:
    document = html5lib.parse(page(built, VALLEY, "fr").read_text("utf-8"), namespaceHTMLElements=False)
    links = document.findall(".//nav//a")
    assert [(a.get("hreflang"), a.text) for a in links] == [("ko", "한국어"), ("en", "English"), ("fr", "Français")]
    for link in links:
        assert (page(built, VALLEY, "fr").parent / (link.get("href") or "")).resolve().is_file()
    assert document.get("lang") == "fr"


def test_every_local_address_of_a_page_leads_to_a_file(built: Room) -> None:
    for id_, language in EDITIONS:
        place = page(built, id_, language)
        for address in re.findall(r'(?:href|src)="([^"#]+)"', place.read_text("utf-8")):
            if not re.match(r"https?:|mailto:|tel:", address):
                assert (place.parent / address).resolve().is_file(), address


def test_headings_go_down_one_level_at_a_time(built: Room) -> None:
    for id_, language in EDITIONS:
        for place in (page(built, id_, language), press(built, id_, language, "html")):
            levels = [int(n) for n in re.findall(r"<h([1-6])", place.read_text("utf-8"))]
            assert levels[0] == 1
            assert all(after <= before + 1 for before, after in pairwise(levels))

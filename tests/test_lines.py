"""Lines of text are broken and drawn as WeasyPrint does by itself, to the byte."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.pdf import load_weasyprint
from conftest import ROOT

weasyprint = load_weasyprint()

from weasyprint.text.fonts import FontConfiguration  # noqa: E402

from communique import glyphs, lines, tuning  # noqa: E402

WORDS = """
    정부는 스타트업 기금을 기획재정부(장관 「국가재정법」 제2조에 2026년 5일(목) 14:30, 한·미·일 “한국어” 다람쥐쳇바퀴에타고파
    fund of €12 million 1,200 companies, AVATAR To. Ty, P. well-known (parens) “quoted” ‘single’ example.org/a/b?c=d
    « œuvres d’été » ouvertes à 10 h 30 aujourd’hui : porte-parole 100% … — – / + A/B Tel.: +33 1 23 45 67 89
""".split()  # noqa: E501 (Hangul counts twice)
ODD = ["\u200b", "\u2060", "\u202f", "\u00a0", "\u3000", "\u00ad", "e\u0301", "-", "ffl", "שלום", "👍", "<br>"]
STYLES = [
    *[f"text-align: {where}" for where in ("left", "justify", "right")],
    "font-family: serif",
    "overflow-wrap: anywhere",
    "letter-spacing: .05em",
    "word-spacing: .2em",
    "hyphens: auto",
    "font-feature-settings: 'tnum', 'ss05'",
    "text-decoration: underline",
    "white-space: pre-line",
    "white-space: nowrap; overflow: hidden; text-overflow: ellipsis",
    "max-lines: 2; block-ellipsis: auto",
    "display: table; width: auto",
    "display: flex",
    "float: left; width: auto; max-width: 200px",
    "text-indent: 2em",
]


@cache
def fonts() -> tuple[Any, Any]:
    configuration = FontConfiguration()
    sheet = weasyprint.CSS(url=(ROOT / "templates/fonts/fonts.css").as_uri(), font_config=configuration)
    return configuration, sheet


def printed(body: str, tuned: bool) -> bytes:
    """Return the PDF of a page, its lines broken and drawn by us or by WeasyPrint itself."""
    configuration, sheet = fonts()
    style = "@page { size: 180mm 200mm } p { font: 10pt/1.5 'Pretendard GOV'; margin: 0 }"
    with pytest.MonkeyPatch.context() as patch:
        # Some of the letters are in none of the fonts.
        patch.setattr(logging.getLogger("weasyprint"), "disabled", True)
        for part in tuning.PARTS:
            if not tuned and part.tuned in (lines.split_first_line, glyphs.draw_first_line):
                patch.setattr(part.module, part.name, part.plain)
        document = weasyprint.HTML(string=f'<html lang="ko"><title>t</title><style>{style}</style><body>{body}')
        pdf: bytes = document.write_pdf(
            stylesheets=[sheet], font_config=configuration, pdf_identifier=b"0" * 16, uncompressed_pdf=True
        )
    return pdf


def paragraph(words: list[str], width: float, style: str = "") -> str:
    return f'<p style="width: {width}px; {style}">{" ".join(words)}</p>'


words = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map("<b>{}</b>".format),
    st.tuples(st.sampled_from(WORDS), st.sampled_from(ODD), st.sampled_from(WORDS)).map("".join),
)
paragraphs = st.builds(
    paragraph,
    st.lists(words, min_size=1, max_size=60),
    st.one_of(st.floats(5, 500), st.integers(20, 400)),
    st.one_of(st.just(""), st.sampled_from(STYLES)),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(paragraphs, min_size=1, max_size=6))
def test_any_text_is_the_same(body: list[str]) -> None:
    assert printed("".join(body), tuned=True) == printed("".join(body), tuned=False)


@pytest.mark.parametrize(
    "text",
    [
        "모두가 함께 하는 정부의 기금은 — AVATAR 2026 — Hangul 한글 + 3 + 4 — « Tel » :" * 12,
        "23 well-known스타트업 AVATAR정부는 23 well-known스타트업 AVATAR정부는 " * 8,
        "기획재정부와산업통상자원부는어제서울에서만나기금을늘리기로하였다고밝혔다." * 8,
        "AVATAR To. Ty, P. L’Avenue Y, V. T AVATAR To. Ty, P. L’Avenue Y, V. T " * 8,
        "antidisestablishmentarianism donaudampfschifffahrtsgesellschaft " * 4,
        " leading <b>and</b> following <b>spaces </b> stay where they are " * 8,
    ],
)
def test_lines_end_where_they_would_at_every_width(text: str) -> None:
    body = "".join(paragraph([text], width) for width in range(60, 420, 12))
    assert printed(body, tuned=True) == printed(body, tuned=False)


def test_a_text_that_ends_another_of_its_style_is_not_taken_for_a_part_of_it() -> None:
    # DejaVu Serif has one glyph for ffi.
    body = paragraph(["a long text that goes on to an offi<br>fi<br>ffi<br>i<br>an offi"], 90, "font-family: serif")
    assert printed(body, tuned=True) == printed(body, tuned=False)


def test_a_paragraph_is_shaped_once_however_many_lines_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    set_text = lines.Layout.set_text

    def counted(layout: Any, text: str, justify: bool = False) -> None:
        texts.append(text)
        set_text(layout, text, justify)

    monkeypatch.setattr(lines.Layout, "set_text", counted)
    text = "정부는 스타트업 기금을 늘린다 " * 40 + "끝"
    printed(paragraph([text], 300), tuned=True)
    assert [len(text) for text in texts if len(text) > 1] == [len(text)]


def test_a_line_is_laid_out_by_itself_where_its_end_is_replaced() -> None:
    style = "max-lines: 2; block-ellipsis: auto"
    body = paragraph(["정부는 스타트업 기금을 늘린다"] * 10, 200, style)
    assert printed(body, tuned=True) == printed(body, tuned=False)
    assert printed(body, tuned=True) != printed(paragraph(["정부는 스타트업 기금을 늘린다"] * 10, 200), tuned=True)

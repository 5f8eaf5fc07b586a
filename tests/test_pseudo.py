"""What is extracted is what is translated: nothing less, nothing more, in any text and in every output."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from communique import markup, po
from communique.catalog import Catalog, Translator
from communique.model import Markdown
from conftest import Room
from test_outputs import html_text, page, pdf_text, press

VALLEY, LANGUAGES3 = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"

# --- any Markdown ---

PIECES = """office 장관 été *new* **bold** `code` [link](https://x.example) a_b & &amp; <b>b</b> H<sub>2</sub>O ① 1,000
![view](view.jpg) [^n] <press@example.org> x*y \\* “said” # | <br> [ref][r] 100% %(n)s""".split()
words = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(" ".join)
blocks = st.one_of(
    words,
    st.tuples(words, words).map("\n".join),
    st.tuples(words, words).map("  \n".join),
    words.map("## {}".format),
    words.map("> {}".format),
    st.lists(words, min_size=1, max_size=3).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(words, min_size=1, max_size=3).map(lambda items: "\n".join(f"{n}. {i}" for n, i in enumerate(items, 1))),
    st.tuples(words, words).map(lambda t: f"- {t[0]}\n    - {t[1]}"),
    st.tuples(words, words).map(lambda t: f"Head | Other\n---|---\n{t[0]} | {t[1]}"),
    st.tuples(words, words).map(lambda t: f"{t[0]}\n:   {t[1]}"),
    words.map("```\n{}\n```".format),
    words.map("[^n]: {}".format),
    words.map("<!-- {} -->".format),
    st.just("[r]: https://y.example"),
    st.just("---"),
)
texts = st.lists(blocks, min_size=1, max_size=6).map("\n\n".join)


def translator(text: str, change: str) -> Translator:
    """Return the words of a catalog in which each message is put into ``change``."""
    entries = {
        (None, block.text): po.Entry(block.text, (change.format(block.text),), 1)
        for block in markup.blocks(Markdown(text, "x.md", 1))
    }
    return Translator(Catalog("x.po", "fr", entries), source="en")


@given(texts)
@settings(max_examples=300, deadline=None)
@example("a[^n]\n\n[^n]: note")
@example("one  \ntwo")
def test_the_identity_catalog_gives_the_page_without_one(text: str) -> None:
    assert markup.render(text, translator(text, "{}")) == markup.render(text)


@given(texts)
@settings(max_examples=300, deadline=None)
def test_every_human_text_of_a_page_went_through_the_catalog(text: str) -> None:
    rendered = markup.render(text, translator(text, "【{}】"))
    shown = re.sub(r"(?s)<pre>.*?</pre>", "", rendered.html + rendered.footnotes)
    shown = re.sub(r"(?s)<sup\b.*?</sup>|<a class=\"footnote-backref\".*?</a>|<[^>]*>", "", shown)
    while "【" in shown:
        shown, before = re.sub(r"【[^【】]*】", "", shown), shown
        assert shown != before, shown
    assert shown.replace("&nbsp;", "").split() == []


# --- every output ---


def _bracketed(entry: po.Entry) -> po.Entry:
    if not entry.id or entry.obsolete:
        return entry
    return entry.revised(strings=tuple(f"【{text}】" for text in (entry.id, entry.plural or "")[: len(entry.strings)]))


def pseudo(room: Room) -> None:
    """Put every message of every catalog of the French edition into brackets."""
    for path in sorted((room.path / "locales/fr/LC_MESSAGES").glob("*.po")):
        entries = [_bracketed(entry) for entry in po.parse(path.read_text("utf-8"), path.name)]
        path.write_text(po.dump(entries), "utf-8")


def unbracketed(text: str) -> list[str]:
    """Return the words that stand outside of brackets and are no address, file, date or number."""
    text = re.sub(r"\u2060|\u00ad", "", text)
    while (shorter := re.sub(r"【[^【】]*】", " ", text)) != text:
        text = shorter
    text = re.sub(r"https?://\S+|\S+@\S+|\S+\.(?:pdf|csv|png)\b", " ", text)
    # The release's address and ID, in the foot of the PDF.
    text = re.sub(r"newsroom\.example\.org\S*|\d{4}-\d{2}-\d{2}-[\w-]+", " ", text)
    # What a culture writes, and no catalog: a day, a dateline, the end.
    text = re.sub(r"(?:, le )?\d{1,2}\s(?:novembre)\s\d{4}|FIN", " ", text)
    # Languages are called by their own names.
    return [word for word in re.findall(r"[^\W\d_]{2,}", text) if word not in ("한국어", "English", "Français", "PDF")]


def test_a_pseudo_translation_leaves_no_text_outside_of_its_brackets(samples: Room) -> None:
    samples.run("translate")
    own = samples.path / "locales/fr/LC_MESSAGES/messages.po"
    assert own.is_file()
    pseudo(samples)
    done = samples.run("build", "--language", "fr", "--now", "2026-11-24T12:00")
    assert done.code == 0, done.err
    for id_ in (VALLEY, LANGUAGES3):
        found = {
            "page": unbracketed(html_text(page(samples, id_, "fr").read_text("utf-8"))),
            "html": unbracketed(html_text(press(samples, id_, "fr", "html").read_text("utf-8"))),
            "txt": unbracketed(press(samples, id_, "fr", "txt").read_text("utf-8")),
            "pdf": unbracketed(pdf_text(press(samples, id_, "fr", "pdf"))),
        }
        assert found == {kind: [] for kind in found}

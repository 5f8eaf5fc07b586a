"""A page's HTML → the HTML that WeasyPrint sets well: what it does not do by itself is written into the text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from communique import typography
from communique.letters import WORD_JOINER

_WORD = re.compile(r"[^\s<>&;]*[\uac00-\ud7a3][^\s<>&;]*")
_JOINT = re.compile(r"(?<=[^\u2060])(?=[\uac00-\ud7a3])|(?<=[\uac00-\ud7a3])(?=[^\u2060])")
_COMPOUND = re.compile(r"(?<![^\s(“«\u00a0])[^\W\d_]+(?:-[^\W\d_]+)+(?![^\s.,;:!?)”»…\u00a0\u202f])")
#: Longer runs without a space are let break: they are no words.
_LONGEST_WORD = 24
_PICTURE = re.compile(r"<img\b[^>]*>")
_LINKED = re.compile(
    r'(?s)(?P<opening><a\b[^>]*?\bhref="(?P<address>[^"]*)"[^>]*>)(?P<content>(?:(?!</?a\b).)*?<img\b(?:(?!</?a\b).)*)</a>'
)
_NOTES = re.compile(r'(?s)<div class="footnote">\s*<hr>\s*<ol>(?P<items>.*?)</ol>\s*</div>')
_NOTE = re.compile(r'(?s)<li id="(?P<id>[^"]*)">(?P<text>.*?)</li>')
_CALL = re.compile(r'<sup id="[^"]*"><a class="footnote-ref" href="#(?P<id>[^"]*)">(?P<number>\d+)</a></sup>')
_BACK = re.compile(r'(?:&nbsp;|&#160;|\u00a0)?<a class="footnote-backref"[^>]*>.*?</a>')
_HEADING = re.compile(r'(?s)(<h[1-3]\b[^>]*>|<p class="subtitle">)(.*?)(</h[1-3]>|</p>)')
_MEASURED = re.compile(r'(?s)<h1 data-measure="(?P<measure>[\d.]+)">(?P<text>.*?)</h1>')
#: Lines of a headline are measured without what a layout does to letters: so much is left beside them.
_SLACK = 1.015


def prepare(page: str, language: str, spacing: str = "national") -> str:
    """Return a page ready for WeasyPrint; its ``<head>`` stays as it is.

    - Footnotes stand at the foot of the page that refers to them, with the number that they have elsewhere.
    - Spaces are those of the language (:mod:`communique.typography`); no heading ends with a lone word.
    - Korean words are not broken at line ends: WeasyPrint has no ``word-break: keep-all``.
    - A word with a hyphen is not broken at it: who copies the text would get it without.
    - A footnote's mark stays with its word.
    - A list item has one child: WeasyPrint tags the paragraphs of an item beside its body, where PDF/UA-1
      (ISO 14289-1, 7.2) allows a label and a body alone; a ``<dd>`` in it becomes the body.
    - A picture in a link stands before it, and a link without words shows its address: WeasyPrint makes the picture
      a link of its own and does not tag it (7.18.5).
    """
    head, mark, body = page.partition("<body")
    for notes in list(_NOTES.finditer(body)):
        body = _footed(body, notes)
    body = body.replace('<sup id="', f'{WORD_JOINER}<sup id="')
    body = re.sub(r"<li(\s[^>]*)?>", r"\g<0><dd>", body).replace("</li>", "</dd></li>")
    body = _LINKED.sub(_unlinked, body)
    body = _HEADING.sub(lambda m: f"{m[1]}{typography.headline(m[2])}{m[3]}", body)
    return head + mark + keep_words(typography.set_(body, language, spacing))


def balance(page: str, widths: Callable[[str], float]) -> str:
    """Return a page whose headline has lines of about one length: a narrower measure in its property ``--balanced``.

    A layout gives the measure of its headline in em as ``<h1 data-measure="…">``, and uses ``var(--balanced)`` as its
    ``max-width``; ``widths`` returns the width of a text in em.
    """

    def narrowed(match: re.Match[str]) -> str:
        text = unescape(re.sub(r"<[^>]*>", "", match["text"])).replace(WORD_JOINER, "")
        measure = float(match["measure"])
        words = [widths(word) for word in re.split(r"[ \n]+", text.strip())]
        width = min(measure, _SLACK * typography.balanced(words, widths(" "), measure))
        return f'<h1 style="--balanced: {width:.2f}em">{match["text"]}</h1>'

    return _MEASURED.sub(narrowed, page)


def _footed(body: str, notes: re.Match[str]) -> str:
    """Return the body with a list of footnotes moved to their places; one that is more than text stays a list."""
    texts = {note["id"]: _BACK.sub("", note["text"]).strip() for note in _NOTE.finditer(notes["items"])}
    inline = {id_: re.sub(r"</p>\s*<p>", "<br>", text) for id_, text in texts.items()}
    inline = {id_: text.removeprefix("<p>").removesuffix("</p>").strip() for id_, text in inline.items()}
    if any(re.search(r"<(?:p|ul|ol|table|pre|blockquote|dl|h\d)\b", text) for text in inline.values()):
        return body
    told: set[str] = set()

    def call(match: re.Match[str]) -> str:
        id_, number = match["id"], match["number"]
        if id_ not in inline:
            return match[0]
        if id_ in told:
            return f"{WORD_JOINER}<sup>{number}</sup>"
        told.add(id_)
        return f'{WORD_JOINER}<span class="foot" data-number="{number}">{inline[id_]}</span>'

    return _CALL.sub(call, body.replace(notes[0], ""))


def _unlinked(link: re.Match[str]) -> str:
    pictures = "".join(_PICTURE.findall(link["content"]))
    words = _PICTURE.sub("", link["content"]).strip()
    if not re.sub(r"<[^>]*>", "", words).strip():
        words = re.sub(r"^(?:https?://|mailto:|tel:)|/$", "", link["address"])
    return f"{pictures} {link['opening']}{words}</a>"


def keep_words(html: str) -> str:
    """Return HTML with U+2060 WORD JOINER between the letters of Korean words and after hyphens, tags left alone."""

    def join(match: re.Match[str]) -> str:
        return _JOINT.sub(WORD_JOINER, match[0]) if len(match[0]) <= _LONGEST_WORD else match[0]

    def hyphenated(match: re.Match[str]) -> str:
        return match[0].replace("-", f"-{WORD_JOINER}") if len(match[0]) <= _LONGEST_WORD else match[0]

    pieces = re.split(r"(<[^>]*>)", html)
    return "".join(p if p.startswith("<") else _COMPOUND.sub(hyphenated, _WORD.sub(join, p)) for p in pieces)

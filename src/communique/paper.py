"""A page's HTML → the HTML that WeasyPrint sets well: what it does not do by itself is written into the text."""

from __future__ import annotations

import re

WORD_JOINER = "\u2060"

_WORD = re.compile(r"[^\s<>&;]*[\uac00-\ud7a3][^\s<>&;]*")
_JOINT = re.compile(r"(?<=[^\u2060])(?=[\uac00-\ud7a3])|(?<=[\uac00-\ud7a3])(?=[^\u2060])")
_PICTURE = re.compile(r"<img\b[^>]*>")
_LINKED = re.compile(
    r'(?s)(?P<opening><a\b[^>]*?\bhref="(?P<address>[^"]*)"[^>]*>)(?P<content>(?:(?!</?a\b).)*?<img\b(?:(?!</?a\b).)*)</a>'
)
#: Longer runs without a space are let break: they are no words.
_LONGEST_WORD = 24


def prepare(page: str) -> str:
    """Return a page ready for WeasyPrint; its ``<head>`` stays as it is.

    - Korean words are not broken at line ends: WeasyPrint has no ``word-break: keep-all``.
    - A footnote's mark stays with its word.
    - A list item has one child: WeasyPrint tags the paragraphs of an item beside its body, where PDF/UA-1
      (ISO 14289-1, 7.2) allows a label and a body alone; a ``<dd>`` in it becomes the body.
    - A picture in a link stands before it, and a link without words shows its address: WeasyPrint makes the picture
      a link of its own and does not tag it (7.18.5).
    """
    head, mark, body = page.partition("<body")
    body = body.replace('<sup id="', f'{WORD_JOINER}<sup id="')
    body = re.sub(r"<li(\s[^>]*)?>", r"\g<0><dd>", body).replace("</li>", "</dd></li>")
    body = _LINKED.sub(_unlinked, body)
    return head + mark + keep_words(body)


def _unlinked(link: re.Match[str]) -> str:
    pictures = "".join(_PICTURE.findall(link["content"]))
    words = _PICTURE.sub("", link["content"]).strip()
    if not re.sub(r"<[^>]*>", "", words).strip():
        words = re.sub(r"^(?:https?://|mailto:|tel:)|/$", "", link["address"])
    return f"{pictures} {link['opening']}{words}</a>"


def keep_words(html: str) -> str:
    """Return HTML with U+2060 WORD JOINER between the letters of Korean words, tags left alone."""

    def join(match: re.Match[str]) -> str:
        return _JOINT.sub(WORD_JOINER, match[0]) if len(match[0]) <= _LONGEST_WORD else match[0]

    pieces = re.split(r"(<[^>]*>)", html)
    return "".join(piece if piece.startswith("<") else _WORD.sub(join, piece) for piece in pieces)

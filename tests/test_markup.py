"""Markdown is cut into messages by the same walk that translates them."""

from __future__ import annotations

import pytest

from communique import markup
from communique.markup import Block
from communique.model import Markdown

EVERYTHING = """\
A paragraph with *emphasis*, **weight** and a [link](https://example.org/a_b)
that goes on in a second line.

# First heading

### Third level

- one
- two
    - nested

1. first

2. second[^note]

> A quotation.

| Name | Sum |
|------|----:|
| Rice | 1,000 |

Term
:   What it means

![A view](view.jpg)

```
code is not for translators
```

<!-- nor is this -->

Two lines  
on purpose.

[^note]: The *footnote*.
"""  # noqa: W291


def blocks(source: str) -> list[Block]:
    return list(markup.blocks(Markdown(source, "releases/x.md", 1)))


def test_each_block_is_a_message_with_its_kind_and_line() -> None:
    assert blocks(EVERYTHING) == [
        Block(
            "A paragraph with *emphasis*, **weight** and a [link](https://example.org/a_b) "
            "that goes on in a second line.",
            "paragraph",
            1,
        ),
        Block("First heading", "heading", 4),
        Block("Third level", "heading", 6),
        Block("one", "list item", 8),
        Block("two", "list item", 9),
        Block("nested", "list item", 10),
        Block("first", "paragraph", 12),
        Block("second[^note]", "paragraph", 14),
        Block("A quotation.", "quotation", 16),
        Block("Name", "table heading", 18),
        Block("Sum", "table heading", 18),
        Block("Rice", "table cell, column “Name”", 20),
        Block("1,000", "table cell, column “Sum”", 20),
        Block("Term", "term", 22),
        Block("What it means", "explanation", 23),
        Block("![A view](view.jpg)", "paragraph", 25),
        Block("Two lines<br> on purpose.", "paragraph", 33),
        Block("The *footnote*.", "footnote", 36),
    ]


def test_lines_count_from_where_the_text_stands_in_its_file() -> None:
    text = Markdown("One.\n\nTwo.", "releases/x.yaml", 12)
    assert [b.line for b in markup.blocks(text)] == [12, 14]


def test_what_is_extracted_is_what_is_translated() -> None:
    asked: list[str] = []

    def note(message: str) -> str:
        asked.append(message)
        return message

    markup.render(EVERYTHING, note)
    assert asked == [b.text for b in blocks(EVERYTHING)]


def test_every_text_is_replaced_and_every_structure_stays() -> None:
    original, translated = markup.render(EVERYTHING), markup.render(EVERYTHING, lambda m: f"«{m}»")
    for mark in "«»":
        assert (translated.html + translated.footnotes).count(mark) == len(blocks(EVERYTHING))
    assert translated.html.replace("«", "").replace("»", "") == original.html
    assert translated.footnotes.replace("«", "").replace("»", "") == original.footnotes
    for piece in (
        '<a href="https://example.org/a_b">link</a>',
        "<em>emphasis</em>",
        "<strong>weight</strong>",
        '<td style="text-align:right">«1,000»</td>',
        '<th scope="col">«Name»</th>',
        '<img alt="A view" src="view.jpg">',
        '<a class="footnote-ref" href="#fn:note">1</a>',
        "<dt>«Term»</dt>",
        "<br>",
        "code is not for translators",
    ):
        assert piece in translated.html, piece
    assert "nor is this" not in translated.html


def test_wrapping_a_paragraph_anew_changes_no_message() -> None:
    assert blocks("a b\nc d")[0].text == blocks("a\nb c   d")[0].text == "a b c d"


def test_no_break_spaces_survive_translation() -> None:
    assert "«\u00a0oui\u00a0»\u202f!" in markup.render("yes", lambda _: "«\u00a0oui\u00a0»\u202f!").html.replace(
        "&nbsp;", "\u00a0"
    )


@pytest.mark.parametrize(
    ("source", "levels"),
    [
        ("# a\n\n## b\n\n# c", [2, 3, 2]),
        ("### a\n\n###### b\n\n## c\n\n### d", [2, 3, 2, 3]),
        ("## a\n\n## b", [2, 2]),
    ],
)
def test_headings_begin_below_the_headline_and_never_jump(source: str, levels: list[int]) -> None:
    html = markup.render(source).html
    assert [int(html[i + 2]) for i in range(len(html)) if html.startswith("<h", i)] == levels


@pytest.mark.parametrize(
    ("source", "dropped", "left"),
    [
        ("Hi <script>alert(1)</script>", ("<script>",), "<p>Hi </p>"),
        ('<b onclick="x()">Hi</b>', ("onclick= of <b>",), "<p><b>Hi</b></p>"),
        ("[a](javascript:x)", ("href= of <a>",), "<p><a>a</a></p>"),
        ('<img src="data:text/html,x" alt="a">', ("src= of <img>",), '<p><img alt="a"></p>'),
        ('<p style="position:fixed;text-align:left">a</p>', (), ""),
        ("<iframe src=x></iframe>a", ("<iframe>",), "<p>a</p>"),
        ("H<sub>2</sub>O", (), "<p>H<sub>2</sub>O</p>"),
        ('<span lang="fr">oui</span>', (), '<p><span lang="fr">oui</span></p>'),
        ("a < b & c", (), "<p>a &lt; b &amp; c</p>"),
    ],
)
def test_unsafe_html_is_cleaned_and_told(source: str, dropped: tuple[str, ...], left: str) -> None:
    rendered = markup.render(source)
    if left:
        assert (rendered.dropped, rendered.html) == (dropped, left)
    assert "position" not in rendered.html


def test_html_that_comes_with_a_translation_is_cleaned_and_told_as_well() -> None:
    rendered = markup.render("Hello", lambda _: '<a href="javascript:x">salut</a><script>x</script>')
    assert "script" not in rendered.html
    assert set(rendered.dropped) == {"href= of <a>", "<script>"}


def test_footnotes_of_two_texts_on_a_page_are_kept_apart() -> None:
    source = "a[^1]\n\n[^1]: b"
    first, second = markup.render(source), markup.render(source, prefix="notes")
    assert 'href="#fn:1"' in first.html
    assert 'id="fn:1"' in first.footnotes
    assert 'href="#notes-fn:1"' in second.html
    assert 'id="notes-fn:1"' in second.footnotes


def test_pictures_and_links_are_told_as_written() -> None:
    rendered = markup.render("![A](a.jpg) [b](https://b.example) <mailto:c@d.example>")
    assert rendered.pictures == (("a.jpg", "A"),)
    assert rendered.links[0] == "https://b.example"


def test_relative_addresses_become_absolute_and_others_stay() -> None:
    html = '<a href="mou.pdf">a</a> <a href="#fn:1">b</a> <a href="https://x.example/">c</a> <img alt="d" src="d.png">'
    assert markup.absolute(html, "https://n.example/ko/x/", "https://p.example/") == (
        '<a href="https://n.example/ko/x/mou.pdf">a</a> <a href="#fn:1">b</a> <a href="https://x.example/">c</a> '
        '<img alt="d" src="https://p.example/d.png">'
    )


def test_pictures_become_links_with_their_text_and_only_text_inside_of_a_link() -> None:
    rendered = markup.render('![A "wide" > view](a.png) and [![Small](b.png) more](https://x.example) ![c](c.png)').html
    assert markup.without_pictures(rendered) == (
        '<p><a href="a.png">[A &quot;wide&quot; &gt; view]</a> and <a href="https://x.example">[Small] more</a> '
        '<a href="c.png">[c]</a></p>'
    )

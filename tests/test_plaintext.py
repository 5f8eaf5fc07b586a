"""Plain text reads as a press officer would have typed it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from communique import markup
from communique.letters import width
from communique.plaintext import Links, render, table, wrap


def test_width_counts_the_columns_of_wide_letters() -> None:
    assert [width(t) for t in ("abc", "보도", "é", "e\u0301", "①", "「가」")] == [3, 4, 1, 1, 1, 6]


def test_lines_break_between_words_at_the_width_of_their_letters() -> None:
    assert wrap("보도자료 보도자료 보도자료", columns=17) == "보도자료 보도자료\n보도자료"
    assert wrap("aaa bbb ccc", columns=7) == "aaa bbb\nccc"


def test_no_break_spaces_hold_and_long_words_stand_alone() -> None:
    assert wrap("il dit «\u00a0oui\u00a0» bien", columns=12) == "il dit\n«\u00a0oui\u00a0» bien"
    assert wrap("a https://example.org/long b", columns=10) == "a\nhttps://example.org/long\nb"


def test_lists_hang_and_nest() -> None:
    html = "<p>Intro.</p>\n<ol>\n<li>one</li>\n<li>two<ul>\n<li>deep</li>\n</ul>\n</li>\n</ol>\n<p>End.</p>"
    assert render(html) == "Intro.\n\n① one\n② two\n  - deep\n\nEnd."


def test_links_are_numbered_once_and_plain_addresses_are_not() -> None:
    links = Links()
    text = render(
        '<p><a href="https://a.example/x">A</a>, <a href="https://b.example/">https://b.example/</a>, '
        '<a href="mailto:c@d.example">c@d.example</a>, <a href="https://a.example/x">again</a></p>',
        links,
    )
    assert text == "A [1], https://b.example/, c@d.example, again [1]"
    assert links.addresses == ["https://a.example/x"]


def test_footnotes_are_marked_in_round_brackets() -> None:
    html = (
        '<p>Text<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup>.</p>\n<div class="footnote">\n<hr>'
        '<ol>\n<li id="fn:1">\n<p>Note.&nbsp;<a class="footnote-backref" href="#fnref:1">↩</a></p></li></ol></div>'
    )
    assert render(html) == "Text(1).\n\n(1) Note."


def test_tables_are_aligned_by_width_and_fall_apart_into_entries_when_too_wide() -> None:
    rows = [["이름", "Sum"], ["쌀", "1"], ["Wheat", "20"]]
    assert table(rows) == "이름    Sum\n-----   ---\n쌀      1\nWheat   20"
    assert table(rows, columns=8) == "- 이름:\n    쌀\n  Sum: 1\n- 이름:\n    Wheat\n  Sum:\n    20"


def test_quotations_are_indented_and_code_keeps_its_lines() -> None:
    assert render("<blockquote>\n<p>Said.</p>\n</blockquote>\n<pre><code>a\n  b\n</code></pre>") == (
        "    Said.\n\n    a\n      b"
    )


def test_headings_have_a_mark_or_a_line_below_them_as_wide_as_they_are() -> None:
    html = "<h2>보도 자료</h2>\n<p>Text.</p>"
    assert render(html) == "■ 보도 자료\n\nText."
    assert render(html, mark="") == "보도 자료\n---------\n\nText."
    long = "<h2>" + "word " * 20 + "</h2>"
    assert render(long, mark="").split("\n") == ["word " * 13 + "word", "word " * 5 + "word", "-" * 69]


PIECES = """office 장관 été *new* **bold** `code` [link](https://x.example) 중소벤처기업부는 relationships <b>b</b> ①
![view](view.jpg) [^n] <press@example.org> “said” 1,000 incomprehensibilities 개인정보보호위원회 <br>""".split()
phrases = st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map(" ".join)
pairs = st.tuples(phrases, phrases)
blocks = st.one_of(
    phrases,
    phrases.map("## {}".format),
    phrases.map("> {}".format),
    phrases.map("[^n]: {}".format),
    pairs.map(lambda t: f"- {t[0]}\n    1. {t[1]}"),
    pairs.map(lambda t: f"1. {t[0]}\n\n    > {t[1]}"),
    pairs.map(lambda t: f"{t[0]}\n:   {t[1]}"),
    pairs.map(lambda t: f"Head | Other\n---|---\n{t[0]} | {t[1]}"),
    pairs.map(lambda t: f"- {t[0]}\n\n    A | B\n    ---|---\n    {t[0]} | {t[1]}"),
)


@given(st.lists(blocks, min_size=1, max_size=5).map("\n\n".join), st.sampled_from(["■ ", ""]))
@settings(max_examples=150, deadline=None)
def test_no_line_is_wider_than_72_columns_in_any_text_of_short_words(text: str, mark: str) -> None:
    rendered = markup.render(text)
    lines = render(markup.without_pictures(rendered.html + rendered.footnotes), None, mark).split("\n")
    assert [line for line in lines if width(line) > 72 or line != line.rstrip()] == []

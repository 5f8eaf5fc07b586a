"""What WeasyPrint does not do by itself is written into the page."""

from __future__ import annotations

import pytest

from communique.letters import WORD_JOINER
from communique.paper import keep_words, prepare

J = WORD_JOINER


def test_korean_words_are_joined_and_spaces_still_break() -> None:
    assert keep_words("보도자료 배포") == f"보{J}도{J}자{J}료 배{J}포"


def test_particles_stay_with_latin_words_and_tags_are_left_alone() -> None:
    assert keep_words('<b title="보도">PDF는</b>') == f'<b title="보도">PDF{J}는</b>'
    assert keep_words("“가나”") == f"“{J}가{J}나{J}”"


def test_text_without_hangul_and_very_long_runs_are_left_alone() -> None:
    assert keep_words("Sejong, le 21 novembre") == "Sejong, le 21 novembre"
    assert keep_words("가" * 30) == "가" * 30


def test_the_head_of_the_page_is_left_alone() -> None:
    page = "<head><title>보도</title></head><body><p>보도</p></body>"
    assert prepare(page, "ko") == f"<head><title>보도</title></head><body><p>보{J}도</p></body>"


def test_a_list_item_has_one_child() -> None:
    page = '<body><ol><li id="a"><p>x</p></li><li>y</li></ol>'
    assert prepare(page, "ko") == '<body><ol><li id="a"><dd><p>x</p></dd></li><li><dd>y</dd></li></ol>'


@pytest.mark.parametrize(
    ("link", "printed"),
    [
        (
            '<a href="https://x.example/a/"><img src="v.png"></a>',
            '<img src="v.png"> <a href="https://x.example/a/">x.example/a</a>',
        ),
        ('<a href="/b"><b><img src="v.png"> More</b></a>', '<img src="v.png"> <a href="/b"><b> More</b></a>'),
        ('<a href="/b">More</a><img src="v.png">', '<a href="/b">More</a><img src="v.png">'),
    ],
)
def test_a_picture_in_a_link_stands_before_it(link: str, printed: str) -> None:
    assert prepare(f"<body><p>{link}</p></body>", "en") == f"<body><p>{printed}</p></body>"

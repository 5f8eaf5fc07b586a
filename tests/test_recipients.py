"""Lists of recipients, read with the line of every problem and rewritten without a person."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique import recipients
from communique.errors import Problems
from communique.recipients import Mailbox, Recipient

HEADER = "email,name,language,outlet,topics,embargo\n"


def read(text: str | bytes, *more: str) -> tuple[list[Recipient], list[str]]:
    """Return the recipients of lists a.csv, b.csv, … and the problems as they are told."""
    problems = Problems()
    files = [one if isinstance(one, bytes) else (HEADER + one).encode() for one in (text, *more)]
    found = recipients.read([(f"{name}.csv", data) for name, data in zip("abc", files, strict=False)], problems)
    return found, [str(problem) for problem in problems]


def test_a_row_says_who_where_in_which_languages_and_about_what() -> None:
    found, problems = read('kim@example.org,김기자,"ko;en",한국일보,Cosmetics; France,yes\n')
    assert problems == []
    assert found == [
        Recipient(
            Mailbox("kim@example.org", "kim@example.org"),
            "김기자",
            ("ko", "en"),
            "한국일보",
            ("cosmetics", "france"),
            True,
        )
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_list_is_read_as_spreadsheets_save_it(encoding: str, end: str, separator: str) -> None:
    text = HEADER + "kim@example.org,김기자,ko,한국일보,,no\nlee@example.org,이똠방,ko,,,\n"
    found, problems = read(text.replace("\n", end).replace(",", separator).encode(encoding))
    assert problems == []
    assert [(one.name, one.outlet) for one in found] == [("김기자", "한국일보"), ("이똠방", "")]


def test_columns_may_stand_in_any_order_beside_others() -> None:
    found, problems = read(b"Phone,Embargo,Topics,Outlet,Language,Name,Email\n+82 2,yes,,,fr,Anne,anne@example.org\n")
    assert problems == []
    assert [(one.key, one.languages, one.embargo) for one in found] == [("anne@example.org", ("fr",), True)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("kim,,ko,,,", "'kim' is no email address; an address is like name@example.org"),
        (",,ko,,,", "'' is no email address; an address is like name@example.org"),
        ("a b@example.org,,ko,,,", "'a b@example.org' is no email address; there is a space or a character that is "
                                   "not seen in it"),
        ("a@b@example.org,,ko,,,", "'a@b@example.org' is no email address; 'a@b' cannot stand before the @"),
        ("a@localhost,,ko,,,", "'a@localhost' is no email address; 'localhost' is no domain"),
        ("a@exa_mple.org,,ko,,,", "'a@exa_mple.org' is no email address; 'exa_mple.org' is no domain"),
        ("a@10.0.0.1,,ko,,,", "'a@10.0.0.1' is no email address; '10.0.0.1' is no domain"),
        ("a@xn--zz.example,,ko,,,", "'a@xn--zz.example' is no email address; 'xn--zz.example' is no domain"),
        ("a@example.org,,de,,,", "unknown language 'de'; write ko, en or fr, or several in order: ko;en"),
        ("a@example.org,,,,,", "language is empty; write ko, en or fr, or several in order: ko;en"),
        ("a@example.org,,ko,,,perhaps", "embargo cannot be 'perhaps'; write yes or no"),
        ("a@example.org,=SUM(1),ko,,,", "name begins like a formula: '=SUM(1)'; delete the first character"),
        ("+a@example.org,,ko,,,", "email begins like a formula: '+a@example.org'; delete the first character"),
        ("a@example.org,-Kim,ko,,,", "name begins like a formula: '-Kim'; delete the first character"),
        ("a@example.org,@Kim,ko,,,", "name begins like a formula: '@Kim'; delete the first character"),
        ('a@example.org,"Kim\nBcc: b@example.org",ko,,,',
         "name holds a line break or a control character; write it in one line"),
        ('"a@example.org\r\nBcc: b@example.org",,ko,,,',
         "email holds a line break or a control character; write it in one line"),
        ("a@example.org,Kim\x00,ko,,,", "name holds a line break or a control character; write it in one line"),
        ("a@example.org,Kim\u2028x,ko,,,", "name holds a line break or a control character; write it in one line"),
        ("a@example.org,Kim, the elder,ko,,,",
         "has 7 cells, the header 6; put a cell that holds the separator in quotes"),
        ("a@example.org,Kim", "has 2 cells, the header 6; put a cell that holds the separator in quotes"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_with_its_line_and_left_out(row: str, problem: str) -> None:
    found, problems = read(f'first@example.org,"in\ttwo",ko,,,\n{row}\nlast@example.org,,ko,,,\n'.replace("\t", " "))
    assert problems == [f"a.csv:3: {problem}"]
    assert [one.key for one in found] == ["first@example.org", "last@example.org"]


def test_a_line_number_counts_lines_inside_cells() -> None:
    _, problems = read('a@example.org,"Kim\nLee",ko,,,\nb,,ko,,,\n')
    assert [problem.split(": ")[0] for problem in problems] == ["a.csv:2", "a.csv:4"]


def test_a_quotation_mark_too_many_is_told_where_it_opens() -> None:
    found, problems = read('a@example.org,,ko,,,\nb@example.org,"Lee,ko,,,\nc@example.org,,ko,,,\n')
    assert [one.key for one in found] == ["a@example.org"]
    assert problems == ["a.csv:3: unexpected end of data; look for a quotation mark too many"]


@pytest.mark.parametrize(
    ("double", "spelt"),
    [
        ("a@example.org", "a@example.org"),
        ("A@Example.ORG", "A@example.org"),
        ("a@EXAMPLE.org", "a@example.org"),
    ],
)
def test_who_stands_twice_counts_once(double: str, spelt: str) -> None:
    found, problems = read("a@example.org,,ko,,,\n", f"b@example.org,,ko,,,\n{double},,en,,,\n")
    assert [(one.key, one.languages) for one in found] == [("a@example.org", ("ko",)), ("b@example.org", ("ko",))]
    assert problems == [f"b.csv:3: {spelt} is twice in the list; first in a.csv:2; delete one"]


def test_a_korean_domain_is_the_same_in_both_its_spellings() -> None:
    found, problems = read(
        "기자@한국.한국,,ko,,,\n", "기자@xn--3e0b707e.xn--3e0b707e,,ko,,,\nkim@한국신문.example,,ko,,,\n"
    )
    assert [one.mailbox.address for one in found] == [
        "기자@xn--3e0b707e.xn--3e0b707e",
        "kim@xn--3e0bp5x81f0uu.example",
    ]
    assert [one.mailbox.is_ascii for one in found] == [False, True]
    assert problems == [
        "b.csv:2: 기자@xn--3e0b707e.xn--3e0b707e is twice in the list; first in a.csv:2; delete one",
    ]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b"", "the header has no column 'email'; the header is email,name,language,outlet,topics,embargo"),
        (b"email,name,language,outlet,topics\n",
         "the header has no column 'embargo'; the header is email,name,language,outlet,topics,embargo"),
        (b"email,name,language,outlet,topics,embago\n",
         "the header has no column 'embargo'; did you mean 'embago'?"),
        (b"email,email,name,language,outlet,topics,embargo\n", "the header has the column 'email' twice"),
    ],
)  # fmt: skip
def test_a_header_without_a_column_is_told(header: bytes, problem: str) -> None:
    found, problems = read(header + b"a@example.org,,ko,,,\n")
    assert (found, problems[0]) == ([], f"a.csv:1: {problem}")


def test_a_list_in_another_encoding_is_told() -> None:
    _, problems = read((HEADER + "a@example.org,Hélène,fr,,,\n").encode("cp1252"))
    assert problems == ["a.csv:2: is neither UTF-8 nor cp949 text; save the list as 'CSV UTF-8'"]


def test_ten_thousand_rows_are_read_in_a_second_or_two() -> None:
    rows = "".join(f"reporter{n}@paper{n % 700}.example,기자 {n},ko;en,신문 {n % 700},sme,yes\n" for n in range(10_000))
    start = time.process_time()
    found, problems = read(rows)
    assert (len(found), problems) == (10_000, [])
    assert time.process_time() - start < 3


# --- without a person ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_person_goes_and_every_other_byte_stays(encoding: str) -> None:
    lines = [
        HEADER.replace("\n", "\r\n"),
        'a@example.org, "odd" ,ko,,,\r\n',
        'KIM@example.org,"김\n기자",ko,,,\n',
        "b@example.org,이똠방,ko,한국일보,,\r\n",
        "\r\n",
        "c@example.org,,ko,,,",
    ]
    data = "".join(lines).encode(encoding)
    kept, gone = recipients.without(data, recipients.mailbox("kim@EXAMPLE.org").key)
    assert (kept, gone) == (data.replace(lines[2].encode(encoding.removesuffix("-sig")), b""), 1)


names = st.text(st.characters(codec="cp949", exclude_characters='"\r\n\x00'), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(names, max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "cp949"]), st.data())
def test_taking_out_somebody_else_changes_nothing(people: list[str], encoding: str, data: st.DataObject) -> None:
    rows = [f'r{n}@example.org,"{name}",ko,,,\n'.encode(encoding.removesuffix("-sig")) for n, name in enumerate(people)]
    whole = HEADER.encode(encoding) + b"".join(rows)
    assert recipients.without(whole, "nobody@example.org") == (whole, 0)
    if rows:
        n = data.draw(st.integers(0, len(rows) - 1))
        assert recipients.without(whole, f"r{n}@example.org") == (whole.replace(rows[n], b"", 1), 1)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    try:
        found = recipients.mailbox(text)
    except ValueError:
        return
    assert not set(found.address) & set('\r\n <>,;"')
    assert recipients.mailbox(found.address).key == found.key

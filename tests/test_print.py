"""The PDF: both standards in one file, its own data inside, and set as its readers' press offices set theirs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import jsonschema
import page
import pikepdf
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from communique import typography
from communique.letters import NARROW, NBSP
from communique.paper import balance, prepare
from conftest import ROOT, Room, needs
from structure import outline
from test_outputs import pdf_text, press

VALLEY, LANGUAGES3 = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"
EDITIONS = list(product((VALLEY, LANGUAGES3), ("ko", "en", "fr")))
XMP = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
}


def valid(*paths: Path) -> None:
    """Both standards, by veraPDF where ``VERAPDF`` names it, and PDF/UA-1 by another validator in any case."""
    for path in paths:
        report = page.validate_pdf(path, profile=page.ValidationProfile.PDF_UA_1)
        assert (path.name, [str(failure) for failure in report.failures]) == (path.name, [])
    if "VERAPDF" in os.environ:
        for flavour in ("3a", "ua1"):
            command = [*shlex.split(os.environ["VERAPDF"]), flavour, *map(str, paths)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.returncode, "FAIL" in done.stdout) == (0, False), done.stdout


@pytest.mark.slow
@pytest.mark.skipif("VERAPDF" not in os.environ, reason="VERAPDF does not name a veraPDF command")
def test_the_samples_are_pdf_a_3a_and_pdf_ua_1_in_one_file(built: Room) -> None:
    valid(*sorted((built.path / "output/press").rglob("*.pdf")))


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_the_metadata_tells_both_standards_the_release_and_its_version(built: Room, id_: str, language: str) -> None:
    with pikepdf.open(press(built, id_, language, "pdf")) as pdf, pdf.open_metadata() as told:
        assert {key: told[f"{{{XMP[name]}}}{key}"] for name, key in (
            ("pdfaid", "part"), ("pdfaid", "conformance"), ("pdfuaid", "part"), ("xmpMM", "VersionID"),
        )} == {"part": "1", "conformance": "A", "VersionID": "2" if id_ == LANGUAGES3 else "1"}  # fmt: skip
        assert told[f"{{{XMP['pdfaid']}}}part"] == "3"
        assert told[f"{{{XMP['dc']}}}identifier"] == f"https://newsroom.example.org/{language}/{id_}/"
        assert str(pdf.Root.Lang) == language
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        assert bool(pdf.Root.MarkInfo.Marked)


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_the_pdf_carries_the_release_as_data_and_as_text(built: Room, id_: str, language: str) -> None:
    with pikepdf.open(press(built, id_, language, "pdf")) as pdf:
        inside = {name: spec.get_file().read_bytes() for name, spec in pdf.attachments.items()}
        relations = {str(spec.UF): str(spec.AFRelationship) for spec in pdf.Root.AF}
    assert inside == {
        f"{id_}.{language}.{kind}": press(built, id_, language, kind).read_bytes() for kind in ("json", "txt")
    }
    assert relations == {f"{id_}.{language}.json": "/Data", f"{id_}.{language}.txt": "/Alternative"}


@pytest.mark.parametrize(("id_", "language"), EDITIONS)
def test_the_data_is_ninjs_by_the_standards_own_schema(built: Room, id_: str, language: str) -> None:
    schema = json.loads((ROOT / "tests/schemas/ninjs-schema_3.1.json").read_text("utf-8"))
    item = json.loads(press(built, id_, language, "json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(item)] == []
    assert (item["language"], item["slugline"], item["pubStatus"]) == (language, id_, "usable")
    assert item["version"] == ("2" if id_ == LANGUAGES3 else "1")
    assert ("edNote" in item) == (id_ == LANGUAGES3)


def test_an_embargo_stands_in_the_data_on_every_page_and_in_the_file(room: Room) -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "The office writes a long sentence here. " * 12 for n in range(30))
    room.write(
        "releases/long.yaml", "title: A long release\ndate: 2026-03-02\nlanguages: [en]\nembargo: 2099-01-02T09:00\n"
    )
    room.write("releases/long.md", text + "\n")
    assert room.run("long", "--quiet").err == []
    path = press(room, "long", "en", "pdf")
    item = json.loads(press(room, "long", "en", "json").read_text("utf-8"))
    assert item["embargoedUntil"] == "2099-01-02T09:00:00+01:00"
    pages = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout.decode().split("\f")
    assert len(pages) > 3
    assert [n for n, text in enumerate(pages[:-1]) if "Embargoed until 09:00 CET, January 2, 2099" not in text] == []
    assert [n for n, text in enumerate(pages[1:-1]) if "A long release" not in text] == []
    assert all(re.search(rf"\b{n}\s*/\s*{len(pages) - 1}\b", text) for n, text in enumerate(pages[:-1], 1))


def test_the_list_of_digests_is_right_for_every_file(built: Room) -> None:
    for id_ in (VALLEY, LANGUAGES3):
        folder = built.path / f"output/press/{id_}"
        told = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines())
        files = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
        assert told == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        assert len(files) == 15


def test_the_list_of_digests_follows_a_change(room: Room) -> None:
    room.run("build", "--quiet")
    before = room.read("output/press/good/SHA256SUMS")
    room.write("releases/good.yaml", room.read("releases/good.yaml") + "tags: [new]\n")
    room.run("build", "--quiet")
    after = room.read("output/press/good/SHA256SUMS")
    assert after != before
    for line in after.splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((room.path / "output/press/good" / name).read_bytes()).hexdigest() == digest


def test_pdf_ua_alone_is_one_setting_away(room: Room) -> None:
    room.write("newsroom.yaml", room.read("newsroom.yaml") + "pdf: {variant: pdf/ua-1}\n")
    assert room.run("build", "--quiet", "--language", "en").err == []
    path = press(room, "good", "en", "pdf")
    with pikepdf.open(path) as pdf, pdf.open_metadata() as told:
        assert (told.get(f"{{{XMP['pdfaid']}}}part"), told[f"{{{XMP['pdfuaid']}}}part"]) == (None, "1")
        assert dict(pdf.attachments) == {}


# --- the stress release ---

STRESS = """\
Opening with a note[^1] and 한국어 words, 漢字 and accents: é, œ, ÿ, Ç.
See <https://newsroom.example.org/{long}/> for more.

- one
    - two
        - three, which is a longer item that goes on to a second line because it has so many words in it, as items do
    - two again
- last

> « Le texte cité est en français », <span lang="fr">a dit la ministre, très émue</span>.

| Name | Sum | Remark |
|---|---:|---|
{rows}

{pictures}

## A section

{prose}

| Other | Value |
|---|---:|
{more}

[^1]: The note stands at the foot of its page, with a [link](https://example.org/note).
"""


@pytest.fixture(scope="module")
def stress(tmp_path_factory: pytest.TempPathFactory) -> Room:
    from PIL import Image

    from conftest import SMALL, copy

    room = copy(SMALL, tmp_path_factory.mktemp("stress"))
    title = "A headline of one hundred and eighty characters that tells about ministries, startups, cosmetics, "
    title += "cooperation, laboratories, investments and everything else that could happen in one single year"
    room.write("releases/stress.yaml", f"title: {title}\ndate: 2026-03-02\nlanguages: [en]\ncity: Sejong\n")
    (room.path / "releases/stress").mkdir()
    for n in range(10):
        Image.radial_gradient("L").resize((1600, 400 + 200 * n)).convert("RGB").save(
            room.path / f"releases/stress/p{n}.jpg", quality=80
        )
    prose = "\n\n".join(
        "The ministry explains in detail what the internationalization of startups means. " * 9 for _ in range(18)
    )
    room.write(
        "releases/stress.md",
        STRESS.format(
            long="/".join(["a-very-long-part-of-an-address"] * 8),
            rows="\n".join(f"| Company {n} | {n * 1000:,} | remark {n} |" for n in range(60)),
            more="\n".join(f"| Row {n} | {n} |" for n in range(60)),
            pictures="\n\n".join(f"![Pattern number {n}](p{n}.jpg)" for n in range(10)),
            prose=prose,
        ),
    )
    done = room.run("stress", "--quiet", "--format", "pdf")
    assert (done.code, done.err) == (0, [])
    return room


def test_a_stress_release_passes_both_standards(stress: Room) -> None:
    path = press(stress, "stress", "en", "pdf")
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) >= 10
    valid(path)


@needs("pdftotext")
def test_nothing_of_a_stress_release_leaves_its_page(stress: Room) -> None:
    path = press(stress, "stress", "en", "pdf")
    boxes = subprocess.run(["pdftotext", "-bbox", str(path), "-"], capture_output=True, check=True).stdout.decode()
    words = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">', boxes)
    assert len(words) > 2000
    margin = 20 / 25.4 * 72
    outside = [w for w in words if float(w[0]) < margin - 1 or float(w[2]) > 595.3 - margin + 1 or float(w[3]) > 842]
    assert outside == []


@needs("pdftotext", "pdfimages")
def test_pictures_shrink_to_what_paper_shows(stress: Room) -> None:
    path = press(stress, "stress", "en", "pdf")
    listed = subprocess.run(["pdfimages", "-list", str(path)], capture_output=True, check=True, text=True).stdout
    rows = [line.split() for line in listed.splitlines()[2:]]
    assert len(rows) >= 10
    assert max(int(row[12]) for row in rows) <= 230


@needs("pdftotext")
def test_a_footnote_stands_at_the_foot_of_its_page(stress: Room) -> None:
    path = press(stress, "stress", "en", "pdf")
    first = subprocess.run(["pdftotext", "-layout", "-l", "1", str(path), "-"], capture_output=True, check=True)
    assert "1. The note stands at the foot of its page" in first.stdout.decode()


# --- layouts ---


def test_a_department_is_named_in_the_table_of_a_korean_release(room: Room) -> None:
    room.write(
        "newsroom.yaml",
        "name: Office\nurl: https://newsroom.example.org/\ntimezone: Asia/Seoul\nlanguages: [ko]\nsource_language: ko\n"
        "contacts:\n  desk:\n    name: 홍보 담당\n    email: press@example.org\n"
        "    bureau: 창업정책국\n    division: 창업지원과\n"
        '    head: {name: 과장 견본, role: 과장, phone: "044-204-7000"}\n'
        '    officers:\n      - {name: 사무관 견본, role: 사무관, phone: "044-204-7001"}\n'
        '      - {name: 주무관 견본, role: 주무관, phone: "044-204-7002"}\n',
    )
    room.write(
        "releases/good.yaml",
        "title: 견본 보도자료\ndate: 2026-03-02\nsource_language: ko\nlanguages: [ko]\n"
        "body: 본문이다.\nnotes: 붙임 내용이다.\n",
    )
    assert room.run("good", "--quiet").err == []
    path = press(room, "good", "ko", "pdf")
    text = pdf_text(path)
    flat = re.sub(r"\s+", "", text)
    for word in (
        "담당부서",
        "창업정책국",
        "창업지원과",
        "책임자",
        "과장과장견본(044-204-7000)",
        "사무관사무관견본(044-204-7001)",
        "붙임",
    ):
        assert word in flat, word
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 2  # the annex has a page of its own
    valid(path)


def test_another_layout_can_be_named_for_a_language(room: Room) -> None:
    room.write("newsroom.yaml", room.read("newsroom.yaml") + "pdf: {layout: {en: bodo}}\n")
    assert room.run("build", "--quiet", "--language", "en").err == []
    assert "Issued" in pdf_text(press(room, "good", "en", "pdf"))


@needs("pdftotext")
def test_a_few_lines_are_drawn_in_rather_than_given_a_page(room: Room) -> None:
    (room.path / "templates").mkdir()
    shutil.copytree(ROOT / "templates", room.path / "templates", dirs_exist_ok=True)
    room.write("releases/fit.yaml", "title: Fit\ndate: 2026-03-02\nlanguages: [en]\n")

    def pages() -> int:
        assert room.run("fit", "--quiet", "--format", "pdf").err == []
        with pikepdf.open(press(room, "fit", "en", "pdf")) as pdf:
            return len(pdf.pages)

    sentence = "This sentence fills the page of a release. "
    drawn_in = [number for number in range(14, 32, 2) if _length(room, sentence * 3, number, pages) == 1]
    room.write("templates/print/tight.css", "")
    loose = [number for number in range(14, 32, 2) if _length(room, sentence * 3, number, pages) == 1]
    assert set(loose) < set(drawn_in)


def _length(room: Room, text: str, number: int, pages: Callable[[], int]) -> int:
    room.write("releases/fit.md", "\n\n".join([text] * (number // 2)) + "\n")
    return pages()


# --- the spaces of a language ---


@pytest.mark.parametrize(
    ("text", "set_"),
    [
        (
            "Quoi ? Oui ! Bien ; voilà : « ici ».",
            f"Quoi{NARROW}? Oui{NARROW}! Bien{NARROW}; voilà{NBSP}: «{NBSP}ici{NBSP}».",
        ),
        ("8 600 chercheurs", f"8{NARROW}600 chercheurs"),
        ("20 millions d’euros, le 8 novembre", f"20{NBSP}millions d’euros, le 8{NBSP}novembre"),
        ("de 9:00 à https://x.example/a?b : oui", f"de 9:00 à https://x.example/a?b{NBSP}: oui"),
        ("<code>a ? b</code> c ?", f"<code>a ? b</code> c{NARROW}?"),
        ("le mot 한국 뷰티 est coréen", 'le mot <span lang="ko">한국 뷰티</span> est coréen'),
        ("«&nbsp;K&nbsp;»", f"«{NBSP}K{NBSP}»"),
    ],
)
def test_french_is_set_with_its_own_spaces(text: str, set_: str) -> None:
    assert typography.set_(text, "fr") == set_


def test_the_spaces_of_eu_institutions_are_another_profile() -> None:
    assert typography.set_("Quoi ? Oui : « ici ».", "fr", "eu") == f"Quoi? Oui: «{NBSP}ici{NBSP}»."


def test_numbers_keep_their_units_and_headlines_their_last_words() -> None:
    shown = prepare("<body><h1>A fund of 20 million for startups</h1><p>It has 20 million.</p></body>", "en")
    assert shown == f"<body><h1>A fund of 20{NBSP}million for{NBSP}startups</h1><p>It has 20{NBSP}million.</p></body>"


def test_an_accent_that_nobody_can_read_is_refused(room: Room) -> None:
    room.write("newsroom.yaml", room.read("newsroom.yaml") + 'accent: "#ffdd00"\n')
    done = room.run("check")
    line = room.read("newsroom.yaml").splitlines().index('accent: "#ffdd00"') + 1
    assert done.code == 1
    assert done.err == [
        f"newsroom.yaml:{line}: the accent #ffdd00 cannot be read on white: its contrast is 1.3, and 4.5 is needed; "
        "take a darker colour (WCAG 2.2, 1.4.3)"
    ]


@needs("pdftoppm")
@pytest.mark.parametrize("id_,language", EDITIONS)
def test_the_code_in_the_foot_leads_to_the_page(built: Room, tmp_path: Path, id_: str, language: str) -> None:
    pages = ["pdftoppm", "-r", "150", "-png", str(press(built, id_, language, "pdf")), str(tmp_path / "page")]
    subprocess.run(pages, check=True)
    found = [code.text for file in tmp_path.glob("*.png") for code in zxingcpp.read_barcodes(Image.open(file))]
    assert found == [f"https://newsroom.example.org/{language}/{id_}/"]


def test_words_of_another_language_are_marked_as_such(stress: Room) -> None:
    tree = outline(press(stress, "stress", "en", "pdf"))
    assert re.search(r"Span Lang=fr\n +: a dit la ministre, très émue", tree)
    assert re.search(r"Span Lang=ko\n +: 한국어", tree)


def test_a_value_in_the_korean_boxes_belongs_to_the_label_before_it(built: Room) -> None:
    tree = outline(press(built, LANGUAGES3, "ko", "pdf"))
    assert re.search(r"TD of “보도시점”\n +: 배포 즉시", tree)
    assert re.search(r"TD of “배포”\n +: 2026. 11. 16.\(월\)", tree)
    assert re.search(r"TD of “담당 부서”\n +: 대변인실", tree)


def test_the_lines_of_a_headline_are_of_about_one_length() -> None:
    def widths(text: str) -> float:
        return float(len(text))

    page = '<body><h1 data-measure="20">One two three four five six &amp; seven</h1>'
    narrowed = re.search(r"--balanced: ([\d.]+)em", balance(page, widths))
    assert narrowed
    # "One two three four five / six & seven" would fit; "One two three four / five six & seven" is balanced.
    assert 18 <= float(narrowed[1]) < 19
    alone = balance('<body><h1 data-measure="20">One two three</h1>', widths)
    assert "--balanced: 20.00em" in alone


@given(st.lists(st.integers(1, 12), min_size=1, max_size=20), st.integers(12, 40))
def test_a_balanced_headline_takes_no_more_lines(words: list[int], measure: int) -> None:
    def lines(width: float) -> int:
        taken, filled = 1, -1.0
        for word in words:
            taken, filled = (taken, filled + 1 + word) if filled + 1 + word <= width else (taken + 1, word)
        return taken

    narrow = typography.balanced([float(word) for word in words], 1.0, float(measure))
    assert max(words) <= narrow <= measure
    assert lines(narrow) == lines(measure)


@needs("pdftotext")
def test_a_footnote_stays_on_its_page_wherever_the_page_ends(room: Room) -> None:
    long = "The office writes a sentence of some length here, and then another one. " * 5
    for lines in range(12):
        filler = "\n\n".join(f"Line {n}." for n in range(12 + lines))
        room.write(f"releases/foot-{lines}.yaml", f"title: Foot {lines}\ndate: 2026-03-02\nlanguages: [en]\n")
        room.write(
            f"releases/foot-{lines}.md", f"{filler}\n\nA call[^1] stands here.\n\n{long}\n\n{long}\n\n[^1]: Its note.\n"
        )
    assert room.run("--quiet", "--format", "pdf", "--language", "en").err == []
    for lines in range(12):
        path = press(room, f"foot-{lines}", "en", "pdf")
        told = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout.decode()
        pages = told.split("\f")
        assert [("A call" in page, "Its note." in page) for page in pages].count((True, True)) == 1, lines


@needs("pdftotext")
def test_no_korean_word_is_broken(room: Room) -> None:
    words = "중소벤처기업부는 국내외 창업기업의 해외시장진출을 체계적으로 지원하기 위하여 "
    words += "한국·프랑스(韓·佛) 공동협력사업을 2026년 3월부터 단계적으로 추진하며, "
    words += "1,200여 개사가 참여하는 K-글로벌클러스터에서 ‘스타트업 박람회’를 개최한다. "
    text = "\n\n".join(words * (1 + n % 4) + "가" * n for n in range(30))
    title = "중소벤처기업부, 프랑스 화장품 집적지와 손잡고 중소기업의 세계시장 진출을 이끌 공동협력사업을 시작한다"
    room.write("releases/words.yaml", f"title: {title}\ndate: 2026-03-02\nsource_language: ko\nlanguages: [ko]\n")
    room.write(
        "releases/words.md", text + "\n\n- " + words + "\n\n| 구분 | 내용 |\n|---|---|\n| 하나 | " + words + "|\n"
    )
    assert room.run("words", "--quiet", "--format", "pdf").err == []
    # Without the running heads, whose headline is cut.
    window = ["-x", "0", "-y", "40", "-W", "596", "-H", "750"]
    command = ["pdftotext", *window, str(press(room, "words", "ko", "pdf")), "-"]
    told = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    known = {*f"{title} {text} {words}".split()}
    hangul = {word for word in told.partition("2026. 3. 2.(월)")[2].split() if re.search("[가-힣]", word)}
    assert len(hangul & known) > 20
    own = {"끝.", "□", "구분", "내용", "하나", "언론", "문의처", "담당", "부서", "담당자", "예시청", "1판"}
    assert hangul - known - own == set()


@pytest.mark.parametrize("wrong", ["p { colour: red }", "p { width: calc(1em * oops) }"])
def test_what_is_wrong_with_a_stylesheet_is_told_of_every_release_that_it_concerns(room: Room, wrong: str) -> None:
    shutil.copytree(ROOT / "templates", room.path / "templates")
    room.write("templates/print/release.css", f"{room.read('templates/print/release.css')}\n{wrong}\n")
    for name in ("r1", "r2"):
        room.write(f"releases/{name}.yaml", f"title: {name}\ndate: 2026-03-02\nbody: Text.\nlanguages: [en]\n")
    done = room.run("r1", "r2", "--jobs", "1")
    told = [line.partition(":")[0] for line in done.err if "the PDF would be wrong" in line]
    assert (done.code, told) == (1, ["releases/r1.yaml", "releases/r2.yaml"]), done.err

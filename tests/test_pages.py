"""Pages as they look and as they are read out, beside what a person looked at and kept in tests/pages/.

``make pages`` keeps them anew; look at each before you commit it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pikepdf
import pytest
from PIL import Image, ImageChops

from conftest import ROOT, Room, copy, needs
from structure import outline
from test_print import EDITIONS, LANGUAGES3, VALLEY, valid

KEPT = ROOT / "tests/pages"
#: Dots an inch: enough to see a line move, small enough to keep.
RESOLUTION = 60
#: Grey levels, of 255, that renderers of text may differ by; and the share of a page's dots that may differ more.
NEAR, FAR = 64, 0.0005

MARKS = """\
title: Startups of both countries get one office
subtitle: A first call for projects opens in March
date: 2026-03-02
city: Sejong
contacts: [desk, bureau]
summary: The office answers all questions of founders from both countries.
highlights:
  - One address for all questions
  - Answers within two working days
embargo: 2099-03-02T09:00
corrections:
  - date: 2026-03-03
    note: The number of companies was corrected from 40 to 45.
body: |
  The office opens on Monday. It takes questions of 45 companies[^1].

  > « Un seul guichet », <span lang="fr">a dit la ministre.</span>

  - Founders ask once.
      - The office finds who can answer.
          - It stays in charge.

  | Year | Companies |
  |---|---:|
  | 2025 | 40 |
  | 2026 | 45 |

  [^1]: As of March 1.
notes: |
  Pictures are free to use.
"""
OFFICE = """
logo: logo.svg
accent: "#7a1f5c"
pdf: {paper: Letter}
  """
BUREAU = """
  bureau:
    name: Bureau desk
    bureau: Bureau of Examples
    division: Division of Tests
    phone: 044-000-0000
    email: bureau@example.org
    head: {name: Name One, role: Director, phone: 044-000-0001}
    officers:
      - {name: Name Two, role: Officer, phone: 044-000-0002}
"""
WORDS = {
    "Office of Examples": ("예시처", "Office des exemples"),
    "Press desk": ("보도 창구", "Bureau de presse"),
    "Bureau desk": ("실무 창구", "Bureau technique"),
    "Bureau of Examples": ("예시국", "Direction des exemples"),
    "Division of Tests": ("시험과", "Division des essais"),
    "Name One": ("이름 하나", "Nom Un"),
    "Name Two": ("이름 둘", "Nom Deux"),
    "Director": ("과장", "directeur"),
    "Officer": ("사무관", "chargé de mission"),
}
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12 12"><circle cx="6" cy="6" r="6" fill="#7a1f5c"/></svg>'


@pytest.fixture(scope="session")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Drafts on Letter paper that are under embargo and corrected, and a retracted release, with a logo."""
    room = copy(ROOT / "tests/newsroom", tmp_path_factory.mktemp("marked"))
    room.write("logo.svg", LOGO)
    about = room.read("newsroom.yaml")
    room.write("newsroom.yaml", about.replace("[ko, en]", "[ko, en, fr]") + BUREAU.lstrip("\n") + OFFICE.strip() + "\n")
    for place, language in enumerate(("ko", "fr")):
        said = [f'msgid "{source}"\nmsgstr "{words[place]}"\n' for source, words in WORDS.items()]
        header = f'msgid ""\nmsgstr "Language: {language}\\nContent-Type: text/plain; charset=UTF-8\\n"\n'
        room.write(f"locales/{language}/LC_MESSAGES/newsroom.po", "\n".join([header, *said]))
    room.write("releases/marks.yaml", MARKS)
    gone = MARKS.replace("embargo: 2099-03-02T09:00\n", "status: retracted\nsource_language: {}\nlanguages: [{}]\n")
    for language in ("ko", "en", "fr"):
        room.write(f"releases/gone-{language}.yaml", gone.format(language, language))
    done = room.run("--drafts", "--quiet", "--format", "pdf", "--now", "2026-03-04T12:00")
    assert (room.path / "output/press/marks/marks.ko.pdf").exists(), done.err
    return room


SHEETS = [
    *(("built", id_, language) for id_, language in EDITIONS),
    *(("marked", "marks", language) for language in ("ko", "en", "fr")),
    *(("marked", f"gone-{language}", language) for language in ("ko", "en", "fr")),
]


@pytest.fixture(params=SHEETS, ids=lambda sheet: f"{sheet[1]}.{sheet[2]}")
def sheet(request: pytest.FixtureRequest) -> Path:
    """The PDF of an edition."""
    room, id_, language = request.param
    place: Path = request.getfixturevalue(room).path / f"output/press/{id_}/{id_}.{language}.pdf"
    return place


@needs("pdftoppm")
def test_pages_look_as_they_were_kept(sheet: Path, tmp_path: Path, renew: bool) -> None:
    command = ["pdftoppm", "-r", str(RESOLUTION), "-gray", "-png", str(sheet), str(tmp_path / "page")]
    subprocess.run(command, check=True)
    made = [Image.open(file) for file in sorted(tmp_path.glob("page*.png"))]
    if renew:
        for old in KEPT.glob(f"{sheet.stem}.*.png"):
            old.unlink()
        for number, page in enumerate(made, 1):
            page.quantize(16).save(KEPT / f"{sheet.stem}.{number}.png", optimize=True)
    kept = [Image.open(file).convert("L") for file in sorted(KEPT.glob(f"{sheet.stem}.*.png"))]
    assert len(made) == len(kept)
    for number, (page, before) in enumerate(zip(made, kept, strict=True), 1):
        assert page.size == before.size
        differing = sum(ImageChops.difference(page.convert("L"), before).histogram()[NEAR:])
        share = differing / (page.width * page.height)
        assert share <= FAR, f"page {number} of {sheet.name} looks another way: see {tmp_path}, or run `make pages`"


def test_pages_are_read_out_as_they_were_kept(sheet: Path, renew: bool) -> None:
    kept = KEPT / f"{sheet.stem}.txt"
    if renew:
        kept.write_text(outline(sheet), "utf-8")
    assert outline(sheet) == kept.read_text("utf-8")


def test_nothing_is_kept_that_is_not_looked_at() -> None:
    names = {f"{id_}.{language}" for _, id_, language in SHEETS}
    assert {p.stem for p in KEPT.glob("*.txt")} == names
    assert {p.name.rsplit(".", 2)[0] for p in KEPT.glob("*.png")} == names
    assert {VALLEY, LANGUAGES3} <= {name.rpartition(".")[0] for name in names}


MARKED = {
    "marks": ("embargoed", "Embargoed until 09:00 CET, March 2, 2099. Corrected: version 2. March 3, 2026: The"),
    "gone-en": ("retracted", "This press release has been retracted. March 3, 2026: The number"),
}


@pytest.mark.parametrize("id_", MARKED)
def test_marks_stand_in_the_metadata(marked: Room, id_: str) -> None:
    label, said = MARKED[id_]
    with pikepdf.open(marked.path / f"output/press/{id_}/{id_}.en.pdf") as pdf, pdf.open_metadata() as told:
        assert told["xmp:Label"] == label
        assert said in told["photoshop:Instructions"]
        assert told["xmpMM:VersionID"] == ("2" if id_ == "marks" else "3")
    with pikepdf.open(marked.path / "output/press/marks/marks.ko.pdf") as pdf, pdf.open_metadata() as told:
        assert told["xmp:Label"] == "draft"
        assert told["photoshop:Instructions"].startswith("초안 – 배포 금지")


def test_a_release_without_marks_has_none_in_its_metadata(built: Room) -> None:
    with pikepdf.open(built.path / f"output/press/{VALLEY}/{VALLEY}.en.pdf") as pdf, pdf.open_metadata() as told:
        assert (told["xmp:Label"], "photoshop:Instructions" in told) == ("final", False)


def test_a_retracted_release_tells_newsroom_systems_and_carries_none_of_its_text(marked: Room) -> None:
    path = marked.path / "output/press/gone-en/gone-en.en.pdf"
    item = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert (item["pubStatus"], "bodies" in item, "descriptions" in item) == ("canceled", False, False)
    schema = json.loads((ROOT / "tests/schemas/ninjs-schema_3.1.json").read_text("utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(item)] == []
    assert "opens on Monday" not in outline(path)
    with pikepdf.open(path) as pdf:
        assert all(b"opens on Monday" not in file.get_file().read_bytes() for file in pdf.attachments.values())


def test_paper_is_a4_or_letter(marked: Room, built: Room) -> None:
    sizes = {}
    for room, id_ in ((marked, "marks"), (built, VALLEY)):
        for language in ("ko", "en", "fr"):
            with pikepdf.open(room.path / f"output/press/{id_}/{id_}.{language}.pdf") as pdf:
                boxes = {tuple(round(float(side)) for side in page.mediabox[2:]) for page in pdf.pages}
            sizes[id_, language] = boxes
    assert all(sizes["marks", language] == {(612, 792)} for language in ("ko", "en", "fr"))
    assert all(sizes[VALLEY, language] == {(595, 842)} for language in ("ko", "en", "fr"))


def test_a_logo_is_an_ornament(marked: Room) -> None:
    """It is drawn, as the kept pictures show, and not read out: the office's name stands beside it."""
    path = marked.path / "output/press/marks/marks.en.pdf"
    assert "Figure Alt=QR code of this address" in outline(path)
    assert outline(path).count("Figure") == 1


def test_marks_and_retractions_pass_both_standards(marked: Room) -> None:
    valid(*sorted(marked.path.glob("output/press/*/*.pdf")))


@pytest.mark.parametrize("language", ["ko", "en", "fr"])
def test_two_pages_without_pictures_stay_below_60_kb(built: Room, language: str) -> None:
    path = built.path / f"output/press/{VALLEY}/{VALLEY}.{language}.pdf"
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 2
    assert path.stat().st_size < 60 * 1024

"""Each kind of bad input is a folder under tests/broken, with the lines that the user sees in expected.txt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import Room

BROKEN = Path(__file__).parent / "broken"
CASES = sorted(path.name for path in BROKEN.iterdir())


def lay(case: str, room: Room) -> list[str]:
    """Put a case's files into the newsroom, and return the lines that are to be told."""
    shutil.copytree(BROKEN / case, room.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.txt"))
    return (BROKEN / case / "expected.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("case", CASES)
def test_check_tells_every_problem_with_its_line(case: str, room: Room) -> None:
    expected = lay(case, room)
    done = room.run("check", "--quiet")
    assert (done.code, done.out, done.err) == (1, [], expected)
    assert expected


def test_one_bad_release_never_stops_the_others(room: Room) -> None:
    """All bad releases at once, each under a name of its own: the good one is made, and every problem is told."""
    expected = []
    for case in CASES:
        releases = BROKEN / case / "releases"
        if case in ("second-id", "id-reserved", "id-with-capitals") or not releases.is_dir():
            continue
        if (BROKEN / case / "locales").is_dir():
            continue
        for path in releases.rglob("*"):
            if path.is_file():
                name = path.relative_to(releases).as_posix().replace("x", f"bad-{case}", 1)
                place = room.path / "releases" / name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)
        expected.append(case)
    done = room.run("build", "--quiet")
    assert done.code == 1
    told = {case for case in expected if any(f"bad-{case}" in line for line in done.err)}
    assert told == set(expected)
    assert [f for f in room.files("output/press") if f.startswith("bad-")] == []
    assert "good/good.en.pdf" in room.files("output/press")
    assert "good/good.ko.eml" in room.files("output/press")


def test_a_broken_catalog_holds_back_its_language_alone(room: Room) -> None:
    lay("catalog-not-po", room)
    done = room.run("build", "x", "--quiet")
    assert done.code == 1
    assert {f.split(".")[1] for f in room.files("output/press/x") if "." in f} == {"en"}


def test_a_translation_that_lost_a_link_is_held_back(room: Room) -> None:
    lay("translation-lost-link", room)
    done = room.run("build", "x")
    assert done.code == 1
    assert "  x ko: 1 error in locales/ko/LC_MESSAGES/x.po" in done.out
    assert {f.split(".")[1] for f in room.files("output/press/x") if "." in f} == {"en"}


def test_without_a_newsroom_the_releases_are_still_checked(room: Room) -> None:
    lay("many-problems", room)
    (room.path / "newsroom.yaml").unlink()
    done = room.run("build")
    assert done.code == 1
    assert done.err[0].startswith("newsroom.yaml: there is no such file")
    assert "releases/x.yaml:1: unknown key 'titel'; did you mean 'title'?" in done.err


def test_a_letter_that_no_font_has_is_told_and_never_a_box(room: Room) -> None:
    room.edit("releases/good.yaml", "Everything is right", "Call \N{BLACK TELEPHONE} now: Everything is right")
    done = room.run("build", "--language", "en", "--quiet")
    assert done.code == 1
    assert done.err == [
        "releases/good.yaml: no font of the PDF has \N{BLACK TELEPHONE} (U+260E); "
        "use another letter, or add a font to templates/fonts/"
    ]
    assert room.files("output/press/good") == ["SHA256SUMS", "good.en.html", "good.en.json", "good.en.txt"]


def test_a_damaged_picture_is_a_problem_of_its_release(samples: Room) -> None:
    place = samples.path / "releases/2026-11-16-three-languages/workflow.png"
    place.write_bytes(place.read_bytes()[:3000])
    done = samples.run("build", "--format", "pdf", "--quiet")
    assert done.code == 1
    assert all(line.startswith("releases/2026-11-16-three-languages.yaml") for line in done.err), done.err
    assert done.err
    assert not [f for f in samples.files() if "three-languages" in f]


@pytest.mark.parametrize(
    ("template", "text", "told"),
    [
        ("web/release.html.j2", "{% if %}", "templates/web/release.html.j2:1: is not a Jinja template: "),
        (
            "web/release.html.j2",
            "<p>\n{{ release.titel }}</p>",
            "templates/web/release.html.j2:2: cannot be rendered: ",
        ),
        ("web/release.html.j2", '{% include "web/nothing" %}', "templates/web/nothing: is missing; "),
        ("web/release.html.j2", '{{ _("New words") }}', ""),
    ],
)
def test_a_designers_mistake_is_told_with_its_line(room: Room, template: str, text: str, told: str) -> None:
    from conftest import ROOT

    shutil.copytree(ROOT / "templates", room.path / "templates")
    (room.path / "templates" / template).write_text(text)
    done = room.run("build", "--quiet")
    if told:
        assert done.code == 1
        assert all(line.startswith(told) for line in done.err), done.err
        assert done.err
    else:  # words without a translation hold Korean back, and English is made
        assert done.code == 0
        assert {f.split(".")[1] for f in room.files("output/press/good") if "." in f} == {"en"}

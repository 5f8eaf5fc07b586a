"""``status``: which release is complete in which language, and the very next thing to do."""

from __future__ import annotations

import json
from html import escape

import pytest

from communique import po
from communique.status import difference
from conftest import Room

VALLEY, LANGUAGES3 = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"


def line_of(room: Room, language: str, start: str) -> int:
    path = f"locales/{language}/LC_MESSAGES/{VALLEY}.po"
    return next(e.line for e in po.parse(room.read(path), path) if e.id.startswith(start))


def edited(room: Room) -> None:
    room.edit(f"releases/{VALLEY}.md", "more than 100", "more than 120")
    assert room.run("translate", VALLEY).code == 0


def test_complete_releases_are_a_line_each(samples: Room) -> None:
    done = samples.run("status")
    assert (done.code, done.err) == (0, [])
    assert done.out == [
        "release                     ko        en        fr",
        f"{VALLEY}  complete  complete  complete",
        f"{LANGUAGES3}  complete  complete  complete",
    ]
    assert samples.run("status", "--strict").code == 0


def test_a_changed_sentence_is_named_with_file_and_line(samples: Room) -> None:
    edited(samples)
    done = samples.run("status", VALLEY)
    paths = {lang: f"locales/{lang}/LC_MESSAGES/{VALLEY}.po" for lang in ("ko", "fr")}
    start = "Cosmetic Valley was founded"
    assert (done.code, done.err) == (0, [])
    assert done.out == [
        "release                     ko       en        fr",
        f"{VALLEY}  1 fuzzy  complete  1 fuzzy",
        "",
        "Next:",
        *(f"  {VALLEY} {lang}: look at {path}:{line_of(samples, lang, start)}" for lang, path in paths.items()),
    ]
    assert samples.run("status", VALLEY, "--strict").code == 1
    assert samples.run("status", LANGUAGES3, "--strict").code == 0


def test_mending_the_sentence_releases_the_language(samples: Room) -> None:
    edited(samples)
    held = samples.run("build", VALLEY, "--format", "email")
    assert [line for line in held.out if line.startswith(f"  {VALLEY} ")] == [
        f"  {VALLEY} {lang}: 1 fuzzy in locales/{lang}/LC_MESSAGES/{VALLEY}.po" for lang in ("ko", "fr")
    ]
    assert [f for f in samples.files("output/press") if f.endswith(".txt")] == [f"{VALLEY}/{VALLEY}.en.txt"]
    path = f"locales/fr/LC_MESSAGES/{VALLEY}.po"
    samples.write(path, samples.read(path).replace("#, fuzzy\n", "").replace("plus de 100", "plus de 120"))
    assert "120" in samples.read(path)
    done = samples.run("build", VALLEY, "--format", "email")
    assert [f for f in samples.files("output/press") if f.endswith(".txt")] == [
        f"{VALLEY}/{VALLEY}.en.txt",
        f"{VALLEY}/{VALLEY}.fr.txt",
    ]
    assert done.code == 0


def test_a_new_release_is_told_to_be_translated(samples: Room) -> None:
    samples.write("releases/2026-12-01-new.yaml", "title: Hello there\ndate: 2026-12-01\nbody: A text.\n")
    done = samples.run("status", "2026-12-01-new")
    assert done.out[1] == "2026-12-01-new  2 missing  complete  2 missing"
    assert done.out[4] == (
        "  2026-12-01-new ko: python build.py translate 2026-12-01-new "
        "(brings locales/ko/LC_MESSAGES/2026-12-01-new.po up to date)"
    )


def test_drafts_embargoes_and_releases_that_wait_for_each_other(samples: Room) -> None:
    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", "city: Sejong\nstatus: draft")
    samples.edit(f"releases/{LANGUAGES3}.yaml", "city: 세종", "city: 세종\nembargo: 2099-01-01T09:00\ntogether: true")
    done = samples.run("status")
    assert (
        done.out[1]
        == f"{VALLEY}  draft                                     draft                                     draft"
    )
    assert done.out[2].split("  ")[1:] == ["under embargo until 2099-01-01 09:00 KST"] * 3
    path = f"locales/fr/LC_MESSAGES/{LANGUAGES3}.po"
    entry = po.parse(samples.read(path), path)[1]
    samples.write(path, samples.read(path).replace(entry.raw, f'msgid "{entry.id}"\nmsgstr ""'))
    done = samples.run("status", LANGUAGES3)
    assert done.out[1].split() == [LANGUAGES3, "waits", "for", "fr", "waits", "for", "fr", "1", "missing"]
    assert samples.run("status", LANGUAGES3, "--strict").code == 1


def test_other_programs_get_json(samples: Room) -> None:
    edited(samples)
    done = samples.run("status", VALLEY, "--json")
    rows = {row["language"]: row for row in json.loads("\n".join(done.out))}
    line = line_of(samples, "fr", "Cosmetic Valley was founded")
    path = f"locales/fr/LC_MESSAGES/{VALLEY}.po"
    assert rows["fr"] == {
        "release": VALLEY,
        "language": "fr",
        "state": "held back",
        "missing": 0,
        "fuzzy": 1,
        "errors": 0,
        "warnings": 0,
        "catalogs": [path],
        "because": f"1 fuzzy in {path}",
        "embargo": "",
        "next": f"look at {path}:{line}",
        "embargo_instant": "",
    }
    assert rows["en"]["state"] == "complete"


def test_the_open_messages_of_a_language_are_listed_with_what_changed(samples: Room) -> None:
    edited(samples)
    path = f"locales/fr/LC_MESSAGES/{VALLEY}.po"
    text = samples.read(path)
    city = next(e for e in po.parse(text, path) if e.id == "Sejong")
    text = text.replace(city.raw, 'msgid "Sejong"\nmsgstr ""')
    samples.write(path, text.replace("8\u00a0novembre", "9\u00a0novembre"))
    done = samples.run("status", VALLEY, "--language", "fr")
    assert done.code == 1  # an error is a problem of the input
    out = "\n".join(done.out).split("\n\n")
    assert out[0].splitlines() == [
        f"{path}:{line_of(samples, 'fr', 'Sejong')}: missing (city of the dateline)",
        "    en: Sejong",
    ]
    assert out[1].splitlines()[:2] == [
        f"{path}:{line_of(samples, 'fr', 'Minister LEE')}: error (paragraph)",
        "    8 of the source became 9; write the source's numbers, or say why: # ignore: numbers",
    ]
    fuzzy = out[2].splitlines()
    assert fuzzy[0] == f"{path}:{line_of(samples, 'fr', 'Cosmetic Valley was founded')}: fuzzy (paragraph)"
    assert "It has more than [-100-]{+120+} member companies" in fuzzy[2]
    assert fuzzy[3].startswith("    fr: Fondée en 1994, la Cosmetic Valley")


def test_a_language_with_nothing_open_says_so(samples: Room) -> None:
    assert samples.run("status", VALLEY, "--language", "fr").out == ["fr: nothing is open."]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a fund of 10", "a fund of 12", "a fund of [-10-]{+12+}"),
        ("we go", "we go home", "we go{+ home+}"),
        ("기금을 연다", "기금을 닫는다", "기금을 [-연다-]{+닫는다+}"),
        ("same", "same", "same"),
    ],
)
def test_a_difference_is_shown_by_words(before: str, after: str, shown: str) -> None:
    assert difference(before, after) == shown


def test_a_catalog_that_cannot_be_read_is_the_next_thing_to_mend(samples: Room) -> None:
    path = f"locales/fr/LC_MESSAGES/{VALLEY}.po"
    samples.write(path, samples.read(path) + '\nmsgid "open\n')
    done = samples.run("status", VALLEY)
    assert done.code == 1
    assert done.out[1].split("  ")[-1] == "1 error"
    assert done.out[-1].startswith(f"  {VALLEY} fr: mend {path}:")


def test_an_unknown_release_is_wrong_usage(samples: Room) -> None:
    done = samples.run("status", "2023-11-21-cosmetic-vally")
    assert (done.code, done.out) == (2, [])
    assert done.err == [f"communique: there is no release '2023-11-21-cosmetic-vally'; did you mean '{VALLEY}'?"]


# --- drafts ---


def test_a_draft_shows_what_is_not_translated_in_its_own_language_and_says_so(samples: Room) -> None:
    path = f"locales/fr/LC_MESSAGES/{VALLEY}.po"
    text = samples.read(path)
    missing = [
        e for e in po.parse(text, path) if e.marked("#.") and e.marked("#.")[0] in ("headline", "lead", "list item")
    ]
    for entry in missing:
        text = text.replace(entry.raw, "\n".join([*po.statement("msgid", entry.id), 'msgstr ""']))
    samples.write(path, text)
    done = samples.run("build", VALLEY, "--drafts", "--format", "email")
    assert done.code == 0
    html = samples.read(f"output/press/{VALLEY}/{VALLEY}.fr.html")
    for entry in missing:
        assert f'<span lang="en">{escape(entry.id[:20], quote=False)}' in html
    assert html.count('<span lang="en">') == len(missing)
    assert f"<title>{missing[0].id}</title>" in html
    assert "PROJET – ne pas diffuser" in html
    assert not [f for f in samples.files() if f.startswith(f"site/fr/{VALLEY}")]
    text = samples.read(f"output/press/{VALLEY}/{VALLEY}.fr.txt")
    assert "PROJET – ne pas diffuser" in text
    assert "<span" not in text

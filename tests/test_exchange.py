"""Catalogs go to agencies as XLIFF and TMX, and come back without a loss."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from communique import po, xliff
from communique.errors import InputError, Problems
from communique.po import Entry
from conftest import Room

VALLEY, LANGUAGES3 = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"
XLIFF = f"{{{xliff.NAMESPACE}}}"
FRENCH = f"locales/fr/LC_MESSAGES/{VALLEY}.po"

CATALOG = """\
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

# Du traducteur
#. headline
#: releases/x.yaml:2
#, fuzzy, no-wrap
#| msgid "An old <b>thing</b>"
msgctxt "front page"
msgid "A new <b>thing</b> & more"
msgstr "Une vieille <b>chose</b>"

#: templates/a.j2:1
msgid "one page"
msgid_plural "%(n)s pages"
msgstr[0] "une page"
msgstr[1] "%(n)s pages"

msgid "open"
msgstr ""

#~ msgid "gone"
#~ msgstr "parti"
"""


def trip(text: str, change: tuple[str, str] | None = None) -> tuple[tuple[Entry, ...], tuple[Entry, ...], list[str]]:
    """Return a catalog before and after a trip through XLIFF, and the problems told."""
    before = po.parse(text, "x.po")
    document = xliff.write("x", "en", "fr", before)
    ET.fromstring(document)
    if change:
        assert change[0] in document
        document = document.replace(*change)
    (bundle,) = xliff.read(document.encode(), "x.xlf")
    problems = Problems()
    return before, xliff.apply(before, bundle, "x.xlf", problems), list(map(str, problems))


def test_a_round_trip_changes_nothing() -> None:
    before, after, problems = trip(CATALOG)
    assert (after, problems) == (before, [])
    assert po.dump(after) == CATALOG


def test_context_comments_and_flags_travel() -> None:
    unit = ET.fromstring(xliff.write("x", "en", "fr", po.parse(CATALOG, "x.po"))).find(f".//{XLIFF}trans-unit")
    assert unit is not None
    target = unit.find(f"{XLIFF}target")
    assert target is not None
    told = {c.get("context-type"): c.text for c in unit.iter(f"{XLIFF}context")}
    assert (unit.get("approved"), target.get("state")) == (None, "needs-review-translation")
    assert told == {
        "x-po-msgctxt": "front page",
        "x-po-autocomment": "headline",
        "x-po-flags": "fuzzy, no-wrap",
        "x-po-previous": "An old <b>thing</b>",
        "sourcefile": "releases/x.yaml",
        "linenumber": "2",
    }
    assert [(n.get("from"), n.text) for n in unit.iter(f"{XLIFF}note")] == [
        ("developer", "headline"),
        ("translator", "Du traducteur"),
    ]


def test_a_finished_translation_is_no_longer_fuzzy_and_keeps_the_other_flags() -> None:
    change = (
        '<target state="needs-review-translation">Une vieille &lt;b&gt;chose&lt;/b&gt;</target>',
        '<target state="translated">Une nouvelle &lt;b&gt;chose&lt;/b&gt;, et plus</target>'
        '<note from="translator">Vu avec le cabinet</note>',
    )
    before, after, _ = trip(CATALOG, change)
    assert after[1].strings == ("Une nouvelle <b>chose</b>, et plus",)
    assert after[1].comments == (
        "# Du traducteur",
        "# Vu avec le cabinet",
        "#. headline",
        "#: releases/x.yaml:2",
        "#, no-wrap",
    )
    assert after[2:] == before[2:]


def test_a_unit_whose_source_has_changed_since_is_told_with_its_line_and_left_out() -> None:
    text = CATALOG.replace('msgid "open"\nmsgstr ""', 'msgid "open"\nmsgstr "ouvert"')
    document = xliff.write("x", "en", "fr", po.parse(text, "x.po"))
    now = po.parse(CATALOG.replace('msgid "open"', 'msgid "opened"'), "x.po")
    (bundle,) = xliff.read(document.encode(), "x.xlf")
    problems = Problems()
    assert xliff.apply(now, bundle, "x.xlf", problems) == now
    line = 1 + document[: document.index("<source>open</source>")].count("\n") - 1
    assert list(map(str, problems)) == [
        f"x.xlf:{line}: left out: “open…” is not in the catalog of x; its source has changed since; "
        "export the release again, or copy it by hand"
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"<xliff>", "x.xlf:1: is not XML: "),
        (b"<html/>", "x.xlf:1: is not XLIFF 1.2; "),
        (b"", "x.xlf:1: is not XML: "),
    ],
)
def test_a_file_that_is_no_xliff_is_told(data: bytes, told: str) -> None:
    with pytest.raises(InputError) as caught:
        xliff.read(data, "x.xlf")
    assert str(caught.value.problems[0]).startswith(told)


def test_a_file_that_asks_for_other_files_gets_none(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret", "utf-8")
    document = xliff.write("x", "en", "fr", po.parse(CATALOG, "x.po"))
    head = f'<!DOCTYPE xliff [<!ENTITY s SYSTEM "{secret.as_uri()}">]>\n<xliff '
    data = document.replace("<xliff ", head, 1).replace(">Une vieille", ">&s;Une vieille", 1)
    (bundle,) = xliff.read(data.encode(), "x.xlf")
    assert "secret" not in bundle.units[0].target


# --- on the command line ---


def test_a_release_goes_to_an_agency_and_comes_back(samples: Room) -> None:
    assert samples.run("translate").code == 0
    complete = samples.read(FRENCH)
    first = po.parse(complete, FRENCH)[1]
    empty = complete.replace(first.raw, "\n".join([*po.statement("msgid", first.id), 'msgstr ""']))
    samples.write(FRENCH, empty)
    done = samples.run("translate", VALLEY, "--xliff", "agency")
    assert done.out[:2] == [f"agency/{VALLEY}.ko.xlf", f"agency/{VALLEY}.fr.xlf"]
    # The agency, with a program that has never heard of us.
    from translate.storage.xliff import xlifffile

    store = xlifffile.parsefile(str(samples.path / f"agency/{VALLEY}.fr.xlf"))
    assert (store.sourcelanguage, store.targetlanguage) == ("en", "fr")
    (unit,) = [u for u in store.units if u.source == first.id]
    assert not unit.target
    unit.target = first.strings[0]
    store.save()
    done = samples.run("translate", "--from-xliff", f"agency/{VALLEY}.fr.xlf")
    assert (done.code, done.err, done.out) == (0, [], [f"{FRENCH}: 1 taken over"])
    assert po.parse(samples.read(FRENCH), FRENCH)[1].strings == first.strings
    assert samples.run("status", VALLEY, "--strict").code == 0
    # A second time changes nothing.
    before = samples.read(FRENCH)
    assert samples.run("translate", "--from-xliff", f"agency/{VALLEY}.fr.xlf").out == ["1 file was right already."]
    assert samples.read(FRENCH) == before


def test_an_xliff_file_of_a_catalog_that_is_not_there_is_told(samples: Room) -> None:
    samples.write("x.xlf", xliff.write("2020-01-01-no", "en", "fr", ()))
    done = samples.run("translate", "--from-xliff", "x.xlf")
    assert done.code == 1
    assert done.err == [
        "x.xlf:3: there is no catalog locales/fr/LC_MESSAGES/2020-01-01-no.po; "
        "is its target-language right? Run translate first"
    ]
    assert samples.run("translate", "--from-xliff", "y.xlf").code == 2


@pytest.mark.parametrize("original", ["../../../etc/passwd", "messages/../../x", ""])
def test_an_xliff_file_cannot_name_a_place_outside_of_the_catalogs(samples: Room, original: str) -> None:
    samples.write("x.xlf", xliff.write(original, "en", "fr", ()))
    assert samples.run("translate", "--from-xliff", "x.xlf").code == 1


def test_the_memory_is_read_by_other_programs(samples: Room) -> None:
    before = samples.files("locales")
    done = samples.run("translate", "--tmx", "memory.tmx")
    assert (done.code, done.err, done.out) == (0, [], ["memory.tmx"])
    assert samples.files("locales") == before
    from translate.storage.tmx import tmxfile

    store = tmxfile.parsefile(str(samples.path / "memory.tmx"))
    pairs = {(unit.source, unit.target) for unit in store.units}
    french = [e for e in po.parse(samples.read(FRENCH), FRENCH) if e.id]
    root = ET.parse(samples.path / "memory.tmx").getroot()
    assert (root.tag, root.get("version")) == ("tmx", "1.4")
    texts = {
        (tu.get("srclang"), *(v.get("{http://www.w3.org/XML/1998/namespace}lang") for v in tu.iter("tuv")),
         *(s.text for s in tu.iter("seg")), tu.findtext("prop"))
        for tu in root.iter("tu")
    }  # fmt: skip
    assert all(("en", "en", "fr", e.id, e.strings[0], VALLEY) in texts for e in french)
    assert any(t[:3] == ("ko", "ko", "en") and t[5] == LANGUAGES3 for t in texts)
    assert len(pairs) > len(french)

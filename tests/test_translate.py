"""``translate``: catalogs for translators, kept up to date without losing anything that they wrote."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from communique import po
from communique.po import Entry
from conftest import ROOT, Room, needs

VALLEY, LANGUAGES3 = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"


def catalog(room: Room, language: str, domain: str) -> Path:
    return room.path / f"locales/{language}/LC_MESSAGES/{domain}.po"


def entries(path: Path) -> list[Entry]:
    return [entry for entry in po.parse(path.read_text("utf-8"), path.name) if entry.id]


def live(path: Path) -> dict[str, Entry]:
    return {entry.id: entry for entry in entries(path) if not entry.obsolete}


def snapshot(room: Room) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(room.path).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((room.path / "locales").rglob("*"))
        if path.is_file()
    }


def changed(room: Room, before: dict[str, tuple[bytes, int]]) -> list[str]:
    return [path for path, state in snapshot(room).items() if before.get(path) != state]


@pytest.fixture
def kept(samples: Room) -> Room:
    """The sample newsroom with its catalogs as ``translate`` leaves them."""
    done = samples.run("translate")
    assert (done.code, done.err) == (0, [])
    return samples


def start(room: Room, id_: str = "2026-12-01-fund") -> str:
    """Write a release without catalogs, and return its ID."""
    room.write(
        f"releases/{id_}.yaml",
        "title: A fund for young companies\ndate: 2026-12-01\ncity: Sejong\n"
        "summary: The ministry opens a fund of 20 million euros.\n",
    )
    room.write(
        f"releases/{id_}.md",
        "The fund is open to companies of both countries.\n\n"
        "## Who may apply\n\n"
        "| Year | Sum |\n|---|---|\n| first | small |\n\n"
        "> “We begin today,” the minister said.\n",
    )
    return id_


# --- what is written ---


def test_a_new_release_gets_a_template_and_a_catalog_a_language(samples: Room) -> None:
    id_ = start(samples)
    done = samples.run("translate", id_)
    assert (done.code, done.err) == (0, [])
    assert done.out == [
        f"locales/{id_}.pot",
        f"locales/ko/LC_MESSAGES/{id_}.po: 9 new, 1 from memory",
        f"locales/fr/LC_MESSAGES/{id_}.po: 9 new, 1 from memory",
    ]
    french = live(catalog(samples, "fr", id_))
    assert [(e.id, e.marked("#."), e.marked("#:")) for e in french.values()] == [
        ("A fund for young companies", ("headline",), (f"releases/{id_}.yaml:1",)),
        ("Sejong", ("city of the dateline",), (f"releases/{id_}.yaml:3",)),
        ("The ministry opens a fund of 20 million euros.", ("lead",), (f"releases/{id_}.yaml:4",)),
        ("The fund is open to companies of both countries.", ("paragraph",), (f"releases/{id_}.md:1",)),
        ("Who may apply", ("heading",), (f"releases/{id_}.md:3",)),
        ("Year", ("table heading",), (f"releases/{id_}.md:5",)),
        ("Sum", ("table heading",), (f"releases/{id_}.md:5",)),
        ("first", ("table cell, column “Year”",), (f"releases/{id_}.md:7",)),
        ("small", ("table cell, column “Sum”",), (f"releases/{id_}.md:7",)),
        ("“We begin today,” the minister said.", ("quotation",), (f"releases/{id_}.md:9",)),
    ]
    assert french["Sejong"].strings == ("Sejong",)


def test_a_message_that_stands_twice_knows_both_places(samples: Room) -> None:
    id_ = start(samples)
    samples.edit(f"releases/{id_}.md", "Who may apply", "Sejong")
    samples.run("translate", id_)
    sejong = live(catalog(samples, "fr", id_))["Sejong"]
    assert sejong.marked("#.") == ("city of the dateline", "heading")
    assert " ".join(sejong.marked("#:")) == f"releases/{id_}.yaml:3 releases/{id_}.md:3"


def test_a_release_written_in_korean_gets_english_and_french_catalogs(samples: Room) -> None:
    for language in ("en", "fr"):
        catalog(samples, language, LANGUAGES3).unlink()
    assert samples.run("translate", LANGUAGES3).code == 0
    assert not catalog(samples, "ko", LANGUAGES3).exists()
    head = po.header(po.parse(catalog(samples, "en", LANGUAGES3).read_text("utf-8"), "x"))
    assert (head["language"], head["x-source-language"], head["plural-forms"]) == (
        "en",
        "ko",
        "nplurals=2; plural=(n != 1);",
    )


def test_templates_of_ones_own_have_their_words_in_the_catalogs(samples: Room) -> None:
    shutil.copytree(ROOT / "templates", samples.path / "templates", ignore=shutil.ignore_patterns("fonts"))
    page = samples.path / "templates/web/release.html.j2"
    page.write_text(page.read_text("utf-8") + '{{ _("Seen by %(n)s readers", n=3) }}\n', "utf-8")
    assert samples.run("translate").code == 0
    entry = live(catalog(samples, "fr", "messages"))["Seen by %(n)s readers"]
    assert (entry.strings, entry.flags) == (("",), {"python-format"})


@needs("msgfmt", "msgcmp", "i18nspector")
def test_gettexts_own_programs_read_the_catalogs_without_complaint(samples: Room, tmp_path: Path) -> None:
    start(samples)
    samples.run("translate")
    catalogs = sorted((samples.path / "locales").glob("*/LC_MESSAGES/*.po"))
    assert len(catalogs) == 8 + 2
    for path in catalogs:
        done = subprocess.run(
            ["msgfmt", "-c", "-o", str(tmp_path / "x.mo"), str(path)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
    for path in catalogs:  # it knows that nobody reads mail at example.org
        path.write_text(path.read_text("utf-8").replace("@example.org", "@press-office.kr"), "utf-8")
    done = subprocess.run(["i18nspector", *map(str, catalogs)], capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if line[:2] in ("E:", "W:")] == []
    template = samples.path / f"locales/{VALLEY}.pot"
    done = subprocess.run(
        ["msgcmp", str(catalog(samples, "fr", VALLEY)), str(template)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- what is left alone ---


def test_unchanged_input_leaves_every_file_untouched(kept: Room) -> None:
    before = snapshot(kept)
    done = kept.run("translate")
    assert (done.code, done.out) == (0, ["9 files were right already."])
    assert changed(kept, before) == []


@needs("msgcat")
@pytest.mark.parametrize("program", ["msgcat --width=50", "msgcat --no-wrap", "msgcat --width=79", "windows"])
def test_a_catalog_in_another_programs_layout_is_left_untouched(kept: Room, program: str) -> None:
    path = catalog(kept, "fr", VALLEY)
    if program == "windows":
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    else:
        subprocess.run([*program.split(), "-o", str(path), str(path)], check=True)
    before = path.read_bytes()
    assert kept.run("translate").code == 0
    assert path.read_bytes() == before
    # An edit elsewhere rewrites no message that it does not concern.
    kept.edit(f"releases/{VALLEY}.md", "more than 100", "more than 120")
    assert kept.run("translate", VALLEY).code == 0
    after = path.read_bytes()
    assert (b"\r\n" in after, after.count(b"\r\n")) == (
        program == "windows",
        after.count(b"\n") * (program == "windows"),
    )
    old = po.parse(before.decode().replace("\r\n", "\n"), "x")
    text = after.decode().replace("\r\n", "\n")
    assert [e.id[:20] for e in old if f"{e.raw}\n" not in text and e.id] == ["Cosmetic Valley was "]


def test_what_a_translator_wrote_survives_an_edit(kept: Room) -> None:
    path = catalog(kept, "fr", VALLEY)
    text = path.read_text("utf-8").replace(
        "#. headline\n", "# Voir la note du cabinet.\n#  Deux lignes.\n#. headline\n"
    )
    text = text.replace("#. lead\n", "#. lead\n", 1)
    text = text.replace(f"#: releases/{VALLEY}.yaml:6\n", f"#: releases/{VALLEY}.yaml:6\n#, no-wrap\n")
    text += '\n#~ msgid "An old sentence"\n#~ msgstr "Une vieille phrase"\n\n# à la fin\n'
    path.write_text(text, "utf-8")
    kept.edit(f"releases/{VALLEY}.yaml", "Korea and France join forces", "France and Korea join forces")
    assert kept.run("translate", VALLEY).code == 0
    first = entries(path)[0]
    assert first.marked_lines("#") == ("# Voir la note du cabinet.", "#  Deux lignes.")
    assert first.flags == {"fuzzy"}
    lead = next(e for e in entries(path) if e.marked("#.") == ("lead",))
    assert lead.flags == {"no-wrap"}
    assert [e.id for e in entries(path) if e.obsolete] == ["An old sentence", first.previous]
    assert path.read_text("utf-8").endswith("\n# à la fin\n")


def test_a_catalog_that_is_broken_is_told_and_not_touched(kept: Room) -> None:
    path = catalog(kept, "fr", VALLEY)
    path.write_text(path.read_text("utf-8") + '\nmsgid "open\n', "utf-8")
    kept.edit(f"releases/{VALLEY}.md", "more than 100", "more than 120")
    before = path.read_bytes()
    done = kept.run("translate", VALLEY)
    assert done.code == 1
    assert [line.partition(": ")[2] for line in done.err] == [
        'a quotation mark is missing or not escaped; write \\" inside a text'
    ]
    assert path.read_bytes() == before
    assert [e.flags for e in entries(catalog(kept, "ko", VALLEY)) if e.fuzzy] == [{"fuzzy"}]


def test_a_release_with_a_problem_keeps_its_catalogs(kept: Room) -> None:
    before = snapshot(kept)
    kept.edit(f"releases/{VALLEY}.yaml", "title:", "titel:")
    done = kept.run("translate")
    assert done.code == 1
    assert changed(kept, before) == []


# --- what changes ---


def test_one_changed_word_makes_one_message_fuzzy_and_taking_it_back_none(kept: Room) -> None:
    before = {lang: live(catalog(kept, lang, VALLEY)) for lang in ("ko", "fr")}
    kept.edit(f"releases/{VALLEY}.md", "more than 100", "more than 120")
    done = kept.run("translate", VALLEY)
    assert done.out[1:] == [f"locales/{lang}/LC_MESSAGES/{VALLEY}.po: 1 fuzzy, 1 obsolete" for lang in ("ko", "fr")]
    for language, old in before.items():
        now = live(catalog(kept, language, VALLEY))
        fuzzy = [e for e in now.values() if e.fuzzy]
        (previous,) = old.keys() - now.keys()
        assert [(e.previous, e.strings) for e in fuzzy] == [(previous, old[previous].strings)]
        assert previous.replace("more than 100", "more than 120") == fuzzy[0].id
        assert {k: e.strings for k, e in now.items() if not e.fuzzy} == {
            k: e.strings for k, e in old.items() if k != previous
        }
    kept.edit(f"releases/{VALLEY}.md", "more than 120", "more than 100")
    kept.run("translate", VALLEY)
    for language, old in before.items():
        now = live(catalog(kept, language, VALLEY))
        assert [(e.id, e.strings, e.comments) for e in now.values()] == [
            (e.id, e.strings, e.comments) for e in old.values()
        ]
        assert [e for e in entries(catalog(kept, language, VALLEY)) if e.obsolete] == []


def test_a_second_edit_keeps_the_msgid_that_the_translation_was_made_of(kept: Room) -> None:
    kept.edit(f"releases/{VALLEY}.md", "more than 100", "more than 120")
    kept.run("translate", VALLEY)
    kept.edit(f"releases/{VALLEY}.md", "more than 120", "more than 140")
    kept.run("translate", VALLEY)
    (fuzzy,) = [e for e in live(catalog(kept, "fr", VALLEY)).values() if e.fuzzy]
    assert fuzzy.previous == fuzzy.id.replace("more than 140", "more than 100")


def test_a_moved_paragraph_stays_translated(kept: Room) -> None:
    text = kept.read(f"releases/{VALLEY}.md")
    blocks = text.rstrip("\n").split("\n\n")
    kept.write(f"releases/{VALLEY}.md", "\n\n".join([*blocks[1:], blocks[0]]) + "\n")
    before = {e.id: e.strings for e in live(catalog(kept, "fr", VALLEY)).values()}
    assert kept.run("translate", VALLEY).code == 0
    after = {e.id: e.strings for e in live(catalog(kept, "fr", VALLEY)).values()}
    assert after == before
    assert list(after) != list(before)


def test_a_removed_paragraph_is_kept_as_an_obsolete_message_and_comes_back(kept: Room) -> None:
    text = kept.read(f"releases/{VALLEY}.md")
    kept.write(f"releases/{VALLEY}.md", text.rstrip("\n").rpartition("\n\n")[0] + "\n")
    kept.run("translate", VALLEY)
    gone = [e for e in entries(catalog(kept, "fr", VALLEY)) if e.obsolete]
    assert gone != []
    assert all(e.strings[0] and not e.marked("#:") for e in gone)
    kept.write(f"releases/{VALLEY}.md", text)
    kept.run("translate", VALLEY)
    assert [e for e in entries(catalog(kept, "fr", VALLEY)) if e.obsolete or e.fuzzy] == []
    assert kept.run("status", VALLEY, "--strict").code == 0


# --- memory ---


def test_a_sentence_of_an_earlier_release_is_filled_in(kept: Room) -> None:
    known = "Cosmetic Valley was founded in 1994"
    paragraph = next(e for e in live(catalog(kept, "fr", VALLEY)).values() if e.id.startswith(known))
    kept.write("releases/2026-12-02-again.yaml", "title: Something new\ndate: 2026-12-02\n")
    near = paragraph.id.replace("1994", "1995")
    kept.write("releases/2026-12-02-again.md", f"{paragraph.id}\n\n{near}\n")
    assert kept.run("translate", "2026-12-02-again").code == 0
    found = live(catalog(kept, "fr", "2026-12-02-again"))
    assert (found[paragraph.id].strings, found[paragraph.id].flags) == (paragraph.strings, frozenset())
    proposal = found[near]
    assert (proposal.strings, proposal.flags, proposal.previous) == (paragraph.strings, {"fuzzy"}, paragraph.id)
    assert re.fullmatch(rf"from memory: 9\d % like a message of {VALLEY}", proposal.marked("#.")[1])
    # Where it came from is said as long as somebody has to look at it.
    path = catalog(kept, "fr", "2026-12-02-again")
    path.write_text(path.read_text("utf-8").replace("#, fuzzy\n", ""), "utf-8")
    kept.run("translate", "2026-12-02-again")
    assert live(path)[near].comments == ("#. paragraph", "#: releases/2026-12-02-again.md:3")


def test_the_newest_translation_of_a_sentence_wins(kept: Room) -> None:
    for day, french in (("2026-12-02", "Bonjour à vous tous"), ("2026-12-03", "Bonjour à toutes et à tous")):
        kept.write(f"releases/{day}-hello.yaml", f"title: Good day to all of you\ndate: {day}\nbody: Text {day}\n")
        kept.run("translate", f"{day}-hello")
        path = catalog(kept, "fr", f"{day}-hello")
        text = path.read_text("utf-8")
        entry = live(path)["Good day to all of you"]
        path.write_text(text.replace(entry.raw, f'msgid "{entry.id}"\nmsgstr "{french}"'), "utf-8")
    kept.write("releases/2026-12-04-hello.yaml", "title: Good day to all of you\ndate: 2026-12-04\nbody: Text 4\n")
    kept.run("translate", "2026-12-04-hello")
    assert live(catalog(kept, "fr", "2026-12-04-hello"))["Good day to all of you"].strings == (
        "Bonjour à toutes et à tous",
    )


# --- other programs ---


def pybabel(room: Room, *arguments: str) -> None:
    command = [sys.executable, "-m", "babel.messages.frontend", *arguments]
    done = subprocess.run(command, cwd=room.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("id_", [VALLEY, LANGUAGES3])
def test_pybabel_extracts_the_same_messages(kept: Room, id_: str) -> None:
    shutil.copy(ROOT / "babel.cfg", kept.path)
    inputs = [f"releases/{id_}.yaml", f"releases/{id_}.md"]
    pybabel(kept, "extract", "-F", "babel.cfg", "-o", "babel.pot", *inputs)

    def told(path: Path) -> list[tuple[str, set[str], set[str]]]:
        found = live(path).values()
        return [(e.id, set(e.marked("#.")), set(" ".join(e.marked("#:")).split())) for e in found]

    assert told(kept.path / "babel.pot") == told(kept.path / f"locales/{id_}.pot")


def test_pybabel_finds_the_words_of_newsroom_yaml(kept: Room) -> None:
    shutil.copy(ROOT / "babel.cfg", kept.path)
    pybabel(kept, "extract", "-F", "babel.cfg", "-o", "babel.pot", "newsroom.yaml")
    assert list(live(kept.path / "babel.pot")) == list(live(kept.path / "locales/newsroom.pot"))


def test_pybabel_update_and_translate_agree_on_an_edit(kept: Room) -> None:
    shutil.copy(ROOT / "babel.cfg", kept.path)
    kept.edit(f"releases/{VALLEY}.md", "more than 100", "more than 120")
    inputs = [f"releases/{VALLEY}.yaml", f"releases/{VALLEY}.md"]
    pybabel(kept, "extract", "-F", "babel.cfg", "-o", f"locales/{VALLEY}.pot", *inputs)
    pybabel(kept, "update", "-D", VALLEY, "-i", f"locales/{VALLEY}.pot", "-d", "locales", "--previous")
    theirs = live(catalog(kept, "fr", VALLEY))
    assert [e.previous is not None for e in theirs.values() if e.fuzzy] == [True]
    kept.run("translate", VALLEY)
    ours = live(catalog(kept, "fr", VALLEY))
    assert [(e.id, e.strings, e.fuzzy, e.previous) for e in ours.values()] == [
        (e.id, e.strings, e.fuzzy, e.previous) for e in theirs.values()
    ]


@needs("msgmerge")
def test_msgmerge_with_our_template_changes_no_message(kept: Room) -> None:
    path = catalog(kept, "fr", VALLEY)
    before = [(e.id, e.strings, e.marked("#"), e.marked("#."), e.flags) for e in entries(path)]
    template = str(kept.path / f"locales/{VALLEY}.pot")
    subprocess.run(["msgmerge", "-q", "--update", "--backup=none", str(path), template], check=True)
    assert [(e.id, e.strings, e.marked("#"), e.marked("#."), e.flags) for e in entries(path)] == before
    assert kept.run("translate", VALLEY).out == ["3 files were right already."]


def test_pofilter_finds_nothing_in_the_samples(kept: Room, tmp_path: Path) -> None:
    tests = ["emails", "xmltags", "printf", "newlines", "tabs", "untranslated", "isfuzzy"]
    chosen = [word for test in tests for word in ("-t", test)]
    for path in sorted((kept.path / "locales").glob("*/LC_MESSAGES/2*.po")):
        out = tmp_path / "found.po"
        command = [sys.executable, "-m", "translate.filters.pofilter", "--progress=none", *chosen, str(path), str(out)]
        subprocess.run(command, check=True, capture_output=True)
        found = live(out) if out.exists() else {}
        assert list(found) == []


@pytest.mark.parametrize("wrap", [77, -1])
def test_a_catalog_saved_by_weblates_library_is_read_and_left_untouched(kept: Room, wrap: int) -> None:
    from translate.storage.pypo import pofile

    path = catalog(kept, "fr", VALLEY)
    kept.edit(f"releases/{VALLEY}.md", "more than 100", "more than 120")
    kept.run("translate", VALLEY)
    store = pofile.parsefile(str(path))
    store.wrapper.width = wrap
    (unit,) = [u for u in store.units if u.isfuzzy() and not u.isobsolete()]
    assert "more than 100" in unit.prev_source
    unit.target = unit.target.replace("plus de 100", "plus de 120")
    unit.markfuzzy(False)
    unit.addnote("Vérifié avec le pôle", origin="translator")
    store.save()
    before = path.read_bytes()
    dated = re.search(rb'"POT-Creation-Date: .*', before)
    assert dated
    assert kept.run("status", VALLEY, "--language", "fr").out == ["fr: nothing is open."]
    assert kept.run("translate", VALLEY).code == 0
    assert live(path)[unit.source].marked("#") == ("Vérifié avec le pôle",)
    # The file has lost its previous msgid, which is a change of this minute.
    after = re.sub(rb'"POT-Creation-Date: .*', lambda _: dated[0], path.read_bytes())
    assert [line for line in before.splitlines() if not line.startswith(b"#|")] == after.splitlines()

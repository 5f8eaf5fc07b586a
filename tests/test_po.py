"""PO files are read strictly, and by the rules of GNU gettext."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from communique import catalog, po
from communique.catalog import Want
from communique.errors import InputError
from communique.glossary import Glossary
from communique.messages import Message
from communique.po import Entry
from conftest import ROOT, needs

HEAD = 'msgid ""\nmsgstr ""\n"Language: fr\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'

FULL = (
    HEAD
    + """\
# A translator's remark
#. headline
#: releases/x.yaml:2
#, fuzzy, python-format
#| msgid "Olde"
msgctxt "press"
msgid "Old \\"%(n)s\\""
msgstr ""
"Vieux\\t"
"« %(n)s »\\n"

msgid "one"
msgid_plural "many"
msgstr[0] "un"
msgstr[1] "des"

#~ msgid "gone"
#~ msgstr "parti"
"""
)


def test_entries_keep_everything_that_a_translator_wrote() -> None:
    head, first, plural, gone = po.parse(FULL, "x.po")
    assert po.header([head])["language"] == "fr"
    assert first == Entry(
        id='Old "%(n)s"',
        strings=("Vieux\t« %(n)s »\n",),
        line=12,
        context="press",
        comments=(
            "# A translator's remark",
            "#. headline",
            "#: releases/x.yaml:2",
            "#, fuzzy, python-format",
            '#| msgid "Olde"',
        ),
    )
    assert first.fuzzy
    assert (plural.plural, plural.strings, plural.fuzzy) == ("many", ("un", "des"), False)
    assert (gone.id, gone.obsolete) == ("gone", True)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('msgid "a\nmsgstr "b"\n', 6, "a quotation mark is missing or not escaped"),
        ('msgid "a "b" c"\nmsgstr "b"\n', 6, "a quotation mark is missing or not escaped"),
        ('msgid "a"\n\nmsgid "b"\nmsgstr "c"\n', 6, "a message has no msgid or no msgstr"),
        ('msgid "a"\nmsgstr "b"\nmsgstr "c"\n', 8, "msgstr stands twice in one message"),
        ('msgstr "b"\n', 6, "msgstr stands twice in one message"),
        ("hello\n", 6, "this is no line of a PO file: hello"),
        ('msgid "a"\nmsgstr "\\q"\n', 7, "\\q means nothing in a PO file"),
        ('msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', 9, "this msgid stands twice"),
        ("<<<<<<< HEAD\n", 6, "this is no line of a PO file: <<<<<<< HEAD"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(InputError) as caught:
        po.parse(HEAD + text, "x.po")
    problem = caught.value.problems[0]
    assert (problem.path, problem.line, problem.message) == ("x.po", line, message)


@needs("msgfmt")
@pytest.mark.parametrize("path", sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("locales/*/*/*.po")))
def test_gettext_reads_our_catalogs_without_complaint_and_as_we_do(path: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["msgfmt", "-c", "-o", str(tmp_path / "x.mo"), str(ROOT / path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    import gettext

    with (tmp_path / "x.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    entries = [e for e in po.parse((ROOT / path).read_text("utf-8"), path) if e.id]
    assert entries
    said = [compiled.pgettext(e.context, e.id) if e.context else compiled.gettext(e.id) for e in entries]
    assert [e.strings[0] for e in entries] == said


def needed(*texts: str) -> list[Message]:
    return [Message(text, (), (("releases/x.md", 1),)) for text in texts]


def audited(body: str, *texts: str) -> catalog.Gaps:
    entries = {(e.context, e.id): e for e in po.parse(HEAD + body, "x.po") if e.id and not e.obsolete}
    return catalog.audit(catalog.Catalog("x.po", "fr", entries), "x.po", needed(*texts), ("en", "fr"), Glossary())


def test_missing_and_fuzzy_messages_are_counted() -> None:
    body = 'msgid "a"\nmsgstr ""\n\n#, fuzzy\nmsgid "b"\nmsgstr "b"\n\nmsgid "c"\nmsgstr "c"\n'
    gaps = audited(body, "a", "b", "c", "d")
    assert str(gaps) == "2 missing, 1 fuzzy in x.po"


def test_no_catalog_lacks_everything() -> None:
    assert catalog.audit(None, "x.po", needed("a", "b"), ("en", "fr"), Glossary()).count(Want.MISSING) == 2


def test_the_same_text_in_both_languages_is_translated() -> None:
    assert not audited('msgid "LVMH"\nmsgstr "LVMH"\n', "LVMH")


@pytest.mark.parametrize(
    ("source", "translation", "fault"),
    [
        ("see [a](https://x.example)", "voir a", "the translation lost https://x.example"),
        ("see [a](https://x.example)", "voir [a](https://y.example)", "the translation lost https://x.example"),
        ("a[^1]", "a", "the translation lost [^1]"),
        ("H<sub>2</sub>O", "H2O", "the translation lost <sub>"),
        ("%(n)s left", "il reste", "the translation lost %(n)s"),
        ("a", "a<b>b</b>", "the translation has <b>, the source has not"),
        ("write to <press@example.org>", "écrivez", "the translation lost press@example.org"),
        ("see [a](https://x.example)", "voir [b](https://x.example)", ""),
        ("100% of 5 < 6", "100 % de 5 < 6", ""),
        ("*a*", "**b**", ""),
    ],
)
def test_markup_must_survive_a_translation(source: str, translation: str, fault: str) -> None:
    gaps = audited(f'msgid "{source}"\nmsgstr "{translation}"\n', source)
    assert [problem.message for problem in gaps.errors] == ([fault] if fault else [])


def test_an_obsolete_message_translates_nothing() -> None:
    assert audited('#~ msgid "a"\n#~ msgstr "b"\n', "a").count(Want.MISSING) == 1

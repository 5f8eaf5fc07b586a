"""What is wrong with one translation: an error holds its language back, a warning is told.

A check is silenced for one message by a translator's comment, ``# ignore: numbers, quotes``, and by that alone.
What spelling and grammar tools do is left to them; these checks know the source and the three languages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from communique import markup, po, quantities
from communique.errors import nearest
from communique.glossary import Glossary
from communique.messages import PLACEHOLDER, Message
from communique.quantities import Quantities


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of a translation."""

    check: str
    message: str
    hint: str = ""
    warning: bool = False


@dataclass(frozen=True)
class _Pair:
    """A source text and one of its translations, and what several checks ask of the two; each is found once."""

    message: Message
    translation: str
    source_language: str
    language: str
    glossary: Glossary

    @property
    def source(self) -> str:
        return self.message.text

    @cached_property
    def special(self) -> bool:
        """Whether either has more than words."""
        return bool(_SPECIAL.search(self.source) or _SPECIAL.search(self.translation))

    @cached_property
    def plain(self) -> str:
        """The source without links and markup."""
        return plain(self.source)

    @cached_property
    def told(self) -> str:
        """The translation without links and markup."""
        return plain(self.translation)

    @cached_property
    def quantities(self) -> tuple[Quantities, Quantities]:
        """What the source and the translation say in numbers."""
        return quantities.of(self.plain, self.source_language), quantities.of(self.told, self.language)


_LINK = re.compile(r"\]\(\s*<?([^\s)>]+)>?(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
_REFERENCE = re.compile(r"\]\[([^\]]+)\]")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]")
#: In ASCII: a Korean particle follows an address without a space.
_EMAIL = re.compile(r"(?a:[\w.+-]+@[\w-]+(?:\.[\w-]+)+)")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"“”«»가-힣]+(?<![.,;:!?…])")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
#: Without any of these a text has nothing but words.
_SPECIAL = re.compile(r"[\[\](<%@]|://|www")
_CIRCLED = re.compile("[①-⓿❶-➓㉠-㉾]")
_HANGUL = re.compile("[가-힣]")


def plain(text: str) -> str:
    """Return a text without links, addresses, tags, footnote marks and placeholders."""
    if not _SPECIAL.search(text):
        return text
    for pattern in (_LINK, PLACEHOLDER, _FOOTNOTE, _EMAIL, _ADDRESS, _TAG):
        text = pattern.sub(" ", text)
    return text


def run(entry: po.Entry, message: Message, source_language: str, language: str, glossary: Glossary) -> list[Finding]:
    """Return what is wrong with a translated message, errors first, without what its comments silence."""
    silent, findings = _silenced(entry)
    for translation in dict.fromkeys(entry.strings):
        pair = _Pair(message, translation, source_language, language, glossary)
        # The same words in both languages, a name or a number, or a pseudo-translation with marks around the source:
        # that is somebody's decision, and it is told.
        same = message.text in translation
        for name, check in CHECKS.items():
            if name not in silent:
                found = check(pair)
                if same and (name == "numbers" or (name == "source" and message.text != translation)):
                    found = (replace(finding, warning=True) for finding in found)
                findings += [finding for finding in found if finding not in findings]
    return sorted(findings, key=lambda finding: finding.warning)


def _silenced(entry: po.Entry) -> tuple[set[str], list[Finding]]:
    silent: set[str] = set()
    findings = []
    for comment in entry.marked("#"):
        if match := re.match(r"ignore:(.*)", comment):
            for name in re.split(r"[,\s]+", match[1].strip()):
                silent.add(name)
                if name not in CHECKS:
                    findings.append(
                        Finding("ignore", f"there is no check '{name}' to ignore", nearest(name, CHECKS), warning=True)
                    )
    return silent, findings


def _lost(name: str, expected: Counter[str], kept: Counter[str]) -> Iterator[Finding]:
    if lost := expected - kept:
        yield Finding(name, f"the translation lost {', '.join(lost)}", "copy it from the msgid")
    elif new := kept - expected:
        yield Finding(name, f"the translation has {', '.join(new)}, the source has not", "take it out")


# --- errors ---


def _placeholders(pair: _Pair) -> Iterator[Finding]:
    if not pair.special:
        return
    texts = (PLACEHOLDER.findall(text) for text in (pair.source, pair.translation))
    yield from _lost("placeholders", *map(Counter, texts))


def _links(pair: _Pair) -> Iterator[Finding]:
    if not pair.special:
        return

    def linked(text: str) -> Counter[str]:
        return Counter(match[1] for pattern in (_LINK, _REFERENCE) for match in pattern.finditer(text))

    before, after = linked(pair.source), linked(pair.translation)
    written = (Counter(_ADDRESS.findall(_LINK.sub(" ", text))) for text in (pair.source, pair.translation))
    shown = [links + bare for links, bare in zip((before, after), written, strict=True)]
    yield from _lost("links", *shown)
    if shown[0] == shown[1] and (plain := before - after):
        yield Finding("links", f"{', '.join(plain)} is no link any more", "write [words](address) without a space")


def _emails(pair: _Pair) -> Iterator[Finding]:
    if not pair.special:
        return
    texts = (_EMAIL.findall(_LINK.sub(" ", text)) for text in (pair.source, pair.translation))
    yield from _lost("emails", *map(Counter, texts))


_SHOWN = {"<strong>": "bold", "<em>": "italics", "<code>": "code", "<img>": "picture"}
_AUTOLINK = re.compile(r"<(?:https?://|mailto:)[^\s<>]+>|<[^\s<>@/]+@[^\s<>]+>")
_MARKS = re.compile(r"[*_`]")


def _markup(pair: _Pair) -> Iterator[Finding]:
    if not any(mark in text for text in (pair.source, pair.translation) for mark in "<*_`["):
        return
    notes = (Counter(_FOOTNOTE.findall(text)) for text in (pair.source, pair.translation))
    yield from _lost("markup", *notes)
    written = (markup.tags(_AUTOLINK.sub("", _LINK.sub("]", text))) for text in (pair.source, pair.translation))
    yield from _lost("markup", *written)
    if not pair.message.markdown:
        return
    # Footnote marks count above; without their footnotes they would be read as text.
    source, told = (markup.render(_FOOTNOTE.sub("", text)).html for text in (pair.source, pair.translation))
    before, after = ({name: tags[tag] for tag, name in _SHOWN.items()} for tags in map(markup.tags, (source, told)))
    left, usual = (Counter(_MARKS.findall(re.sub(r"<[^>]*>", "", html))) for html in (told, source))
    if more := left - usual:
        message = f"a mark is not closed: {' '.join(more)} would be shown as it is"
        yield Finding("markup", message, "write the pairs of the msgid")
    elif before != after:
        lost = [name for name in before if before[name] > after[name]]
        new = [name for name in before if before[name] < after[name]]
        message = f"the translation has no {', '.join(lost)}" if lost else f"the translation adds {', '.join(new)}"
        yield Finding("markup", message, "mark the words as the msgid does", warning=not {"code", "picture"} & {*lost})


def _circled(pair: _Pair) -> Iterator[Finding]:
    if not _CIRCLED.search(pair.source + pair.translation):
        return
    texts = (_CIRCLED.findall(text) for text in (pair.source, pair.translation))
    yield from _lost("marks", *map(Counter, texts))


def _numbers(pair: _Pair) -> Iterator[Finding]:
    if not re.search(r"\d", pair.plain + pair.told):
        return
    source, told = pair.quantities
    lost, new = _unmatched(source, told), _unmatched(told, source)
    if lost or new:
        yield Finding("numbers", _difference(lost, new), "write the source's numbers, or say why: # ignore: numbers")
    elif source.months != told.months and source.months and told.months:
        yield Finding("numbers", "the months are not those of the source", "compare the dates")
    elif source.weekdays != told.weekdays and source.weekdays and told.weekdays:
        yield Finding("numbers", "the days of the week are not those of the source", "compare the dates")
    elif source.currencies != told.currencies and source.currencies and told.currencies:
        here, there = (", ".join(sorted(q.currencies)) for q in (source, told))
        yield Finding("numbers", f"the currencies differ: {here} in the source, {there} here", "compare the amounts")


def _unmatched(one: Quantities, other: Quantities) -> list[str]:
    values = {value for number in other.numbers for value in number} | other.words
    return [spelled for number, spelled in one.numbers.items() if not number & values]


def _difference(lost: list[str], new: list[str]) -> str:
    if lost and new:
        return f"{', '.join(lost)} of the source became {', '.join(new)}"
    if lost:
        return f"the translation lost {', '.join(lost)}"
    return f"{', '.join(new)} is not in the source"


def _phones(pair: _Pair) -> Iterator[Finding]:
    if not re.search(r"\d", pair.plain):
        return
    source, told = (found.phones for found in pair.quantities)
    lost = [one for one in source if not any(quantities.same_phone(one, other) for other in told)]
    new = [other for other in told if not any(quantities.same_phone(one, other) for one in source)]
    if lost or new:
        yield Finding("phones", f"telephone numbers: {_difference(lost, new)}", "copy them from the msgid")


_COMMON = {
    "en": set("the of and to is for with that are was will by from this which has have its their at as be".split()),
    "fr": set(
        "le la les des du de et une est dans pour que qui aux au sur par avec ses leur sont ont ce cette".split()
    ),
}
#: A word in Latin letters.
_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:[’'-][A-Za-zÀ-ɏ]+)*")


def _source_left(pair: _Pair) -> Iterator[Finding]:
    hint = "translate it, or say that it must stay: # ignore: source"
    words = _WORD.findall(pair.told)
    if pair.language != "ko":
        foreign = [
            run for run in re.findall("[가-힣]+", pair.told) if pair.source_language == "ko" or run not in pair.plain
        ]
        if foreign:
            yield Finding("source", f"Korean is left in the translation: {' '.join(foreign[:4])}", hint)
            return
    if len(words) < 3:
        return
    if left := _untranslated_run(pair, words):
        yield Finding("source", f"a part of the source is left: {left}", hint)
        return
    lower = [word.lower() for word in words]
    for other, common in _COMMON.items():
        if other == pair.language:
            continue
        found = sum(word in common for word in lower)
        if found < 4:
            continue
        # A Korean word of four letters weighs as much as a small word of the others.
        own = _COMMON.get(pair.language)
        if found > (sum(word in own for word in lower) if own else len(_HANGUL.findall(pair.told)) // 4):
            name = {"en": "English", "fr": "French"}[other]
            yield Finding("source", f"this reads as {name}", hint)
            return


def _untranslated_run(pair: _Pair, words: list[str]) -> str:
    """Return a run of the source's words that stands in the translation, if it is no name.

    Names are written in capitals: five words with three small ones, or a whole text with two, are prose.
    """
    if pair.source_language == "ko":
        return ""
    source = _WORD.findall(pair.plain)

    def prose(run: list[str], small: int) -> bool:
        return sum(word[0].islower() for word in run) >= small

    if source == words:
        return " ".join(words[:8]) if len(words) >= 3 and prose(words, 2) else ""
    runs = {tuple(source[n : n + 5]) for n in range(len(source) - 4)}
    for n in range(len(words) - 4):
        if (run := tuple(words[n : n + 5])) in runs and prose(list(run), 3):
            return " ".join(run)
    return ""


# --- warnings ---

#: The quotation marks of each press culture; others are another culture's, or a typewriter's.
_QUOTES = {
    "ko": ("“”‘’「」『』〈〉《》", "“…” and ‘…’"),
    "en": ("“”‘’", "“…” and ‘…’"),
    "fr": ("«»“”‘’", "« … », and “…” inside them"),
}
_ALL_QUOTES = re.compile('["“”„«»「」『』〈〉《》]')
_PAIRS = {"«": "»", "“": "”", "「": "」", "『": "』"}


def _quotes(pair: _Pair) -> Iterator[Finding]:
    allowed, like = _QUOTES[pair.language]
    used = _ALL_QUOTES.findall(pair.told)
    if not used and not _ALL_QUOTES.search(pair.plain):
        return
    if wrong := [mark for mark in dict.fromkeys(used) if mark not in allowed]:
        yield Finding("quotes", f"{' '.join(wrong)} are not this language's quotation marks", f"write {like}", True)
    elif pair.language == "fr" and "“" in used and "«" not in used:
        yield Finding("quotes", "“ ” are not this language's quotation marks", f"write {like}", True)
    for opening, closing in _PAIRS.items():
        if used.count(opening) != used.count(closing) and pair.plain.count(opening) == pair.plain.count(closing):
            yield Finding("quotes", f"{opening} and {closing} do not pair", "close each quotation", True)
            return


#: A surname in capitals with a given name after it, or before it.
_NAMES = (
    re.compile(r"\b([A-Z]{2,}(?:-[A-Z]+)?) [A-Z][a-z]+(?:-[A-Za-z]+)?\b"),
    re.compile(r"\b[A-Z][a-z]+(?:-[A-Za-z]+)? ([A-Z]{2,}(?:-[A-Z]+)?)\b"),
)
_NO_SURNAMES = set("AI CEO EU GDP IP IT MOU PDF SME UE UK UN US USA".split())


def _names(pair: _Pair) -> Iterator[Finding]:
    if "ko" in (pair.language, pair.source_language) or not re.search("[A-Z]{2}", pair.plain):
        return
    rest, kept = pair.plain, set(re.findall(r"[\w-]+", pair.told))
    for pattern in _NAMES:
        for match in pattern.finditer(rest):
            if match[1] not in kept | _NO_SURNAMES:
                message = f"the name {match[0]} is not in the translation"
                yield Finding("names", message, "keep it as the msgid writes it", True)
        rest = pattern.sub("", rest)


_DOUBLED = re.compile(r"(?<![\w-])([^\W\d_]{2,}) \1(?![\w-])", re.IGNORECASE)
_MAY_DOUBLE = {"nous", "vous", "had", "that"}


def _doubled(pair: _Pair) -> Iterator[Finding]:
    for match in _DOUBLED.finditer(pair.told):
        if match[1].lower() not in _MAY_DOUBLE and not _DOUBLED.search(pair.plain):
            yield Finding("doubled", f"'{match[1]}' stands twice", "take one out", True)


#: How long a text is in letters beside the same text in English; measured on this program's own releases.
_LENGTHS = {"en": 1.0, "fr": 1.2, "ko": 0.5}


def _length(pair: _Pair) -> Iterator[Finding]:
    expected = len(pair.plain) * _LENGTHS[pair.language] / _LENGTHS[pair.source_language]
    if expected < 60:
        return
    ratio = len(pair.told) / expected
    if ratio < 0.45:
        yield Finding("length", "the translation is very short for its source", "is something missing?", True)
    elif ratio > 2.2:
        yield Finding("length", "the translation is very long for its source", "is something added?", True)


def _glossary(pair: _Pair) -> Iterator[Finding]:
    for term in pair.glossary.missing(pair.plain, pair.told, pair.language):
        hint = f"locales/glossary.csv:{term.line}" + (f": {term.note}" if term.note else "")
        yield Finding("glossary", f"'{term.term}' is '{' or '.join(term.translations)}'", f"see {hint}", True)


CHECKS: dict[str, Callable[[_Pair], Iterator[Finding]]] = {
    "placeholders": _placeholders,
    "links": _links,
    "emails": _emails,
    "markup": _markup,
    "marks": _circled,
    "numbers": _numbers,
    "phones": _phones,
    "source": _source_left,
    "quotes": _quotes,
    "names": _names,
    "doubled": _doubled,
    "length": _length,
    "glossary": _glossary,
}

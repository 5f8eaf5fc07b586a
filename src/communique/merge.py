"""Messages and the catalog as it was → the catalog as it must be; nothing that a translator wrote is lost.

The rules are those of GNU msgmerge, but for two: a translation whose source has changed is also kept as it was,
as an obsolete message, so that taking the change back takes nobody's time; and comments that say where a proposal
came from go when it is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from communique import po
from communique.letters import width
from communique.memory import Memory
from communique.messages import PLACEHOLDER, Message
from communique.po import Entry

#: What tells messages apart: context and text.
Key = tuple[str | None, str]
#: Alike by so many per cent, two messages of one release are the same sentence before and after an edit.
EDITED = 60
_ORIGIN = "from memory: "


@dataclass
class Merged:
    """A catalog's entries, its header first, and what became of the messages (counts)."""

    entries: tuple[Entry, ...]
    new: int = 0
    remembered: int = 0
    fuzzy: int = 0
    obsolete: int = 0


@dataclass
class _Work:
    """A catalog as it was: its live and its obsolete messages, and what edited ones were before."""

    old: dict[Key, Entry]
    retired: dict[Key, Entry]
    edited: dict[Key, Entry]


def merge(
    before: Sequence[Entry],
    messages: Sequence[Message],
    forms: int,
    memory: Memory,
    pair: tuple[str, str],
    head: Entry,
) -> Merged:
    """Return a catalog for the messages, in their order, obsolete ones last.

    ``forms`` are the language's plural forms, ``pair`` the languages of source and catalog; ``head`` is the header of
    a new catalog, one that exists keeps its own.
    """
    own_head = next((e for e in before if e.id == "" and e.context is None and not e.obsolete), head)
    old = {e.key: e for e in before if e.id and not e.obsolete}
    retired = {e.key: e for e in before if e.id and e.obsolete}
    work = _Work(old, retired, _edits(old, retired, messages))
    result = Merged(())
    entries = [own_head, *(_entry(message, work, forms, memory, pair, result) for message in messages)]
    # A fuzzy translation that stands at another message now, edited or put back, was never finished here.
    standing = {entry.strings for entry in entries}
    moved = {entry.key for entry in old.values() if entry.fuzzy and entry.strings in standing}
    entries += _obsolete(work, {m.key for m in messages} | moved, result)
    result.entries = tuple(entries)
    return result


def template(messages: Iterable[Message]) -> Iterator[Entry]:
    """Yield the messages of a template (.pot), without a translation."""
    for message in messages:
        yield _made(message, ("", "") if message.plural else ("",))


def _edits(old: dict[Key, Entry], retired: dict[Key, Entry], messages: Sequence[Message]) -> dict[Key, Entry]:
    """Return, for new messages, the old ones that they were before an edit: the most alike pairs, each once."""
    from rapidfuzz import fuzz

    wanted = {m.key for m in messages}
    left = [e for e in old.values() if e.key not in wanted and e.translated]
    new = [m for m in messages if m.key not in old and m.key not in retired]
    pairs = [
        (score, -n, message, entry)
        for n, message in enumerate(new)
        for entry in left
        if (message.plural is None) == (entry.plural is None)
        and (score := fuzz.ratio(message.text, entry.id, score_cutoff=EDITED)) > 0
    ]
    found: dict[Key, Entry] = {}
    for _, _, message, entry in sorted(pairs, key=lambda pair: pair[:2], reverse=True):
        if message.key not in found and entry not in found.values():
            found[message.key] = entry
    return found


def _entry(message: Message, work: _Work, forms: int, memory: Memory, pair: tuple[str, str], result: Merged) -> Entry:
    if known := work.old.get(message.key):
        return _kept(message, known, forms)
    if known := work.retired.pop(message.key, None):
        return _kept(message, known.revised(obsolete=False), forms)
    if before := work.edited.get(message.key):
        result.fuzzy += 1
        # A translation that was fuzzy already still belongs to the text that it was made of.
        previous = before.previous if before.fuzzy and before.previous is not None else before.id
        return _made(message, before.strings, before.marked_lines("#"), before.flags | {"fuzzy"}, previous)
    if message.plural is None:
        if (unit := memory.exact(pair, message.text)) and not unit.turned:
            result.remembered += 1
            return _made(message, (unit.translation,))
        found = (unit, 100) if unit else memory.near(pair, message.text)
        if found:
            unit, alike = found
            result.fuzzy += 1
            origin = f"{_ORIGIN}{alike} % like a message of {unit.origin}"
            return _made(message, (unit.translation,), (), {"fuzzy"}, unit.source, origin)
    result.new += 1
    return _made(message, ("",) * (forms if message.plural else 1))


def _made(
    message: Message,
    strings: tuple[str, ...],
    own: Iterable[str] = (),
    flags: Iterable[str] = (),
    previous: str | None = None,
    origin: str = "",
) -> Entry:
    comments = (*own, *_comments(message, origin, flags))
    if previous is not None:
        comments += tuple(po.statement("msgid", previous, "#| "))
    return Entry(message.text, strings, 0, message.context, message.plural, comments)


def _comments(message: Message, origin: str, flags: Iterable[str]) -> Iterator[str]:
    """Yield the comments that are the program's: what the message is, where it stands, its flags."""
    yield from (f"#. {comment}" for comment in (*message.comments, *([origin] if origin else [])))
    line = "#:"
    for path, number in message.places:
        place = f"{path}:{number}"
        place = f"\u2068{place}\u2069" if " " in path else place  # gettext's way to write a path with spaces
        if line != "#:" and width(f"{line} {place}") > po.COLUMNS:
            yield line
            line = "#:"
        line += f" {place}"
    yield line
    yield from po.flag_lines(_flags(message, flags))


def _flags(message: Message, flags: Iterable[str]) -> set[str]:
    """Return the flags that a message has: the translator's, and what its text makes it."""
    kept = {flag for flag in flags if flag and not flag.endswith("-format")}
    if message.places[0][0].startswith("templates/") and PLACEHOLDER.search(message.text):
        kept.add("python-format")
    return kept


def _kept(message: Message, entry: Entry, forms: int) -> Entry:
    """Return a message with its translation as it is, and what the program says of it as it is now."""
    origin = next((c for c in entry.marked("#.") if c.startswith(_ORIGIN)), "") if entry.fuzzy else ""
    program = tuple(_comments(message, origin, entry.flags))
    previous = entry.previous_lines if entry.fuzzy else ()
    if not _same(entry, program, previous):
        own = entry.marked_lines("#")
        entry = entry.revised(comments=(*own, *program, *(c.replace("#~|", "#|") for c in previous)))
    if message.plural != entry.plural:
        strings = entry.strings[:1] * (forms if message.plural else 1)
        entry = entry.revised(plural=message.plural, strings=strings)
    return entry


def _same(entry: Entry, program: tuple[str, ...], previous: tuple[str, ...]) -> bool:
    """Whether an entry's comments say already what the program would, in whatever lines."""
    now = Entry("", ("",), 0, comments=program)
    return (
        entry.marked("#.") == now.marked("#.")
        and " ".join(entry.marked("#:")).split() == " ".join(now.marked("#:")).split()
        and {flag for flag in entry.flags if flag} == now.flags
        and entry.previous_lines == previous
        and not any(c.startswith("#~|") for c in previous)
    )


def _obsolete(work: _Work, wanted: set[Key], result: Merged) -> Iterator[Entry]:
    """Yield what is no longer needed: what was so before, then what became so now, if a translator had a hand in it."""
    gone = {key: e for key, e in work.old.items() if key not in wanted and (e.translated or e.marked_lines("#"))}
    for key, entry in work.retired.items():
        if key not in gone:
            yield entry
    for entry in gone.values():
        result.obsolete += 1
        comments = (*entry.marked_lines("#"), *entry.marked_lines("#,"))
        previous = (c.replace("#|", "#~|") for c in entry.marked_lines("#|"))
        yield entry.revised(obsolete=True, comments=(*comments, *previous))

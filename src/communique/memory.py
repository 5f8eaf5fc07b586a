"""The newsroom's translation memory: what its catalogs say already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from communique import po
from communique.errors import InputError
from communique.reader import Reader

#: Alike by so many per cent, an earlier message is worth showing to a translator.
ALIKE = 75


@dataclass(frozen=True, slots=True)
class Unit:
    """A text and its translation, with their languages and the catalog they are from: a release's ID or ``newsroom``.

    ``turned`` tells a pair that was translated the other way round: it is only a proposal.
    """

    source: str
    translation: str
    pair: tuple[str, str]
    origin: str
    turned: bool = False


class Memory:
    """Finds what was translated before, newest release first, by the pair of languages; it is read when first asked."""

    def __init__(self, read: Callable[[], Iterable[Unit]]) -> None:
        self._read = read

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], dict[str, Unit]]:
        pairs: dict[tuple[str, str], dict[str, Unit]] = {}
        for unit in self._read():
            back = replace(unit, source=unit.translation, translation=unit.source, pair=unit.pair[::-1], turned=True)
            for one in (unit, back):
                units = pairs.setdefault(one.pair, {})
                known = units.setdefault(one.source, one)
                if known.turned and not one.turned:
                    units[one.source] = one
        return pairs

    def exact(self, pair: tuple[str, str], text: str) -> Unit | None:
        return self._pairs.get(pair, {}).get(text)

    def near(self, pair: tuple[str, str], text: str) -> tuple[Unit, int] | None:
        """Return the unit that is most alike, and by how many per cent; None where none is."""
        from rapidfuzz import fuzz, process

        units = self._pairs.get(pair, {})
        found = process.extractOne(text, units.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE)
        return (units[found[0]], int(found[1])) if found else None


def units(reader: Reader, paths: Iterable[str], usual: str) -> Iterator[Unit]:
    """Yield the finished messages of catalogs, the newest ID first; catalogs that cannot be read are left out.

    ``usual`` is the source language of a catalog whose header does not name it.
    """
    named = sorted(((path.rpartition("/")[2].removesuffix(".po"), path) for path in paths), reverse=True)
    for origin, path in named:
        if origin == "messages":
            continue
        try:
            entries = po.parse(reader.text(path), path)
        except InputError:
            continue  # whoever builds that release is told
        pair = (po.header(entries).get("x-source-language") or usual, path.split("/")[1])
        for entry in entries:
            if entry.id and entry.translated and not entry.fuzzy and entry.plural is None:
                yield Unit(entry.id, entry.strings[0], pair, origin)

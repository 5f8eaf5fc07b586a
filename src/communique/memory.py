"""The newsroom's translation memory: what its catalogs say already, for one pair of languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from communique import po
from communique.errors import InputError
from communique.reader import Reader

#: Alike by so many per cent, an earlier message is worth showing to a translator.
ALIKE = 75


@dataclass(frozen=True, slots=True)
class Unit:
    """A text and its translation, with the catalog they are from: a release's ID or ``newsroom``.

    ``turned`` tells a pair that was translated the other way round: it is only a proposal.
    """

    source: str
    translation: str
    origin: str
    turned: bool = False


class Memory:
    """Finds what was translated before, newest release first; it is read when it is first asked."""

    def __init__(self, units: Callable[[], Iterable[Unit]]) -> None:
        self._read = units
        self._exact: dict[str, Unit] | None = None
        self._texts: list[str] = []

    def _units(self) -> dict[str, Unit]:
        if self._exact is None:
            self._exact = {}
            for unit in self._read():
                known = self._exact.setdefault(unit.source, unit)
                if known.turned and not unit.turned:
                    self._exact[unit.source] = unit
            self._texts = list(self._exact)
        return self._exact

    def exact(self, text: str) -> Unit | None:
        return self._units().get(text)

    def near(self, text: str) -> tuple[Unit, int] | None:
        """Return the unit that is most alike, and by how many per cent; None where none is."""
        from rapidfuzz import fuzz, process

        units = self._units()
        found = process.extractOne(text, self._texts, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return (units[found[0]], int(found[1])) if found else None


def units(reader: Reader, paths: Iterable[str], source: str, target: str, usual: str) -> Iterator[Unit]:
    """Yield the finished messages of catalogs, the newest ID first; catalogs that cannot be read are left out.

    ``usual`` is the source language of a catalog whose header does not name it.
    """
    named = sorted(((path.rpartition("/")[2].removesuffix(".po"), path) for path in paths), reverse=True)
    for origin, path in named:
        language = path.split("/")[1]
        if language not in (source, target) or origin == "messages" or not path.endswith(".po"):
            continue
        try:
            entries = po.parse(reader.text(path), path)
        except InputError:
            continue  # whoever builds that release is told
        written_in = po.header(entries).get("x-source-language") or usual
        turned = (written_in, language) == (target, source)
        if turned or (written_in, language) == (source, target):
            for entry in entries:
                if entry.id and entry.translated and not entry.fuzzy and entry.plural is None:
                    pair = (entry.strings[0], entry.id) if turned else (entry.id, entry.strings[0])
                    yield Unit(*pair, origin, turned)

"""A translation memory as TMX 1.4b (LISA, 2005), for the programs of agencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import quoteattr

from communique.letters import xml
from communique.memory import Unit


def write(units: Iterable[Unit], version: str) -> Iterator[str]:
    """Yield the parts of a TMX document; each unit names its catalog."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<tmx version="1.4">\n'
        f'<header creationtool="communique" creationtoolversion={quoteattr(version)} segtype="block" '
        'o-tmf="gettext PO" adminlang="en" srclang="*all*" datatype="plaintext"/>\n<body>\n'
    )
    for unit in units:
        source, language = unit.pair
        yield f'<tu srclang={quoteattr(source)}>\n<prop type="x-origin">{xml(unit.origin)}</prop>\n'
        for name, text in ((source, unit.source), (language, unit.translation)):
            yield f"<tuv xml:lang={quoteattr(name)}><seg>{xml(text)}</seg></tuv>\n"
        yield "</tu>\n"
    yield "</body>\n</tmx>\n"

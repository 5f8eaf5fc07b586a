"""The metadata that WeasyPrint does not write: that a PDF/A file is PDF/UA as well, and which release it is."""

from __future__ import annotations

from communique.letters import xml
from communique.localize import LocalizedRelease

#: PDF/A-3 (ISO 19005-3, 6.6.2.3) allows a property of another standard only with a description of its schema, in the
#: same packet. PDF/UA-1 (ISO 14289-1, clause 5) asks for ``pdfuaid:part``.
_PDF_UA = (
    '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>'
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
    '<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
    "<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>"
    "<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>"
    '<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">'
    "<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    "<pdfaProperty:category>internal</pdfaProperty:category>"
    "<pdfaProperty:description>The part of ISO 14289 that the file follows</pdfaProperty:description>"
    "</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


def complete(rdf: bytes, release: LocalizedRelease, variant: str, instructions: str) -> bytes:
    """Return WeasyPrint's RDF with the release's ID, version and owner, and the mark of PDF/UA where it lacks.

    ``instructions`` say what is special about the release, as IPTC's photo metadata do: its embargo, its corrections.
    """
    status = (
        "retracted"
        if release.retracted
        else "draft"
        if release.draft
        else "embargoed"
        if release.embargo
        else "corrected"
        if release.corrections
        else "final"
    )
    told = f"<photoshop:Instructions>{xml(instructions)}</photoshop:Instructions>" if instructions else ""
    added = (
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">'
        f"<dc:identifier>{xml(release.url)}</dc:identifier>"
        f'<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{xml(release.office.name)}</rdf:li></rdf:Alt></dc:rights>'
        f"<dc:publisher><rdf:Bag><rdf:li>{xml(release.office.name)}</rdf:li></rdf:Bag></dc:publisher>"
        f"<xmp:Identifier><rdf:Bag><rdf:li>{xml(release.id)}</rdf:li></rdf:Bag></xmp:Identifier>"
        f"<xmp:Label>{status}</xmp:Label>"
        f"{told}"
        f"<xmpMM:VersionID>{release.version}</xmpMM:VersionID>"
        "</rdf:Description>"
    )
    ua = _PDF_UA if variant.startswith("pdf/a") else ""
    return rdf.replace(b"</rdf:RDF>", f"{added}{ua}</rdf:RDF>".encode())

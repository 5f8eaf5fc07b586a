"""What WeasyPrint leaves out of a PDF's structure tree, added while it makes the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def complete() -> None:
    """Have WeasyPrint 70 add to its structure elements what it leaves out; once in a process is enough.

    - The language of each element that HTML gives one: PDF/UA-1 (ISO 14289-1, 7.2) wants a change of it marked, and
      WeasyPrint marks that of the document alone.
    - In a table of the class ``pairs``, where labels and values take turns, a value's header is the label before it;
      WeasyPrint gives it all labels of the row.

    It has no place of its own to add these: what an element was made of is known only where it is made.
    """
    from weasyprint.pdf import tags

    if tags._build_box_tree.__module__ != __name__:
        tags._build_box_tree = _completed(tags._build_box_tree)


def _completed(build: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def built(box: Any, *others: Any) -> Iterator[Any]:
        # Boxes of a page, <html> and <body> hand on what their children are made into.
        said = {} if box.element is None or box.element_tag in ("html", "body") else box.element.attrib
        for element in build(box, *others):
            if language := said.get("lang"):
                element["Lang"] = f"({language})"
            if element["S"] == "/Table" and "pairs" in said.get("class", "").split():
                _pair(box)
            yield element

    return built


def _pair(box: Any) -> None:
    """Have each cell of a table name the header before it in its row."""
    for child in getattr(box, "children", ()):
        if child.element_tag != "tr":
            _pair(child)
            continue
        header = None
        for cell in child.children:
            header = cell.mark["ID"] if cell.element_tag == "th" else header
            if "Headers" in cell.mark["A"] and header is not None:
                cell.mark["A"]["Headers"][:] = [header]

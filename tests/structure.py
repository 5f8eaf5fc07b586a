"""A PDF's structure tree as an outline that a person can read: what a screen reader is given, in its order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pikepdf


def outline(path: Path) -> str:
    """Return the whole tree, a line an element: its type, what is said of it, and the text that is its own."""
    with pikepdf.open(path) as pdf:
        texts = {page.obj.objgen: _texts(page) for page in pdf.pages}
        lines: list[str] = []
        heads: dict[str, str] = {}
        for element in _kids(pdf.Root.StructTreeRoot):
            _tell(element, 0, texts, None, lines, heads)
    # A cell names its headers by identifiers of the file; a person reads their words.
    return "\n".join(re.sub(r"#([\d-]+)", lambda m: f"“{heads[m[1]]}”", line) for line in lines) + "\n"


def _kids(element: Any) -> list[Any]:
    kids = element.get("/K", [])
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def _tell(
    element: Any, depth: int, texts: dict[Any, dict[int, str]], page: Any, lines: list[str], heads: dict[str, str]
) -> None:
    page = element.get("/Pg", page)
    said = [str(element.S).removeprefix("/")]
    said += [f"{name}={element[f'/{name}']}" for name in ("Lang", "Alt", "ActualText") if f"/{name}" in element]
    attributes = element.get("/A", {})
    said += [f"{name}={attributes[f'/{name}']}" for name in ("ColSpan", "RowSpan") if f"/{name}" in attributes]
    said += [f"of #{identifier}" for identifier in attributes.get("/Headers", [])]
    kids = _kids(element)
    place = len(lines)
    own = " ".join("".join(_own(kid, texts, page) for kid in kids).split())
    for kid in kids:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            _tell(kid, depth + 1, texts, page, lines, heads)
    if "/ID" in element:
        heads[str(element.ID)] = " ".join(line.partition(": ")[2] for line in lines[place:])
    # Lines of text are parts of what they stand in; nobody is told of them.
    if str(element.S) == "/Span" and own and len(said) == 1:
        lines.insert(place, f"{'  ' * depth}: {own}")
    else:
        lines.insert(place, f"{'  ' * depth}{' '.join(said)}{f': {own}' if own else ''}")


def _own(kid: Any, texts: dict[Any, dict[int, str]], page: Any) -> str:
    """Return the text of marked content; content of another kind, and elements, have none of their own."""
    if isinstance(kid, int):
        return texts[page.objgen].get(kid, "")
    if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/MCR":
        return texts[kid.get("/Pg", page).objgen].get(int(kid.MCID), "")
    return ""


def _texts(page: pikepdf.Page) -> dict[int, str]:
    """Return the text of each marked part of a page, by its number."""
    fonts = {str(name): _letters(font) for name, font in page.resources.get("/Font", {}).items()}
    found: dict[int, str] = {}
    open_: list[int | None] = []
    letters: dict[int, str] = {}
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "BDC" | "BMC":
                told = operands[1] if len(operands) > 1 else None
                open_.append(int(told.MCID) if isinstance(told, pikepdf.Dictionary) and "/MCID" in told else None)
            case "EMC":
                open_.pop()
            case "Tf":
                letters = fonts[str(operands[0])]
            case "TJ" | "Tj":
                number = next((n for n in reversed(open_) if n is not None), None)
                # Text outside of marked parts is an artifact: a running head, a page's number.
                if number is not None and open_[-1] is not None:
                    pieces = operands[0] if str(operator) == "TJ" else [operands[0]]
                    codes = b"".join(bytes(piece) for piece in pieces if isinstance(piece, pikepdf.String))
                    shown = "".join(letters.get(int.from_bytes(codes[i : i + 2]), "") for i in range(0, len(codes), 2))
                    found[number] = found.get(number, "") + shown + " "
    return {number: text.replace("\u2060", "") for number, text in found.items()}


def _letters(font: Any) -> dict[int, str]:
    """Return the letters of a font's codes, by its ToUnicode map."""
    told = font.ToUnicode.read_bytes().decode("ascii")
    return {
        int(code, 16): bytes.fromhex(letters).decode("utf-16-be")
        for code, letters in re.findall(r"<([0-9A-Fa-f]{4})>\s+<([0-9A-Fa-f]+)>", told)
    }

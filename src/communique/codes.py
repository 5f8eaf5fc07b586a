"""An address → its QR code, for telephones that are held to the paper."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Any

import segno

#: The colour of the dark squares, print.css's ink. The light ones are the paper's.
INK = "#1a1d21"


class Code:
    """The code of an address: a picture in a page by its ``url``, and the image that WeasyPrint draws for it.

    It would draw the same squares from the SVG in the ``url``, and take longer for it than for a page of text.
    """

    def __init__(self, address: str) -> None:
        # Each of the standard's eight masks can be read (ISO/IEC 18004, 7.8); weighing them against each other takes
        # longer than all else of it.
        code = segno.make(address, error="m", mask=0)
        self.url = code.svg_data_uri(border=0, dark=INK)
        #: Runs of dark squares: column, row and length, counted in squares from the top left.
        self.runs: list[tuple[int, int, int]] = []
        self.size = len(code.matrix)
        for row, squares in enumerate(code.matrix):
            column = 0
            for dark, run in groupby(squares):
                length = len(list(run))
                if dark:
                    self.runs.append((column, row, length))
                column += length

    def get_intrinsic_size(self, _resolution: float, _font_size: float) -> tuple[float, float, float]:
        """Return width, height and their ratio, as WeasyPrint asks of an image: a pixel for each square."""
        return self.size, self.size, 1

    def draw(self, stream: Any, width: float, height: float, _style: Any) -> None:
        """Draw the code on a WeasyPrint stream, so large; as one shape, so that no seams are seen between squares."""
        from tinycss2.color5 import parse_color

        across, down = width / self.size, height / self.size
        stream.set_color(parse_color(INK))
        for column, row, length in self.runs:
            stream.rectangle(column * across, row * down, length * across, down)
        stream.fill()


@lru_cache(maxsize=16)
def code(address: str) -> Code:
    """Return the code of an address."""
    return Code(address)

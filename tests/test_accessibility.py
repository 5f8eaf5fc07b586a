"""PDFs are accessible: PDF/UA-1 (ISO 14289-1), told by two validators that know nothing of each other."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import page
import pytest

from conftest import Room


@pytest.fixture(scope="module")
def pdfs(built: Room) -> list[Path]:
    return sorted((built.path / "output/press").rglob("*.pdf"))


def told(path: Path) -> list[str]:
    report = page.validate_pdf(path, profile=page.ValidationProfile.PDF_UA_1)
    return [str(failure) for failure in report.failures]


def test_the_samples_pass_pdf_ua_1(pdfs: list[Path]) -> None:
    assert len(pdfs) == 6
    assert {path.name: told(path) for path in pdfs} == {path.name: [] for path in pdfs}


def test_lists_of_every_make_pass_pdf_ua_1(room: Room) -> None:
    room.write(
        "releases/lists.yaml",
        "title: Lists\ndate: 2026-03-02\nlanguages: [en]\n",
    )
    room.write(
        "releases/lists.md",
        "- one\n\n    and more of it\n\n- two\n    1. deep\n\n        deeper[^1]\n\n    2. last\n\n"
        "Term\n:   What it means\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n> Quoted\n\n"
        "[^1]: A note.\n\n    Two paragraphs.\n",
    )
    assert room.run("lists", "--quiet").code == 0
    assert told(room.path / "output/press/lists/lists.en.pdf") == []


def test_a_picture_in_a_link_passes_pdf_ua_1(room: Room) -> None:
    from PIL import Image

    room.write("releases/linked.yaml", "title: Linked\ndate: 2026-03-02\nlanguages: [en]\n")
    room.write(
        "releases/linked.md", "See [![A view](view.png)](https://example.org/view) and [![B](view.png) more](/b).\n"
    )
    (room.path / "releases/linked").mkdir()
    Image.new("RGB", (40, 30), "navy").save(room.path / "releases/linked/view.png")
    assert room.run("linked", "--quiet").err == []
    assert told(room.path / "output/press/linked/linked.en.pdf") == []
    verapdf = os.environ.get("VERAPDF")
    if verapdf:
        path = str(room.path / "output/press/linked/linked.en.pdf")
        done = subprocess.run([*shlex.split(verapdf), "ua1", path], capture_output=True, text=True, check=False)
        assert (done.returncode, "FAIL" in done.stdout) == (0, False)


@pytest.mark.slow
@pytest.mark.skipif("VERAPDF" not in os.environ, reason="VERAPDF does not name a veraPDF command")
def test_vera_pdf_agrees(pdfs: list[Path]) -> None:
    """``VERAPDF`` is a command that takes a flavour and files, and ends with 0 when all pass."""
    command = [*shlex.split(os.environ["VERAPDF"]), "ua1", *map(str, pdfs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout

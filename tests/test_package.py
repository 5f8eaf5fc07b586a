"""The wheel carries all that a newsroom needs, so that the installed command works from anywhere."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from conftest import ROOT, Room


@pytest.mark.slow
def test_the_installed_command_builds_a_newsroom_that_has_no_templates(room: Room, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = wheels.iterdir()
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    packages = next(home.glob("lib/python*/site-packages"))
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", str(packages), str(wheel)], check=True)
    # The libraries are those of the tests' own environment; the program is the wheel's.
    theirs = next(p for p in sys.path if p.endswith("site-packages"))
    (packages / "libraries.pth").write_text(theirs + "\n")
    code = "import communique.cli, sys; print(communique.__file__, file=sys.stderr); communique.cli.run()"
    done = subprocess.run(
        [str(home / "bin/python"), "-c", code, "build", "--root", str(room.path), "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[1:]) == (0, [])
    assert str(packages) in done.stderr
    assert "press/good/good.ko.pdf" in room.files()
    fonts = packages / "communique/bundled/templates/fonts"
    assert {"PretendardGOV-Regular.ttf", "PretendardGOV-Bold.ttf", "OFL.txt"} <= {p.name for p in fonts.iterdir()}

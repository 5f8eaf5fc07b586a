"""pack: one ZIP of a release with all that journalists want."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

from PIL import Image

from conftest import VALLEY, Office, needs


def test_a_pack_has_the_files_of_all_languages_and_the_pictures(office: Office) -> None:
    done = office.room.run("pack", VALLEY)
    assert (done.code, done.out, done.err) == (0, [f"{VALLEY}.zip"], [])
    with zipfile.ZipFile(office.room.path / f"{VALLEY}.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {name.partition("/")[0] for name in names} == {VALLEY}
        files = {
            f"{VALLEY}.{lang}.{kind}" for lang in ("ko", "en", "fr") for kind in ("pdf", "html", "txt", "eml", "json")
        }
        pictures = re.findall(r"file: ([^,}\n]+)", office.room.read(f"releases/{VALLEY}.yaml"))
        assert names == {f"{VALLEY}/{name}" for name in (*files, *pictures, "SHA256SUMS")}
        for name in files:
            assert archive.read(f"{VALLEY}/{name}") == (office.room.path / f"output/press/{VALLEY}/{name}").read_bytes()


@needs("unzip", "sha256sum")
def test_its_sums_hold(office: Office, tmp_path: Path) -> None:
    office.room.run("pack", VALLEY, "--into", str(tmp_path / "packs"))
    subprocess.run(["unzip", "-q", f"packs/{VALLEY}.zip"], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=tmp_path / VALLEY, check=True)


def test_the_same_release_gives_the_same_bytes(office: Office) -> None:
    packs = []
    for folder in ("one", "two"):
        office.room.run("pack", VALLEY, "--into", folder)
        packs.append((office.room.path / folder / f"{VALLEY}.zip").read_bytes())
        office.room.run("build", "--force", "-q")
    assert packs[0] == packs[1]


def test_an_embargo_is_in_the_name(office: Office) -> None:
    path = f"releases/{VALLEY}.yaml"
    office.room.write(path, office.room.read(path) + "embargo: 2999-01-01T09:00\n")
    stale = office.room.run("pack", VALLEY)
    assert (stale.code, stale.out) == (1, [])
    assert "is not built as it is now" in stale.err[0]
    office.build()
    assert office.room.run("pack", VALLEY).out == [f"{VALLEY}.EMBARGO.zip"]


def test_pictures_inside_the_text_are_in_it_too(office: Office) -> None:
    path = f"releases/{VALLEY}.md"
    (office.room.path / f"releases/{VALLEY}").mkdir(exist_ok=True)
    Image.new("RGB", (40, 30)).save(office.room.path / f"releases/{VALLEY}/inside.png")
    office.room.write(path, office.room.read(path) + "\n![지도](inside.png)\n")
    office.build()
    assert office.room.run("pack", VALLEY).code == 0
    with zipfile.ZipFile(office.room.path / f"{VALLEY}.zip") as archive:
        assert f"{VALLEY}/inside.png" in archive.namelist()

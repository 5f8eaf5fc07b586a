"""The house is as docs/architecture.md says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from conftest import ROOT

SOURCE = ROOT / "src/communique"
MODULES = sorted(path.stem for path in SOURCE.glob("*.py") if path.stem not in ("__init__", "__main__"))


def layers() -> list[list[str]]:
    """Return the modules of each layer as docs/architecture.md lists them, lowest first."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|", text, flags=re.MULTILINE)
    return [[name for layer, name in rows if int(layer) == n] for n in range(1 + max(int(layer) for layer, _ in rows))]


def imports(module: str) -> set[str]:
    tree = ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "communique":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("communique."):
            found.add(str(node.module).split(".")[1])
    return found


def test_every_module_has_a_place_in_the_architecture() -> None:
    assert sorted(name for layer in layers() for name in layer) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_the_left_of_its_layer_or_from_below(module: str) -> None:
    order = [name for layer in layers() for name in layer]
    assert sorted(name for name in imports(module) if order.index(name) >= order.index(module)) == []


def test_the_engine_does_not_know_the_renderers() -> None:
    assert imports("engine") == {
        "errors",
        "executors",
        "intake",
        "inventory",
        "jobs",
        "journal",
        "keeper",
        "output",
        "recipe",
        "workers",
    }


@pytest.mark.parametrize("module", MODULES)
def test_no_module_outgrows_its_room(module: str) -> None:
    assert len((SOURCE / f"{module}.py").read_text("utf-8").splitlines()) <= 400


def test_what_is_slow_to_import_is_not_imported_for_a_check() -> None:
    import subprocess
    import sys

    slow = ("weasyprint", "rich", "PIL", "jinja2", "markdown", "babel", "yaml")
    code = f"import communique.cli, sys; print([m for m in {slow} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_address_of_a_package_registry_is_in_the_locks() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert not re.search(r"https?:|file:|--index-url", Path(ROOT / name).read_text("utf-8"))

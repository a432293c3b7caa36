"""Rules for the tests themselves."""

import ast
import os
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = [path.parent for path in sorted(ROOT.glob("*/tests")) if path.is_dir()]
PROGRAMS = [path for folder in [*APPS, ROOT / "bench", ROOT / "script"] for path in folder.rglob("*.py")]


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, and the names imported from them."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return names


def from_test_modules(names: set[str]) -> set[str]:
    """Return imports from test modules: shared code belongs in modules of its own, or in a conftest."""
    return {name for name in names if any(part.startswith("test_") for part in name.split("."))}


@pytest.mark.any_engine
def test_nothing_is_imported_from_a_module_with_tests():
    found = {str(path.relative_to(ROOT)): from_test_modules(imported(path)) for path in PROGRAMS}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "line",
    [
        "from rides.tests.test_history import text_of",
        "from rides.tests import test_history",
        "from .test_admin import ADD",
        "from . import test_admin",
        "import rides.tests.test_history",
    ],
)
def test_this_import_is_found(tmp_path, line):
    path = tmp_path / "module.py"
    path.write_text(line)
    assert from_test_modules(imported(path))


@pytest.mark.any_engine
def test_tests_in_a_browser_are_in_the_folder_that_script_test_collects():
    marked = [path for path in PROGRAMS if "mark.browser" in path.read_text() and path != Path(__file__)]
    assert {path.parent.relative_to(ROOT).as_posix() for path in marked} == {"movr_project/tests/browser"}
    assert "set -- movr_project/tests/browser;" in (ROOT / "script" / "test").read_text()


@pytest.mark.any_engine
@pytest.mark.xdist_group("deployment")
def test_a_group_runs_in_one_worker(request):
    """Otherwise each worker would set up a deployed MovR. pytest-xdist reads the group from the test's id."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("only with several workers")
    assert request.node.nodeid.endswith("@deployment")
